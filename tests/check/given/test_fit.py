"""A function that fails in one layout is told of the one in which it runs."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.built_in import built_in_cases, smaller_cases
from mlpcli.check.convention import Convention
from mlpcli.check.given.fit import told_of_other_ways
from mlpcli.check.given.function import run_function
from mlpcli.check.given.host import NoAnswer
from mlpcli.check.given.hosting import hosted
from mlpcli.check.given.layout import OURS, Layout
from mlpcli.check.given.way import Way, fitting_way
from mlpcli.errors import CaseError
from planted import network_case

if TYPE_CHECKING:
    from collections.abc import Iterator

CASE = network_case((3, 4, 5, 2), 7)
OTHERS = Path(__file__).parent / "others.py"


def gradient_in(layout: Layout) -> Any:
    """Return a function that takes and returns this layout only."""

    def gradient(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        Z = X.T if layout.samples == "columns" else X
        M = [W.T if layout.weights == "in-out" else W for W in weights]
        H = Z @ M[0].T + biases[0].reshape(1, M[0].shape[0])
        assert H.shape == (7, 4)
        right = layout.of(CASE).gradient()
        W = [layout.matrix(W, b) for W, b in zip(right.W, right.b, strict=True)]
        return W, [layout.vector(b) for b in right.b]

    return gradient


@pytest.mark.parametrize(
    "layout", [Layout(weights="in-out"), Layout("columns"), Layout("columns", "in-out")]
)
def test_the_layout_in_which_it_runs_is_told(layout: Layout) -> None:
    function = gradient_in(layout)
    with pytest.raises(CaseError) as caught, \
            told_of_other_ways(partial(hosted, function), CASE, "batch", OURS, {}), \
            hosted(function) as host:  # fmt: skip
        run_function(host, CASE)
    assert str(caught.value).endswith(f"; it runs with {OURS.options(layout)}: add that")


def test_labels_by_number_are_told() -> None:
    case = next(iter(built_in_cases(Convention(loss="cross_entropy").settled()).values()))

    def picks(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        right = case.gradient()
        assert np.eye(3)[y].shape == (7, 3)
        return [W.T for W in right.W] if weights[0].shape == (3, 4) else right.W, right.b

    found = fitting_way(partial(hosted, picks), case, "batch", OURS)
    assert found == Way("batch", Layout(labels="numbers"))


def test_a_function_of_a_file_in_a_process_of_its_own() -> None:
    name = f"{OTHERS}:columns_with_column_biases"
    found = fitting_way(partial(hosted, name), CASE, "batch", OURS)
    assert found == Way("batch", Layout("columns", "out-in", "column"))


def test_what_runs_in_no_layout_keeps_its_error() -> None:
    def broken(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        raise ValueError("no")

    with pytest.raises(CaseError, match=r"ValueError: no \(test_fit.py:\d+\)$"), \
            told_of_other_ways(partial(hosted, broken), CASE, "batch", OURS, {}), \
            hosted(broken) as host:  # fmt: skip
        run_function(host, CASE)


def test_of_several_layouts_that_run_the_right_one_is_told() -> None:
    """On squares every layout runs."""
    square = network_case((3, 3, 3), 3)

    def columns(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        if biases and biases[0].ndim == 1:
            raise ValueError("biases of shape (n, 1), please")
        A = [X]
        for W, b in zip(weights, biases, strict=True):
            A.append(1 / (1 + np.exp(-(W @ A[-1] + b))))
        delta = (A[-1] - y) / 3
        below = (weights[1].T @ delta) * A[1] * (1 - A[1])
        return [below @ A[0].T, delta @ A[1].T], [d.sum(axis=1) for d in (below, delta)]

    found = fitting_way(partial(hosted, columns), square, "batch", OURS)
    assert found == Way("batch", Layout("columns", "out-in", "column"))


def test_a_function_of_one_row_is_told_of_the_call() -> None:
    found = fitting_way(partial(hosted, f"{OTHERS}:one_sample_nabla"), CASE, "batch", OURS)
    assert found is not None
    assert found.options("batch", OURS) == "--call row --samples columns --bias column"


def test_a_step_of_one_vector_is_told_of_the_call() -> None:
    def train(weights: Any, biases: Any, x: Any, t: Any, lr: float) -> None:
        Z = [x]
        for W, b in zip(weights, biases, strict=True):
            Z.append(1 / (1 + np.exp(-(W @ Z[-1] + b))))
        delta = Z[-1] - t
        for i in reversed(range(len(weights))):
            below = (delta @ weights[i]) * Z[i] * (1 - Z[i])
            weights[i] -= lr * np.outer(delta, Z[i])
            biases[i] -= lr * delta
            delta = below

    opened = partial(hosted, train, call="step")
    found = fitting_way(opened, CASE, "step", OURS)
    assert found is not None
    assert found.options("step", OURS) == "--call row-step --samples vector"


def raised_on_three_layers(function: Any) -> str:
    """Return what is said of a function on a network of three layers."""
    built_in, smaller = built_in_cases(Convention())["C"], smaller_cases(Convention())
    with pytest.raises(CaseError) as caught, \
            told_of_other_ways(partial(hosted, function), built_in, "batch", OURS, smaller), \
            hosted(function) as host:  # fmt: skip
        run_function(host, built_in)
    return str(caught.value)


def test_a_function_of_two_layers_is_told_the_network_that_it_takes() -> None:
    def of_two(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        (W1, W2), (b1, b2) = weights, biases
        Z = 1 / (1 + np.exp(-(X @ W1.T + b1)))
        delta2 = (1 / (1 + np.exp(-(Z @ W2.T + b2))) - y) / len(y)
        delta1 = (delta2 @ W2) * Z * (1 - Z)
        return [delta1.T @ X, delta2.T @ Z], [delta1.sum(0), delta2.sum(0)]

    assert raised_on_three_layers(of_two).endswith("; it runs with --network 3-4-1: add that")


@pytest.mark.parametrize("unpacks", [True, False])
def test_a_function_of_one_layer_is_told_so(unpacks: bool) -> None:
    def of_one(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        if unpacks:
            (W,), (b,) = weights, biases
        else:
            W, b = weights[0], biases[0]
        delta = (1 / (1 + np.exp(-(X @ W.T + b))) - y) / len(y)
        return [delta.T @ X], [delta.sum(0)]

    assert raised_on_three_layers(of_one).endswith("; it runs with --network 3-1: add that")


def right_below(i: int, delta: Any, weights: Any, Z: Any) -> Any:
    return (delta @ weights[i]) * Z[i] * (1 - Z[i])


def of_the_layer_below(i: int, delta: Any, weights: Any, Z: Any) -> Any:
    return delta if i == 0 else (delta @ weights[i - 1]) * Z[i] * (1 - Z[i])


def of_the_third_layer(i: int, delta: Any, weights: Any, Z: Any) -> Any:
    below = right_below(i, delta, weights, Z)
    return below[:, 1:] if len(weights) > 2 and i == 1 else below


def backprop(
    weights: Any, biases: Any, X: Any, y: Any, *, below: Any = right_below, summed: bool = True
) -> Any:
    """Return the gradient of any number of layers, with delta_i of the layers below made so."""
    Z = [X]
    for W, b in zip(weights, biases, strict=True):
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + b))))
    delta = (Z[-1] - y) / len(y)
    d_weights: list[Any] = []
    d_biases: list[Any] = []
    for i in reversed(range(len(weights))):
        d_weights.insert(0, delta.T @ Z[i])
        d_biases.insert(0, delta.sum(0) if summed else delta)
        delta = below(i, delta, weights, Z)
    return d_weights, d_biases


@pytest.mark.parametrize("below", [of_the_layer_below, of_the_third_layer])
def test_a_mistake_that_few_layers_hide_is_no_reason_to_check_fewer(below: Any) -> None:
    said = raised_on_three_layers(partial(backprop, below=below))
    assert said.endswith(
        "it runs with fewer layers: the mistake is in what only more of them reach"
    )
    assert "--network" not in said


def test_where_the_cause_is_named_no_options_hide_it() -> None:
    said = raised_on_three_layers(partial(backprop, summed=False))
    assert said.endswith(": it is one gradient per row; sum over rows")
    assert "--" not in said


@pytest.mark.parametrize("nothing", [None, 3.0, "grad", [None, 1.0], {"loss": 2}])
def test_what_is_no_gradient_in_any_layout_is_not_searched_for(nothing: Any) -> None:
    calls = []

    def of_nothing(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        calls.append(X)
        return nothing

    assert "it runs with" not in raised_on_three_layers(of_nothing)
    assert len(calls) == 1


def test_a_search_takes_what_is_left_of_the_time_and_is_not_heard() -> None:
    opened = []

    @contextmanager
    def place(**options: Any) -> Iterator[Any]:
        opened.append(options)
        with hosted(gradient_in(Layout(weights="in-out")), **options) as host:
            yield host

    for left, told in ((5.0, True), (0.0, False)):
        told_of = told_of_other_ways(place, CASE, "batch", OURS, {}, left=partial(float, left))
        with pytest.raises(CaseError) as caught, told_of:
            raise CaseError("f: matmul")
        assert ("it runs with --weights in-out" in str(caught.value)) == told
    (options,) = opened
    assert 0 < options["timeout"] <= 5
    assert options["quiet"]


def test_a_slow_function_is_searched_for_a_short_time() -> None:
    opened = []

    @contextmanager
    def place(timeout: float, quiet: bool) -> Iterator[Any]:
        opened.append((timeout, quiet))
        raise NoAnswer("no end")
        yield

    told_of = told_of_other_ways(place, CASE, "batch", OURS, {"3-1": CASE}, left=lambda: 60)
    with pytest.raises(CaseError, match=r"^f: matmul$"), told_of:
        raise CaseError("f: matmul")
    assert len(opened) == 2
    assert all(0 < timeout <= 6 and quiet for timeout, quiet in opened)


def of_flat_labels(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return backprop(weights, biases, X, y[:, 0])


def of_raveled_labels(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return backprop(weights, biases, X, np.ravel(y))


@pytest.mark.parametrize("function", [of_flat_labels, of_raveled_labels])
@pytest.mark.parametrize("sizes", ["3-4-5-1", "3-1"])
def test_labels_that_meet_every_output_are_named(function: Any, sizes: str) -> None:
    """Row by row such a function is right, which would hide it."""
    case = network_case(tuple(map(int, sizes.split("-"))), 7)
    assert fitting_way(partial(hosted, function), case, "batch", OURS) is not None
    with pytest.raises(CaseError) as caught, \
            told_of_other_ways(partial(hosted, function), case, "batch", OURS, {}), \
            hosted(function) as host:  # fmt: skip
        run_function(host, case)
    assert "; y-broadcast, (7, 1) with (7,): labels of shape (N,) meet" in str(caught.value)
    assert "--" not in str(caught.value)


def test_in_a_process_of_its_own_they_are_named_too(tmp_path: Path) -> None:
    file = tmp_path / "flat.py"
    file.write_text(
        "def f(weights, biases, X, y):\n"
        "    return (X @ weights[0].T - y[:, 0]) @ weights[0], biases\n"
    )
    case = network_case((3, 1), 7)
    with pytest.raises(CaseError, match=r"; y-broadcast, \(7, 1\) with \(7,\): "), \
            told_of_other_ways(partial(hosted, f"{file}:f"), case, "batch", OURS, {}), \
            hosted(f"{file}:f") as host:  # fmt: skip
        run_function(host, case)


def test_a_function_of_one_sample_is_told_the_call_beside_the_cause() -> None:
    def of_one(weights: Any, biases: Any, x: Any, t: Any) -> Any:
        Z = [x]
        for W, b in zip(weights, biases, strict=True):
            Z.append(1 / (1 + np.exp(-(W @ Z[-1] + b))))
        delta = (Z[-1] - t) * Z[-1] * (1 - Z[-1])
        pairs: list[tuple[Any, Any]] = []
        for i in reversed(range(len(weights))):
            pairs.insert(0, (delta @ Z[i].T, delta))
            delta = (weights[i].T @ delta) * Z[i] * (1 - Z[i])
        return [W for W, _ in pairs], [b for _, b in pairs]

    layout, case = Layout("columns", "out-in", "column"), network_case((3, 4, 5, 3), 7)
    with pytest.raises(CaseError) as caught, \
            told_of_other_ways(partial(hosted, of_one), case, "batch", layout, {}), \
            hosted(of_one) as host:  # fmt: skip
        run_function(host, case, layout=layout)
    assert str(caught.value).endswith(
        "(4, 7): it is one gradient per row; sum over rows; or it is written for one row at a "
        "time: it is right with --call row --loss mse --factor 1/2"
    )


def test_what_runs_and_is_wrong_in_no_known_way_is_not_told() -> None:
    """On the smaller network it runs, and returns what nobody can explain."""
    rng = np.random.default_rng(0)

    def noise(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        (W1, W2), (b1, b2) = weights, biases
        return [rng.normal(size=W.shape) for W in (W1, W2)], [b1 + 1, b2 + 2]

    assert "it runs" not in raised_on_three_layers(noise)


def test_what_is_wrong_in_a_known_way_is_told_the_layout() -> None:
    def summed(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        right = Layout(weights="in-out").of(CASE).gradient()
        assert (X @ weights[0] + biases[0]).shape == (7, 4)
        return [-W.T for W in right.W], [-b for b in right.b]

    found = fitting_way(partial(hosted, summed), CASE, "batch", OURS)
    assert found == Way("batch", Layout(weights="in-out"))


def test_forgotten_biases_are_no_network_without_them() -> None:
    def forgets(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        return backprop(weights, biases, X, y)[0]

    said = raised_on_three_layers(forgets)
    assert said.endswith("db1, db2, db3 are missing: expected two lists of arrays, (d_weights, "
                         "d_biases), got d_weights alone")  # fmt: skip


def test_a_network_without_biases_is_told_the_option() -> None:
    def without(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        return backprop(weights, [0 for _ in weights], X, y)[0]

    with pytest.raises(CaseError, match=r"are missing: .*; it runs with --bias none: add that$"), \
            told_of_other_ways(partial(hosted, without), CASE, "batch", OURS, {}), \
            hosted(without) as host:  # fmt: skip
        run_function(host, CASE)


@pytest.mark.parametrize("function", ["transposed", "ravelled"])
def test_a_wrong_shape_has_a_name_and_no_option(function: str) -> None:
    def wrong(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        dW, db = backprop(weights, biases, X, y)
        return [W.T if function == "transposed" else W.ravel() for W in dW], db

    said = raised_on_three_layers(wrong)
    assert f"it is {function}" in said
    assert "--" not in said


def test_what_is_right_ends_the_search() -> None:
    calls: list[Any] = []

    def turned(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        calls.append(X)
        return gradient_in(Layout(weights="in-out"))(weights, biases, X, y)

    found = fitting_way(partial(hosted, turned), CASE, "batch", OURS)
    assert found == Way("batch", Layout(weights="in-out"))
    assert len(calls) < 8


def told_of(function: Any, call: str) -> str:
    """Return the error of a function in our layout with what is added to it."""
    opened = partial(hosted, function, call=call)
    with pytest.raises(CaseError) as caught, \
            told_of_other_ways(opened, CASE, call, OURS, {"4-2": network_case((4, 2), 7)}), \
            opened() as host:  # fmt: skip
        run_function(host, CASE, call=call)
    return str(caught.value)


def test_no_layout_is_told_of_a_step_that_runs_and_is_no_plain_one() -> None:
    """It runs in every layout of the biases, too, and fails there for the same reason."""
    said = told_of(f"{OTHERS.parent}/remembering.py:momentum", "step")
    assert said.endswith("no plain step; check it without momentum")


def test_a_way_that_gets_no_farther_than_the_one_that_was_said_is_not_told() -> None:
    """It takes 7 rows and no others, in any layout of the biases."""

    def of_seven(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        assert len(X) == 7, "7 rows, please"
        right = CASE.gradient()
        return right.W, right.b

    assert "it runs with" not in told_of(of_seven, "batch")


def test_a_way_that_gets_farther_is_told() -> None:
    """As many rows as inputs: samples in columns fit at first, and fail when there are fewer."""
    case = network_case((7, 4, 7), 7)
    name = f"{OTHERS}:columns_with_column_biases"
    found = fitting_way(partial(hosted, name), case, "batch", Layout(bias="column"))
    assert found == Way("batch", Layout("columns", bias="column"))
