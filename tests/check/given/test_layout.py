"""Every layout: what a function is given, and the way back to ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest

from mlpcli.check.given.layout import OURS, Layout, Samples
from mlpcli.errors import CaseError
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

CASE = network_case((3, 4, 1, 2), 7, activation="tanh")
BARE = network_case((3, 4, 1, 2), 7, bias=False)
EVERY = [OURS, *OURS.others()]


def forward(layout: Layout, weights: list[Any], biases: list[Any], X: Any) -> Any:
    """Return H_L as N x n_L by products that know of the layout and not of ours."""
    Z = X.T if layout.samples == "columns" else np.atleast_2d(X)
    for i, W in enumerate(weights):
        M = W.T if layout.weights == "out-in" else W
        ones = np.ones((len(Z), 1))
        if layout.bias == "first":
            H = np.hstack([ones, Z]) @ M
        elif layout.bias == "last":
            H = np.hstack([Z, ones]) @ M
        else:
            H = Z @ M + (np.ravel(biases[i]) if biases else 0)
        Z = np.tanh(H)
    return H


@pytest.mark.parametrize("layout", EVERY)
def test_arguments_are_the_network_in_that_layout(layout: Layout) -> None:
    weights, biases, X, y = layout.arguments(CASE)
    case = layout.of(CASE)
    np.testing.assert_allclose(forward(layout, weights, biases, X), case.forward().logits)
    np.testing.assert_array_equal(layout.own_rows(y), CASE.y)
    shapes = layout.shapes(case.network)
    assert ([W.shape for W in weights], [b.shape for b in biases]) == shapes
    assert case.network.bias == (layout.bias != "none")
    for array in (*weights, *biases, X, y):
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert not any(np.shares_memory(array, own) for own in (CASE.X, CASE.y, CASE.network.theta))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("which", [CASE, BARE], ids=["biases", "none"])
@pytest.mark.parametrize("layout", EVERY)
def test_the_way_back(layout: Layout, which: Case, dtype: str) -> None:
    case = layout.of(which)
    weights, biases, _, _ = layout.arguments(case)
    again = layout.parameters(
        [W.astype(dtype) for W in weights], [b.astype(dtype) for b in biases], case.network
    )
    assert again.theta.dtype == dtype
    np.testing.assert_array_equal(again.theta, case.network.theta.astype(dtype))


def test_one_sample_as_a_vector() -> None:
    layout = Layout("vector")
    one = replace(CASE, X=CASE.X[:1], y=CASE.y[:1])
    _, _, X, y = layout.arguments(one)
    assert (X.shape, y.shape) == ((3,), (2,))
    np.testing.assert_array_equal(layout.own_rows(X), one.X)
    assert {other.samples for other in layout.others()} == {"vector"}
    with pytest.raises(CaseError, match="one sample at a time, got 7; add --call row"):
        layout.arguments(CASE)


def test_a_bias_of_one_number_counts_for_its_whole_layer() -> None:
    network = CASE.network
    read = OURS.parameters(network.W, [np.array(0.5), network.b[1], network.b[2]], network)
    np.testing.assert_array_equal(read.b[0], np.full(4, 0.5))


def test_other_layouts_come_with_the_fewest_options_first() -> None:
    others = [*OURS.others()]
    assert len(others) == len(set(others)) == 23
    counts = [OURS.options(other).count("--") for other in others]
    assert counts == sorted(counts)
    assert counts[0] == 1
    assert Layout(weights="in-out").options(OURS) == "--weights out-in"
    assert set(get_args(Samples)) == {"rows", "columns", "vector"}


@pytest.mark.parametrize("samples", get_args(Samples))
@pytest.mark.parametrize("outputs", [1, 3])
def test_labels_by_number(samples: Samples, outputs: int) -> None:
    layout = Layout(samples, labels="numbers")
    classes = np.array([1, 0, 1] if outputs == 1 else [2, 0, 1])[: 1 if samples == "vector" else 3]
    y = classes[:, None] * 1.0 if outputs == 1 else np.eye(outputs)[classes]
    laid = layout.targets(y)
    assert laid.dtype.kind == "i"
    assert laid.shape == (() if samples == "vector" else (3,))
    np.testing.assert_array_equal(np.atleast_1d(laid), classes)
    np.testing.assert_array_equal(layout.own_targets(laid, outputs), y)


@pytest.mark.parametrize("y", [[[1, 1, 0]], [[0.3, 0.7, 0]], [[0, 0, 0]], [[0.5]]])
def test_what_has_not_one_label_has_no_number(y: list[list[float]]) -> None:
    with pytest.raises(CaseError, match="--labels numbers: expected one label a row"):
        Layout(labels="numbers").targets(np.array(y))


@pytest.mark.parametrize("numbers", [[0, 3], [0.5], [-1, 1], [[0], [1]]])
def test_what_is_no_number_of_a_label_is_refused(numbers: list[Any]) -> None:
    with pytest.raises(CaseError, match=r"expected whole numbers 0 \.\. 2, one a row"):
        Layout(labels="numbers").own_targets(np.array(numbers), 3)
