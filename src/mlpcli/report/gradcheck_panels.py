"""Panels beside the maps: the given numbers against the numeric ones, and the error by step."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.numeric.step_sweep import USUAL_STEP
from mlpcli.check.verdict.rule import EntryVerdict
from mlpcli.report.figures import THIN, VERDICT_COLOURS, styles
from mlpcli.report.step_sweep import sweep_of, sweep_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.check.result import GradcheckResult

__all__ = ["draw_scatter", "draw_sweep"]

_DECADES = 16  # below the largest number; what is smaller is drawn on the straight part of the axes
_MANY = 2000  # dots; more are drawn as pixels also in an SVG
_LOOKS = (
    (EntryVerdict.MATCH, "match", {"marker": "o", "color": "dimgrey", "alpha": 0.5}),
    (EntryVerdict.INCONCLUSIVE, "cannot be judged", {
        "marker": "^", "color": VERDICT_COLOURS["inconclusive"]}),
    (EntryVerdict.MISMATCH, "wrong", {"marker": "x", "color": VERDICT_COLOURS["fail"]}),
)  # fmt: skip
_CAPTION = 80  # characters of a line


def draw_scatter(axes: Any, result: GradcheckResult) -> None:
    """Draw each entry: numeric from left to right, given upwards, both signed and in decades."""
    A = result.gradient.theta.astype(np.float64)
    B = result.check.numeric.values
    verdicts = np.concatenate([tensor.verdicts.ravel() for tensor in result.check.layers])
    known = np.isfinite(A) & np.isfinite(B)
    linear = _linear_part(np.abs(np.concatenate([A[known], B[known]])))
    for verdict, name, look in _LOOKS:
        some = (verdicts == verdict) & known
        if some.any():
            axes.plot(B[some], A[some], linestyle="", markersize=5, label=f"{name}: {some.sum():,}",
                      rasterized=A.size > _MANY, **look)  # fmt: skip
    axes.axline((0, 0), slope=1, **THIN)
    axes.set_xscale("symlog", linthresh=linear)
    axes.set_yscale("symlog", linthresh=linear)
    _few_ticks(axes, linear, np.abs(np.concatenate([A[known], B[known]])).max(initial=linear))
    lost = f" ({np.count_nonzero(~known):,} are nan or inf)" if not known.all() else ""
    axes.set_title(f"given against numeric{lost}", fontsize=11)
    axes.set_xlabel("numeric dJ/dtheta")
    axes.set_ylabel("given dJ/dtheta")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="upper left", framealpha=0.9)


def _linear_part(sizes: NDArray[np.float64]) -> float:
    """Return the size below which the axes are straight: the smallest number that is not 0."""
    sizes = sizes[sizes > 0]
    return float(max(sizes.min(), sizes.max() * 10.0**-_DECADES)) if sizes.size else 1.0


def _few_ticks(axes: Any, linear: float, largest: float) -> None:
    low, high = np.floor(np.log10(linear)), np.ceil(np.log10(largest))
    decades = np.unique(np.linspace(low, max(high, low + 1), 4).round())
    ticks = [*(-(10.0 ** decades[::-1])), 0, *(10.0**decades)]
    ticks = [tick for tick in ticks if tick == 0 or linear <= abs(tick) <= 1.2 * largest]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [_power(tick) for tick in ticks], fontsize=8)
        axis.set_ticks([], minor=True)


def _power(tick: float) -> str:
    if not tick:
        return "0"
    return f"${'-' if tick < 0 else ''}10^{{{round(np.log10(abs(tick)))}}}$"


def draw_sweep(axes: Any, result: GradcheckResult) -> None:
    """Draw the error of both differences by their step: the worst entry thick, the median thin."""
    sweep = sweep_of(result)
    plain, carried = styles(2)
    for errors, style, name in (
        (sweep.plain, plain, "plain difference"),
        (sweep.carried, carried, "difference form"),
    ):
        shown = np.clip(errors, 1e-17, 10)
        axes.plot(sweep.steps, shown.max(axis=1), label=f"{name}, worst entry",
                  **{**style, "linewidth": 2.4})  # fmt: skip
        axes.plot(sweep.steps, np.median(shown, axis=1), label=f"{name}, median",
                  **{**style, "linewidth": 0.9})  # fmt: skip
    axes.axvline(USUAL_STEP, label="step of a usual checker", **THIN)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1e-17, 10)
    axes.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
    axes.set_title(f"numeric error by step, {sweep.entries.size} entries", fontsize=11)
    words = "\n".join(textwrap.fill(line, _CAPTION) for line in sweep_words(sweep, result))
    axes.set_xlabel(f"step h of the parameter\n{words}", fontsize=8.5)
    axes.set_ylabel("relative error of the numeric value")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, framealpha=0.9)
