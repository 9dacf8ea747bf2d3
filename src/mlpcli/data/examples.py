"""Rows to learn from: their labels as y, their weights, and a check that no value is missing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.columns import gaps, is_missing, take
from mlpcli.data.labels import label_text
from mlpcli.data.table import Categorical, Column, Table
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.columns import Index, Mask
    from mlpcli.data.roles import Roles
    from mlpcli.data.rules import Policies
    from mlpcli.data.table import Origin
    from mlpcli.data.table.contents import Contents
    from mlpcli.data.target import AnyTarget

__all__ = ["Chosen", "Examples", "Labels", "read_examples", "read_labels", "refuse_rows"]

_SHOWN = 5
_LARGEST_WEIGHT = 1e30  # so that no sum of weights overflows, in float32 neither
_FILL = "set data.missing to mean, median or drop"


@dataclass(frozen=True)
class Chosen:
    """The columns of some rows of a table, by their numbers in ascending order (None: all).

    Other ranks of the machine may be given it.
    """

    contents: Contents
    rows: Index | None

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> Mapping[str, Column]:
        """Read rows start..stop-1 of some columns."""
        if self.rows is None:
            return self.contents.read(names, start, stop)
        rows = self.rows[start:stop]
        first, last = (rows[0], rows[-1]) if rows.size else (0, -1)
        return take(self.contents.read(names, int(first), int(last) + 1), rows - first)


@dataclass(frozen=True)
class Examples:
    """Rows of a table before encoding: codes y, weight (N,) or None; columns stay in the table.

    y (N x targets) holds the code of each label, as `data/target` makes them.
    `rows` (N,) are their numbers in the table, in ascending order, or None for all of it.
    `dropped` counts rows left out for a missing value, `unlabelled` those left out for a missing
    target alone.
    """

    table: Table
    y: NDArray[np.floating[Any]]
    weight: NDArray[np.float64] | None
    rows: Index | None = None
    dropped: int = 0
    unlabelled: int = 0

    def __len__(self) -> int:
        return int(self.y.shape[0])

    def take(self, rows: Index) -> Examples:
        """Return the chosen rows, which are to be in ascending order."""
        weight = None if self.weight is None else self.weight[rows]
        chosen = rows if self.rows is None else self.rows[rows]
        return replace(self, y=self.y[rows], weight=weight, rows=chosen)

    def read(
        self, names: Sequence[str], start: int = 0, stop: int | None = None
    ) -> Mapping[str, Column]:
        """Read rows start..stop-1 of some columns; the table is to be open."""
        return self.columns.read(names, start, stop)

    @property
    def columns(self) -> Chosen:
        """What `read` reads."""
        return Chosen(self.table.contents, self.rows)

    def cuts(self, size: int) -> list[tuple[int, int]]:
        """Return (start, stop) of parts that `size` rows of the table hold, each not empty."""
        cuts = np.arange(0, self.table.rows, size)
        bounds = cuts if self.rows is None else np.searchsorted(self.rows, cuts)
        return [(a, b) for a, b in pairwise([*bounds.tolist(), len(self)]) if a < b]


@dataclass(frozen=True)
class Labels:
    """Codes y (N x targets), weight (N,) or None of rows that are kept; `kept` None: all are.

    `unlabelled` counts rows that are left out for nothing but a missing target.
    """

    y: NDArray[np.float64]
    weight: NDArray[np.float64] | None
    kept: Mask | None = None
    unlabelled: int = 0


def read_examples(
    table: Table, roles: Roles, targets: Sequence[AnyTarget], policies: Policies
) -> Examples:
    """Read labels and weights of a table, as `read_labels` does."""
    used = [name for name in roles.names if name not in roles.marks or name == roles.group]
    missing = {name: is_missing(table.read([name])[name]) for name in used if table.missing[name]}
    columns = table.read([*roles.targets, *roles.weights])
    labels = read_labels(table, columns, roles, targets, policies, missing=missing)
    if labels.kept is None:
        return Examples(table, labels.y, labels.weight)
    rows = np.flatnonzero(labels.kept)
    dropped = table.rows - rows.size - labels.unlabelled
    return Examples(table, labels.y, labels.weight, rows, dropped, labels.unlabelled)


def read_labels(
    origin: Origin,
    columns: Mapping[str, Column],
    roles: Roles,
    targets: Sequence[AnyTarget],
    policies: Policies,
    *,
    start: int = 0,
    missing: Mapping[str, Mask] | None = None,
) -> Labels:
    """Return labels and weights of rows that begin at row `start` of their origin.

    `missing` marks rows for each column in use that has gaps; None looks for gaps in `columns`.
    Rows that miss what the policies let drop are left out; in the others a missing label, weight or
    group is refused, and a missing feature of policy `error` too. Raises DataError naming rows.
    """
    missing = gaps(columns) if missing is None else missing
    refuse = partial(refuse_rows, origin, columns, start=start)
    y = np.column_stack([target.encode(columns[target.name]) for target in targets])
    for k, target in enumerate(targets):
        refuse({target.name: y[:, k] < 0}, f"expected {target.expected}")
    weight = None
    for name in roles.weights:
        weight = _weights(columns[name], name)
        unusable = (weight < 0) | (weight > _LARGEST_WEIGHT)
        refuse({name: unusable}, f"expected a weight from 0 to {_LARGEST_WEIGHT:g}")
    no_label = {name: missing[name] for name in roles.targets if name in missing}
    no_weight = {name: missing[name] for name in (*roles.weights, *roles.groups) if name in missing}
    no_value = {name: mask for name, mask in missing.items() if name not in {*no_label, *no_weight}}
    unlabelled = _any(no_label, len(y)) & policies.drop_unlabelled
    others = no_weight if policies.default == "drop" else {}
    others |= {name: mask for name, mask in no_value.items() if policies.of(name) == "drop"}
    incomplete = _any(others, len(y))
    kept = ~(unlabelled | incomplete)
    open_rows = {name: mask & kept for name, mask in missing.items()}
    refuse({name: open_rows[name] for name in no_label},
           "missing value; fill it in, or set data.missing_target to drop")  # fmt: skip
    refuse({name: open_rows[name] for name in no_weight},
           "missing value; fill it in, or set data.missing to drop")  # fmt: skip
    refuse({name: open_rows[name] for name in no_value if policies.of(name) == "error"},
           f"missing value; {_FILL}")  # fmt: skip
    if kept.all():
        return Labels(y, weight)
    alone = int(np.count_nonzero(unlabelled & ~incomplete))
    return Labels(y[kept], None if weight is None else weight[kept], kept, alone)


def _any(masks: Mapping[str, Mask], rows: int) -> Mask:
    """Return which of the rows one of the masks marks."""
    found = np.zeros(rows, np.bool_)
    for mask in masks.values():
        found |= mask
    return found


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

    Masks and columns begin at row `start` of their origin. A column that is not given lacks the
    values.
    """
    rows = {name: np.flatnonzero(mask) for name, mask in bad.items() if mask.any()}
    found = sorted((int(row), name) for name, index in rows.items() for row in index[:_SHOWN])
    if not found:
        return
    lines = []
    for row, name in found[:_SHOWN]:
        path, line = origin.locate(start + row)
        got = _got(columns[name], row) if name in columns else ""
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
