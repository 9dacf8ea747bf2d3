"""Notes on how a table was read: what was taken for a number, and what for a missing value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlpcli.data.labels import listed
from mlpcli.data.table import PLAIN, TRUTH, Numerals
from mlpcli.data.table.reading import MISSING
from mlpcli.text import quoted, show_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlpcli.config import DataConfig
    from mlpcli.data.rules import Policies
    from mlpcli.data.table import Origin, Table
    from mlpcli.data.table.query import Source

__all__ = ["gaps_in_words", "missing_note", "notation_notes", "table_notes", "unlabelled_note"]

_NAMES = 4
_POINTED = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")


def table_notes(table: Table, data: DataConfig, policies: Policies) -> list[str]:
    """Return what was found out of a loaded table that the config does not say."""
    return [*table.notes, *notation_notes(table, data.types), *missing_note(table, data, policies)]


def notation_notes(origin: Origin, decided: Collection[str] = ()) -> list[str]:
    """Return a note on each way in which numbers are written, with the columns that are.

    Of tables that are read as another one was before: only on what is read otherwise, or would be
    if the table were the first.
    """
    columns: dict[str, list[str]] = {}
    for name in origin.names:
        if words := "" if name in decided or origin.kinds[name] == "text" else _told(origin, name):
            columns.setdefault(words, []).append(name)
    notes = [f"{_named(names)} read as {words}" for words, names in columns.items()]
    known = {*decided}.union(*columns.values())
    points = [name for name in _with_points_of_thousands(origin) if name not in known]
    if points:
        means = f"{_named(points)} read as numbers, where 1.234 is 1.234"
        notes.append(f'{means}; if it is 1234, set data.thousands to "."')
    return notes


def _told(origin: Origin, name: str) -> str:
    """Return what there is to say of how the numbers of a column are read, "" if nothing."""
    for source in origin.sources:
        used = origin.rewritten.get(name, source.notation(name))
        before = origin.reading.notations.get(name)
        if source.header is None or _is_whole(origin, source, name):
            continue
        if before is None and used not in {PLAIN, TRUTH if name in origin.reading.truths else None}:
            return used.words
        if isinstance(before, Numerals) and isinstance(used, Numerals):
            if (used.decimal, used.unit) != (before.decimal, before.unit):
                return f"{used.words}; in training as {before.words}"
            alone = source.notations_alone.get(name, PLAIN)
            if isinstance(alone, Numerals) and alone.decimal != used.decimal:
                return f"{used.words}, as in training"
    return ""


def _is_whole(origin: Origin, source: Source, name: str) -> bool:
    """Say whether the texts of a column are whole numbers, which have no marks to be told of."""
    if name in origin.rewritten:
        return name in origin.whole
    return all(text.lstrip("+-").isdigit() for text in source.sample(name))


def _with_points_of_thousands(origin: Origin) -> list[str]:
    """Return number columns of which each point may be one of thousands, among semicolons.

    There are none where a point of any other column must be a decimal one.
    """
    found: list[str] = []
    notations = origin.notations  # once: to find them looks at every column
    for source in origin.sources:
        if source.header is None or source.header.delimiter != ";" or source.reading.layout.marks:
            continue
        for name in origin.names:
            texts = source.sample(name) if origin.kinds[name] == "number" else []
            if name in notations or not any("." in text for text in texts):
                continue
            if not all(map(_POINTED.fullmatch, texts)):
                return []
            found.append(name)
    return [*dict.fromkeys(found)]


def missing_note(table: Table, data: DataConfig, policies: Policies) -> list[str]:
    """Return a note on missing values that are filled, and on what stands for them.

    What stands for them is told by the first rows.
    """
    gaps = {name: count for name, count in table.missing.items() if count and name in table.names}
    filled = {name: n for name, n in gaps.items() if policies.fill(name)}
    gaps = {name: count for name, count in filled.items() if name not in data.target}
    if not gaps:
        return []
    signs = listed([sign for sign in table.signs_of_missing if sign])
    taken = f"; taken as missing: empty fields, {signs}" if signs else ""
    return [f"{gaps_in_words(gaps)}{taken}"]


def gaps_in_words(gaps: Mapping[str, int]) -> str:
    """Return how many values are missing, and in which columns."""
    where = ", ".join(f"{count} in {show_name(name)}" for name, count in [*gaps.items()][:_NAMES])
    more = ", .." if len(gaps) > _NAMES else ""
    total = sum(gaps.values())
    values = "1 value is" if total == 1 else f"{total} values are"
    return f"{values} missing: {where}{more}"


def unlabelled_note(count: int, origin: Origin | None = None, targets: Sequence[str] = ()) -> str:
    """Return a note on rows that are left out, as they have no target.

    Where an origin is given, the usual signs of a missing value that it holds instead of labels in
    its first rows are named, since one may be a label.
    """
    row, are = ("row", "is") if count == 1 else ("rows", "are")
    note = f"{count} {row} without a target {are} left out"
    sources = () if origin is None else origin.sources
    cells = (source.signs_of_missing(name) for source in sources for name in targets)
    signs = sorted(set().union(*cells).intersection(MISSING[1:]))
    if not signs:
        return note
    kept = ", ".join(map(quoted, signs))
    them, label = ("they are", "labels") if len(signs) > 1 else ("that is", "a label")
    return f"{note}; {kept} counts as none: if {them} {label}, set data.keep_values: [{kept}]"


def _named(names: list[str]) -> str:
    shown = ", ".join(map(show_name, names[:_NAMES])) + (", .." if len(names) > _NAMES else "")
    return f"column {shown} is" if len(names) == 1 else f"columns {shown} are"
