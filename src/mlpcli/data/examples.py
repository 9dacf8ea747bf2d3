"""Reads the labels of rows as y, and their weights, and checks that no value is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.table import Categorical, Column
from mlpcli.data.target import label_text
from mlpcli.errors import DataError
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.columns import Columns, Mask
    from mlpcli.data.roles import Roles
    from mlpcli.data.rules import MissingPolicy
    from mlpcli.data.table import Origin
    from mlpcli.data.target import Target

__all__ = ["Examples", "read_examples", "refuse_rows"]

_SHOWN = 5
_LARGEST_WEIGHT = 1e30  # so that no sum of weights overflows, in float32 neither
_FILL = "set data.missing to mean, median or drop"


@dataclass(frozen=True)
class Examples:
    """Rows of a table before encoding: columns by name, y (N x K), weight (N,) or None.

    `dropped` counts rows left out for a missing value.
    """

    columns: Columns
    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    dropped: int = 0

    def __len__(self) -> int:
        return int(self.y.shape[0])

    def take(self, rows: NDArray[np.int64] | Mask) -> Examples:
        """Return the chosen rows, which are to be in ascending order."""
        return replace(
            self,
            columns=self.columns.take(rows),
            y=self.y[rows],
            weight=None if self.weight is None else self.weight[rows],
        )


def read_examples(
    origin: Origin,
    columns: Columns,
    roles: Roles,
    targets: Sequence[Target],
    policy: MissingPolicy,
    *,
    start: int = 0,
) -> Examples:
    """Read labels and weights of rows that begin at row `start` of their origin.

    Under policy `drop` rows with any missing value are left out; otherwise a missing label or
    weight is refused, and under `error` a missing feature too. Raises DataError naming rows.
    """
    refuse = partial(refuse_rows, origin, columns, start=start)
    y = np.column_stack([target.encode(columns[target.name]) for target in targets])
    for k, target in enumerate(targets):
        negative, positive = map(show, target.labels) if target.kind == "text" else target.labels
        what = "a number from 0 to 1" if target.soft else f"{negative} or {positive}"
        refuse({target.name: y[:, k] < 0}, f"expected {what}")
    weight = None
    if roles.weight is not None:
        weight = _weights(columns[roles.weight], roles.weight)
        unusable = (weight < 0) | (weight > _LARGEST_WEIGHT)
        refuse({roles.weight: unusable}, f"expected a weight from 0 to {_LARGEST_WEIGHT:g}")
    found = {name: columns.missing(name) for name in roles.names if name not in roles.marks}
    missing = {name: mask for name, mask in found.items() if mask is not None}
    if policy == "drop":
        keep = np.ones(y.shape[0], np.bool_)
        for mask in missing.values():
            keep &= ~mask
        examples = Examples(columns, y, weight, int(np.count_nonzero(~keep)))
        return examples.take(keep) if examples.dropped else examples
    labels = {name: missing[name] for name in (*roles.targets, roles.weight) if name in missing}
    refuse(labels, "missing value; fill it in, or set data.missing to drop")
    if policy == "error":
        refuse(missing, f"missing value; {_FILL}")
    return Examples(columns, y, weight)


def _weights(column: Column, name: str) -> NDArray[np.float64]:
    if isinstance(column, Categorical):
        raise DataError(f"column {show_name(name)}: data.weight expects numbers, got text")
    return column


def refuse_rows(
    origin: Origin,
    columns: Mapping[str, Column],
    bad: Mapping[str, Mask],
    why: str,
    start: int = 0,
) -> None:
    """Raise DataError for the rows that the masks mark: the first five by line, and their count.

    Masks and columns begin at row `start` of their origin.
    """
    rows = {name: np.flatnonzero(mask) for name, mask in bad.items() if mask.any()}
    found = sorted((int(row), name) for name, index in rows.items() for row in index[:_SHOWN])
    if not found:
        return
    lines = []
    for row, name in found[:_SHOWN]:
        path, line = origin.locate(start + row)
        got = _got(columns[name], row)
        lines.append(f"{path}:{line}: column {show_name(name)}: {why}{got}")
    total = sum(index.size for index in rows.values())
    if total > _SHOWN:
        lines.append(f"{origin.paths[0]}: {total} such values in all")
    raise DataError(*lines)


def _got(column: Column, row: int) -> str:
    if isinstance(column, Categorical):
        code = int(column.codes[row])
        return "" if code < 0 else f", got {show(column.levels[code])}"
    value = float(column[row])
    return "" if np.isnan(value) else f", got {label_text(value)}"
