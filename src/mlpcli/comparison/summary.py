"""Where each form breaks, in numbers and in words that a student understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.comparison.sweep import Curve

__all__ = ["Summary", "first_logit", "summarise"]

_LOST = 0.01  # from this relative error on, a gradient is called wrong
_FEW_ULPS = 100


@dataclass(frozen=True)
class Summary:
    """One form, dtype and label; a `first_*` is the logit of smallest magnitude, or None.

    `max_relative_error` and `max_ulp_error` are over logits at which the gradient is finite, the
    former only where the dtype holds the truth as a normal number.
    """

    form: str
    dtype: str
    label: int
    first_non_finite_logit: float | None
    first_dead_logit: float | None
    max_relative_error: float | None
    max_relative_error_logit: float | None
    max_ulp_error: float | None
    loss_first_non_finite_logit: float | None
    verdict: str


def summarise(curve: Curve) -> Summary:
    """Return the summary of a curve."""
    relative = np.where(curve.judged, curve.relative_error, np.nan)
    ulps = np.where(curve.judged | (curve.dtype != "longdouble"), curve.ulp_error, np.nan)
    worst = int(np.nanargmax(relative)) if np.isfinite(relative).any() else None
    return Summary(
        form=curve.form,
        dtype=curve.dtype,
        label=curve.label,
        first_non_finite_logit=first_logit(curve.logits, ~np.isfinite(curve.gradient)),
        first_dead_logit=first_logit(curve.logits, curve.dead),
        max_relative_error=None if worst is None else float(relative[worst]),
        max_relative_error_logit=None if worst is None else float(curve.logits[worst]),
        max_ulp_error=float(np.nanmax(ulps)) if np.isfinite(ulps).any() else None,
        loss_first_non_finite_logit=first_logit(curve.logits, ~np.isfinite(curve.loss)),
        verdict=_verdict(curve, relative, ulps),
    )


def first_logit(logits: NDArray[np.floating], where: NDArray[np.bool_]) -> float | None:
    """Return the logit of smallest magnitude at which `where` holds, the positive one of two."""
    found = logits[where]
    if not found.size:
        return None
    nearest = found[np.abs(found) == np.abs(found).min()]
    return float(nearest.max())


def _verdict(curve: Curve, relative: NDArray[np.float64], ulps: NDArray[np.float64]) -> str:
    broken = first_logit(curve.logits, ~np.isfinite(curve.gradient))
    wrong_side = (curve.logits > 0) == (curve.label == 0)
    with np.errstate(invalid="ignore"):
        off = relative > _LOST
    lost = first_logit(curve.logits, off & wrong_side)
    tail = first_logit(curve.logits, off & ~wrong_side)
    if lost is not None and (broken is None or abs(lost) < abs(broken)):
        text = f"loses 1 % of the gradient from h = {lost:.4g}"
        dead = first_logit(curve.logits, curve.dead & wrong_side)
        text += "" if dead is None else f", all of it from h = {dead:.4g}"
        text += "" if broken is None else f"; nan from |h| = {abs(broken):.4g}"
    elif broken is not None:
        text = f"fine up to |h| = {abs(broken):.4g}, then nan"
    elif tail is not None:
        text = "right where it matters"
    elif np.nanmax(ulps) <= _FEW_ULPS:
        return f"right on the whole grid, to {np.nanmax(ulps):.1f} ulp"
    else:
        return f"right on the whole grid, to {np.nanmax(relative):.1e}"
    return (
        text
        if tail is None
        else f"{text}; 1 % off in the tail of right answers from h = {tail:.4g}"
    )
