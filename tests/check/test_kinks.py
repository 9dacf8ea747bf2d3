"""Activations other than sigmoid in the whole check: no false alarm, and kinks met exactly."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from check.nets import ACTIVATED, OTHERS, WHOLE, Family, draw, textbook_gradient
from mlpcli.check.case import Case, case_from
from mlpcli.check.run import gradcheck
from mlpcli.nn.activations import LeakyRelu, Relu, activation_by
from mlpcli.nn.backprop import Rules
from mlpcli.nn.network import Network, Parameters

KINKED = [Relu(), LeakyRelu(0.2)]
kinked = pytest.mark.parametrize("act", KINKED, ids=lambda act: act.name)


def on_kinks(act: LeakyRelu, seed: int = 0) -> Case:
    """A case of whole numbers, with some hidden H of exactly 0."""
    rng = np.random.default_rng(seed)
    sizes = (3, 4, 4, 2)
    theta = np.round(1.3 * rng.standard_normal(Network.count(sizes, True)))
    X = np.round(1.5 * rng.standard_normal((12, 3)))
    case = case_from(Network(sizes, True, theta, act), X, rng.uniform(size=(12, 2)).round())
    assert (case.forward().H[0] == 0).any()
    return case


def textbook(case: Case, at_zero: float) -> Parameters:
    """Return a right gradient of somebody who takes this share of the jump at 0."""
    act, forward = case.network.activation, case.forward()
    assert isinstance(act, LeakyRelu)
    slopes = {
        i: np.where(H > 0, 1.0, np.where(H < 0, act.below, act.below + act.jump * at_zero))
        for i, H in enumerate(forward.H[:-1], start=1)
    }
    return case.objective.gradient(forward, case.y, case.omega, Rules(slope=slopes))


@kinked
@pytest.mark.parametrize("method", ["central", "complex-step"])
@pytest.mark.parametrize("at_zero", [0.0, 1.0, 0.5])
def test_each_usual_slope_at_zero_passes(act: LeakyRelu, at_zero: float, method: str) -> None:
    for seed in range(3):
        case = on_kinks(act, seed)
        result = gradcheck(case, textbook(case, at_zero), method=method)
        assert (result.verdict, result.diagnosis) == ("pass", ())


@kinked
def test_the_usual_slopes_differ_there(act: LeakyRelu) -> None:
    a, b, c = (textbook(on_kinks(act), share).theta for share in (0.0, 1.0, 0.5))
    assert min(np.abs(a - b).max(), np.abs(a - c).max(), np.abs(b - c).max()) > 1e-4


@kinked
def test_a_wrong_gradient_on_kinks_fails(act: LeakyRelu) -> None:
    case = on_kinks(act)
    for share in (0.0, 1.0, 0.5):
        gradient = textbook(case, share)
        gradient.W[-1][np.abs(gradient.W[-1]) > 1e-3] *= 1.001  # no kink lies above these
        assert gradcheck(case, gradient).verdict == "fail"
        gradient = textbook(case, share)
        gradient.W[0][:] *= 1.001  # as little as another branch might do
        assert gradcheck(case, gradient).verdict != "pass"
    for wrong in (textbook(case, 0.0).theta * -1, textbook(case, 30.0).theta):
        assert gradcheck(case, case.network.like(wrong)).verdict == "fail"


@kinked
@pytest.mark.parametrize("at", [1e-9, -1e-9, 1e-12])
def test_plain_does_not_judge_across_a_kink(act: LeakyRelu, at: float) -> None:
    """Its steps of 1e-5 and more reach the other branch; the others freeze the branch."""
    theta = np.array([1.0, at - 1.0, 2.0, 0.5])
    case = case_from(Network((1, 1, 1), True, theta, act), [[1.0]], [[0.0]])
    assert abs(case.forward().H[0][0, 0] - at) < 1e-15
    right = case.gradient()
    assert gradcheck(case, right).verdict == "pass"
    assert gradcheck(case, right, method="complex-step").verdict == "pass"
    assert gradcheck(case, right, method="plain").verdict == "inconclusive"
    right.theta *= 2
    assert gradcheck(case, right).verdict == "fail"


@kinked
def test_plain_judges_where_no_kink_is_near(act: LeakyRelu) -> None:
    theta = np.array([1.0, 0.5, 2.0, 0.5])
    case = case_from(Network((1, 1, 1), True, theta, act), [[1.0]], [[0.0]])
    assert gradcheck(case, method="plain").verdict == "pass"
    wrong = case.network.like(2 * case.gradient().theta)
    assert gradcheck(case, wrong, method="plain").verdict == "fail"


@pytest.mark.usefixtures("verdict_alone")
@pytest.mark.parametrize("name", OTHERS)
def test_no_false_alarm(name: str) -> None:
    """Over 48 networks of each activation, half of them of whole numbers; ours and a textbook's."""
    rng, verdicts = np.random.default_rng(0), Counter[tuple[str, str]]()
    families = [f for f in (*ACTIVATED, *WHOLE) if f.activation == name]
    kinks = 0
    for trial in range(48):
        case = draw(replaced(families[trial % len(families)], trial), rng, widest=5)
        kinks += case.on_a_kink
        for dtype in ("float64", "float32"):
            for gradient in (case.gradient(dtype=dtype), textbook_gradient(case, dtype)):
                verdicts[dtype, gradcheck(case, gradient).verdict] += 1
    assert not any(verdict == "fail" for _, verdict in verdicts)
    assert verdicts["float64", "pass"] >= 80
    assert verdicts["float32", "pass"] >= 48
    assert (kinks >= 12) == bool(activation_by(name).jump)


