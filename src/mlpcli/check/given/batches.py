"""What only many rows show: a function that goes over them in batches of its own, and not rightly.

Batches of 32 that overwrite each other, or a last one that is left out, are no mistake on 7 rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.calls import WRONG_ON_MANY_ROWS
from mlpcli.check.bugs.diagnosis import Diagnosis, finding
from mlpcli.check.given.agreement import contradicts, equal, slack_of, where_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Made
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["wrong_on_many_rows"]

_SAME = 1e-6
_LARGEST = 2**22  # rows times parameters of which the rows that count are searched for


def wrong_on_many_rows(few: Made, case: Case, made: Made, many: Case) -> Diagnosis | None:
    """Return that a gradient of few rows is right, and that of many is not.

    One that is the same for both was not computed: it stands somewhere as numbers, for the case.
    A penalty that is divided by N, as some write it, is checked for one N.
    """
    if contradicts(few, case) or not contradicts(made, many):
        return None
    if not contradicts(made, _penalised(many, many.objective.l2 * case.rows / many.rows)):
        return None
    if equal(few, made, slack_of(case, few)):
        return None
    facts = _some_rows(made, many) or where_apart(many.gradient(), made.gradient)
    return finding(WRONG_ON_MANY_ROWS, (), f"right on {case.rows}, wrong on {many.rows}: {facts}")


def _penalised(case: Case, l2: float) -> Case:
    return replace(case, objective=replace(case.objective, l2=l2))


def _some_rows(made: Made, many: Case) -> str | None:
    """Return the rows of which it is the gradient, or a multiple of it, if there are such."""
    given = made.gradient.theta.astype(np.float64)
    if many.rows * given.size > _LARGEST or not np.isfinite(given).all():
        return None
    for rows in _parts(many.rows):
        part = replace(many, X=many.X[rows], y=many.y[rows])
        c = _factor(given, part.gradient().theta)
        if c is not None:
            times = "" if abs(c - 1) < _SAME else f"{c:.6g} times "
            return f"it is {times}the gradient of rows {rows.start + 1} to {rows.stop} alone"
    return None


def _parts(rows: int) -> Iterator[slice]:
    """Yield the last rows, the first, and all of them."""
    yield from (slice(rows - count, rows) for count in range(1, rows))
    yield from (slice(0, count) for count in range(1, rows))
    yield slice(0, rows)


@np.errstate(all="ignore")
def _factor(given: FloatArray, right: FloatArray) -> float | None:
    """Return c of given = c right, None where it is no multiple."""
    size = np.abs(right).max(initial=0.0)
    c = (given / size) @ (right / size) / ((right / size) @ (right / size))
    near = np.abs(given - c * right) <= _SAME * np.abs(c) * size
    return float(c) if np.isfinite(c) and near.all() else None
