"""Loads every column as text, to be converted afterwards: slow, but it sees each bad value.

Where DuckDB cannot even cut the file into fields, `copy_good_rows` does. Questions go to DuckDB
some columns at a time: its planner takes quadratic time, and ends in a crash, over an expression
of thousands of columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import duckdb

from mlpcli.data.table.bad_rows import SHOWN, Fault, bad_rows, copy_good_rows
from mlpcli.data.table.misfit import advice
from mlpcli.data.table.notation import notations_in
from mlpcli.data.table.numerals import PLAIN
from mlpcli.data.table.sql import as_text, read_csv
from mlpcli.data.table.stream import stream
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.data.table.numerals import Notation
    from mlpcli.data.table.origin import Origin
    from mlpcli.data.table.query import Source
    from mlpcli.data.table.reading import Kind
    from mlpcli.data.table.store import Store
    from mlpcli.data.table.stream import Array, Texts

__all__ = ["count_numbers", "load_as_text", "text_blocks"]

COLUMNS_AT_A_TIME = 100
LEVELS_AT_A_TIME = 10_000
TEXTS_LOOKED_AT = 1000


def load_as_text(origin: Origin) -> None:
    """Fill the table `texts` with k0, k1, .. as they are; settle kinds and numbers of rows.

    Raises DataError with the bad rows.
    """
    store, names = origin.store, origin.names
    columns = ", ".join(f"k{i} VARCHAR" for i in range(len(names)))
    store.connection.execute(f"CREATE TABLE texts ({columns})")
    counts: list[int] = []
    copied: set[int] = set()
    faults: list[Fault] = []
    total = 0
    for number, source in enumerate(origin.sources):
        rows = _insert(store, source, names)
        if rows is None:
            rows, found, left_out = _insert_copy(store, source, names)
            copied.add(number)
            faults += [(number, line, text) for line, text in found]
            total += left_out
        if source.header is not None:
            origin.rewritten |= _normalize(store, source, names, sum(counts))
        counts.append(rows)
    origin.counts, origin.copied = counts, copied
    origin.kinds = _settle(store, names, {name: origin.certain(name) for name in names})
    complaints, count = _find_misfits(origin)
    if total + count:
        places = origin.lines(list(complaints))
        faults += [(*place, text) for place, text in zip(places, complaints.values(), strict=True)]
        raise bad_rows(origin.sources, faults, total + count)


def text_blocks(origin: Origin, texts: Mapping[str, Texts | None]) -> Iterator[list[Array]]:
    """Yield what `load_as_text` has loaded, now as columns of their kinds."""
    kinds = enumerate(origin.kinds.values())
    columns = (f"k{i}{'::DOUBLE' * (kind == 'number')}" for i, kind in kinds)
    select = f"SELECT {', '.join(columns)} FROM texts"  # noqa: S608
    yield from stream(origin.store.cursor(), select, [*texts.values()])
    origin.store.connection.execute("DROP TABLE texts")


def count_numbers(store: Store, levels: Sequence[str], counts: NDArray[np.int64]) -> int:
    """Return how many values of a text column are finite numbers; `counts` are by level."""
    query = f"SELECT i FROM (SELECT unnest(?) AS k0, unnest(?) AS i) WHERE {_number(0)} IS NOT NULL"  # noqa: S608
    total = 0
    for start in range(0, len(levels), LEVELS_AT_A_TIME):
        some = list(levels[start : start + LEVELS_AT_A_TIME])
        found = store.connection.execute(query, [some, list(range(start, start + len(some)))])
        total += sum(int(counts[i]) for (i,) in found.fetchall())
    return total


def _insert(store: Store, source: Source, names: Sequence[str]) -> int | None:
    """Append one file and return its rows; None where the fields cannot be told apart."""
    try:
        if source.direct:
            return store.insert("texts", source.select(dict.fromkeys(names, "text")))
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:  # or the bytes are not UTF-8
        if source.header is None:
            raise
    return None


def _insert_copy(
    store: Store, source: Source, names: Sequence[str]
) -> tuple[int, list[tuple[int, str]], int]:
    """Append the good rows of a file; return their number, the first faults, and rows left out."""
    copy = store.scratch / "copy"
    found, left_out = copy_good_rows(source, names, copy)
    missing = map(source.reading.missing_of, names)
    columns = ", ".join(as_text(f"c{i}", some) for i, some in enumerate(missing))
    table = read_csv(copy, ["VARCHAR"] * len(names), None, "csv", [""])
    rows = store.insert("texts", f"SELECT {columns} FROM {table}")  # noqa: S608
    copy.unlink()
    return rows, found, left_out


def _normalize(
    store: Store, source: Source, names: Sequence[str], start: int
) -> dict[str, Notation]:
    """Write the numbers of a file's columns, from row `start` on, as all numbers are written.

    Returns the notations of columns that had one of their own.

    A notation counts where at least half of the texts fit it. A number without the percent sign
    that the others have is none.
    """
    assert source.header is not None
    here = f"texts WHERE rowid >= {start}"
    if source.reading.underscores:
        _drop_underscores(store, source.reading.kinds, names)
    odd = [i for i in range(len(names)) if source.reading.kinds.get(names[i]) != "text"]
    plain = _ask(store, here, [f"count(k{i}) = count({_number(i)})" for i in odd])
    odd = [
        i
        for i, all_plain in zip(odd, plain, strict=True)
        if not all_plain or names[i] in source.notations
    ]
    samples = {names[i]: _some(store, i, here) for i in odd}
    found = notations_in(samples, source.reading, source.header.delimiter)
    used = {}
    for i in odd:
        notation = found.get(names[i]) or source.notations.get(names[i])
        if notation is None:
            continue
        number = notation.number(f"k{i}", "TRY_CAST")
        (counts,) = _ask(store, here, [f"2 * count({number}) >= count(k{i})"])
        if counts or source.reading.kinds.get(names[i]) or source.reading.layout.marks:
            used[names[i]] = notation
            bare = f"k{i}"
            if lacks := notation.stranger:
                bare = f"CASE WHEN {_number(i)} IS NULL THEN k{i} ELSE k{i} || '{lacks}' END"
            store.connection.execute(
                f"UPDATE texts SET k{i} = coalesce(({number})::VARCHAR, {bare}) "  # noqa: S608
                f"WHERE rowid >= {start} AND k{i} IS NOT NULL"
            )
    return used


def _drop_underscores(store: Store, kinds: Mapping[str, Kind], names: Sequence[str]) -> None:
    """Write 1_1 as 11 in number columns: what models of older versions take it for."""
    for i in (i for i, name in enumerate(names) if kinds.get(name) == "number"):
        store.connection.execute(
            f"UPDATE texts SET k{i} = replace(k{i}, '_', '') "  # noqa: S608
            f"WHERE contains(k{i}, '_') AND TRY_CAST(k{i} AS DOUBLE) IS NOT NULL"
        )


def _some(store: Store, i: int, here: str) -> list[str]:
    """Return some texts of column i; the first ones, so that every run sees the same."""
    query = f"SELECT k{i} FROM {here} AND k{i} IS NOT NULL ORDER BY rowid LIMIT {TEXTS_LOOKED_AT}"  # noqa: S608
    return [text for (text,) in store.connection.execute(query).fetchall()]


def _settle(
    store: Store, names: Sequence[str], known: Mapping[str, Kind | None]
) -> dict[str, Kind]:
    """Return the kind of each column: number if at least half of what is not missing are.

    Digits of one width, of which one begins with 0, are no number but a code.
    """
    questions = [
        f"2 * count({_number(i)}) >= count(k{i}) AND NOT coalesce(bool_and(regexp_full_match(k{i}, "
        f"'[0-9]{{2,}}')) AND min(length(k{i})) = max(length(k{i})) AND bool_or(k{i}[1] = '0'), "
        "false)"
        for i in range(len(names))
    ]
    return {
        name: known.get(name) or ("number" if yes else "text")
        for name, yes in zip(names, _ask(store, "texts", questions), strict=True)
    }


def _find_misfits(origin: Origin) -> tuple[dict[int, str], int]:
    """Find texts in number columns; return the first five rows with a complaint, and a count."""
    store = origin.store
    bad = {
        name: f"CASE WHEN {_number(i)} IS NULL THEN k{i} END"
        for i, (name, kind) in enumerate(origin.kinds.items())
        if kind == "number"
    }
    run = store.connection.execute
    run("CREATE TABLE misfits (place BIGINT)")
    for some in _portions(list(bad.values())):
        where = f"greatest({', '.join(some)}, NULL) IS NOT NULL"
        run(f"INSERT INTO misfits SELECT rowid FROM texts WHERE {where}")  # noqa: S608
    count = cast("int", store.first("SELECT count(DISTINCT place) FROM misfits")[0])
    first = f"SELECT DISTINCT place FROM misfits ORDER BY place LIMIT {SHOWN}"  # noqa: S608
    complaints = {}
    advised: set[str] = set()
    for (place,) in run(first).fetchall() if count else ():
        values = _ask(store, f"texts WHERE rowid = {place}", list(bad.values()))
        found = [(n, str(v)) for n, v in zip(bad, values, strict=True) if v is not None]
        (name, value), more = found[0], f", and {len(found) - 1} more in this row"
        got = f"column {show_name(name)}: expected a number, got {show(value)}"
        todo = "" if name in advised else _advice(origin, name, value)
        complaints[place] = got + more * (len(found) > 1) + todo
        advised |= {name} if todo else set()
    return complaints, count


def _advice(origin: Origin, name: str, value: str) -> str:
    lacks = origin.rewritten[name].stranger if name in origin.rewritten else ""
    return advice(name, value, lacks=lacks, decided=name in origin.reading.kinds)


def _number(i: int) -> str:
    """Return column i as a number, NULL where it is none that is finite."""
    number = PLAIN.number(f"k{i}", "TRY_CAST")
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _ask(store: Store, table: str, questions: Sequence[str]) -> list[object]:
    """Return the answers to questions about columns, one per question."""
    answers: list[object] = []
    for some in _portions(questions):
        answers += store.first(f"SELECT {', '.join(some)} FROM {table}")  # noqa: S608
    return answers


def _portions(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), COLUMNS_AT_A_TIME):
        yield items[start : start + COLUMNS_AT_A_TIME]
