"""Weights are found where an object keeps them, and not where it keeps their gradients."""

from __future__ import annotations

from types import SimpleNamespace as Object
from typing import Any

import numpy as np
import pytest

from mlpcli.check.given.state import places
from mlpcli.errors import CaseError

W = [np.full((3, 2), 1.0), np.full((3, 3), 2.0), np.full((3, 3), 3.0)]
b = [np.full(3, 4.0), np.full(3, 5.0), np.full(3, 6.0)]


def zeros(arrays: list[Any]) -> list[Any]:
    return [np.zeros_like(array) for array in arrays]


def numbered(W: str = "W", b: str = "b") -> dict[str, Any]:
    named = {f"{W}{i}": a for i, a in enumerate(zeros(globals()["W"]), 1)}
    return named | {f"{b}{i}": a for i, a in enumerate(zeros(globals()["b"]), 1)}


@pytest.mark.parametrize(
    ("owner", "first"),
    [
        (Object(weights=zeros(W), biases=zeros(b)), "weights.0"),
        (Object(biases=zeros(b), d_weights=zeros(W), weights=zeros(W)), "weights.0"),
        (Object(nabla_w=zeros(W), _weights=zeros(W), _biases=zeros(b)), "_weights.0"),
        (Object(**numbered()), "W1"),
        (Object(**numbered("dW", "db"), **numbered()), "W1"),
        (Object(**numbered("w", "bias_")), "w1"),
        (Object(grads=numbered(), params=numbered()), "params.W1"),
        (Object(cache=numbered(), theta=zeros(W), intercepts_=zeros(b)), "theta.0"),
        (Object(layers=[Object(dW=w * 0, W=w * 0, b=v * 0) for w, v in zip(W, b, strict=True)]),
         "layers.0.W"),
        (Object(layers=[{"weight": w * 0, "bias": v * 0} for w, v in zip(W, b, strict=True)]),
         "layers.0.weight"),
        (Object(wIn=W[0] * 0, w_hidden=W[1] * 0, weightsOut=W[2] * 0, biases=tuple(zeros(b))),
         "wIn"),
    ],
)  # fmt: skip
def test_weights_are_found_put_and_taken(owner: Any, first: str) -> None:
    found = places(owner, W, b)
    assert found[0][0].name == first
    for held, arrays in ((found[0], W), (found[1], b)):
        for place, array in zip(held, arrays, strict=True):
            place.put(array)
    again = places(owner, W, b)
    for held, arrays in ((again[0], W), (again[1], b)):
        assert all(np.array_equal(p.get(), a) for p, a in zip(held, arrays, strict=True))


@pytest.mark.parametrize(
    ("owner", "first"),
    [
        (Object(**numbered(), **numbered("dW", "db")), "dW1"),
        (Object(params=numbered(), grads=numbered()), "grads.W1"),
        (Object(weights=zeros(W), nabla_w=zeros(W), nabla_b=zeros(b)), "nabla_w.0"),
        (Object(layers=[Object(W=w * 0, b=v * 0, W_grad=w * 0, b_grad=v * 0)
                        for w, v in zip(W, b, strict=True)]), "layers.0.W_grad"),
        (Object(gradients={"weights": zeros(W), "biases": zeros(b)}), "gradients.weights.0"),
        (Object(d_weights=zeros(W), d_biases=zeros(b)), "d_weights.0"),
        (Object(d_loss_by_all_weights=zeros(W), d_loss_by_all_biases=zeros(b)),
         "d_loss_by_all_weights.0"),
    ],
)  # fmt: skip
def test_derivatives_are_found_beside_what_they_are_of(owner: Any, first: str) -> None:
    assert places(owner, W, b, derivatives=True)[0][0].name == first


def test_an_array_that_is_known_elsewhere_stays_the_same_array() -> None:
    known = zeros(W)
    (place, *_), _ = places(Object(weights=known), W, [])
    place.put(W[0])
    assert known[0][0, 0] == 1


def test_a_list_that_is_replaced_is_found_again() -> None:
    owner = Object(weights=zeros(W))
    (place, *_), _ = places(owner, W, [])
    owner.weights = W
    assert place.get() is W[0]
    owner.weights = [None, None, None]
    place.put(W[0])
    assert np.array_equal(owner.weights[0], W[0])


@pytest.mark.parametrize("depth", [1, 3])
def test_what_holds_no_array_any_more_gets_one_at_any_depth(depth: int) -> None:
    layer = Object(W=np.zeros_like(W[0]))
    owner = layer if depth == 1 else Object(layers=[layer])
    ((place, *_), _) = places(owner, W[:1], [])
    layer.W = None
    place.put(W[0])
    assert np.array_equal(layer.W, W[0])
    assert layer.W is not W[0]


def test_what_is_missing_is_named_beside_what_is_there() -> None:
    with pytest.raises(CaseError) as caught:
        places(Object(weights=[np.zeros((5, 2))], X=W[0]), W, b)
    assert str(caught.value).startswith(
        "takes X and y alone, and keeps no array of shape (3, 2) for W1 (found: weights.0 (5, 2)); "
    )


@pytest.mark.parametrize("turn", [1, -1])
def test_the_network_that_is_there_is_named(turn: int) -> None:
    kept = [np.zeros(shape[::turn]) for shape in ((10, 4), (3, 10))]
    for others in ({}, {"weight_norms": np.zeros(2)}, {"w_decay": np.array(0.1)}):  # no matrices
        with pytest.raises(CaseError, match=r"or --network 4-10-3$"):
            places(Object(weights=kept, **others), W, b)


def test_matrices_that_are_no_network_name_none() -> None:
    kept = [np.zeros((10, 4)), np.zeros((3, 9))]
    with pytest.raises(CaseError, match=r"or another --network$"):
        places(Object(weights=kept), W, b)


def test_what_python_keeps_for_itself_is_passed_over() -> None:
    owner = Object(weights=zeros(W), biases=zeros(b))
    owner.__cache_W__ = zeros(W)
    owner.__weights = zeros(W)
    assert places(owner, W, b)[0][0].name == "weights.0"


def test_an_owner_that_holds_itself_is_searched_once() -> None:
    owner = Object(weights=zeros(W), biases=zeros(b))
    owner.me = owner
    assert len(places(owner, W, b)[0]) == 3
