"""A function is checked from Python as from the command line, and what is seen of it is short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import mlpcli
from mlp_runs import process, strict_json
from mlpcli import assert_gradient, check_gradient
from mlpcli.check.given.layout import Layout
from mlpcli.errors import CaseError, UsageError
from planted import network_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.case import Case

ROOT = Path(__file__).parents[1]


def logistic(h: Any) -> Any:
    return 1 / (1 + np.exp(-h))


def right(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    Z = [X]
    for W, b in zip(weights, biases, strict=True):
        Z.append(logistic(Z[-1] @ W.T + b))
    delta = (Z[-1] - y) / len(X)
    d_weights: list[Any] = []
    d_biases: list[Any] = []
    for i in reversed(range(len(weights))):
        d_weights.insert(0, delta.T @ Z[i])
        d_biases.insert(0, delta.sum(axis=0))
        delta = delta @ weights[i] * Z[i] * (1 - Z[i])
    return d_weights, d_biases


def summed(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    return tuple([len(X) * g for g in part] for part in right(weights, biases, X, y))


def columns(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    """Samples are columns, W is n_{i-1} x n_i, biases are columns, a step is made in place."""
    d_weights, d_biases = right([W.T for W in weights], [b[:, 0] for b in biases], X.T, y.T)
    for W, b, dW, db in zip(weights, biases, d_weights, d_biases, strict=True):
        np.subtract(W, 0.5 * dW.T, out=W)
        np.subtract(b, 0.5 * db[:, None], out=b)


def test_a_right_function_passes_on_all_that_it_is_checked_on() -> None:
    case = network_case((3, 4, 2), 6)
    arrays = case.network.W, case.network.b, case.X, case.y
    for checked in (
        check_gradient(right),
        check_gradient(right, seed=3),
        check_gradient(right, sizes=[3, 5, 2], rows=4),
        check_gradient(right, *arrays),
        check_gradient(right, [W.tolist() for W in arrays[0]], *arrays[1:]),
    ):
        assert checked.verdict == "pass"
        assert (checked.bug, checked.fix, checked.diagnosis) == (None, None, ())
    assert_gradient(right, *arrays)
    assert_gradient(summed, reduction="sum")


def test_what_is_wrong_is_named_and_what_would_be_right_is_suggested() -> None:
    checked = check_gradient(summed, sizes=[3, 4, 1])
    assert checked.verdict == "fail"
    assert checked.bug == "sum-instead-of-mean"
    assert checked.fix == checked.diagnosis[0].fix
    assert checked.suggestion == "--reduction sum"
    assert [tensor.name for tensor in checked.layers] == ["W1", "b1", "W2", "b2"]
    with pytest.raises(AssertionError, match=r"sum-instead-of-mean: .* Fix: ") as caught:
        assert_gradient(summed, sizes=[3, 4, 1])
    assert str(checked).partition("\n")[0] in str(caught.value)


def test_the_suggestion_comes_first_where_nobody_said_what_J_is() -> None:
    def lines(**said: Any) -> list[str]:
        text = str(check_gradient(summed, **said))
        found = [line.split(":")[0].strip() for line in text.splitlines() if line[:2] == "  "]
        return [words for words in found if words != "cases"]

    assert lines(sizes=[3, 2])[0] == "it is right with --reduction sum"
    assert lines(sizes=[3, 2], reduction="mean_all")[0] != "it is right with --reduction sum"


def test_layout_and_call_are_those_of_the_command_line() -> None:
    case = network_case((3, 4, 2), 6)
    layout = Layout("columns", "in-out", "column")
    said: dict[str, Any] = {"samples": "columns", "weights_layout": "in-out", "bias": "column"}
    checked = check_gradient(columns, *layout.arguments(case), **said, call="step")
    assert checked.verdict == "pass"
    assert check_gradient(columns, **said, call="step", learning_rate=0.5).verdict == "pass"
    document = checked.to_document()
    assert document["layout"] == vars(layout)
    assert document["call"] == "step"


def test_the_document_is_that_of_the_command_line() -> None:
    ran = process("gradcheck", "--gradient", f"{__file__}:summed", "--network", "3-4-2", "--json")
    assert ran.returncode == 1
    document = check_gradient(summed, sizes=[3, 4, 2]).to_document()
    assert json.loads(json.dumps(document)) | {"seconds": 0} == strict_json(ran.stdout) | {
        "seconds": 0
    }


def test_a_notebook_shows_the_table_and_the_words() -> None:
    checked = check_gradient(summed, sizes=[3, 4, 1])
    shown = checked._repr_html_()
    assert shown.count("<tr>") == 1 + len(checked.layers)
    assert "<td>W2</td><td>fail</td>" in shown
    assert "sum-instead-of-mean" in shown
    assert "|W|^2" not in shown
    assert repr(checked) == ("<CheckedGradient fail: sum-instead-of-mean; 21 parameters, 7 rows>")


def test_an_inconclusive_gradient_is_right_only_where_that_is_allowed() -> None:
    short = np.vectorize(lambda number: float(f"{number:.2g}"))

    def printed(*args: Any) -> Any:
        return tuple([short(g) for g in part] for part in right(*args))

    assert check_gradient(printed).verdict == "inconclusive"
    assert_gradient(printed, allow_inconclusive=True)
    with pytest.raises(AssertionError, match="INCONCLUSIVE"):
        assert_gradient(printed)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"weights": [np.eye(2)]}, "X: expected weights, biases, X and y, or none of them"),
        ({"sizes": [3]}, r"sizes: expected those of every layer, as \[3, 5, 2\], got \[3\]"),
        ({"rows": 9}, "rows: the built-in cases have their own; give sizes too"),
        ({"call": "rows"}, "call: expected one of batch, row, step, row-step, got 'rows'"),
        ({"bias": "middle"}, "bias: expected one of vector, .*, got 'middle'"),
        ({"factor": "half"}, "factor: expected a number"),
        ({"loss": "hinge"}, 'loss: expected one of bce, cross_entropy, mse, got "hinge"'),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(said: dict[str, Any], message: str) -> None:
    with pytest.raises((UsageError, CaseError), match=message) as caught:
        check_gradient(right, **said)
    assert len(caught.value.lines) == 1


def test_arrays_that_do_not_fit_are_blamed_by_name() -> None:
    case = network_case((3, 4, 2), 6)
    with pytest.raises(CaseError, match=r"W1: expected shape .*--weights in-out"):
        check_gradient(right, [W.T for W in case.network.W], case.network.b, case.X, case.y)
    with pytest.raises(CaseError, match=r"y: expected a column per output"):
        check_gradient(right, case.network.W, case.network.b, case.X, [0, 1, 0, 1, 0, 1])


def test_a_function_that_fails_says_what_may_be_meant() -> None:
    def fails(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        return X @ weights[0]

    with pytest.raises(
        CaseError, match=r"fails: called: ValueError: .*say so by samples="
    ) as caught:
        check_gradient(fails)
    assert len(caught.value.lines) == 1


def _public_results(case: Case, folder: Path) -> list[object]:
    config = mlpcli.load_config(ROOT / "configs" / "xor.yaml")
    run = mlpcli.train(config, out=folder / "run")
    result = mlpcli.gradcheck(case)
    return [
        config,
        mlpcli.load_dataset(config),
        run,
        run.model,
        mlpcli.evaluate(run.model, ROOT / "data" / "xor.csv"),
        mlpcli.crossval(config, folds=2, out=folder / "folds"),
        result,
        result.check,
        case,
        case.network,
        case.gradient(),
    ]


def test_what_is_public_shows_itself_in_one_line(tmp_path: Path) -> None:
    for thing in _public_results(network_case((3, 40, 2), 600), tmp_path):
        assert repr(thing).startswith(f"<{type(thing).__name__} ")
        assert len(repr(thing)) < 200
        assert "\n" not in repr(thing)


def test_no_room_has_the_name_of_a_public_function() -> None:
    rooms = {path.parent.name for path in Path(mlpcli.__file__).parent.glob("*/__init__.py")}
    modules = {path.stem for path in Path(mlpcli.__file__).parent.glob("*.py")}
    functions: list[Callable[..., Any]] = [getattr(mlpcli, name) for name in mlpcli.__all__]
    names = {f.__name__ for f in functions if hasattr(f, "__name__")}
    assert not (rooms | modules) & names
