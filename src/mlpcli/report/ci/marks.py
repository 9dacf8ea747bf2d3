"""What a check is worth in a course: a test per tensor, points shared by them, and why.

A right answer for a wrong reason earns nothing: a tensor that is right on one case and not on
another, that nothing but zeros is right for, that rounding hides, or that a function computes which
does something else wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.records import dataclass
from mlpcli.report.gradcheck_words import beyond_tensors, causes, suggestion_words, worst_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.result import GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = ["Mark", "marks", "no_marks", "shared"]


@dataclass(frozen=True)
class Mark:
    """One test: its name, whether it earns its points, and what is said of it."""

    name: str
    earned: bool
    words: str


def marks(result: GradcheckResult) -> list[Mark]:
    """Return a mark per tensor; none is earned where a run is not right though its tensors are."""
    beyond = beyond_tensors(result)
    if beyond is not None:
        return [Mark(tensor.name, False, beyond) for tensor in result.check.layers]
    return [
        Mark(tensor.name, tensor.name not in result.unproven, _words(tensor, result))
        for tensor in result.check.layers
    ]


def no_marks(lines: Sequence[str]) -> list[Mark]:
    """Return the one mark of a check that came to no result, for these reasons."""
    return [Mark("gradcheck", False, "\n".join(lines))]


def _words(tensor: TensorResult, result: GradcheckResult) -> str:
    if tensor.verdict == "inconclusive":
        return f"rounding hides {tensor.inconclusive} of {tensor.checked} entries: not judged"
    if tensor.verdict == "fail":
        wrong = f"{tensor.mismatched} of {tensor.checked} entries wrong, {worst_words(tensor)}"
        suggested = suggestion_words(result.suggestion) if result.suggestion else ""
        return "\n".join(filter(None, (wrong, causes(result), suggested)))
    if tensor.name not in result.unproven:
        return f"right: all {tensor.checked} entries"
    if any(verdict != "pass" for _, verdict in result.cases):
        return "right on this case, not on another one"
    return "the right gradient is 0 here, so that nothing is proven"


def shared(points: int, parts: int) -> list[int]:
    """Return whole points for each part: equal shares, what remains to the first, one each."""
    share, remain = divmod(points, parts)
    return [share + (k < remain) for k in range(parts)]
