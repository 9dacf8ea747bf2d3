"""Writes numbers as all numbers are written, by the notation that fits all texts of a column."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

from mlpcli.data.table.bad_rows import find_lines
from mlpcli.data.table.notation import notations_in
from mlpcli.data.table.numerals import PLAIN, is_number, is_truth
from mlpcli.data.table.questions import as_number, ask, is_code
from mlpcli.data.table.shapes import shapes_in
from mlpcli.errors import DataError
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.data.table.numerals import Notation
    from mlpcli.data.table.origin import Origin
    from mlpcli.data.table.query import Source
    from mlpcli.data.table.reading import Kind
    from mlpcli.data.table.store import Store

__all__ = ["normalize"]

TEXTS_LOOKED_AT = 1000


def normalize(
    origin: Origin, source: Source, names: Sequence[str], start: int
) -> dict[str, Notation]:
    """Write the numbers of a file's columns, from row `start` on, as all numbers are written.

    Returns how the columns are read that all their texts have told of. A notation counts where at
    least half of the texts fit it. A number without the percent sign that the others have is none.
    """
    assert source.header is not None
    store, here = origin.store, f"texts WHERE rowid >= {start}"
    if source.reading.underscores:
        _drop_underscores(store, source.reading.kinds, names)
    odd = _odd(store, source, names, here)
    sampled: dict[str, Mapping[str, int]] = {n: Counter(source.sample(n)) for n in names}
    told = {names[i]: _samples(store, i, here) for i in odd}
    found = notations_in(sampled | told, source.reading, source.header.delimiter)
    for name, texts in told.items():
        if name not in found and not all(map(is_number, texts)):
            found[name] = source.notation(name)  # which the rest is held against
        if all(text.lstrip("+-").isdigit() for text in texts):
            origin.whole.add(name)
    used = {}
    for i in odd:
        notation = found.get(names[i], PLAIN)
        number = notation.number(f"k{i}", "TRY_CAST")
        (counts,) = ask(store, here, [f"2 * count({number}) >= count(k{i})"])
        if counts or source.reading.kinds.get(names[i]) or source.reading.layout.marks:
            used[names[i]] = notation
            _refuse_other_values(origin, source, i, notation, start)
            if notation != PLAIN:
                _rewrite(store, i, notation, start)
    return used


def _odd(store: Store, source: Source, names: Sequence[str], here: str) -> list[int]:
    """Return the columns that may be written otherwise than plainly, and are no codes."""
    some = [i for i in range(len(names)) if source.reading.kinds.get(names[i]) != "text"]
    questions = [f"count(k{i}) = count({as_number(i)})" for i in some]
    plain = ask(store, here, questions)
    codes = [False] * len(some)
    if not source.reading.layout.marks and not source.reading.kinds:
        codes = [bool(code) for code in ask(store, here, list(map(is_code, some)))]
    return [
        i
        for i, all_plain, code in zip(some, plain, codes, strict=True)
        if not all_plain or (names[i] in source.notations and not code)
    ]


def _rewrite(store: Store, i: int, notation: Notation, start: int) -> None:
    number, bare = notation.number(f"k{i}", "TRY_CAST"), f"k{i}"
    if lacks := notation.stranger:
        bare = f"CASE WHEN {as_number(i)} IS NULL THEN k{i} ELSE k{i} || '{lacks}' END"
    store.connection.execute(
        f"UPDATE texts SET k{i} = coalesce(({number})::VARCHAR, {bare}) "  # noqa: S608
        f"WHERE rowid >= {start} AND k{i} IS NOT NULL"
    )


def _refuse_other_values(
    origin: Origin, source: Source, i: int, notation: Notation, start: int
) -> None:
    """Raise DataError where rows that are handed out already have other numbers by a notation."""
    name, first = origin.names[i], source.notation(origin.names[i])
    if start >= origin.handed_out or first == notation:
        return
    before, now = (each.number(f"k{i}", "TRY_CAST") for each in (first, notation))
    rows = f"texts WHERE rowid >= {start} AND {before} IS DISTINCT FROM {now}"
    (other,) = ask(origin.store, rows, [f"bool_or(rowid < {origin.handed_out})"])
    if not other:
        return
    misfits_first = f"ORDER BY {before} IS NOT NULL, rowid LIMIT 1"
    row, text = origin.store.first(f"SELECT rowid, k{i} FROM {rows} {misfits_first}")  # noqa: S608
    place = origin.sources.index(source)
    (line,) = find_lines(source, origin.names, [cast("int", row) - start],
                         copied=place in origin.copied)  # fmt: skip
    raise DataError(
        f"{source.path}:{line}: column {show_name(name)}: expected {first.words}, as in the rows "
        f"above, got {show(str(text))}; write all numbers of the column in one way"
    )


def _drop_underscores(store: Store, kinds: Mapping[str, Kind], names: Sequence[str]) -> None:
    """Write 1_1 as 11 in number columns: what models of older versions take it for."""
    for i in (i for i, name in enumerate(names) if kinds.get(name) == "number"):
        store.connection.execute(
            f"UPDATE texts SET k{i} = replace(k{i}, '_', '') "  # noqa: S608
            f"WHERE contains(k{i}, '_') AND TRY_CAST(k{i} AS DOUBLE) IS NOT NULL"
        )


def _samples(store: Store, i: int, here: str) -> dict[str, int]:
    """Return what tells how column i is written: shapes of all that may be numbers, or texts."""
    some = Counter(_some(store, i, here))
    shapes = {} if is_truth(some) else shapes_in(
        store.connection, f"(SELECT k{i} AS k, 1 AS n FROM {here})"  # noqa: S608
    )  # fmt: skip
    return shapes or some


def _some(store: Store, i: int, here: str) -> list[str]:
    """Return some texts of column i; the first ones, so that every run sees the same."""
    query = f"SELECT k{i} FROM {here} AND k{i} IS NOT NULL ORDER BY rowid LIMIT {TEXTS_LOOKED_AT}"  # noqa: S608
    return [text for (text,) in store.connection.execute(query).fetchall()]
