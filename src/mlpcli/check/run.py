"""The whole check of a gradient, on one case or on several."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.bugs.blind_spots import BlindSpot, blind_spots
from mlpcli.check.bugs.search import reproduces_a_bug
from mlpcli.check.built_in import FORMS_CASE
from mlpcli.check.explain import explain
from mlpcli.check.found import Found
from mlpcli.check.given.host import NoAnswer
from mlpcli.check.given.provenance import UNTOLD, Provenance
from mlpcli.check.kinks import at_kinks, other_side
from mlpcli.check.options import DEFAULTS, Options
from mlpcli.check.result import CheckResult, FormResult, GradcheckResult
from mlpcli.check.shown_case import explain_of, shows
from mlpcli.check.verdict.precision import single_precision
from mlpcli.check.verdict.rule import judge, overall, summarise
from mlpcli.check.verify import check
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlpcli.check.case import Case
    from mlpcli.nn.network import Parameters

__all__ = ["examine", "gradcheck", "gradcheck_each"]


def gradcheck_each(
    cases: Mapping[str, Case],
    of: Callable[[Case], GradcheckResult],
    tolerance: float = DEFAULTS.tolerance,
) -> GradcheckResult:
    """Return a result of `of`, one that fails if there is any, with the verdict of all cases.

    `of` examines a case; which of them is shown, and how it is explained, says `agreement`. The
    case that is there for the forms of a loss can refute only: far out, where it is, much of a
    right gradient is hidden by rounding; and a function that runs on the other cases and not on
    this one is judged by them. A bug is a blind spot if some case hides it, and no case shows it.
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
    name, shown = explain_of(results, tolerance)
    return replace(
        shown,
        verdict=overall([*judged.values()]),
        name=name,
        cases=tuple(verdicts.items()),
        blind_spots=tuple(_seen_by_none(shown, [*results.values()])),
        unproven=frozenset().union(*(results[n].unproven for n in judged)),
    )


def _seen_by_none(shown: GradcheckResult, results: Sequence[GradcheckResult]) -> list[BlindSpot]:
    """Return what no case shows; a bug that cannot be made on a case is not shown by it."""
    spots = {spot.bug: spot for r in (*results, shown) for spot in r.blind_spots}
    first = [spot.bug for spot in shown.blind_spots]
    order = [*first, *(bug for bug in spots if bug not in first)]
    return [spots[bug] for bug in order if not any(shows(r, bug) for r in results)]


def gradcheck(
    case: Case,
    gradient: Parameters | None = None,
    *,
    known: Provenance | None = None,
    **options: Any,
) -> GradcheckResult:
    """Check `gradient`, or our own, and explain what is wrong.

    The options are method (central, plain or complex-step), tolerance (relative, 1e-6), step (the
    change of H; None: the method's own), progress (called with counts of entries done),
    compare_losses (judge every form of the derivative too); and of our own gradient form, epsilon
    and dtype. `known` is what is known of how somebody else's came about. Raises CaseError for a
    gradient of another network.
    """
    told = Options.of(**options)
    return explain(examine(Found(case, gradient, known or UNTOLD), told), told.tolerance)


def examine(found: Found, options: Options = DEFAULTS) -> GradcheckResult:
    """Judge the gradient that was found, or our own, without explaining what is wrong.

    Raises CaseError for a gradient of another network.
    """
    known, T = found.known, options.tolerance
    gradient, form = found.gradient, None
    if gradient is None:
        form = found.case.objective.loss.form(options.form).name
        gradient = found.case.gradient(options.form, options.dtype, options.epsilon)
    of = partial(check, gradient=gradient, options=options, derivative=form, doubt=known.doubt)
    case, result, kinks = at_kinks(found.case, of)
    if result.verdict == "inconclusive" and result.second_opinion.agrees:
        result, kinks = other_side(case, gradient, result, T)
    given = gradient if result.printed is None else result.printed.gradient
    T = result.allowed(T)
    verdict = result.verdict
    if verdict == "inconclusive" and result.second_opinion.agrees:
        verdict = "fail" if reproduces_a_bug(case, given, T, result.doubt) else verdict
    precision = "float32" if single_precision(given).all() else "float64"
    spots = blind_spots(case, result.numeric.values, result.bounds, T, precision)
    return GradcheckResult(
        verdict="fail" if known.findings else verdict,
        case=case,
        gradient=given,
        kinks=kinks,
        check=result,
        known=known,
        diagnosis=known.findings,
        blind_spots=_with(known.hidden, spots),
        forms=_forms(case, result, options.epsilon, T) if options.compare_losses else None,
        unproven=result.unproven,
    )


def _with(hidden: tuple[BlindSpot, ...], spots: tuple[BlindSpot, ...]) -> tuple[BlindSpot, ...]:
    """Return all blind spots, those that nothing of the case could mend before the others."""
    known = {spot.bug for spot in hidden}
    return (*hidden, *(spot for spot in spots if spot.bug not in known))


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
