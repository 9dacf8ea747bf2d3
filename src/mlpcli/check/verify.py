"""The verdict on every entry of a gradient: numbers by one method, a second opinion by another."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.passes import right_passes
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.options import DEFAULTS, Options
from mlpcli.check.result import CheckResult
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.digits import Printed, printed
from mlpcli.check.verdict.precision import single_precision
from mlpcli.check.verdict.rule import judge, overall, summarise
from mlpcli.check.verdict.second_opinion import sample, second_opinion
from mlpcli.errors import CaseError
from mlpcli.parallel import limit_blas, meanwhile

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.numeric.methods import Method, Numeric
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["check", "verify"]


def check(
    case: Case,
    gradient: Parameters,
    options: Options = DEFAULTS,
    *,
    derivative: str | None = None,
    doubt: FloatArray | None = None,
) -> CheckResult:
    """Check every entry of `gradient` (float32 or float64) against the true objective of the case.

    `derivative` is the name that the result gives to its form, `doubt` what its making may be off
    by, over theta. Raises CaseError for a gradient of another network.
    """
    start = perf_counter()
    size = gradient.theta.size * case.rows
    with limit_blas(1), meanwhile(partial(_bounds, case, gradient), size) as bounds:
        numeric = numeric_gradient(
            case, options.method, step=options.step, progress=options.progress
        )
    if doubt is not None:
        numeric = replace(numeric, doubt=numeric.doubt + doubt)
    result = verify(case, gradient, numeric, options.tolerance, bounds())
    return replace(result, derivative=derivative, seconds=perf_counter() - start)


def _bounds(case: Case, gradient: Parameters) -> Bounds:
    return rounding_bounds(case, single=bool(single_precision(gradient).all()))


def verify(
    case: Case,
    gradient: Parameters,
    numeric: Numeric,
    tolerance: float = DEFAULTS.tolerance,
    bounds: Bounds | None = None,
) -> CheckResult:
    """Judge `gradient` by a numeric gradient that is already there, and its bounds if they are.

    Raises CaseError for a gradient of another network.
    """
    start = perf_counter()
    if gradient.sizes != case.network.sizes or gradient.bias != case.network.bias:
        raise CaseError(f"gradient: expected sizes {case.network.sizes}, got {gradient.sizes}")
    bounds = _bounds(case, gradient) if bounds is None else bounds
    result = _judged(case, gradient, numeric, tolerance, bounds)
    digits = None if result.verdict == "pass" else printed(gradient)
    if digits is not None:
        bounds = _bounds(case, digits.gradient)
        if digits.gradient.theta.dtype == np.float32:
            bounds = bounds.as_tried(case.gradient(), right_passes(case, "float32"), case.rows)
        result = _judged(case, digits.gradient, numeric, tolerance, bounds, digits=digits)
    return replace(result, seconds=perf_counter() - start)


def _judged(
    case: Case,
    gradient: Parameters,
    numeric: Numeric,
    tolerance: float,
    bounds: Bounds,
    *,
    digits: Printed | None = None,
) -> CheckResult:
    doubt = numeric.doubt if digits is None else numeric.doubt + digits.doubt
    entries = judge(gradient, numeric.values, bounds, tolerance, doubt)
    layers = summarise(gradient, numeric.values, entries)
    layers = layers if digits is None else digits.told(layers)
    other: Method = "complex-step" if numeric.method == "central" else "central"
    chosen = sample(case, layers, np.random.default_rng(0))
    opinion = second_opinion(numeric, numeric_gradient(case, other, chosen), bounds, chosen)
    verdict = overall([tensor.verdict for tensor in layers])
    return CheckResult(
        verdict=verdict if opinion.agrees else "inconclusive",
        method=numeric.method,
        derivative=None,
        rows=case.rows,
        parameters=gradient.theta.size,
        seconds=0.0,
        layers=layers,
        second_opinion=opinion,
        numeric=numeric,
        bounds=bounds,
        printed=digits,
    )
