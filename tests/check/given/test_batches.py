"""A function that goes over rows in batches of its own is right on many rows, too, or named."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.check.given.other_cases import MANY
from mlpcli.check.run import gradcheck
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

CASE = network_case((4, 5, 3), 7)
SIZES = (16, 32, 64, 100, 128, 256)


def gradient(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    theta = np.concatenate([np.append(*layer) for layer in zip(weights, biases, strict=True)])
    network = CASE.network.with_theta(theta)
    right = replace(CASE, network=network, X=X, y=y).gradient()
    return [*right.W, *right.b]


def batches(X: Any, y: Any, size: int) -> list[tuple[Any, Any]]:
    return [(X[i : i + size], y[i : i + size]) for i in range(0, len(X), size)]


def right(weights: Any, biases: Any, X: Any, y: Any, size: int = 32) -> Any:
    """The means of batches, by how many rows each has."""
    total = [np.zeros_like(array) for array in (*weights, *biases)]
    for some, labels in batches(X, y, size):
        share = len(some) / len(X)
        each = gradient(weights, biases, some, labels)
        total = [a + share * d for a, d in zip(total, each, strict=True)]
    return total


def overwriting(weights: Any, biases: Any, X: Any, y: Any, size: int = 32) -> Any:
    """= for +=: the last batch is all that is left."""
    return gradient(weights, biases, *batches(X, y, size)[-1])


def dropping(weights: Any, biases: Any, X: Any, y: Any, size: int = 32) -> Any:
    """Leaves out the last batch, which is not full."""
    stop = len(X) // size * size or len(X)
    return right(weights, biases, X[:stop], y[:stop], size)


def summing(weights: Any, biases: Any, X: Any, y: Any, size: int = 32) -> Any:
    """Adds up the means of batches, and divides by nothing."""
    each = [gradient(weights, biases, *part) for part in batches(X, y, size)]
    return [sum(parts) for parts in zip(*each, strict=True)]


def returning_early(weights: Any, biases: Any, X: Any, y: Any, size: int = 32) -> Any:
    return gradient(weights, biases, *batches(X, y, size)[0])


def of_few_rows_alone(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    if len(X) > 100:
        raise ValueError("at most 100 rows")
    return gradient(weights, biases, X, y)


def train(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> None:
    """A step of every batch, as trainers make it."""
    for part in batches(X, y, 32):
        each = gradient(weights, biases, *part)
        for array, d in zip((*weights, *biases), each, strict=True):
            array[:] -= lr * d


def run(function: Any, call: str = "batch", case: Case = CASE) -> FunctionRun:
    with hosted(function, call=call) as host:
        return run_function(host, case, call=call)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("function", [overwriting, dropping, summing, returning_early])
def test_batches_that_are_not_put_together_rightly_are_named(function: Any, size: int) -> None:
    found = run(partial(function, size=size))
    (named,) = found.known.findings
    assert named.bug == "wrong-on-many-rows"
    assert f": right on 7, wrong on {MANY}: " in named.explanation
    result = gradcheck(CASE, found.gradient, known=found.known)
    assert result.verdict == "fail"


@pytest.mark.parametrize(
    ("function", "rows"),
    [(overwriting, "rows 289 to 307"), (dropping, "rows 1 to 288"),
     (returning_early, "rows 1 to 32")],
)  # fmt: skip
def test_the_rows_that_count_are_told(function: Any, rows: str) -> None:
    (named,) = run(function).known.findings
    assert named.explanation.endswith(f"it is the gradient of {rows} alone")


@pytest.mark.parametrize("size", SIZES)
def test_batches_that_are_put_together_rightly_are_no_fault(size: int) -> None:
    assert run(partial(right, size=size)).known.findings == ()


def test_a_function_that_takes_few_rows_alone_is_judged_on_them() -> None:
    assert run(of_few_rows_alone).known.findings == ()


@pytest.mark.parametrize("call", ["step", "row-step"])
def test_a_trainer_may_make_a_step_of_each_batch(call: str) -> None:
    assert run(train, call).known.findings == ()


def test_one_row_at_a_time_is_never_many() -> None:
    assert run(overwriting, "row").known.findings == ()


def test_numbers_of_the_case_that_are_known_by_heart_are_no_batches() -> None:
    known = CASE.gradient()
    assert run(lambda *_: (known.W, known.b)).known.findings == ()


def test_a_penalty_that_is_divided_by_N_is_no_fault_of_batches() -> None:
    case = replace(CASE, objective=replace(CASE.objective, l2=0.1))

    def over_rows(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        dW = right(weights, biases, X, y)[: len(weights)]
        db = right(weights, biases, X, y)[len(weights) :]
        return [d + 0.7 / len(X) * W for d, W in zip(dW, weights, strict=True)], db

    found = run(over_rows, case=case)
    assert found.known.findings == ()
    assert gradcheck(case, found.gradient, known=found.known).verdict == "pass"


def test_what_is_wrong_on_few_rows_is_not_told_of_many() -> None:
    def flipped(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        return [-d for d in right(weights, biases, X, y)]

    assert run(flipped).known.findings == ()


def test_a_slow_function_is_not_called_on_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def slow(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        seen.append(len(X))
        return right(weights, biases, X, y)

    monkeypatch.setattr("mlpcli.check.given.guest.TIMEOUT", 0.0)
    assert run(slow).known.findings == ()
    assert max(seen) == CASE.rows
    assert len(seen) == 4


@pytest.mark.parametrize("weighted", [False, True])
def test_calls_are_few(weighted: bool) -> None:
    omega = np.ones((7, 3)) if weighted else None
    seen = []

    def counting(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        seen.append(len(X))
        return right(weights, biases, X, y)

    assert run(counting, case=replace(CASE, omega=omega)).known.findings == ()
    assert seen == [7, 7, 7, 7, 3, 7, *([] if weighted else [MANY])]
