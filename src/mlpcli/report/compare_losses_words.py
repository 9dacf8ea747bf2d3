"""What happens to one form, said so that somebody who learns backpropagation understands it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.compare.summary import Summary

    Phrase: TypeAlias = tuple[str, *tuple[float, ...]]  # a text and the numbers for its places

__all__ = ["inward", "verdict", "verdicts"]

_DIGITS = 4  # of a logit
_FEW_ULPS = 100


def verdicts(summary: Sequence[Summary]) -> Iterator[str]:
    """Yield what happens to each form, told once where only numbers differ by label or dtype."""
    for form in dict.fromkeys(s.form for s in summary):
        zero, one = (
            tuple(_told([s for s in summary if (s.form, s.label) == (form, label)]))
            for label in (0, 1)
        )
        for label, lines in ({"0 or 1": zero} if zero == one else {"0": zero, "1": one}).items():
            yield f"{form}, y = {label}"
            yield from lines


def _told(summary: Sequence[Summary]) -> Iterator[str]:
    alike: dict[str, list[Summary]] = {}
    for s in summary:
        alike.setdefault(_text(s), []).append(s)
    for found in alike.values():
        dtypes = f"{' / '.join(s.dtype for s in found)}: " if len(alike) > 1 else ""
        yield f"  {dtypes}{verdict(*found)}"


def verdict(*alike: Summary) -> str:
    """Return one line without a full stop; of several dtypes they must differ in numbers only."""
    places = zip(*map(_numbers, alike), strict=True)
    return _text(alike[0]).format(*map(_Each, places))


class _Each(tuple[float, ...]):
    """The number of each dtype, shown as "16.64 / 36.74", or once where all look alike."""

    __slots__ = ()

    def __format__(self, digits: str) -> str:
        texts = [format(number, digits) for number in self]
        return " / ".join(texts) if len(set(texts)) > 1 else texts[0]


def _text(summary: Summary) -> str:
    """Return the verdict with a place for each of its `_numbers`."""
    return "; ".join(text for text, *_ in _phrases(summary))


def _numbers(summary: Summary) -> list[float]:
    return [number for _, *numbers in _phrases(summary) for number in numbers]


def _phrases(s: Summary) -> Iterator[Phrase]:
    if not s.ever_finite:
        yield (f"{s.broken_as} on the whole grid",)
        return
    lost, broken = s.first_lost_logit, s.first_non_finite_logit
    if lost is not None and (broken is None or abs(lost) < abs(broken)):
        yield from _lost(s, lost)
    elif broken is not None:
        yield _broken(s, broken)
    elif s.first_tail_logit is not None:
        yield ("right where it matters",)
    else:
        yield _right(s)
    if s.first_tail_logit is not None:
        yield from _tail(s.first_tail_logit, s.first_tail_dead_logit)
    elif s.first_vanished_logit is not None and broken is None and lost is None:
        yield "0 from h = {:.4g}, where the truth is subnormal", s.first_vanished_logit
    if s.loss_flat_logit is not None:
        disagree = "but its loss is flat from h = {:.4g}: loss and gradient disagree"
        yield disagree, s.loss_flat_logit


def _lost(s: Summary, lost: float) -> Iterator[Phrase]:
    """Yield how the gradient of wrong answers is lost before it stops being a number."""
    dead, broken = s.first_wrong_dead_logit, s.first_non_finite_logit
    text = "loses {} of a wrong answer's gradient from h = {{:.4g}}"
    if dead is None:
        yield text.format("1 %"), lost
    elif dead == lost:
        yield text.format("all"), lost
    else:
        yield text.format("1 %") + ", all of it from h = {:.4g}", lost, dead
    if broken is not None:
        yield f"{s.broken_as} from |h| = {{:.4g}}", abs(broken)


def _broken(s: Summary, broken: float) -> Phrase:
    """Return the last logit that is fine and the first that is not; between them is no grid."""
    text, first = f"{s.broken_as} from |h| = {{:.4g}}", abs(broken)
    if s.last_finite_logit is None:
        return text, first
    return f"fine up to |h| = {{:.4g}}, {text}", *inward(s.last_finite_logit, first)


def inward(fine: float, broken: float) -> tuple[float, float]:
    """Return two logits in four digits, without signs, that still are fine and broken."""
    from decimal import ROUND_CEILING, ROUND_FLOOR, Context

    down, up = (Context(_DIGITS, rounding) for rounding in (ROUND_FLOOR, ROUND_CEILING))
    return (
        float(down.create_decimal_from_float(abs(fine))),
        float(up.create_decimal_from_float(abs(broken))),
    )


def _right(s: Summary) -> Phrase:
    if s.max_ulp_error is not None and s.max_ulp_error <= _FEW_ULPS:
        return "right on the whole grid, to {:.1f} ulp", s.max_ulp_error
    if s.max_relative_error is None:
        return ("nothing to judge: the truth is below the smallest normal number",)
    return "right on the whole grid, to {:.1e}", s.max_relative_error


def _tail(tail: float, dead: float | None) -> Iterator[Phrase]:
    text = "1 % off for right answers from h = {:.4g}"
    if dead is None:
        yield text, tail
    else:
        yield text + ", 0 from h = {:.4g}", tail, dead
