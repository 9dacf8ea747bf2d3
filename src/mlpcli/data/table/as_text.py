"""Loads every column as text, to be converted afterwards: slow, but it sees each bad value.

Where DuckDB cannot even cut the file into fields, `copy_good_rows` does.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

import duckdb

from mlpcli.data.table.bad_rows import SHOWN, Fault, bad_rows, copy_good_rows
from mlpcli.data.table.marks import Marks
from mlpcli.data.table.misfit import advice
from mlpcli.data.table.normalize import normalize
from mlpcli.data.table.numerals import PLAIN
from mlpcli.data.table.questions import as_number, ask, is_code, portions
from mlpcli.data.table.shapes import shapes_in
from mlpcli.data.table.sql import as_text, read_csv
from mlpcli.data.table.stream import stream
from mlpcli.text import show, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.data.table.origin import Origin
    from mlpcli.data.table.query import Source
    from mlpcli.data.table.reading import Kind
    from mlpcli.data.table.store import Store
    from mlpcli.data.table.stream import Array, Texts

__all__ = ["count_numbers", "load_as_text", "text_blocks"]

LEVELS_AT_A_TIME = 10_000


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
        counts.append(rows)
        if source.header is not None:
            origin.counts, origin.copied = counts, copied
            origin.rewritten |= normalize(origin, source, names, sum(counts) - rows)
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
    """Return how many values of a text column are finite numbers; `counts` are by level.

    Numbers that are not plain count where they are written in one way.
    """
    query = f"SELECT coalesce(sum(n), 0) FROM levels AS t(k0, n) WHERE {as_number(0)} IS NOT NULL"  # noqa: S608
    plain, shapes = 0, Counter[str]()
    for start in range(0, len(levels), LEVELS_AT_A_TIME):
        some = slice(start, start + LEVELS_AT_A_TIME)
        store.connection.execute("CREATE OR REPLACE TEMP TABLE levels (k VARCHAR, n BIGINT)")
        store.connection.execute(
            "INSERT INTO levels SELECT unnest(?), unnest(?)",
            [list(levels[some]), counts[some].tolist()],
        )
        plain += cast("int", store.first(query)[0])
        shapes.update(shapes_in(store.connection, "levels"))
    written = Marks().of(shapes) not in {None, PLAIN}
    return max(plain, sum(shapes.values()) if written else 0)


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


def _settle(
    store: Store, names: Sequence[str], known: Mapping[str, Kind | None]
) -> dict[str, Kind]:
    """Return the kind of each column: number if at least half of what is not missing are.

    Digits of one width, of which one begins with 0, are no number but a code.
    """
    questions = [
        f"2 * count({as_number(i)}) >= count(k{i}) AND NOT {is_code(i)}" for i in range(len(names))
    ]
    return {
        name: known.get(name) or ("number" if yes else "text")
        for name, yes in zip(names, ask(store, "texts", questions), strict=True)
    }


def _find_misfits(origin: Origin) -> tuple[dict[int, str], int]:
    """Find texts in number columns; return the first five rows with a complaint, and a count."""
    store = origin.store
    bad = {
        name: f"CASE WHEN {as_number(i)} IS NULL THEN k{i} END"
        for i, (name, kind) in enumerate(origin.kinds.items())
        if kind == "number"
    }
    run = store.connection.execute
    run("CREATE TABLE misfits (place BIGINT)")
    for some in portions(list(bad.values())):
        where = f"greatest({', '.join(some)}, NULL) IS NOT NULL"
        run(f"INSERT INTO misfits SELECT rowid FROM texts WHERE {where}")  # noqa: S608
    count = cast("int", store.first("SELECT count(DISTINCT place) FROM misfits")[0])
    first = f"SELECT DISTINCT place FROM misfits ORDER BY place LIMIT {SHOWN}"  # noqa: S608
    complaints = {}
    advised: set[str] = set()
    for (place,) in run(first).fetchall() if count else ():
        values = ask(store, f"texts WHERE rowid = {place}", list(bad.values()))
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
