"""Charts of the page as SVG, written here: words stay words, and colours follow light and dark.

matplotlib is an extra, and its pictures have colours of their own.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlpcli.records import dataclass
from mlpcli.report.page_html import safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Chart"]

Line: TypeAlias = tuple[ArrayLike, ArrayLike]
_Span: TypeAlias = tuple[float, float]

_WIDTH, _HEIGHT = 460, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 12, 46
_MOST_POINTS = 800
_SQUARE = (0.0, 1.0)


@dataclass(frozen=True)
class Chart:
    """Lines (x, y) by name over named axes, and a sentence that says what they show.

    Axes go from 0 to 1 where no range is given in `x_span` and `y_span`; with `log` the second one
    is in decades. `marks` draws the points too, `guide` a diagonal. x is a `whole` number or any.
    """

    anchor: str
    title: str
    said: str
    x: str
    y: str
    lines: Mapping[str, Line] = field(default_factory=dict)
    x_span: _Span = _SQUARE
    y_span: _Span = _SQUARE
    log: bool = False
    marks: bool = False
    guide: bool = False
    upright: Mapping[str, float] = field(default_factory=dict)
    whole: bool = False

    def markup(self) -> str:
        """Return a figure with the chart, its sentence for whoever cannot see it, and a legend."""
        one, two = f"{self.anchor}-title", f"{self.anchor}-said"
        drawn = "".join([*self._axes(), *self._guides(), *self._lines()])
        return (
            f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'aria-labelledby="{one} {two}"><title id="{one}">{safe(self.title)}</title>'
            f'<desc id="{two}">{safe(self.said)}</desc>{drawn}</svg>'
            f"<figcaption><strong>{safe(self.title)}</strong> {safe(self.said)}{self._legend()}"
            f"</figcaption></figure>"
        )

    def _legend(self) -> str:
        if len(self.lines) < 2 and not self.upright:
            return ""
        items = [(f"s{k % 8}", name) for k, name in enumerate(self.lines)]
        items += [("guide", name) for name in self.upright]
        keys = "".join(
            f'<span class="key"><svg viewBox="0 0 28 8" aria-hidden="true"><path class="{style}" '
            f'd="M0 4H28"/></svg> {safe(name)}</span>'
            for style, name in items
        )
        return f'<span class="legend">{keys}</span>'

    def _axes(self) -> list[str]:
        right, low = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        parts = [f'<path class="frame" d="M{_LEFT} {_TOP}V{low}H{right}"/>']
        for tick in _ticks(self.x_span, log=False, whole=self.whole):
            at = float(self._place_x([tick])[0])
            parts.append(f'<path class="grid" d="M{at:.1f} {_TOP}V{low}"/>')
            parts.append(f'<text x="{at:.1f}" y="{low + 16}" class="middle">{_label(tick)}</text>')
        for tick in _ticks(self.y_span, log=self.log):
            at = float(self._place_y([tick])[0])
            parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{right}"/>')
            parts.append(
                f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" class="end">{_label(tick)}</text>'
            )
        middle, half = (_LEFT + right) / 2, (_TOP + low) / 2
        parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" class="middle">{safe(self.x)}</text>')
        turned = f'transform="translate(14 {half}) rotate(-90)" class="middle"'
        parts.append(f"<text {turned}>{safe(self.y)}</text>")
        return parts

    def _guides(self) -> list[str]:
        parts = []
        if self.guide:
            x, y = self._place_x(self.x_span), self._place_y(self.y_span)
            parts.append(f'<path class="guide" d="M{x[0]:.1f} {y[0]:.1f}L{x[1]:.1f} {y[1]:.1f}"/>')
        marks = self._place_x(list(self.upright.values()))
        low = _HEIGHT - _BOTTOM
        return [*parts, *(f'<path class="guide" d="M{at:.1f} {_TOP}V{low}"/>' for at in marks)]

    def _lines(self) -> list[str]:
        return [
            part
            for k, (x, y) in enumerate(self.lines.values())
            for part in self._line(f"s{k % 8}", self._place_x(x), self._place_y(y))
        ]

    def _line(self, style: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
        """Return a path with a gap wherever there is no number, and its points."""
        some = np.unique(np.linspace(0, x.size - 1, min(x.size, _MOST_POINTS)).round().astype(int))
        path, pen = [], "M"
        for at, high in zip(x[some].tolist(), y[some].tolist(), strict=True):
            known = np.isfinite(at) and np.isfinite(high)
            if known:
                path.append(f"{pen}{at:.1f} {high:.1f}")
            pen = "L" if known else "M"
        parts = [f'<path class="{style}" d="{"".join(path)}"/>'] if path else []
        if self.marks or some.size == 1:
            dots = [point[1:].split() for point in path]
            parts += [f'<circle class="{style}" cx="{a}" cy="{b}" r="3"/>' for a, b in dots]
        return parts

    def _place_x(self, values: ArrayLike) -> NDArray[np.float64]:
        return _LEFT + _share(values, self.x_span, log=False) * (_WIDTH - _LEFT - _RIGHT)

    def _place_y(self, values: ArrayLike) -> NDArray[np.float64]:
        high = _HEIGHT - _BOTTOM
        return high - _share(values, self.y_span, log=self.log) * (high - _TOP)


def _share(values: ArrayLike, span: _Span, *, log: bool) -> NDArray[np.float64]:
    """Return where values lie in a span, 0 to 1; nan for those that have no place."""
    array, ends = np.asarray(values, np.float64), np.asarray(span, np.float64)
    if log:
        with np.errstate(all="ignore"):
            array, ends = np.log10(array), np.log10(ends)
    share: NDArray[np.float64] = (array - ends[0]) / ((ends[1] - ends[0]) or 1.0)
    return np.where(np.isfinite(share), share, np.nan)


def _ticks(span: _Span, *, log: bool, whole: bool = False) -> Sequence[float]:
    """Return a handful of round numbers, or of `whole` ones, within a span."""
    low, high = span
    if log:
        first, last = np.ceil(np.log10(low) - 1e-9), np.floor(np.log10(high) + 1e-9)
        step = max(1, int(np.ceil((last - first + 1) / 6)))
        decades = [10.0**k for k in np.arange(first, last + 1, step)]
        if len(decades) > 1:
            return decades
        between = [k * 10.0**e for e in (first - 1, first) for k in (1, 2, 5)]
        round_ones = [tick for tick in between if low <= tick <= high]
        return round_ones if len(round_ones) > 1 else [low, high]
    rough = max((high - low) / 5, float(whole)) or 1.0
    unit = 10.0 ** np.floor(np.log10(rough))
    step = unit * next(k for k in (1, 2, 5, 10) if k * unit >= rough * (1 - 1e-9))
    return [float(k * step) for k in range(int(np.ceil(low / step)), int(high / step + 1e-9) + 1)]


def _label(tick: float) -> str:
    return f"{tick:.4g}"
