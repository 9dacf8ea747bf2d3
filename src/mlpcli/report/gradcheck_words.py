"""The result of a gradient check in words: verdict, diagnosis, notes, and J."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.convention import convention_of, factor_text, negates
from mlpcli.check.verdict.precision import single_precision
from mlpcli.report.table import number
from mlpcli.text import show_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.result import GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = [
    "beyond_tensors",
    "causes",
    "gradcheck_notes",
    "gradcheck_words",
    "objective_line",
    "suggestion_words",
    "worst_words",
]

_SATURATION = "they show where probabilities come near 0 or 1"  # the JSON has the reason of each
_NAMED_EACH = 12  # tensors; of more the layers are told as ranges
_SUMS = {
    "mean": (["N"], "mean over rows"),
    "sum": ([], "sum over rows"),
    "mean_all": (["N", "K"], "mean over rows and outputs"),
}


def objective_line(case: Case) -> str:
    """Return J in letters and in words."""
    J, loss, outputs = convention_of(case), case.objective.loss, case.y.shape[1]
    divisors, mean = _SUMS[J.reduction]
    factor = "" if J.factor == 1 else f"{factor_text(J.factor)} "
    sums = "sum_rows" if outputs == 1 else "sum_rows sum_outputs"
    weighs = "" if case.omega is None else "omega "
    penalty = f" + {J.l2:g}/2 sum_i |W_i|^2" if J.l2 else ""
    made = {"identity": "Z_L = H_L"}.get(loss.output, f"Z_L = {loss.output}(H_L)")
    if outputs == 1:
        divisors, mean = divisors[:1], mean.split(" and")[0]
    hidden = J.activation + ("" if J.slope is None else f" (slope {J.slope:g})")
    words = [f"{factor}{loss.called or loss.name} of {loss.output} outputs", mean]
    if len(case.network.W) > 1:
        words.append(f"{hidden} hidden layers")
    c = _fraction(factor, divisors)
    return f"J = {c}{sums} {weighs}{loss.letters}{penalty}, {made}: {', '.join(words)}"


def _fraction(factor: str, divisors: list[str]) -> str:
    """Return c/N as people write it, such as 1/(2 N)."""
    top, _, bottom = factor.strip().partition("/")
    below = [part for part in (bottom, *divisors) if part]
    if not below:
        return factor
    product = below[0] if len(below) == 1 else f"({' '.join(below)})"
    return f"{top or 1}/{product} "


def gradcheck_words(result: GradcheckResult, *, stated: bool = True) -> Iterator[str]:
    """Yield the verdict, the diagnosis with its fix, and what came with the gradient.

    Where J was `stated` by somebody the bug comes first, else the options under which it is right;
    those that turn its sign come last in any case: they would let the usual y - z pass.
    """
    yield _verdict_line(result)
    if len(result.cases) > 1:
        each = ", ".join(f"{name} {verdict}" for name, verdict in result.cases)
        yield f"  cases: {each}; shown: {result.name}"
    if said := result.kinks.words():
        yield f"  {said}"
    told = [d for d in result.diagnosis if d.bug != "unknown" or not result.suggestion]
    causes = [f"  {d.bug}: {d.explanation}. Fix: {d.fix}." for d in told]
    turned = negates(result.suggestion)
    other = [f"  {suggestion_words(result.suggestion)}"] if result.suggestion else []
    if other and any(
        found.name == "loss" and found.verdict == "pass" for found in result.known.beside
    ):
        other.append("  but the loss that comes with it is J as above: it is not its gradient")
    yield from (causes + other) if stated or turned else (other + causes)
    yield from _beside(result)


def gradcheck_notes(result: GradcheckResult) -> Iterator[str]:
    """Yield what else to know: digits, the second opinion, and the blind spots."""
    check, opinion = result.check, result.check.second_opinion
    if result.known.order is not None:
        yield f"read as {result.known.order}"
    if result.known.outgrown is not None:
        yield f"the numbers are judged; but {result.known.outgrown}"
    if len(result.case.network.W) == 1:
        yield "without a hidden layer nothing can be seen of what is wrong below the output layer"
    if check.printed is not None:
        yield f"the numbers have {check.printed}: each may be off by half a unit of the last"
    agreement = "agrees with" if opinion.agrees else "DISAGREES with"
    yield (
        f"second opinion: {opinion.method} {agreement} {check.method} on {opinion.checked} "
        f"entries, largest relative difference {opinion.max_relative_error:.1e}"
    )
    by_reason: dict[str, list[str]] = {}
    for spot in result.blind_spots:
        reason = _SATURATION if BUGS[spot.bug].at_saturation else spot.reason
        by_reason.setdefault(reason, []).append(spot.bug)
    for reason, bugs in by_reason.items():
        yield f"cannot be seen here: {', '.join(bugs)} ({reason})"


def _beside(result: GradcheckResult) -> Iterator[str]:
    """Yield what came with the gradient: the right arrays on one line, each other on its own."""
    plain = [
        found.name for found in result.known.beside if found.verdict == "pass" and not found.meaning
    ]
    if plain:
        yield f"returned and right: {', '.join(plain)}"
    for found in result.known.beside:
        if found.name not in plain:
            means = f": {found.meaning}" if found.meaning else ""
            verdict = "right"
            if found.verdict == "fail":
                verdict = f"WRONG, relative error {number(found.max_relative_error)}"
            yield f"returned {found.name} is {verdict}{means}"


def suggestion_words(options: str) -> str:
    """Return that it is right with these options, and what they mean where they turn the sign."""
    meant = ", if the step is to add it: that is the gradient of -J" if negates(options) else ""
    return f"it is right with {options}{meant}"


def worst_words(tensor: TensorResult) -> str:
    """Return where a tensor is worst, with both numbers."""
    worst = tensor.worst
    return f"worst at {list(worst.index)}: given {worst.analytic:.9g}, numeric {worst.numeric:.9g}"


def causes(result: GradcheckResult) -> str:
    """Return each diagnosis with its fix, on one line."""
    return "; ".join(f"{d.bug}: {d.explanation}. Fix: {d.fix}" for d in result.diagnosis)


def beyond_tensors(result: GradcheckResult) -> str | None:
    """Return why a run is not right though each of its tensors is, None where a tensor shows it."""
    shown = {tensor.verdict for tensor in result.check.layers}
    if result.verdict == "pass" or result.verdict in shown:
        return None
    verdict = _verdict_line(result)
    return verdict if result.verdict == "inconclusive" else causes(result) or verdict


def _verdict_line(result: GradcheckResult) -> str:
    wrong, hidden = (
        _named([tensor for tensor in result.check.layers if tensor.verdict == verdict])
        for verdict in ("fail", "inconclusive")
    )
    if result.verdict == "pass":
        return "PASS: every tensor is right"
    if result.verdict == "fail":
        if wrong:
            return f"FAIL: wrong: {wrong}"
        if hidden:
            return f"FAIL: rounding hides {hidden}, but a known bug computes these numbers"
        return "FAIL: every tensor is right, but the function that computed them is not"
    if not result.check.second_opinion.agrees:
        return (
            "INCONCLUSIVE: two numeric methods disagree, so neither is trusted; "
            "leave out gradcheck.step, or try another --method"
        )
    advice = "more varied rows, or smaller weights, may tell"
    if single_precision(result.gradient).any():
        advice = "a float64 gradient or more varied rows may tell"
    if result.check.method == "plain":
        advice = "--method central can tell"
    if result.check.printed is not None:
        advice = "numbers printed with more digits can tell"
    return f"INCONCLUSIVE: nothing is wrong, but rounding hides {hidden}; {advice}"


def _named(tensors: Sequence[TensorResult]) -> str:
    """Return the names of tensors, of many as W1-W80, b1-b80."""
    if len(tensors) <= _NAMED_EACH:
        return ", ".join(tensor.name for tensor in tensors)
    layers = {letter: [t.layer for t in tensors if t.parameter == letter] for letter in "Wb"}
    return ", ".join(show_ranges(found, letter) for letter, found in layers.items() if found)
