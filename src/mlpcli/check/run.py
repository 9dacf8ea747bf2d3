"""The whole gradient check: verdict, diagnosis, blind spots, and every form beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.blind_spots import BlindSpot, blind_spots
from mlpcli.check.bugs.search import Diagnosis, diagnose, reproduces_a_bug
from mlpcli.check.case import analytic_gradient
from mlpcli.check.numeric.methods import TOLERANCE, CheckResult, check
from mlpcli.check.verdict.precision import single_precision
from mlpcli.check.verdict.rule import judge, summarise
from mlpcli.nn.losses import BCE_FORMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.methods import Method
    from mlpcli.check.verdict.rule import TensorResult, Verdict
    from mlpcli.nn.network import Parameters

__all__ = ["FormResult", "GradcheckResult", "gradcheck"]


@dataclass(frozen=True)
class FormResult:
    """One tensor's gradient under one form of the derivative, against the true loss."""

    form: str
    tensor: TensorResult
    non_finite: int


@dataclass(frozen=True)
class GradcheckResult:
    """What a report shows. `forms` is None unless asked for.

    `verdict` is that of `check`, or fail where a known bug reproduces what rounding left open.
    """

    verdict: Verdict
    check: CheckResult
    diagnosis: tuple[Diagnosis, ...]
    blind_spots: tuple[BlindSpot, ...]
    forms: tuple[FormResult, ...] | None


def gradcheck(
    case: Case,
    gradient: Parameters | None = None,
    *,
    form: str = "stable",
    epsilon: float = 1e-7,
    dtype: str = "float64",
    method: Method = "central",
    tolerance: float | None = None,
    step: float | None = None,
    compare_losses: bool = False,
    findings: tuple[Diagnosis, ...] = (),
    progress: Callable[[int], None] | None = None,
) -> GradcheckResult:
    """Check `gradient`, or our own by this `form` of the derivative, computed in `dtype`.

    `tolerance` is relative (None: 1e-6), `progress` is called with counts of entries done.
    `findings` are faults found already in the function that computed the gradient: with one of
    them the check fails. Raises CaseError for a gradient of another network.
    """
    own = gradient is None
    if gradient is None:
        with np.errstate(all="ignore"):  # extreme weights: what comes of them is judged, not hidden
            gradient = analytic_gradient(case, form, dtype, epsilon)
    named = (form if case.kind == "bce" else "mse") if own else None
    result = check(
        case,
        gradient,
        method,
        tolerance=tolerance,
        derivative=named,
        step=step,
        progress=progress,
    )
    T = TOLERANCE if tolerance is None else tolerance
    numeric, bounds = result.numeric.values, result.bounds
    verdict: Verdict = result.verdict
    if verdict == "inconclusive" and result.second_opinion.agrees:
        verdict = "fail" if reproduces_a_bug(case, gradient, T) else verdict
    explained = diagnose(case, gradient, bounds, T) if verdict == "fail" else ()
    return GradcheckResult(
        verdict="fail" if findings else verdict,
        check=result,
        diagnosis=(*findings, *explained),
        blind_spots=blind_spots(case, numeric, bounds, T, _precision(gradient)),
        forms=_forms(case, result, epsilon, T) if compare_losses else None,
    )


def _precision(gradient: Parameters) -> str:
    return "float32" if single_precision(gradient).all() else "float64"


def _forms(
    case: Case, result: CheckResult, epsilon: float, tolerance: float
) -> tuple[FormResult, ...]:
    """Judge the gradient of every form by the numbers that are there already."""
    found = []
    for name in BCE_FORMS if case.kind == "bce" else ("mse",):
        with np.errstate(all="ignore"):
            gradient = analytic_gradient(case, "stable" if name == "mse" else name, epsilon=epsilon)
        numeric, doubt = result.numeric.values, result.numeric.error
        entries = judge(gradient, numeric, result.bounds, tolerance, doubt)
        for tensor in summarise(gradient, numeric, entries):
            array = (gradient.W if tensor.parameter == "W" else gradient.b)[tensor.layer - 1]
            found.append(FormResult(name, tensor, int((~np.isfinite(array)).sum())))
    return tuple(found)
