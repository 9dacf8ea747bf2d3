"""The check itself: numbers by one method, a second opinion by another, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from mlpcli.check.numeric.central import central_difference
from mlpcli.check.numeric.complex_step import complex_step
from mlpcli.check.numeric.plain import plain_difference
from mlpcli.check.verdict.bounds import Bounds, rounding_bounds
from mlpcli.check.verdict.rule import TensorResult, Verdict, judge, overall, summarise
from mlpcli.check.verdict.second_opinion import SecondOpinion, sample, second_opinion
from mlpcli.errors import CaseError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Mask
    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Parameters

__all__ = ["CheckResult", "Method", "Numeric", "check", "numeric_gradient", "verify"]

Method: TypeAlias = Literal["central", "plain", "complex-step"]
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Numeric:
    """A numeric gradient `values` over theta, and its own estimated error (0 but for `plain`)."""

    method: Method
    values: FloatArray
    error: FloatArray


@dataclass(frozen=True)
class CheckResult:
    """Everything that a report shows; `layers` in the order W1, b1, .. WL, bL.

    `derivative` names the form of our own gradient that was checked, or is None for somebody
    else's. `numeric` and `bounds` are kept for whoever judges other gradients of the same case.
    """

    verdict: Verdict
    method: Method
    derivative: str | None
    rows: int
    parameters: int
    seconds: float
    layers: tuple[TensorResult, ...]
    second_opinion: SecondOpinion
    numeric: Numeric
    bounds: Bounds


def check(
    case: Case,
    gradient: Parameters,
    method: Method = "central",
    *,
    tolerance: float | None = None,
    derivative: str | None = None,
    step: float | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> CheckResult:
    """Check every entry of `gradient` (float32 or float64) against the true objective of the case.

    `tolerance` is relative (None: 1e-6); `step` is the change of H at the perturbed layer (None:
    the method's own); `seed` chooses the sample of the second opinion; `progress` is called with
    the number of entries just finished. Raises CaseError for a gradient of other sizes.
    """
    start = perf_counter()
    numeric = numeric_gradient(case, method, step=step, progress=progress)
    return verify(
        case,
        gradient,
        numeric,
        tolerance=tolerance,
        derivative=derivative,
        seed=seed,
        start=start,
    )


def verify(
    case: Case,
    gradient: Parameters,
    numeric: Numeric,
    *,
    tolerance: float | None = None,
    derivative: str | None = None,
    seed: int = 0,
    start: float | None = None,
) -> CheckResult:
    """Judge `gradient` by a numeric gradient that is already there; else as `check`."""
    start = perf_counter() if start is None else start
    if gradient.sizes != case.network.sizes or gradient.bias != case.network.bias:
        raise CaseError(f"gradient: expected sizes {case.network.sizes}, got {gradient.sizes}")
    bounds = rounding_bounds(case)
    entries = judge(
        gradient,
        numeric.values,
        bounds,
        TOLERANCE if tolerance is None else tolerance,
        numeric.error,
    )
    layers = summarise(gradient, numeric.values, entries)
    other: Method = "complex-step" if numeric.method == "central" else "central"
    chosen = sample(case, layers, np.random.default_rng(seed))
    opinion = second_opinion(numeric, numeric_gradient(case, other, chosen), bounds, chosen)
    verdict = overall([tensor.verdict for tensor in layers])
    return CheckResult(
        verdict if opinion.agrees else "inconclusive",
        numeric.method,
        derivative,
        len(case.X),
        gradient.theta.size,
        perf_counter() - start,
        layers,
        opinion,
        numeric,
        bounds,
    )


def numeric_gradient(
    case: Case,
    method: Method = "central",
    mask: Mask | None = None,
    step: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Numeric:
    """Return the numeric gradient over theta, nan outside `mask` (None: every entry)."""
    if method == "plain":
        return Numeric(method, *plain_difference(case, mask, step, progress))
    if method not in get_args(Method):
        known = ", ".join(get_args(Method))
        hint = did_you_mean(method, get_args(Method))
        raise UsageError(f'method: expected one of {known}, got "{method}"{hint}')
    run = central_difference if method == "central" else complex_step
    values = run(case, mask, step, progress)
    return Numeric(method, values, np.zeros_like(values))
