"""The panel of the page in which a threshold is moved: all its numbers are computed here.

The script only shows those of the slider's place; without it a table has some of them.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.page_html import details, safe, table_of
from mlpcli.report.table import Table
from mlpcli.training.confusion import THRESHOLD_SCORES, sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.report.evaluate import Curves

__all__ = ["panel", "places"]

_PLACES = np.round(np.linspace(0, 1, 101), 2)
_TOLD = 10  # every so manyeth place is in the table
_COUNTS = ("tn", "fp", "fn", "tp")


def places(threshold: float) -> list[float]:
    """Return where the slider can stand: every hundredth, and the model's own threshold."""
    return sorted({*_PLACES.tolist(), threshold})


def panel(target: Curves, k: int) -> str:
    """Return the confusion of target `k` with its slider, and a table that needs no script."""
    at = places(target.threshold)
    numbers = _numbers(target, at)
    own = at.index(target.threshold)
    data = safe(json.dumps({"at": at, **numbers}, separators=(",", ":")))
    negative, positive = map(safe, target.answers)
    shown = {name: values[own] for name, values in numbers.items()}
    scores = "".join(_score(name, shown[name]) for name in THRESHOLD_SCORES)
    return (
        f'<div class="sweep" data-sweep="{data}"><h3>{safe(target.name)}</h3>'
        f'<p class="slider" hidden><label for="threshold-{k}">Threshold: called {positive} from '
        f'this probability on</label> <input type="range" id="threshold-{k}" min="0" '
        f'max="{len(at) - 1}" step="1" value="{own}"></p>'
        f'<p>At threshold <output for="threshold-{k}" aria-live="polite" data-is="at">'
        f"{target.threshold:.4g}</output>:</p>"
        '<div class="side"><table class="numbers"><caption>Rows by label and prediction</caption>'
        f'<thead><tr><td></td><th scope="col">predicted {negative}</th>'
        f'<th scope="col">predicted {positive}</th></tr></thead><tbody>'
        f'<tr><th scope="row">actual {negative}</th>{_count("tn", shown)}{_count("fp", shown)}</tr>'
        f'<tr><th scope="row">actual {positive}</th>{_count("fn", shown)}{_count("tp", shown)}</tr>'
        '</tbody></table><table class="numbers"><caption>Scores</caption><tbody>'
        f"{scores}</tbody></table></div>"
        f"{details('The same at every tenth', table_of(_table(target, numbers, at)))}</div>"
    )


def _numbers(target: Curves, at: Sequence[float]) -> dict[str, list[Any]]:
    """Return counts and scores, by name, at each threshold."""
    found = sweep(target.p, target.positive, np.array(at))
    counts = dict(zip(_COUNTS, (column.tolist() for column in astuple(found)), strict=True))
    scores = {name: np.round(f(found), 4).tolist() for name, f in THRESHOLD_SCORES.items()}
    return {**counts, **scores}


def _count(name: str, shown: dict[str, Any]) -> str:
    return f'<td data-is="{name}">{shown[name]}</td>'


def _score(name: str, value: float) -> str:
    words = name.replace("_", " ")
    return f'<tr><th scope="row">{words}</th><td data-is="{name}">{value:.4f}</td></tr>'


def _table(target: Curves, numbers: dict[str, list[Any]], at: Sequence[float]) -> Table:
    told = sorted({*_PLACES[::_TOLD].tolist(), target.threshold})
    rows = [_line(at.index(place), place, numbers) for place in told]
    return Table(f"{target.name}: by threshold", ("threshold", *numbers), tuple(rows))


def _line(i: int, place: float, numbers: dict[str, list[Any]]) -> tuple[str, ...]:
    counts = (str(numbers[name][i]) for name in _COUNTS)
    scores = (f"{numbers[name][i]:.4f}" for name in THRESHOLD_SCORES)
    return (f"{place:.4g}", *counts, *scores)
