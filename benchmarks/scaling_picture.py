"""How costs grow with size: as a picture of panels side by side, and as Markdown tables."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from mlpcli.report.figures import THIN, styles

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Panel", "draw", "table"]

_ABOVE, _BELOW = (0, 6, "center", "bottom"), (0, -6, "center", "top")  # where a label is, in points
_ASIDE = (0, -4, "right", "top")  # below, and clear of a line that falls


@dataclass(frozen=True)
class Panel:
    """Costs over sizes, a list per line, the lowest line first.

    `shared` is the size from which on threads share the work, and how many they are.
    """

    title: str
    size: str
    unit: str
    sizes: list[int]
    costs: dict[str, list[float]]
    shared: tuple[int, int] | None = None


def table(panel: Panel) -> str:
    """Return the panel as a Markdown table."""
    names = [f"{name}, {panel.unit}" if name else panel.unit for name in panel.costs]
    lines = [f"**{panel.title}**", "", f"| {panel.size} | {' | '.join(names)} |"]
    lines.append("|---" * (1 + len(names)) + "|")
    for size, *costs in zip(panel.sizes, *panel.costs.values(), strict=True):
        lines.append(f"| {size:,} | {' | '.join(map(_amount, costs))} |")
    if panel.shared is not None:
        first, threads = panel.shared
        lines += ["", f"From {first:,} {panel.size} on, {threads} threads share a step."]
    return "\n".join([*lines, ""])


def _amount(value: float) -> str:
    """Return three significant digits, written out."""
    digits = f"{value:#.3g}".rstrip(".")
    return f"{float(digits):,.0f}" if value >= 100 else digits


def draw(panels: Sequence[Panel]) -> Figure:
    """Return the panels side by side, all with as many decades, so that slopes compare."""
    figure = Figure(figsize=(9.4, 3.6), layout="constrained", facecolor="white")
    ranges = [np.log10([f(map(f, panel.costs.values())) for f in (min, max)]) for panel in panels]
    half = max(float(np.ptp(ends)) for ends in ranges) / 2 + 0.3
    for axes, panel, ends in zip(figure.subplots(1, len(panels)), panels, ranges, strict=True):
        middle = float(ends.mean())
        axes.set(xscale="log", yscale="log", xlabel=panel.size, ylabel=panel.unit)
        axes.set_ylim(10 ** (middle - half), 10 ** (middle + half))
        axes.set_title(panel.title, fontsize=10)
        axes.margins(x=0.25)
        axes.set_xticks([10 ** round(log10(size)) for size in panel.sizes])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.grid(alpha=0.3)
        _draw_lines(axes, panel)
    return figure


def _draw_lines(axes: Any, panel: Panel) -> None:
    """Draw each line with its name and first and last cost, and the level of the lowest."""
    lines, top = list(panel.costs.items()), len(panel.costs) - 1
    axes.axhline(lines[0][1][-1], **THIN)
    for place, ((name, costs), style) in enumerate(zip(lines, styles(len(lines)), strict=True)):
        axes.plot(panel.sizes, costs, marker="o", markersize=4, **style)
        told = f"{name} {_amount(costs[-1])}".strip()
        for end, text, (x, y, ha, va) in (
            (0, _amount(costs[0]), _ABOVE if place == top else _ASIDE),
            (-1, told, _ABOVE if place else _BELOW),
        ):
            axes.annotate(
                text, (panel.sizes[end], costs[end]), (x, y), textcoords="offset points",
                fontsize=9, color=style["color"], ha=ha, va=va,
            )  # fmt: skip
    if panel.shared is not None:
        first, threads = panel.shared
        axes.axvline(first, **THIN)
        axes.annotate(
            f"{threads} threads", (first, 1), (3, -3), ("data", "axes fraction"), "offset points",
            fontsize=9, color="dimgrey", va="top",
        )  # fmt: skip
