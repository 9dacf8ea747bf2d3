"""The built-in cases: right gradients pass on them, and no bug of the catalogue hides in all."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.built_in import built_in_cases, drawn_case, labelled_for, with_fresh_biases
from mlpcli.check.convention import Convention
from mlpcli.check.given.layout import OURS, Layout, has_one_label
from mlpcli.check.run import gradcheck, gradcheck_each
from mlpcli.errors import UsageError
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.result import GradcheckResult
    from mlpcli.nn.losses import Loss

PAIRS = [
    Convention(activation, loss=loss.name, output=loss.output, l2=0.1)
    for activation in ACTIVATIONS
    for loss in (*LOSSES.values(), *OTHER_OUTPUTS.values())
]
# Its exponentials overflow from logits of 709.8 on, where no small network comes without effort.
FAR_OUT = {"softmax-overflow", "naive-derivative"}


@cache
def checked(convention: Convention, seed: int | None = None) -> GradcheckResult:
    return gradcheck_each(built_in_cases(convention, seed), gradcheck)


@pytest.mark.parametrize("convention", PAIRS, ids=lambda c: f"{c.activation}-{c.loss}-{c.output}")
@pytest.mark.parametrize("seed", [None, 1])
def test_our_gradient_passes_and_no_bug_hides(convention: Convention, seed: int | None) -> None:
    result = checked(convention, seed)
    assert result.verdict == "pass"
    assert [name for name, _ in result.cases][:2] == ["C", "A"]
    hidden = {spot.bug for spot in result.blind_spots}
    assert hidden <= (set() if convention.loss == "bce" else FAR_OUT), hidden


@pytest.mark.parametrize("convention", PAIRS[:4], ids=lambda c: f"{c.loss}-{c.output}")
def test_numbers_have_two_decimals_and_shapes_of_their_own(convention: Convention) -> None:
    cases = built_in_cases(convention)
    for name in ("C", "A"):
        case = cases[name]
        for array in (case.X, case.y, case.network.theta):
            np.testing.assert_array_equal(array, array.round(2))
        assert (case.network.theta != 0).all()
    shapes = [tensor.shape for _, tensor in cases["C"].network.tensors()]
    assert len(set(shapes)) >= len(shapes) - 1  # of softmax two biases have three entries


@pytest.mark.parametrize("convention", PAIRS[:4], ids=lambda c: f"{c.loss}-{c.output}")
def test_cases_are_called_C_A_and_B(convention: Convention) -> None:
    names = [*built_in_cases(convention)]
    assert names == (["C", "A", "B"] if convention.loss != "mse" else ["C", "A"])


def margins(case: Case) -> np.ndarray:
    """Return how far each row's label is ahead of the others, as a logit (N,)."""
    h = case.forward().logits
    if h.shape[1] == 1:
        h = np.hstack([np.zeros_like(h), h])
    label = case.y.argmax(axis=1) if case.y.shape[1] > 1 else case.y[:, 0].astype(int)
    others = np.array([np.delete(row, k) for row, k in zip(h, label, strict=True)])
    ahead: np.ndarray = h[np.arange(len(h)), label] - np.logaddexp.reduce(others, axis=1)
    return ahead


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
def test_a_wrong_row_lies_between_any_two_epsilons(activation: str, loss: str) -> None:
    case = built_in_cases(Convention(activation, loss=loss))["B"]
    wrong = np.exp(margins(case))
    for exponent in range(-16, -6):
        assert ((10.0**exponent < wrong) & (wrong < 10.0 ** (exponent + 1))).any(), exponent
    assert (wrong < 1e-16).any()


def test_a_seed_draws_the_same_again_and_another_something_else() -> None:
    first, again, other = (built_in_cases(Convention(), seed) for seed in (1, 1, 2))
    assert [case.network.sizes for case in first.values()] == [
        case.network.sizes for case in built_in_cases(Convention()).values()
    ]
    np.testing.assert_array_equal(first["A"].network.theta, again["A"].network.theta)
    assert (first["A"].network.theta != other["A"].network.theta).all()
    np.testing.assert_array_equal(first["C"].X, again["C"].X)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_network_of_any_size_is_drawn(loss: str) -> None:
    case = drawn_case([4, 6, 3], Convention(loss=loss), rows=11, seed=5)
    assert (case.network.sizes, case.rows) == ((4, 6, 3), 11)
    assert all((np.abs(b) >= 0.1).all() for b in case.network.b)
    assert gradcheck(case).verdict == "pass"


def test_softmax_of_one_output_is_refused() -> None:
    with pytest.raises(UsageError, match="wants 2 outputs or more, got 1"):
        drawn_case([2, 1], Convention(loss="cross_entropy"))


def test_fresh_biases_are_away_from_0_and_weights_stay() -> None:
    case = drawn_case([3, 200, 2], Convention())
    fresh = with_fresh_biases(case, 7)
    b = np.concatenate(fresh.network.b)
    assert ((np.abs(b) >= 0.1) & (np.abs(b) <= 0.5)).all()
    assert 60 < (b > 0).sum() < 140
    for before, after in zip(case.network.W, fresh.network.W, strict=True):
        np.testing.assert_array_equal(before, after)
    assert (case.network.theta != fresh.network.theta).any()


@pytest.mark.parametrize("loss", [*LOSSES.values(), *OTHER_OUTPUTS.values()])
@pytest.mark.parametrize("outputs", [1, 4])
def test_labels_by_number_are_one_a_row(loss: Loss, outputs: int) -> None:
    if not loss.separable and outputs == 1:
        return
    convention = Convention(loss=loss.name, output=loss.output)
    cases = built_in_cases(convention) | {"drawn": drawn_case([3, 4, outputs], convention)}
    laid = labelled_for(Layout(labels="numbers"), cases)
    for name, case in laid.items():
        assert has_one_label(case.y)
        labels = {*Layout(labels="numbers").arguments(case)[3].tolist()}
        assert labels == {*range(max(2, case.network.sizes[-1]))}
        assert (case is cases[name]) == has_one_label(cases[name].y)
    assert labelled_for(OURS, cases) == cases
