"""Params in the shapes that people keep them in: each form is what a function of it can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.given.container import FORMS
from mlpcli.check.given.function import run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.errors import CaseError
from planted import network_case

if TYPE_CHECKING:
    from collections.abc import Callable

CASE = network_case((3, 4, 5, 2), 7)


def backprop(layers: Any, X: Any, y: Any) -> list[tuple[Any, Any]]:
    """Return the pairs dW_i, db_i."""
    Z = [X]
    for W, b in layers:
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + b))))
    delta = (Z[-1] - y) / len(y)
    found: list[tuple[Any, Any]] = []
    for i in reversed(range(len(layers))):
        found.insert(0, (delta.T @ Z[i], delta.sum(axis=0)))
        delta = (delta @ layers[i][0]) * Z[i] * (1 - Z[i])
    return found


def numbered(p: Any) -> list[Any]:
    return [(p[f"W{i}"], p[f"b{i}"]) for i in range(1, len(p) // 2 + 1)]


def dense(p: Any) -> list[Any]:
    return [(p[f"Dense_{i}"]["kernel"], p[f"Dense_{i}"]["bias"]) for i in range(len(p))]


def as_dense(pairs: Any) -> dict[str, Any]:
    return {f"Dense_{i}": {"kernel": W, "bias": b} for i, (W, b) in enumerate(pairs)}


def pairs_of(W: Any, b: Any) -> list[Any]:
    return [*zip(W, b, strict=True)]


def in_two(weights: Any, biases: Any) -> list[Any]:
    assert isinstance(weights, list)
    return pairs_of(weights, biases)


SHAPES: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [  # read, and returned
    (
        numbered,
        lambda g: (
            {f"W{i}": W for i, (W, _) in enumerate(g, 1)}
            | {f"b{i}": b for i, (_, b) in enumerate(g, 1)}
        ),
    ),
    (lambda p: [(one["W"], one["b"]) for one in p], lambda g: [{"W": W, "b": b} for W, b in g]),
    (lambda p: [(one["w"], one["b"]) for one in p], lambda g: [{"w": W, "b": b} for W, b in g]),
    (lambda p: [(W, b) for W, b in p], lambda g: g),
    (lambda p: in_two(*p), lambda g: ([W for W, _ in g], [b for _, b in g])),
    (
        lambda p: pairs_of(p["weights"], p["biases"]),
        lambda g: {"weights": [W for W, _ in g], "biases": [b for _, b in g]},
    ),
    (lambda p: pairs_of(p.weights, p.biases), lambda g: ([W for W, _ in g], [b for _, b in g])),
    (dense, as_dense),
    (lambda p: dense(p["params"]), lambda g: {"params": as_dense(g)}),
]


@pytest.mark.parametrize(("read", "shaped"), SHAPES, ids=[form.words for form in FORMS])
def test_a_function_gets_the_form_that_it_reads(read: Any, shaped: Any) -> None:
    def gradient(params: Any, X: Any, y: Any) -> Any:
        return shaped(backprop(read(params), X, y))

    with hosted(gradient) as host:
        found = run_function(host, CASE).gradient
    np.testing.assert_allclose(found.theta, CASE.gradient().theta, rtol=1e-12)


def test_what_was_given_is_said_where_no_form_is_read() -> None:
    def gradient(params: Any, X: Any, y: Any) -> Any:
        return params["layers"][0]

    with pytest.raises(CaseError) as caught, hosted(gradient) as host:
        run_function(host, CASE)
    assert "KeyError: 'layers' (test_container.py:" in str(caught.value)
    assert '"params" was given as a dict of W1, b1, .., as a list of layers' in str(caught.value)


def test_another_error_ends_the_trying() -> None:
    forms = []

    def gradient(params: Any, X: Any, y: Any) -> Any:
        forms.append(params)
        raise ValueError(params[0]["w"].shape)

    with pytest.raises(CaseError, match=r"ValueError: \(4, 3\)"), hosted(gradient) as host:
        run_function(host, CASE)
    assert len(forms) == 3


def test_a_pair_of_lists_is_tried_where_a_dict_has_too_many_items_to_unpack() -> None:
    def gradient(params: Any, X: Any, y: Any) -> Any:
        weights, biases = params
        found = backprop(pairs_of(weights, biases), X, y)
        return [W for W, _ in found], [b for _, b in found]

    with hosted(gradient) as host:
        found = run_function(host, CASE)
    np.testing.assert_allclose(found.gradient.theta, CASE.gradient().theta)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.words)
def test_what_a_form_holds_after_a_call_is_found_again(form: Any) -> None:
    weights, biases = [*"UVW"], [*"abc"]
    held = form.holding(weights, biases)
    assert form.left(held, 3, 3) == (weights, biases)
    assert form.left([], 3, 3)[0] == []
    alone = form.holding([*"UV"], [])
    alone.append("W")
    assert form.left(alone, 2, 0) == (["U", "V", None], [])
