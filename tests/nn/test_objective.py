"""Weights of rows and classes, delta_L, and the objective that a config names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from mlpcli.config import LossConfig
from mlpcli.nn.losses import BCE_FORMS, LOSSES
from mlpcli.nn.network import Network
from mlpcli.nn.objective import Objective
from mlpcli.training.build import objective_from


def objective(y: Any = ((0.0,), (1.0,)), **settings: Any) -> Objective:
    return objective_from(LossConfig.model_validate(settings), np.array(y, float))


def test_no_weights_at_all_are_none() -> None:
    y = np.zeros((3, 2))
    assert objective().cell_weights(y, None) is None


def test_row_weights_are_a_column() -> None:
    omega = objective().cell_weights(np.zeros((3, 2)), np.array([1.0, 2.0, 0.0]))
    assert omega is not None
    assert omega.tolist() == [[1], [2], [0]]


def test_class_weights_interpolate_soft_labels() -> None:
    weighted = objective(class_weight={0: 2.0, 1: 6.0})
    y = np.array([[0.0], [0.25], [1.0]])
    omega = weighted.cell_weights(y, None)
    assert omega is not None
    assert omega.tolist() == [[2], [3], [6]]
    both = weighted.cell_weights(y, np.array([1.0, 0.5, 2.0]))
    assert both is not None
    assert both.tolist() == [[2], [1.5], [12]]


def test_class_weights_of_each_output() -> None:
    weighted = objective([[0, 1], [0, 1], [0, 0], [1, 0]], class_weight="balanced")
    omega = weighted.cell_weights(np.array([[0.0, 0.0], [1.0, 1.0]]), None)
    assert omega is not None
    assert omega.tolist() == [[4 / 6, 1.0], [2.0, 1.0]]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_balanced_equals_scikit_learn(labels: list[tuple[bool, bool]]) -> None:
    y = np.array([(False, True), (True, False), *labels], float)
    weights = objective(y, class_weight="balanced").class_weight
    assert weights is not None
    for k in range(2):
        expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=y[:, k].astype(int))
        np.testing.assert_allclose(weights[:, k], expected, rtol=1e-15)


def test_balanced_counts_soft_labels_by_the_nearer_class() -> None:
    weights = objective([[0.1], [0.4], [0.5], [0.2]], class_weight="balanced").class_weight
    assert weights is not None
    assert weights.tolist() == [[4 / 6], [2.0]]


def test_balanced_with_one_class_stays_finite() -> None:
    weights = objective([[1.0], [1.0]], class_weight="balanced").class_weight
    assert weights is not None
    assert np.isfinite(weights).all()


def test_given_class_weights_serve_every_output() -> None:
    weighted = objective([[0, 1, 0]], class_weight={0: 1.0, 1: 3.0}, l2=0.5)
    assert weighted.class_weight is not None
    assert weighted.class_weight.tolist() == [[1, 1, 1], [3, 3, 3]]
    assert weighted.l2 == 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(BCE_FORMS))
def test_delta_is_the_mean_of_the_chosen_derivative(name: str, dtype: str) -> None:
    chosen = objective(derivative=name)
    h = np.array([[-2.0, 0.5], [1.0, 3.0], [0.0, -1.0]], dtype)
    y = np.array([[0, 1], [1, 1], [0, 0]], dtype)
    each = BCE_FORMS[name].derivative(h, y, 1e-7)
    derivative = chosen.derivative(h, y)
    delta = chosen.delta(derivative, None)
    assert delta.shape == (3, 2)
    assert delta.dtype == dtype
    np.testing.assert_array_equal(delta, each / 3)  # rows are averaged, outputs are not
    omega = np.array([[1.0], [0.5], [2.0]], dtype)
    np.testing.assert_array_equal(chosen.delta(derivative, omega), each * omega / 3)


def test_weight_two_is_the_row_twice() -> None:
    chosen = objective(l2=0.1)
    rng = np.random.default_rng(0)
    network = Network((2, 3, 1), True, rng.normal(size=13))
    X, y = rng.normal(size=(3, 2)), np.array([[0.0], [1.0], [1.0]])
    twice = chosen.gradient(network.forward(X[[0, 1, 1, 2]]), y[[0, 1, 1, 2]])
    omega = chosen.cell_weights(y, np.array([1.0, 2.0, 1.0]) * 3 / 4)
    weighted = chosen.gradient(network.forward(X), y, omega)
    np.testing.assert_allclose(weighted.theta, twice.theta, rtol=1e-13)


@pytest.mark.parametrize("name", list(BCE_FORMS))
def test_config_names_a_form_and_the_yardstick_stays(name: str) -> None:
    chosen = objective(derivative=name, epsilon=1e-3)
    assert chosen.loss is LOSSES["bce"]
    assert (chosen.form, chosen.epsilon) == (BCE_FORMS[name], 1e-3)
    assert chosen.loss.truth is BCE_FORMS["stable"]


def test_config_names_mse() -> None:
    squared = LOSSES["mse"]
    assert objective(kind="mse").loss is squared
    assert objective(kind="mse").form is squared.truth


def test_exact_has_the_truth_for_its_form() -> None:
    for name, loss in LOSSES.items():
        exact = Objective.exact(name, 0.5)
        assert exact == Objective(loss, loss.truth, 0.0, 0.5, None)
