"""Arrays that are handed over one by one: matrices without biases, or one layer of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.given.function import run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.check.given.layout import Layout
from mlpcli.check.given.picks import are_numbered, singly
from mlpcli.check.run import gradcheck
from mlpcli.errors import CaseError
from planted import network_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.case import Case

ROLES = ("weights", "biases", "X", "y")
BARE = Layout(weights="in-out", bias="none")
TURNED = Layout(weights="in-out")
TWO, SQUARE, THREE = (network_case(s, 7) for s in ((3, 4, 1), (3, 3, 3), (3, 4, 5, 2)))
ONE = network_case((3, 1), 7)


def sigma(h: Any) -> Any:
    return 1 / (1 + np.exp(-h))


def of_two(syn0: Any, syn1: Any, X: Any, y: Any) -> Any:
    l1 = sigma(np.dot(X, syn0))
    delta = (sigma(np.dot(l1, syn1)) - y) / len(y)
    return X.T.dot(delta.dot(syn1.T) * l1 * (1 - l1)), l1.T.dot(delta)


def of_hidden_and_output(w_h: Any, w_o: Any, X: Any, y: Any) -> Any:
    return of_two(w_h, w_o, X, y)


def from_zero(w0: Any, w1: Any, X: Any, y: Any) -> Any:
    return of_two(w0, w1, X, y)


def rows_first(X: Any, Y: Any, syn0: Any, syn1: Any) -> Any:
    return of_two(syn0, syn1, X, Y)


def of_three(syn0: Any, syn1: Any, syn2: Any, X: Any, y: Any) -> Any:
    l1 = sigma(X @ syn0)
    l2 = sigma(l1 @ syn1)
    d3 = (sigma(l2 @ syn2) - y) / len(y)
    d2 = d3 @ syn2.T * l2 * (1 - l2)
    return X.T @ (d2 @ syn1.T * l1 * (1 - l1)), l1.T @ d2, l2.T @ d3


def step(syn0: Any, syn1: Any, X: Any, y: Any) -> None:
    d0, d1 = of_two(syn0, syn1, X, y)
    syn1 -= d1
    syn0 -= d0


def step_at_a_rate(syn0: Any, syn1: Any, syn2: Any, X: Any, y: Any, alpha: float) -> None:
    arrays = syn0, syn1, syn2
    for array, d in zip(arrays, of_three(*arrays, X, y), strict=True):
        np.subtract(array, alpha * d, out=array)


def of_one(w: Any, b: Any, X: Any, Y: Any) -> Any:
    delta = (sigma(X @ w + b) - Y) / len(Y)
    return {"dw": X.T @ delta, "db": delta.sum(axis=0)}


def bias_first(b: Any, w: Any, X: Any, Y: Any) -> Any:
    found = of_one(w, b, X, Y)
    return found["dw"], found["db"]


def of_one_that_transposes(w: Any, b: Any, X: Any, Y: Any) -> Any:
    delta = (sigma(np.dot(w.T, X.T) + b) - Y.T) / len(Y)
    return X.T @ delta.T, delta.sum(axis=1)


def of_lists(W: Any, b: Any, X: Any, y: Any) -> Any:
    delta = (sigma(X @ W[0] + b[0]) - y) / len(y)
    return [X.T @ delta], [delta.sum(axis=0)]


def of_bare_lists(W: Any, b: Any, X: Any, y: Any) -> Any:
    assert b == []
    return [*of_two(W[0], W[1], X, y)], []


def verdict(function: Callable[..., Any], case: Case, layout: Layout, call: str = "batch") -> str:
    case = layout.of(case)
    with hosted(function, call=call) as host:
        found = run_function(host, case, call=call, layout=layout)
    return gradcheck(case, found.gradient, known=found.known).verdict


@pytest.mark.parametrize(
    ("function", "case", "layout"),
    [
        (of_two, TWO, BARE),
        (of_two, SQUARE, BARE),
        (of_hidden_and_output, TWO, BARE),
        (of_hidden_and_output, SQUARE, BARE),
        (from_zero, TWO, BARE),
        (rows_first, TWO, BARE),
        (of_three, THREE, BARE),
        (of_one, ONE, TURNED),
        (bias_first, ONE, TURNED),
        (of_one_that_transposes, ONE, TURNED),
        (of_lists, ONE, TURNED),
        (of_bare_lists, TWO, BARE),
    ],
)
@pytest.mark.parametrize("call", ["batch", "row"])
def test_a_right_function_passes(
    function: Callable[..., Any], case: Case, layout: Layout, call: str
) -> None:
    assert verdict(function, case, layout, call) == "pass"


@pytest.mark.parametrize(("function", "case"), [(step, TWO), (step_at_a_rate, THREE)])
def test_a_step_in_place_passes(function: Callable[..., Any], case: Case) -> None:
    assert verdict(function, case, BARE, "step") == "pass"


def test_a_wrong_function_fails() -> None:
    def wrong(syn0: Any, syn1: Any, X: Any, y: Any) -> Any:
        d0, d1 = of_two(syn0, syn1, X, y)
        return d0, -d1

    assert verdict(wrong, TWO, BARE) == "fail"


def test_what_fails_both_ways_says_what_was_tried() -> None:
    def broken(w: Any, b: Any, X: Any, y: Any) -> Any:
        raise KeyError(w.T.shape)

    with pytest.raises(CaseError) as caught:
        verdict(broken, ONE, TURNED)
    assert "AttributeError: 'list' object has no attribute 'T'" in str(caught.value)
    assert str(caught.value).endswith(
        "lists of arrays were given, and each array by itself: that raises KeyError"
    )


@pytest.mark.parametrize(
    ("required", "arrays", "got"),
    [
        ("syn0, syn1, X, y", (2, 0), "U V X y"),
        ("y, X, syn0, syn1", (2, 0), "y X U V"),
        ("first, second, inputs_, labels_", (2, 0), "U V X y"),
        ("b, w, X, y", (1, 1), "a U X y"),
        ("v, c, X, y", (1, 1), "U a X y"),
        ("w, X, y", (1, 0), "U X y"),
        ("syn0, syn1, X, y", (3, 0), None),
        ("syn0, syn1, X, y", (2, 2), None),
        ("weights, biases, X, y", (1, 1), None),
        ("X, y", (0, 0), None),
    ],
)
def test_there_have_to_be_as_many(required: str, arrays: Any, got: str | None) -> None:
    picks = singly(required.split(", "), ROLES, arrays)
    given = (["U", "V"], ["a"], "X", "y")
    assert (None if picks is None else " ".join(pick(given) for pick in picks)) == got


@pytest.mark.parametrize(
    ("names", "numbered"),
    [("syn0 syn1", True), ("v1 v2 v3", True), ("syn0 syn2", False), ("a0 b1", False),
     ("syn1 syn0", False), ("syn0", False), ("syn2 syn3", False), ("w h", False)],
)  # fmt: skip
def test_numbers_from_0_or_1_name_arrays(names: str, numbered: bool) -> None:
    assert are_numbered(names.split()) == numbered
