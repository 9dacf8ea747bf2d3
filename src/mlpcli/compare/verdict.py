"""What happens to one form, said so that somebody who learns backpropagation understands it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Facts", "words"]

_FEW_ULPS = 100


@dataclass(frozen=True)
class Facts:
    """What a verdict is made of: logits of smallest magnitude, None for never.

    `broken`: the gradient is nan or inf, `broken_as` says which; `finite`: it is a number;
    `lost`, `dead`: for a wrong answer it is 1 % off, or 0 where the truth is not; `tail`,
    `tail_dead`: the same for a right answer; `vanished`: it is 0 where the truth is subnormal;
    `flat`: as `Summary.loss_flat_logit`.
    """

    broken: float | None
    broken_as: str
    finite: float | None
    lost: float | None
    dead: float | None
    tail: float | None
    tail_dead: float | None
    vanished: float | None
    flat: float | None
    relative: float | None
    ulps: float | None


def words(facts: Facts) -> str:
    """Return the verdict as one line without a full stop."""
    if facts.finite is None:
        return f"{facts.broken_as} on the whole grid"
    parts = [_loss_of_gradient(facts) if _loses_first(facts) else _bounds(facts)]
    if facts.tail is not None:
        parts.append(f"1 % off for right answers from h = {facts.tail:.4g}")
        if facts.tail_dead is not None:
            parts[-1] += f", 0 from h = {facts.tail_dead:.4g}"
    elif facts.vanished is not None and facts.broken is None and facts.lost is None:
        parts.append(f"0 from h = {facts.vanished:.4g}, where the truth is subnormal")
    if facts.flat is not None:
        parts.append(f"but its loss is flat from h = {facts.flat:.4g}: loss and gradient disagree")
    return "; ".join(parts)


def _loses_first(facts: Facts) -> bool:
    """Whether the gradient of a wrong answer is lost before it stops being a number."""
    if facts.lost is None:
        return False
    return facts.broken is None or abs(facts.lost) < abs(facts.broken)


def _loss_of_gradient(facts: Facts) -> str:
    part = "all" if facts.lost == facts.dead else "1 %"
    text = f"loses {part} of a wrong answer's gradient from h = {facts.lost:.4g}"
    if facts.dead is not None and facts.dead != facts.lost:
        text += f", all of it from h = {facts.dead:.4g}"
    if facts.broken is not None:
        text += f"; {facts.broken_as} from |h| = {abs(facts.broken):.4g}"
    return text


def _bounds(facts: Facts) -> str:
    assert facts.finite is not None
    if facts.broken is not None:
        if abs(facts.finite) < abs(facts.broken):
            return f"fine up to |h| = {abs(facts.broken):.4g}, then {facts.broken_as}"
        return f"{facts.broken_as} from |h| = {abs(facts.broken):.4g}"
    if facts.tail is not None:
        return "right where it matters"
    if facts.ulps is not None and facts.ulps <= _FEW_ULPS:
        return f"right on the whole grid, to {facts.ulps:.1f} ulp"
    if facts.relative is None:
        return "nothing to judge: the truth is below the smallest normal number"
    return f"right on the whole grid, to {facts.relative:.1e}"
