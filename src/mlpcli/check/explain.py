"""What is to be said of a wrong gradient: its bugs, and what it would be right for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.calls import NOT_DETERMINISTIC
from mlpcli.check.bugs.letters import Writing
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.given.call import CALLS
from mlpcli.check.options import DEFAULTS
from mlpcli.check.row_penalty import penalty_over_rows
from mlpcli.check.suggestion import Given, right_at_the_output, suggest
from mlpcli.check.verdict.bounds import rounding_bounds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.given.provenance import Provenance
    from mlpcli.check.result import GradcheckResult
    from mlpcli.nn.network import Parameters

__all__ = ["explain"]

_SAME_FACTOR = 1e-4  # of a gradient that is right in another call: a step tells c no better


def explain(
    result: GradcheckResult, tolerance: float = DEFAULTS.tolerance, others: Iterable[Given] = ()
) -> GradcheckResult:
    """Return the result with the bugs that explain a wrong gradient, and what it is right for.

    The options of `suggestion` must not make the gradients of `others` wrong. Nothing is added to
    what is not wrong, nor a suggestion to what is wrong with the function's ways.
    """
    findings, case, given = result.known.findings, result.case, result.gradient
    others = [*others]
    wrong = result.check.verdict == "fail" or (result.verdict == "fail" and not findings)
    if not wrong:
        return result
    T, check = result.check.allowed(tolerance), result.check
    names = [tensor.name for tensor in check.layers if tensor.verdict == "fail"]
    found = diagnose(
        case, given, check.bounds, tolerance,
        doubt=check.doubt, wrong=names, writing=_writing(result.known),
    )  # fmt: skip
    explained = _zeros_first(found, given)
    call = result.known.other_call
    refused = call is not None and not call.taken
    suggestion = None if findings or refused else _suggestion(result, T, others)
    penalty = None
    if not findings and not refused and suggestion is None:
        penalty = penalty_over_rows([(case, given), *others], T)
    if penalty is not None:
        explained = tuple(map(penalty.told, explained))
        suggestion = penalty.options
    if refused:
        explained = _of_a_call_not_taken(result, explained)
    elif not findings and suggestion is None and all(each.bug == "unknown" for each in explained):
        explained = _of_another_network(case, given, T, explained)
    if any(each.bug == NOT_DETERMINISTIC.name for each in findings):  # other numbers the next time
        explained = tuple(each for each in explained if each.bug != "unknown")
    return replace(result, diagnosis=(*findings, *explained), suggestion=suggestion)


def _writing(known: Provenance) -> Writing:
    """Return how the code that made a gradient lays out its arrays."""
    one_row = known.call is not None and CALLS[known.call].rows
    return Writing(known.layout.samples, known.layout.weights, one_row)


def _zeros_first(found: tuple[Diagnosis, ...], given: Parameters) -> tuple[Diagnosis, ...]:
    """Return the same with zero-gradient before what comes to zeros on this case alone."""
    if given.theta.any():
        return found
    return tuple(sorted(found, key=lambda each: each.bug != "zero-gradient"))


def _of_a_call_not_taken(
    result: GradcheckResult, unexplained: tuple[Diagnosis, ...]
) -> tuple[Diagnosis, ...]:
    """Return what could not be explained with the call that it is right for, and does not take."""
    other, known = result.known.other_call, result.known
    if other is None or known.call is None:
        return unexplained
    returns = "the weights after one step" if CALLS[known.call].step else "the gradient"
    text = f"what comes back is right for {other.option}, a call that the function does not take"
    fix = (
        f"return {returns}; or give what it takes beside weights, biases, X and y a default, then "
        f"add {other.option}"
    )
    told = (each for each in unexplained if each.bug == "unknown")
    return tuple(replace(each, explanation=text, fix=fix) for each in told) or unexplained


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


def _suggestion(result: GradcheckResult, tolerance: float, others: Iterable[Given]) -> str | None:
    """Return the options under which it passes: another J, another call, or both."""
    case, call = result.case, result.known.other_call
    if call is None:
        doubt = result.check.doubt
        value = next((found.value for found in result.known.beside if found.name == "loss"), None)
        return suggest(case, result.gradient, tolerance, others=others, doubt=doubt, value=value)
    if np.allclose(call.gradient.theta, case.gradient().theta, rtol=_SAME_FACTOR, atol=0):
        return call.option
    more = suggest(case, call.gradient, tolerance)
    return None if more is None else f"{call.option} {more}"
