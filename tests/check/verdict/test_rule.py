"""The rule, branch by branch; right gradients never fail, planted bugs never pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from check.nets import FAMILIES, Family, draw, textbook_gradient
from mlpcli.check.case import Case, case_from
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.verdict.bounds import Bounds, rounding_bounds
from mlpcli.check.verdict.precision import (
    SMALLEST,
    SMALLEST_NORMAL,
    UNIT_ROUNDOFF,
    single_precision,
)
from mlpcli.check.verdict.rule import EntryVerdict, TensorResult, judge, overall, summarise
from mlpcli.nn.backprop import Rules
from mlpcli.nn.network import Network, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.sigmoid import FloatArray

U = 2.0**-53
MATCH, MISMATCH, INCONCLUSIVE = EntryVerdict


def column(values: FloatArray) -> Parameters:
    """A gradient of one unit with many inputs and no bias."""
    return Parameters((len(values), 1), False, values)


def results(gradient: Parameters, numeric: FloatArray, bounds: Bounds) -> tuple[TensorResult, ...]:
    return summarise(gradient, numeric, judge(gradient, numeric, bounds, 1e-6))


@pytest.mark.parametrize(
    ("given", "numeric", "K", "textbook", "doubt", "expected"),
    [
        (1.1, 1.1, 1.0, 1.0, 0.0, MATCH),
        (1.1, 1.1 * (1 + 0.9e-6), 0.0, 0.0, 0.0, MATCH),
        (1.1, 1.1 * (1 + 1.1e-6), 0.0, 0.0, 0.0, MISMATCH),
        (1.1, -1.1, 0.0, 0.0, 0.0, MISMATCH),
        (
            1.1,
            1.1 * (1 + 1.1e-6),
            0.0,
            1e-6 / U,
            0.0,
            INCONCLUSIVE,
        ),  # textbook rounding explains it
        (1.1, 1.1 * (1 + 1.1e-6), 1e-6 / U, 1e-6 / U, 0.0, MATCH),
        (1.1, 1.1, 0.03 / U, 0.03 / U, 0.0, INCONCLUSIVE),  # rounding would hide anything
        (1.1, 1.1, 0.02 / U, 0.02 / U, 0.0, MATCH),
        (1.1, 1.1, 0.0272 / U, 1.0 / U, 0.0, MATCH),  # 4 u K is a tenth of 1.1 at 0.0275
        (1.1, 1.1, 0.0278 / U, 1.0 / U, 0.0, INCONCLUSIVE),
        (1.1, 1.2, 0.0, 0.0, 0.2, INCONCLUSIVE),  # the numeric method is not sure
        (1.1, 1.4, 0.0, 0.0, 0.2, MISMATCH),
        (0.0, 0.0, 1.0, 1.0, 0.0, MATCH),
        (0.0, 0.0, 1.0, 1.0, 1e-9, INCONCLUSIVE),
        (0.0, 1e-3, 1.0, 1.0, 0.0, MISMATCH),
        (1e-291, 3e-291, 0.0, 0.0, 0.0, INCONCLUSIVE),  # subnormals on the way
        (np.nan, 1.0, 1.0, 1e300, 0.0, MISMATCH),
        (np.inf, 1.0, 1.0, 1e300, 0.0, MISMATCH),
        (-np.inf, 0.0, 1.0, 1e300, 1e300, MISMATCH),
        (1.1, np.nan, 1.0, 1.0, 0.0, INCONCLUSIVE),
        (1.1, 1.1, np.inf, np.inf, 0.0, INCONCLUSIVE),
    ],
)
def test_one_entry(
    given: float, numeric: float, K: float, textbook: float, doubt: float, expected: EntryVerdict
) -> None:
    bounds = Bounds(np.array([K]), np.array([textbook]), np.zeros(1))
    gradient = column(np.array([given]))
    entries = judge(gradient, np.array([numeric]), bounds, 1e-6, np.array([doubt]))
    assert entries.verdict.tolist() == [expected]


def test_a_tensor_reports_its_worst_entry() -> None:
    given = np.array([1.1, 2.2, 3.3, np.pi * 1e-20, 0.0])
    numeric = np.array([1.1, 2.2 * (1 + 4e-7), 3.3 * (1 + 2e-7), -np.pi * 1e-20, 0.0])
    (tensor,) = results(column(given), numeric, Bounds(*np.ones((3, 5))))
    assert (tensor.layer, tensor.parameter, tensor.shape) == (1, "W", (1, 5))
    assert (tensor.checked, tensor.mismatched, tensor.inconclusive) == (5, 0, 1)
    assert tensor.verdict == "pass"
    assert tensor.worst.index == (0, 1)
    assert (tensor.worst.analytic, tensor.worst.numeric) == (given[1], numeric[1])
    assert tensor.max_relative_error == pytest.approx(4e-7, rel=1e-5)
    assert tensor.max_absolute_error == pytest.approx(8.8e-7, rel=1e-5)
    assert tensor.tolerance == pytest.approx(1e-6, rel=1e-5)
    np.testing.assert_allclose(tensor.errors[0], [0, 4e-7, 2e-7, 2, 0], rtol=1e-5)
    assert tensor.verdicts[0].tolist() == [MATCH, MATCH, MATCH, INCONCLUSIVE, MATCH]


def test_a_tensor_fails_by_one_entry_and_names_it() -> None:
    given, numeric = np.full(6, 1.1), np.full(6, 1.1)
    given[4] = np.nan
    (tensor,) = results(column(given), numeric, Bounds(*np.ones((3, 6))))
    assert (tensor.verdict, tensor.mismatched, tensor.worst.index) == ("fail", 1, (0, 4))
    assert np.isinf(tensor.max_relative_error)
    assert np.isinf(tensor.max_absolute_error)


@pytest.mark.parametrize(
    ("hidden", "verdict"), [(1e-5, "pass"), (2e-3, "inconclusive"), (0.0, "pass")]
)
def test_a_tensor_is_inconclusive_where_much_is_hidden(hidden: float, verdict: str) -> None:
    values = np.array([1.1, hidden])
    (tensor,) = results(column(values), values, Bounds(*np.array([[1, 1e13]] * 3)))
    assert tensor.verdict == verdict


@pytest.mark.parametrize("size", [1e-20, 1e-200])
def test_a_tensor_of_which_nothing_is_known_does_not_pass(size: float) -> None:
    zeros, bounds = np.zeros(3), Bounds(*np.ones((3, 3)))
    given = np.array([size, -size, size]) * 1.1
    for numeric in (given, zeros):
        (tensor,) = results(column(given), numeric, bounds)
        assert (tensor.verdict, tensor.inconclusive) == ("inconclusive", 3)
        assert (tensor.max_relative_error, tensor.max_absolute_error) == (0, 0)


def test_a_zero_gradient_does_not_pass_where_the_method_sees_nothing() -> None:
    zeros, bounds = np.zeros(3), Bounds(*np.ones((3, 3)))
    entries = judge(column(zeros), zeros, bounds, 1e-6, np.full(3, 1e-9))
    (tensor,) = summarise(column(zeros), zeros, entries)
    assert tensor.verdict == "inconclusive"


def test_a_sigma_that_stops_at_the_smallest_normal_number_is_no_mismatch() -> None:
    network = Network((1, 1), False, np.array([-0.01]))
    case = case_from(network, [[1e4]], [0])  # sigma(-100) = 4e-44; some keep it at 1e-38 in float32
    numeric = numeric_gradient(case).values
    gradient = column(np.array([1e4 * 2.0**-126], np.float32))
    assert gradient.theta[0] > 1e5 * numeric[0] > 0
    assert gradient.theta[0] > SMALLEST[True]
    (tensor,) = results(gradient, numeric, rounding_bounds(case))
    assert tensor.verdict == "inconclusive"
    gradient.theta *= 100
    (tensor,) = results(gradient, numeric, rounding_bounds(case))
    assert tensor.verdict == "fail"


def test_the_penalty_has_its_share_of_the_bound() -> None:
    case = draw(FAMILIES[0], np.random.default_rng(0))
    penalised = replace(case, objective=replace(case.objective, l2=1e3))
    without, bounds = rounding_bounds(case), rounding_bounds(penalised)
    share = case.network.like(bounds.K - without.K)
    for i, W in enumerate(case.network.W):
        np.testing.assert_allclose(share.W[i], 1e3 * np.abs(W), rtol=1e-6)
        assert not share.b[i].any()


def test_a_run_fails_before_it_is_inconclusive_before_it_passes() -> None:
    assert overall(["pass", "inconclusive", "fail"]) == "fail"
    assert overall(["pass", "inconclusive"]) == "inconclusive"
    assert overall(["pass"]) == "pass"


def test_precision_is_told_per_tensor() -> None:
    rng = np.random.default_rng(0)
    sizes = (4, 3, 1)
    double = rng.standard_normal(Parameters.count(sizes, True))
    rounded = double.astype(np.float32)
    assert single_precision(Parameters(sizes, True, rounded)).all()
    assert single_precision(Parameters(sizes, True, rounded.astype(np.float64))).all()
    assert not single_precision(Parameters(sizes, True, double)).any()
    mixed = np.concatenate([rounded[:12].astype(np.float64), double[12:]])
    assert np.flatnonzero(single_precision(Parameters(sizes, True, mixed))).tolist() == [*range(12)]
    short = np.round(double * 4) / 4  # numbers of any precision: taken as float64
    assert not single_precision(Parameters(sizes, True, short)).any()
    short[:12] = rounded[:12]  # unless the rest is float32
    assert single_precision(Parameters(sizes, True, short)).all()
    short[13] = 1e300 * np.pi
    assert not single_precision(Parameters(sizes, True, short))[12:15].any()


@pytest.mark.parametrize("beyond", [0.0, 0.25, 0.5, 0.75])
def test_numbers_of_12_bits_are_of_any_precision_and_longer_ones_are_not(beyond: float) -> None:
    leading = np.arange(2**11 + 1, 2**12, 2)  # 12 bits each, the last of them 1
    tensor = Parameters((len(leading), 1), False, np.ldexp(leading + beyond, -3))
    assert single_precision(tensor).all() == (beyond > 0)
    assert single_precision(tensor).any() == (beyond > 0)


def test_the_units_of_roundoff_are_those_of_the_formats() -> None:
    for single, dtype in ((True, np.float32), (False, np.float64)):
        info = np.finfo(dtype)
        assert UNIT_ROUNDOFF[single] == info.eps / 2
        assert SMALLEST_NORMAL[single] == info.smallest_normal
        assert SMALLEST[single] > info.smallest_normal


@pytest.mark.parametrize("block", range(10))
def test_no_false_alarm_over_1000_networks(block: int) -> None:
    rng = np.random.default_rng(block)
    verdicts: Counter[tuple[str, str, str]] = Counter()
    smallest, largest_K = np.inf, 0.0
    for trial in range(100):
        family = FAMILIES[trial % len(FAMILIES)]
        case = draw(family, rng, widest=40 if trial % 20 < len(FAMILIES) else 8)
        numeric, bounds = numeric_gradient(case).values, rounding_bounds(case)
        smallest = min(smallest, float(np.abs(numeric).min()))
        largest_K = max(largest_K, float((bounds.K * U / np.abs(numeric)).max()))
        for dtype in ("float64", "float32"):
            for name, gradient in (
                ("stable", case.gradient(dtype=dtype)),
                ("textbook", textbook_gradient(case, dtype)),
            ):
                for tensor in results(gradient, numeric, bounds):
                    verdicts[name, dtype, tensor.verdict] += 1
    assert not any(verdict == "fail" for *_, verdict in verdicts)
    for name in ("stable", "textbook"):
        assert verdicts[name, "float64", "pass"] > 9 * verdicts[name, "float64", "inconclusive"]
        assert verdicts[name, "float32", "pass"] > verdicts[name, "float32", "inconclusive"]
    assert smallest < 1e-30
    assert largest_K > 1e-10
    assert verdicts["textbook", "float32", "inconclusive"] > 0


def scaled(case: Case, rng: np.random.Generator) -> Parameters:
    gradient = case.gradient()
    gradient.layers[rng.integers(len(gradient.layers))] *= 1.00001
    return gradient


def negated(case: Case, rng: np.random.Generator) -> Parameters:
    gradient = case.gradient()
    gradient.theta *= -1
    return gradient


def one_entry(case: Case, rng: np.random.Generator) -> Parameters:
    gradient = case.gradient()
    gradient.theta[np.argmax(np.abs(gradient.theta))] *= 1.001
    return gradient


def missing_sigma_prime(case: Case, rng: np.random.Generator) -> Parameters:
    forward = case.network.forward(case.X)
    ones = {i: np.ones_like(slope) for i, slope in enumerate(forward.slopes, start=1)}
    return case.objective.gradient(forward, case.y, case.omega, Rules(slope=ones))


@pytest.mark.parametrize("bug", [scaled, negated, one_entry, missing_sigma_prime])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_planted_bugs_fail_wherever_rounding_cannot_explain_them(
    family: Family, bug: Callable[[Case, np.random.Generator], Parameters]
) -> None:
    rng, visible = np.random.default_rng(5), 0
    for _ in range(10):
        case = draw(family, rng)
        wrong, right = bug(case, rng), case.gradient()
        numeric, bounds = numeric_gradient(case).values, rounding_bounds(case)
        effect = np.abs(wrong.theta - right.theta)
        seen = effect > 2e-6 * np.fmax(np.abs(wrong.theta), np.abs(right.theta))
        seen &= effect > 10 * U * bounds.K_textbook
        seen &= np.abs(right.theta) > 1e-280
        tensors = results(wrong, numeric, bounds)
        assert ("fail" in [t.verdict for t in tensors]) == bool(seen.any())
        visible += bool(seen.any())
    if bug is not missing_sigma_prime or family.layers[0] > 1:
        assert visible >= 9


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_tolerance_of_what_is_no_number_is_that_of_the_right_one(bad: float) -> None:
    """T |B|, for inf as for nan: T inf would allow everything."""
    gradient = Parameters([1, 3], False, np.array([1.0, bad, 2.0]))
    nothing = Bounds(np.zeros(3), np.zeros(3), np.zeros(3))
    numeric = np.array([1.0, 4.0, 2.0])
    entries = judge(gradient, numeric, nothing, 1e-6)
    (tensor,) = summarise(gradient, numeric, entries)
    assert tensor.verdict == "fail"
    assert tensor.tolerance == pytest.approx(1e-6)
    assert tensor.max_relative_error == np.inf
    assert tensor.mismatched == 1
