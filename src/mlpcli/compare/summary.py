"""Where each form breaks, in numbers: one record per form, dtype and label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.compare.verdict import Facts, words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.compare.sweep import Curve

__all__ = ["Summary", "first_logit", "summarise"]

LOST = 0.01  # from this relative error on, a gradient is called wrong


@dataclass(frozen=True)
class Summary:
    """One form, dtype and label; a `first_*` is the logit of smallest magnitude, or None.

    `max_relative_error` and `max_ulp_error` are over logits at which the gradient is finite, the
    former only where the dtype holds the truth as a normal number; `first_lost_logit` and
    `first_tail_logit` are where it passes 1 %, for wrong and for right answers. From
    `loss_flat_logit` on, the loss no longer grows with the wrongness of the answer though its
    gradient is not 0: they belong to two different functions.
    """

    form: str
    dtype: str
    label: int
    first_non_finite_logit: float | None
    first_dead_logit: float | None
    first_lost_logit: float | None
    first_tail_logit: float | None
    max_relative_error: float | None
    max_relative_error_logit: float | None
    max_ulp_error: float | None
    loss_first_non_finite_logit: float | None
    loss_flat_logit: float | None
    verdict: str


def summarise(curve: Curve) -> Summary:
    """Return the summary of a curve."""
    h, finite = curve.logits, curve.finite
    judged, wrong = curve.exact.judged, curve.exact.wrong
    relative = np.where(judged & finite, curve.relative_error, -1)
    ulps = curve.ulp_error[finite & (judged | (curve.dtype != "longdouble"))]
    worst = int(relative.argmax()) if relative.max() >= 0 else None
    lost = relative > LOST
    facts = Facts(
        broken=first_logit(h, ~finite),
        broken_as="nan" if np.isnan(curve.gradient).any() else "inf",
        finite=first_logit(h, finite),
        lost=first_logit(h, lost & wrong),
        dead=first_logit(h, curve.dead & wrong),
        tail=first_logit(h, lost & ~wrong),
        tail_dead=first_logit(h, curve.dead & judged & ~wrong),
        vanished=first_logit(h, curve.dead & ~judged),
        flat=_flat_loss(curve),
        relative=None if worst is None else float(relative[worst]),
        ulps=float(ulps.max()) if ulps.size else None,
    )
    return Summary(
        form=curve.form,
        dtype=curve.dtype,
        label=curve.label,
        first_non_finite_logit=facts.broken,
        first_dead_logit=first_logit(h, curve.dead),
        first_lost_logit=facts.lost,
        first_tail_logit=facts.tail,
        max_relative_error=facts.relative,
        max_relative_error_logit=None if worst is None else float(h[worst]),
        max_ulp_error=facts.ulps,
        loss_first_non_finite_logit=first_logit(h, ~np.isfinite(curve.loss)),
        loss_flat_logit=facts.flat,
        verdict=words(facts),
    )


def first_logit(logits: NDArray[np.floating], where: NDArray[np.bool_]) -> float | None:
    """Return the logit of smallest magnitude at which `where` holds, the positive one of two."""
    found = logits[where]
    if not found.size:
        return None
    nearest = found[np.abs(found) == np.abs(found).min()]
    return float(nearest.max())


def _flat_loss(curve: Curve) -> float | None:
    """Return the first wrong answer from which on the loss is constant but the gradient is not 0.

    Constant means: the same finite number at this logit, all further ones, and at least one.
    """
    order = np.flatnonzero(curve.exact.wrong)[:: 1 if curve.label == 0 else -1]
    loss = curve.loss[order]
    if loss.size < 2 or not np.isfinite(loss[-1]):
        return None
    changes = np.flatnonzero(loss != loss[-1])
    start = int(changes[-1]) + 1 if changes.size else 0
    first = order[start]
    alive = np.isfinite(curve.gradient[first]) and abs(curve.gradient[first]) > LOST
    return float(curve.logits[first]) if alive and start < loss.size - 1 else None
