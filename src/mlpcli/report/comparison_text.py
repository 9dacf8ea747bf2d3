"""The comparison of the forms as text that fits a narrow terminal: tables, and what they mean.

Plain columns, not those of `tables.py`: that module loads the whole of training, and the default
run of `mlp compare-losses` has to answer at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.compare.dial import Dial
    from mlpcli.compare.summary import Summary
    from mlpcli.compare.sweep import Curve
    from mlpcli.report.compare_losses import Comparison

__all__ = ["Section", "aligned", "grid_sections", "number"]

_FEW_LOGITS = 9  # so many are shown one by one
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]\d+)?")
_EVENTS = (  # what the gradient is, and the field that says from which logit on
    ("nan or inf", "first_non_finite_logit"),
    ("1 % off", "first_lost_logit"),
    ("0", "first_dead_logit"),
    ("1 % off in tail", "first_tail_logit"),
)


@dataclass(frozen=True)
class Section:
    """A title, a table (lines that must not be broken) and sentences (which may)."""

    title: str
    table: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def number(value: float | None, digits: str = ".4g") -> str:
    """Return the number, or a dash for none."""
    return "-" if value is None else format(value, digits)


def aligned(
    rows: Sequence[Sequence[str]], names: int, width: int, *, together: int = 1
) -> tuple[str, ...]:
    """Return lines of columns, the first `names` to the left, in parts if `width` is too small.

    So many columns stay `together`.
    """
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    parts: list[list[int]] = [[]]
    for j in range(names, len(widths), together):
        group = list(range(j, min(j + together, len(widths))))
        used = sum(widths[:names]) + sum(widths[i] for i in parts[-1] + group)
        if parts[-1] and used - 2 > width:
            parts.append([])
        parts[-1] += group
    return tuple(
        "".join([
            *(row[j].ljust(widths[j]) for j in range(names)),
            *(row[j].rjust(widths[j] - 2) + "  " for j in part),
        ]).rstrip()
        for part in parts
        for row in rows
    )  # fmt: skip


def grid_sections(result: Comparison, width: int) -> Iterator[Section]:
    """Yield what happens on the grid, in numbers and in words, and what epsilon costs."""
    if max(curve.logits.size for curve in result.curves) <= _FEW_LOGITS:
        for dtype, curves in groupby(result.curves, key=lambda curve: curve.dtype):
            title = f"dJ/dh in {dtype}, epsilon {result.epsilon:g}"
            yield Section(title, _values(list(curves), width))
    else:
        title = f"dJ/dh against the exact value, epsilon {result.epsilon:g}: the logit nearest to 0"
        yield Section(f"{title}\nat which the gradient is ..", _breaks(result.summary, width))
    dtypes = " / ".join(dict.fromkeys(s.dtype for s in result.summary))
    yield Section(f"in words, by dtype: {dtypes}", words=tuple(_words(result.summary)))
    if result.dial:
        title = "the dial: from which logit of a wrong answer epsilon has cost 1 %, 50 %, all"
        yield Section(f"{title}\nof the gradient, for y = 0", _dial(result.dial, width))


def _values(curves: Sequence[Curve], width: int) -> tuple[str, ...]:
    rows = [["h", "y", "form", "loss", "dJ/dh", "exact", "rel. error"]]
    for curve in sorted(curves, key=lambda c: c.label):
        columns = (curve.logits, curve.loss, curve.gradient, curve.exact.high, curve.relative_error)
        for h, loss, gradient, exact, error in zip(*columns, strict=True):
            cells = (f"{float(v):.5g}" for v in (loss, gradient, exact))
            rows.append([f"{float(h):g}", str(curve.label), curve.form, *cells, f"{error:.1e}"])
    return aligned(rows, 3, width)


def _breaks(summary: Sequence[Summary], width: int) -> tuple[str, ...]:
    """Return a line per form, label and event, with a column per dtype."""
    dtypes = list(dict.fromkeys(s.dtype for s in summary))
    cells = {(s.form, s.label, s.dtype): s for s in summary}
    rows = [["form", "y", "", *dtypes]]
    for form in dict.fromkeys(s.form for s in summary):
        for label in (0, 1):
            found = [cells[form, label, dtype] for dtype in dtypes]
            lines = [
                [name, *(number(getattr(s, field)) for s in found)]
                for name, field in _EVENTS
                if any(getattr(s, field) is not None for s in found)
            ]
            ulps = [f"{number(s.max_ulp_error, '.1f')} ulp" for s in found]
            rows += [[form, str(label), *line] for line in lines or [["right to", *ulps]]]
    return aligned(_without_repeats(rows), 3, width)


def _without_repeats(rows: list[list[str]]) -> list[list[str]]:
    """Return the rows with form and label only where they change."""
    kept = rows[:1]
    for before, row in pairwise(rows):
        same_form, same = row[:1] == before[:1], row[:2] == before[:2]
        kept.append(["" if same_form else row[0], "" if same else row[1], *row[2:]])
    return kept


def _words(summary: Sequence[Summary]) -> Iterator[str]:
    """Yield the verdicts, told once where labels or dtypes differ in nothing but numbers."""
    for form in dict.fromkeys(s.form for s in summary):
        told = {
            label: tuple(_told([s for s in summary if (s.form, s.label) == (form, label)]))
            for label in (0, 1)
        }
        if told[0] == told[1]:
            yield f"{form}, y = 0 or 1"
            yield from told[0]
        else:
            for label, lines in told.items():
                yield f"{form}, y = {label}"
                yield from lines


def _told(summary: Sequence[Summary]) -> Iterator[str]:
    alike: dict[str, list[Summary]] = {}
    for s in summary:
        alike.setdefault(_NUMBER.sub("#", s.verdict), []).append(s)
    for found in alike.values():
        several = len(alike) > 1
        yield f"  {' / '.join(s.dtype for s in found) + ': ' if several else ''}{_merged(found)}"


def _merged(summary: Sequence[Summary]) -> str:
    """Return one verdict with the numbers of all: 'from h = 16.64 / 36.74'."""
    numbers = [_NUMBER.findall(s.verdict) for s in summary]
    texts = [" / ".join(dict.fromkeys(column) if len(set(column)) == 1 else column)
             for column in zip(*numbers, strict=True)]  # fmt: skip
    pieces = _NUMBER.split(summary[0].verdict)
    return pieces[0] + "".join(t + piece for t, piece in zip(texts, pieces[1:], strict=True))


def _dial(dials: Sequence[Dial], width: int) -> tuple[str, ...]:
    dtypes = list(dict.fromkeys(d.dtype for d in dials))
    rows = [["", "", *(cell for dtype in dtypes for cell in (dtype, "", ""))]]
    rows.append(["form", "epsilon", *(("1 %", "50 %", "all") * len(dtypes))])
    for (form, epsilon), found in groupby(dials, key=lambda d: (d.form, d.epsilon)):
        rows.append([form, f"{epsilon:.3g}", *(cell for d in found for cell in _dial_cells(d))])
    return aligned(rows, 2, width, together=3)


def _dial_cells(d: Dial) -> tuple[str, str, str]:
    end = number(d.lost_all)
    if d.lost_all is None and d.non_finite is not None:
        end = f"nan {d.non_finite:.4g}"
    return number(d.lost_1_percent), number(d.lost_50_percent), end
