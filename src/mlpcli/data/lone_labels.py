"""Finds labels that stand in one row alone, which may be slips, and says where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.data.table import Table
    from mlpcli.data.target import AnyTarget

__all__ = ["lone_label_notes"]

_SHOWN = 4
_ENOUGH_ROWS = 20
_MOST_ROWS = 1_000_000  # as to find a line again takes a second then


def lone_label_notes(table: Table, targets: Sequence[AnyTarget]) -> list[str]:
    """Return a note for each target of which a label stands in one row alone, with its line.

    Nothing is said of a table of few rows, and of a very large one.
    """
    if not _ENOUGH_ROWS <= table.rows <= _MOST_ROWS:
        return []
    return [note for target in targets if not target.soft for note in _notes_of_one(table, target)]


def _notes_of_one(table: Table, target: AnyTarget) -> Iterator[str]:
    codes = target.encode(table.read([target.name])[target.name])
    counts = np.bincount(codes[codes >= 0].astype(np.int64), minlength=len(target.labels))
    alone = np.flatnonzero(counts == 1).tolist()
    places = []
    for code in alone[:_SHOWN]:
        path, line = table.locate(int(np.flatnonzero(codes == code)[0]))
        places.append(f"{show(target.labels[code])} ({path}:{line})")
    if places:
        which = ", ".join([*places, *[".."] * (len(alone) > _SHOWN)])
        stand = "stands" if len(alone) == 1 else "each stand"
        yield (
            f"target {show_name(target.name)}: {which} {stand} in one row alone, which only one "
            "part of the rows can have; mend it if it is a slip"
        )
