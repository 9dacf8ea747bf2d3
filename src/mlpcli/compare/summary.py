"""What a comparison comes to: where each form breaks, and what it costs in training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.compare.choices import LOSS, REFERENCE, default_dtypes
from mlpcli.compare.dial import EPSILONS, Dial, dial
from mlpcli.compare.sweep import Curve, sweep
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.compare.records import LayerComparison, TrainingRun
    from mlpcli.nn.losses import Loss

__all__ = [
    "Comparison",
    "PairedDifference",
    "Summary",
    "compare_on_grid",
    "first_logit",
    "paired_differences",
    "summarise",
]

LOST = 0.01  # from this relative error on, a gradient is called wrong
_DIAL_DTYPES = ("float32", "float64")

# Student's t, two-sided 95 %, by degrees of freedom from 1; 1.96 beyond the table.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """All that was compared; `layers`, `training` and `paired` are empty without a config."""

    epsilon: float
    curves: tuple[Curve, ...]
    summary: tuple[Summary, ...]
    dial: tuple[Dial, ...]
    layers: tuple[LayerComparison, ...] = ()
    training: tuple[TrainingRun, ...] = ()
    paired: tuple[PairedDifference, ...] = ()
    loss: Loss = LOSS


@dataclass(frozen=True)
class Summary:
    """One form, dtype and label; a `first_*` is the logit of smallest magnitude, or None.

    The gradient is nan or inf, by `broken_as`, from `first_non_finite_logit` on, the last number
    before it being at `last_finite_logit`; if it is one anywhere, `ever_finite`. It is 1 % off for
    wrong answers from `first_lost_logit`, for right ones from `first_tail_logit`; 0 where the truth
    is not from `first_dead_logit`, of wrong and of right answers `first_wrong_dead_logit` and
    `first_tail_dead_logit`, and where the truth is subnormal `first_vanished_logit`. The two
    largest errors are over logits at which the gradient is finite, the relative one only where the
    dtype holds the truth as a normal number. From `loss_flat_logit` on, the loss no longer grows
    with the wrongness of the answer though its gradient is not 0: they belong to two different
    functions.
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
    broken_as: str
    ever_finite: bool
    last_finite_logit: float | None
    first_wrong_dead_logit: float | None
    first_tail_dead_logit: float | None
    first_vanished_logit: float | None


@dataclass(frozen=True)
class PairedDifference:
    """Mean of (loss under `form` - loss under `stable`) over seeds, with its 95 % t interval.

    `low` and `high` are None with one seed; `seeds` counts the pairs in which both runs ended well.
    """

    form: str
    seeds: int
    mean: float | None
    low: float | None
    high: float | None


def compare_on_grid(
    forms: Sequence[str],
    epsilon: float,
    dtypes: Sequence[str] = (),
    grid: NDArray[np.float64] | None = None,
    loss: Loss = LOSS,
) -> Comparison:
    """Compare the forms with the exact value, in all dtypes and on the default grid unless given.

    Raises UsageError where a dtype can hold none of the logits.
    """
    curves = sweep(forms, dtypes or default_dtypes(), epsilon, grid, loss)
    return Comparison(
        epsilon=epsilon,
        curves=curves,
        summary=tuple(map(summarise, curves)),
        dial=dial(forms, sorted({*EPSILONS, epsilon}, reverse=True), dtypes or _DIAL_DTYPES, loss),
        loss=loss,
    )


def summarise(curve: Curve) -> Summary:
    """Return the summary of a curve."""
    h, finite, dead = curve.logits, curve.finite, curve.dead
    judged, wrong = curve.exact.judged, curve.exact.wrong
    relative = np.where(judged & finite, curve.relative_error, -1)
    ulps = curve.ulp_error[finite & (judged | (curve.dtype != "longdouble"))]
    worst = int(relative.argmax()) if relative.max() >= 0 else None
    lost = relative > LOST
    return Summary(
        form=curve.form,
        dtype=curve.dtype,
        label=curve.label,
        first_non_finite_logit=first_logit(h, ~finite),
        first_dead_logit=first_logit(h, dead),
        first_lost_logit=first_logit(h, lost & wrong),
        first_tail_logit=first_logit(h, lost & ~wrong),
        max_relative_error=None if worst is None else float(relative[worst]),
        max_relative_error_logit=None if worst is None else float(h[worst]),
        max_ulp_error=float(ulps.max()) if ulps.size else None,
        loss_first_non_finite_logit=first_logit(h, ~np.isfinite(curve.loss)),
        loss_flat_logit=_flat_loss(curve),
        broken_as="nan" if np.isnan(curve.gradient).any() else "inf",
        ever_finite=bool(finite.any()),
        last_finite_logit=_last_before(h, ~finite),
        first_wrong_dead_logit=first_logit(h, dead & wrong),
        first_tail_dead_logit=first_logit(h, dead & judged & ~wrong),
        first_vanished_logit=first_logit(h, dead & ~judged),
    )


def first_logit(logits: NDArray[np.floating], where: NDArray[np.bool_]) -> float | None:
    """Return the logit of smallest magnitude at which `where` holds, the positive one of two."""
    found = logits[where]
    if not found.size:
        return None
    nearest = found[np.abs(found) == np.abs(found).min()]
    return float(nearest.max())


def _last_before(logits: NDArray[np.floating], broken: NDArray[np.bool_]) -> float | None:
    """Return the largest magnitude of the logits nearer to 0 than the first that is broken."""
    size = np.abs(logits)
    nearer = size[size < size[broken].min()] if broken.any() else size
    return float(nearer.max()) if nearer.size else None


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


def paired_differences(runs: Sequence[TrainingRun]) -> tuple[PairedDifference, ...]:
    """Return, for every form but `stable`, how its losses differ from those of `stable`."""
    losses: dict[str, dict[int, float]] = {run.form: {} for run in runs}
    for run in runs:
        if run.loss is not None and run.stopped != "diverged":
            losses[run.form][run.seed] = run.loss
    right = losses.pop(REFERENCE, {})
    return tuple(
        _paired(form, [loss - right[seed] for seed, loss in by_seed.items() if seed in right])
        for form, by_seed in losses.items()
    )


def _paired(form: str, differences: Sequence[float]) -> PairedDifference:
    from statistics import fmean, stdev

    count = len(differences)
    mean = fmean(differences) if differences else None
    if mean is None or count == 1:
        return PairedDifference(form, count, mean, None, None)
    t = _T95[count - 2] if count - 2 < len(_T95) else 1.96
    half = t * stdev(differences) / math.sqrt(count)
    return PairedDifference(form, count, mean, mean - half, mean + half)
