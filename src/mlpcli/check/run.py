"""The whole check: numbers by one method, a second opinion by another, verdict and diagnosis."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.bugs.blind_spots import BlindSpot, blind_spots
from mlpcli.check.bugs.search import diagnose, reproduces_a_bug
from mlpcli.check.built_in import FORMS_CASE
from mlpcli.check.given.host import NoAnswer
from mlpcli.check.given.layout import OURS, Layout
from mlpcli.check.kinks import at_kinks, other_side
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.result import CheckResult, FormResult, GradcheckResult
from mlpcli.check.suggestion import Given, right_at_the_output, suggest
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.digits import Printed, printed
from mlpcli.check.verdict.precision import single_precision
from mlpcli.check.verdict.rule import judge, overall, summarise
from mlpcli.check.verdict.second_opinion import sample, second_opinion
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.given.intermediates import Comparison
    from mlpcli.check.given.other_call import OtherCall
    from mlpcli.check.numeric.methods import Method, Numeric
    from mlpcli.check.verdict.rule import Verdict
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["check", "examine", "explain", "gradcheck", "gradcheck_each", "verify"]

TOLERANCE = 1e-6
_SAME_FACTOR = 1e-4  # of a gradient that is right in another call: a step tells c no better


def gradcheck_each(
    cases: Mapping[str, Case],
    of: Callable[[Case], GradcheckResult],
    tolerance: float | None = None,
) -> GradcheckResult:
    """Return the first result of `of` that fails, else the first, with the verdict of all cases.

    `of` examines a case; what is shown is explained. The case that is there for the forms of a loss
    can refute only: far out, where it is, much of a right gradient is hidden by rounding; and a
    function that runs on the other cases and not on this one is judged by them. A bug is a blind
    spot if no case shows it.
    """
    results: dict[str, GradcheckResult] = {}
    for name, case in cases.items():
        try:
            results[name] = of(case)
        except CaseError as error:
            if name != FORMS_CASE or isinstance(error, NoAnswer):
                raise
    verdicts = {name: result.verdict for name, result in results.items()}
    judged = {name: v for name, v in verdicts.items() if name != FORMS_CASE or v == "fail"}
    name = next((name for name, v in verdicts.items() if v == "fail"), next(iter(results)))
    others = [(r.case, r.gradient) for other, r in results.items() if other != name]
    shown = explain(results[name], tolerance, others)
    blind = set.intersection(*({spot.bug for spot in r.blind_spots} for r in results.values()))
    return replace(
        shown,
        verdict=overall([*judged.values()]),
        name=name,
        cases=tuple(verdicts.items()),
        blind_spots=tuple(spot for spot in shown.blind_spots if spot.bug in blind),
        unproven=frozenset().union(*(results[n].unproven for n in judged)),
    )


def gradcheck(
    case: Case,
    gradient: Parameters | None = None,
    *,
    tolerance: float | None = None,
    **options: Any,
) -> GradcheckResult:
    """Check `gradient`, or our own, and explain what is wrong; the options are those of `examine`.

    `tolerance` is relative (None: 1e-6). Raises CaseError for a gradient of another network.
    """
    return explain(examine(case, gradient, tolerance=tolerance, **options), tolerance)


def examine(
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
    doubt: FloatArray | None = None,
    findings: tuple[Diagnosis, ...] = (),
    hidden: tuple[BlindSpot, ...] = (),
    call: str | None = None,
    layout: Layout = OURS,
    beside: tuple[Comparison, ...] = (),
    other_call: OtherCall | None = None,
    place: tuple[str | None, int | None] = (None, None),
    progress: Callable[[int], None] | None = None,
) -> GradcheckResult:
    """Judge `gradient`, or our own by this `form` of the derivative, computed in `dtype`.

    `tolerance` is relative (None: 1e-6), `step` is the change of H at the perturbed layer (None:
    the method's own), `progress` is called with counts of entries done. Of the function that
    computed the gradient are known: `doubt`, what its making may be off by, over theta; `findings`,
    faults with one of which the check fails; `hidden`, bugs that its `call` cannot show;
    `other_call`, the one it seems to be made for; its `place`, file and line; the `layout` of what
    it takes and returns, and how what is `beside` the gradient compares. Raises CaseError for a
    gradient of another network.
    """
    named = case.objective.loss.form(form).name if gradient is None else None
    gradient = case.gradient(form, dtype, epsilon) if gradient is None else gradient
    T = TOLERANCE if tolerance is None else tolerance

    def of(case: Case) -> CheckResult:
        return check(
            case,
            gradient,
            method,
            tolerance=T,
            derivative=named,
            step=step,
            doubt=doubt,
            progress=progress,
        )

    case, result, kinks = at_kinks(case, of)
    if result.verdict == "inconclusive" and result.second_opinion.agrees:
        result, kinks = other_side(case, gradient, result, T)
    given = gradient if result.printed is None else result.printed.gradient
    T = _effective(T, result)
    verdict: Verdict = result.verdict
    if verdict == "inconclusive" and result.second_opinion.agrees:
        verdict = "fail" if reproduces_a_bug(case, given, T) else verdict
    precision = "float32" if single_precision(given).all() else "float64"
    spots = blind_spots(case, result.numeric.values, result.bounds, T, precision)
    return GradcheckResult(
        verdict="fail" if findings else verdict,
        case=case,
        gradient=given,
        kinks=kinks,
        check=result,
        findings=findings,
        diagnosis=findings,
        blind_spots=_with(hidden, spots),
        forms=_forms(case, result, epsilon, T) if compare_losses else None,
        call=call,
        layout=layout,
        beside=beside,
        other_call=other_call,
        place=place,
        unproven=result.unproven,
    )


def explain(
    result: GradcheckResult, tolerance: float | None = None, others: Iterable[Given] = ()
) -> GradcheckResult:
    """Return the result with the bugs that explain a wrong gradient, and what it is right for.

    The options of `suggestion` must not make the gradients of `others` wrong. Nothing is added to
    what is not wrong, nor a suggestion to what is wrong with the function's ways.
    """
    findings, case, given = result.findings, result.case, result.gradient
    wrong = result.check.verdict == "fail" or (result.verdict == "fail" and not findings)
    if not wrong:
        return result
    T = _effective(TOLERANCE if tolerance is None else tolerance, result.check)
    explained = diagnose(case, given, result.check.bounds, T)
    suggestion = None if findings else _suggestion(result, T, others)
    if not findings and suggestion is None and all(each.bug == "unknown" for each in explained):
        explained = _of_another_network(case, given, T, explained)
    return replace(result, diagnosis=(*findings, *explained), suggestion=suggestion)


def _of_another_network(
    case: Case, gradient: Parameters, tolerance: float, unexplained: tuple[Diagnosis, ...]
) -> tuple[Diagnosis, ...]:
    """Return what could not be explained with the options under which it could be, if there are."""
    found = right_at_the_output(case, gradient, tolerance)
    if found is None:
        return unexplained
    options, other = found
    bugs = diagnose(other, gradient, rounding_bounds(other), tolerance)
    names = ", ".join(dict.fromkeys(each.bug for each in bugs if each.bug != "unknown"))
    wrong = f"what is wrong below it is {names}" if names else "something below it is wrong"
    fix = f"with {options} the output layer is right, and {wrong}: add that if it is so meant"
    return tuple(replace(each, fix=fix) for each in unexplained)


def _effective(tolerance: float, result: CheckResult) -> float:
    """Return the tolerance, with the share of a number that its printed digits leave open."""
    return tolerance + (0.0 if result.printed is None else result.printed.share)


def _suggestion(result: GradcheckResult, tolerance: float, others: Iterable[Given]) -> str | None:
    """Return the options under which it passes: another J, another call, or both."""
    case, call = result.case, result.other_call
    if call is None:
        doubt = result.check.numeric.doubt
        value = next((found.value for found in result.beside if found.name == "loss"), None)
        return suggest(case, result.gradient, tolerance, others=others, doubt=doubt, value=value)
    if np.allclose(call.gradient.theta, case.gradient().theta, rtol=_SAME_FACTOR, atol=0):
        return call.option
    more = suggest(case, call.gradient, tolerance)
    return None if more is None else f"{call.option} {more}"


def _with(hidden: tuple[BlindSpot, ...], spots: tuple[BlindSpot, ...]) -> tuple[BlindSpot, ...]:
    """Return all blind spots, those that nothing of the case could mend before the others."""
    known = {spot.bug for spot in hidden}
    return (*hidden, *(spot for spot in spots if spot.bug not in known))


def check(
    case: Case,
    gradient: Parameters,
    method: Method = "central",
    *,
    tolerance: float = TOLERANCE,
    derivative: str | None = None,
    step: float | None = None,
    doubt: FloatArray | None = None,
    progress: Callable[[int], None] | None = None,
) -> CheckResult:
    """Check every entry of `gradient` (float32 or float64) against the true objective of the case.

    `derivative` is the name that the result gives to its form; else as `gradcheck`.
    """
    start = perf_counter()
    numeric = numeric_gradient(case, method, step=step, progress=progress)
    if doubt is not None:
        numeric = replace(numeric, doubt=numeric.doubt + doubt)
    return verify(case, gradient, numeric, tolerance, derivative=derivative, start=start)


def verify(
    case: Case,
    gradient: Parameters,
    numeric: Numeric,
    tolerance: float = TOLERANCE,
    *,
    derivative: str | None = None,
    start: float | None = None,
) -> CheckResult:
    """Judge `gradient` by a numeric gradient that is already there; `start` is when work began."""
    start = perf_counter() if start is None else start
    if gradient.sizes != case.network.sizes or gradient.bias != case.network.bias:
        raise CaseError(f"gradient: expected sizes {case.network.sizes}, got {gradient.sizes}")
    result = _judged(case, gradient, numeric, tolerance)
    digits = None if result.verdict == "pass" else printed(gradient)
    if digits is not None:
        result = _judged(case, digits.gradient, numeric, tolerance, digits)
    return replace(result, derivative=derivative, seconds=perf_counter() - start)


def _judged(
    case: Case,
    gradient: Parameters,
    numeric: Numeric,
    tolerance: float,
    digits: Printed | None = None,
) -> CheckResult:
    single = bool(single_precision(gradient).all())
    bounds = rounding_bounds(case, single=single)
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


def _forms(
    case: Case, result: CheckResult, epsilon: float, tolerance: float
) -> tuple[FormResult, ...]:
    """Judge the gradient of every form by the numbers that are there already."""
    found = []
    for name in case.objective.loss.forms:
        gradient = case.gradient(name, epsilon=epsilon)
        numeric = result.numeric
        entries = judge(gradient, numeric.values, result.bounds, tolerance, numeric.doubt)
        for tensor in summarise(gradient, numeric.values, entries):
            array = (gradient.W if tensor.parameter == "W" else gradient.b)[tensor.layer - 1]
            found.append(FormResult(name, tensor, int((~np.isfinite(array)).sum())))
    return tuple(found)
