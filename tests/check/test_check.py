"""The whole check: what it returns, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from check.nets import FAMILIES, draw
from mlpcli.check.case import Case, analytic_gradient, case_from, objective
from mlpcli.check.numeric.complex_step import complex_step
from mlpcli.check.numeric.methods import Method, Numeric, check, numeric_gradient, verify
from mlpcli.check.verdict.second_opinion import ENTRIES_PER_TENSOR
from mlpcli.errors import CaseError, UsageError
from mlpcli.nn.network import Network, Parameters

METHODS: tuple[Method, ...] = ("central", "plain", "complex-step")


@pytest.fixture
def case() -> Case:
    return draw(FAMILIES[6], np.random.default_rng(1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", FAMILIES[:2] + FAMILIES[4:], ids=lambda family: family.name)
def test_our_own_gradient_passes(family: Any, method: Method) -> None:
    case = draw(family, np.random.default_rng(2), widest=6)
    counts: list[int] = []
    result = check(
        case, analytic_gradient(case), method, derivative="stable", progress=counts.append
    )
    assert result.verdict != "fail"
    assert result.verdict == "pass" or method == "plain"
    assert (result.method, result.derivative) == (method, "stable")
    assert (result.rows, result.parameters) == (len(case.X), case.network.theta.size)
    assert sum(counts) == sum(layer.checked for layer in result.layers) == result.parameters
    assert [(t.layer, t.parameter) for t in result.layers] == [
        (int(name[1:]), name[0]) for name, _ in case.network.tensors()
    ]
    opinion = result.second_opinion
    assert opinion.method == ("complex-step" if method == "central" else "central")
    assert opinion.agrees
    sampled = [min(t.checked, ENTRIES_PER_TENSOR) for t in result.layers]
    assert sum(sampled) <= opinion.checked <= sum(sampled) + len(sampled)
    assert opinion.max_relative_error < 0.1 if method == "plain" else 1e-9


def test_plain_is_inconclusive_where_it_is_blind() -> None:
    case = draw(FAMILIES[2], np.random.default_rng(0))
    right = analytic_gradient(case)
    assert check(case, right, "central").verdict == "pass"
    assert check(case, right, "plain").verdict == "inconclusive"
    right.W[0][:] *= 2
    assert check(case, right, "central").verdict == "fail"
    assert check(case, right, "plain").verdict == "inconclusive"


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_gradient_fails_where_it_is_wrong(case: Case, method: Method) -> None:
    gradient = analytic_gradient(case)
    gradient.W[-1][1, 0] *= 1.01
    result = check(case, gradient, method)
    assert result.verdict == "fail"
    failed = [t for t in result.layers if t.verdict == "fail"]
    assert [(t.layer, t.parameter, t.mismatched) for t in failed] == [(len(gradient.W), "W", 1)]
    assert failed[0].worst.index == (1, 0)


def test_derivative_forms_are_judged_against_the_true_loss() -> None:
    network = Network((2, 1), True, np.array([30.0, 0.5, 10.0]))
    X = np.array([[1.0, 0.3], [-0.5, 1.0], [0.2, -1.0]])
    case = case_from(network, X, [0, 1, 1])
    verdicts = {
        form: check(case, analytic_gradient(case, form)).verdict
        for form in ("stable", "fused", "naive", "epsilon", "clamped")
    }
    assert verdicts == {
        "stable": "pass",
        "fused": "pass",
        "naive": "fail",
        "epsilon": "fail",
        "clamped": "fail",
    }


def test_the_tolerance_is_the_users(case: Case) -> None:
    gradient = analytic_gradient(case)
    gradient.theta *= 1 + 1e-4
    assert check(case, gradient).verdict == "fail"
    assert check(case, gradient, tolerance=2e-4).verdict == "pass"
    assert check(case, analytic_gradient(case, dtype="float32")).verdict == "pass"


def test_a_given_numeric_gradient_serves_many_checks(case: Case) -> None:
    numeric = numeric_gradient(case)
    gradient = analytic_gradient(case)
    assert verify(case, gradient, numeric).verdict == "pass"
    gradient.theta *= 2
    assert verify(case, gradient, numeric).verdict == "fail"


def test_a_second_opinion_that_differs_makes_it_inconclusive(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(*args: Any) -> Any:
        return complex_step(*args) * (1 + 1e-7)

    monkeypatch.setattr("mlpcli.check.numeric.methods.complex_step", off)
    result = check(case, analytic_gradient(case))
    assert (result.verdict, result.second_opinion.agrees) == ("inconclusive", False)
    assert {t.verdict for t in result.layers} == {"pass"}
    assert result.second_opinion.max_relative_error == pytest.approx(1e-7, rel=1e-3)


def test_a_step_too_large_is_noticed(case: Case) -> None:
    result = check(case, analytic_gradient(case), step=0.5)
    assert (result.verdict, result.second_opinion.agrees) == ("inconclusive", False)


def test_overflowing_weights_are_inconclusive_and_quiet() -> None:
    network = Network((2, 2, 1), True, np.full(9, 1e308))
    case = case_from(network, [[1e10, 1.0]], [1])
    right = case.network.like(np.full(9, 0.25))
    for method in METHODS:
        assert check(case, right, method).verdict == "inconclusive"


def test_refusals(case: Case) -> None:
    other = Parameters((1, 1), True, np.zeros(2))
    with pytest.raises(CaseError, match="expected sizes"):
        check(case, other)
    with pytest.raises(UsageError, match=r'expected one of central, .*did you mean "central"'):
        check(case, analytic_gradient(case), "centrl")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": [[1.0, 2.0]]}, r"X: expected shape \(1, 1\), got \(1, 2\)"),
        ({"X": [[np.inf]]}, "X: expected finite numbers"),
        ({"X": np.zeros((0, 1))}, "X: expected at least one row"),
        ({"y": [[1.5]]}, "y: expected labels from 0 to 1, got 1.5 to 1.5"),
        ({"y": [1, 0]}, r"y: expected shape \(1, 1\), got \(2, 1\)"),
        ({"omega": [1.0]}, r"omega: expected shape \(1, 1\)"),
        ({"kind": "hinge"}, 'loss kind: expected "bce" or "mse", got "hinge"'),
        ({"l2": -1.0}, "l2: expected a number >= 0"),
        ({"network": Parameters((1, 1), True, np.array([1, np.nan]))}, "W1|b1: expected finite"),
    ],
)
def test_a_case_that_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    parts: dict[str, Any] = {"network": Parameters((1, 1), True, np.ones(2)), "X": [[1]], "y": [1]}
    assert case_from(**parts).y.shape == (1, 1)
    with pytest.raises(CaseError, match=message):
        case_from(**parts | changes)


def test_a_case_is_float64() -> None:
    with pytest.raises(CaseError, match="X: expected float64, got float32"):
        Case(Network((1, 1), True, np.ones(2)), np.ones((1, 1), np.float32), np.ones((1, 1)))


def test_the_objective_by_hand() -> None:
    network = Network((1, 1), True, np.array([2.0, 0.0]))
    X, y = [[0.0], [1.0]], [0, 1]
    expected = (3 * np.log(2) + np.log1p(np.exp(-2))) / 2
    case = case_from(network, X, y, omega=[[3], [1]], l2=0.5)
    assert objective(case) == pytest.approx(expected + 0.25 * 4)
    squared = (0.5**2 + (1 / (1 + np.exp(2))) ** 2) / 2
    assert objective(case_from(network, X, y, kind="mse")) == pytest.approx(squared)


def test_numeric_records_the_error_of_plain(case: Case) -> None:
    plain, central = numeric_gradient(case, "plain"), numeric_gradient(case)
    assert isinstance(central, Numeric)
    assert not central.error.any()
    assert (plain.error > 0).all()
