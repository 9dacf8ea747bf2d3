"""The verdict on every entry, by each method."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from check.nets import FAMILIES, draw
from mlpcli.check.case import Case, case_from
from mlpcli.check.numeric.methods import Method, Numeric, numeric_gradient
from mlpcli.check.options import Options
from mlpcli.check.verdict.second_opinion import ENTRIES_PER_TENSOR
from mlpcli.check.verify import check, verify
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
        case, case.gradient(), Options(method, progress=counts.append), derivative="stable"
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
    right = case.gradient()
    assert check(case, right, Options("central")).verdict == "pass"
    assert check(case, right, Options("plain")).verdict == "inconclusive"
    right.W[0][:] *= 2
    assert check(case, right, Options("central")).verdict == "fail"
    assert check(case, right, Options("plain")).verdict == "inconclusive"


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_gradient_fails_where_it_is_wrong(case: Case, method: Method) -> None:
    gradient = case.gradient()
    gradient.W[-1][1, 0] *= 1.01
    result = check(case, gradient, Options(method))
    assert result.verdict == "fail"
    failed = [t for t in result.layers if t.verdict == "fail"]
    assert [(t.layer, t.parameter, t.mismatched) for t in failed] == [(len(gradient.W), "W", 1)]
    assert failed[0].worst.index == (1, 0)


def test_derivative_forms_are_judged_against_the_true_loss() -> None:
    network = Network((2, 1), True, np.array([30.0, 0.5, 10.0]))
    X = np.array([[1.0, 0.3], [-0.5, 1.0], [0.2, -1.0]])
    case = case_from(network, X, [0, 1, 1])
    verdicts = {
        form: check(case, case.gradient(form)).verdict
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
    gradient = case.gradient()
    gradient.theta *= 1 + 1e-4
    assert check(case, gradient).verdict == "fail"
    assert check(case, gradient, Options(tolerance=2e-4)).verdict == "pass"
    assert check(case, case.gradient(dtype="float32")).verdict == "pass"


def test_a_given_numeric_gradient_serves_many_checks(case: Case) -> None:
    numeric = numeric_gradient(case)
    gradient = case.gradient()
    assert verify(case, gradient, numeric).verdict == "pass"
    gradient.theta *= 2
    assert verify(case, gradient, numeric).verdict == "fail"


def test_a_second_opinion_that_differs_makes_it_inconclusive(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def off(case: Case, method: Method = "central", *args: Any, **named: Any) -> Numeric:
        numeric = numeric_gradient(case, method, *args, **named)
        factor = 1 + 1e-7 if method == "complex-step" else 1.0
        return replace(numeric, values=numeric.values * factor)

    monkeypatch.setattr("mlpcli.check.verify.numeric_gradient", off)
    result = check(case, case.gradient())
    assert (result.verdict, result.second_opinion.agrees) == ("inconclusive", False)
    assert {t.verdict for t in result.layers} == {"pass"}
    assert result.second_opinion.max_relative_error == pytest.approx(1e-7, rel=1e-3)


def test_a_step_too_large_is_noticed(case: Case) -> None:
    result = check(case, case.gradient(), Options(step=0.5))
    assert (result.verdict, result.second_opinion.agrees) == ("inconclusive", False)


def test_overflowing_weights_are_inconclusive_and_quiet() -> None:
    network = Network((2, 2, 1), True, np.full(9, 1e308))
    case = case_from(network, [[1e10, 1.0]], [1])
    right = case.network.like(np.full(9, 0.25))
    for method in METHODS:
        assert check(case, right, Options(method)).verdict == "inconclusive"


def test_the_seconds_are_those_of_the_whole_check(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(100, 200))
    monkeypatch.setattr("mlpcli.check.verify.perf_counter", lambda: next(ticks))
    assert check(case, case.gradient()).seconds == 3.0  # begins, verifies in 1, ends
    assert verify(case, case.gradient(), numeric_gradient(case)).seconds == 1.0


def test_refusals(case: Case) -> None:
    other = Parameters((1, 1), True, np.zeros(2))
    with pytest.raises(CaseError, match="expected sizes"):
        check(case, other)
    with pytest.raises(UsageError, match=r'expected one of central, .*did you mean "central"'):
        check(case, case.gradient(), Options("centrl"))  # type: ignore[arg-type]


def test_numeric_records_the_error_of_plain(case: Case) -> None:
    plain, central = numeric_gradient(case, "plain"), numeric_gradient(case)
    assert isinstance(central, Numeric)
    assert not central.doubt.any()
    assert (plain.doubt > 0).all()