def replaced(family: Family, trial: int) -> Family:
    """Vary the size of the weights, which whole numbers need to be some."""
    return family if family.whole else replace(family, scale=(0.3, 1.0, 3.0)[trial % 3])


def in_another_order(case: Case) -> Parameters:
    """Return a right gradient of somebody who adds the products of H_1 in reverse; no biases."""
    network, forward = case.network, case.forward()
    H = sum(
        (case.X[:, [k]] * network.W[0][:, k] for k in reversed(range(case.X.shape[1]))),
        start=np.zeros((case.rows, len(network.W[0]))),
    )
    act = network.activation
    slope = act.slope(H, act.value(H))
    return case.objective.gradient(forward, case.y, case.omega, Rules(slope={1: slope}))


def at_rounding(act: LeakyRelu) -> Case:
    """A case of tenths: some sums of H_1 are 1e-17 on one side in one order, and not in reverse."""
    rng = np.random.default_rng(3)
    W = rng.integers(-9, 10, (4, 5)) / 10
    X = rng.integers(-9, 10, (4000, 5)) / 10
    forwards = sum(X[:, [k]] * W[:, k] for k in range(5))
    backwards = sum(X[:, [k]] * W[:, k] for k in reversed(range(5)))
    apart = (np.sign(forwards) != np.sign(backwards)).any(axis=1)
    X = np.concatenate([X[apart][:6], X[~apart][:9]])
    sizes = (5, 4, 2)
    theta = np.concatenate([W.ravel(), rng.normal(size=8)])
    labels = rng.uniform(size=(len(X), 2)).round()
    return case_from(Network(sizes, False, theta, act), X, labels)


@kinked
def test_cells_that_round_to_the_other_side_are_taken_there(act: LeakyRelu) -> None:
    case = at_rounding(act)
    other = in_another_order(case)
    assert np.abs(other.theta - case.gradient().theta).max() > 1e-3
    result = gradcheck(case, other)
    assert result.verdict == "pass"
    assert 0 < result.kinks.flipped <= result.kinks.near
    assert "cells at a kink" in (result.kinks.words() or "")
    wrong = case.network.like(other.theta.copy())
    wrong.W[0][0, 0] *= 1.001
    assert gradcheck(case, wrong).verdict != "pass"


@kinked
def test_what_was_taken_at_zero_is_said(act: LeakyRelu) -> None:
    case = on_kinks(act)
    said = [gradcheck(case, textbook(case, share)).kinks.words() or "" for share in (0, 1, 0.5)]
    assert ["as h > 0" in said[0], "as h >= 0" in said[1], "half" in said[2]] == [True] * 3


def test_too_many_cells_near_a_kink_are_said() -> None:
    case = at_rounding(Relu())
    many = case_from(case.network, np.tile(case.X, (30, 1)), np.tile(case.y, (30, 1)))
    result = gradcheck(many, in_another_order(many))
    assert result.verdict == "inconclusive"
    assert "cells lie at a kink" in (result.kinks.words() or "")
