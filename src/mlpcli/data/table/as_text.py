"""Loads every column as text, to be converted afterwards: slow, but it sees each bad value.

Where DuckDB cannot even cut the file into fields, `copy_good_rows` does. Questions go to DuckDB
some columns at a time: its planner takes quadratic time, and ends in a crash, over an expression
of thousands of columns.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

import duckdb

from mlpcli.data.table.bad_rows import SHOWN, Fault, bad_rows, copy_good_rows, find_lines
from mlpcli.data.table.marks import Marks
from mlpcli.data.table.misfit import advice
from mlpcli.data.table.notation import notations_in
from mlpcli.data.table.numerals import PLAIN, is_number, is_truth
from mlpcli.data.table.shapes import shapes_in
from mlpcli.data.table.sql import as_text, read_csv
from mlpcli.data.table.stream import stream
from mlpcli.errors import DataError
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
        counts.append(rows)
        if source.header is not None:
            origin.counts, origin.copied = counts, copied
            origin.rewritten |= _normalize(origin, source, names, sum(counts) - rows)
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
    query = f"SELECT coalesce(sum(n), 0) FROM levels AS t(k0, n) WHERE {_number(0)} IS NOT NULL"  # noqa: S608
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


def _normalize(
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
        (counts,) = _ask(store, here, [f"2 * count({number}) >= count(k{i})"])
        if counts or source.reading.kinds.get(names[i]) or source.reading.layout.marks:
            used[names[i]] = notation
            _refuse_other_values(origin, source, i, notation, start)
            if notation != PLAIN:
                _rewrite(store, i, notation, start)
    return used


def _odd(store: Store, source: Source, names: Sequence[str], here: str) -> list[int]:
    """Return the columns that may be written otherwise than plainly, and are no codes."""
    some = [i for i in range(len(names)) if source.reading.kinds.get(names[i]) != "text"]
    questions = [f"count(k{i}) = count({_number(i)})" for i in some]
    plain = _ask(store, here, questions)
    codes = [False] * len(some)
    if not source.reading.layout.marks and not source.reading.kinds:
        codes = [bool(code) for code in _ask(store, here, list(map(_is_code, some)))]
    return [
        i
        for i, all_plain, code in zip(some, plain, codes, strict=True)
        if not all_plain or (names[i] in source.notations and not code)
    ]


def _rewrite(store: Store, i: int, notation: Notation, start: int) -> None:
    number, bare = notation.number(f"k{i}", "TRY_CAST"), f"k{i}"
    if lacks := notation.stranger:
        bare = f"CASE WHEN {_number(i)} IS NULL THEN k{i} ELSE k{i} || '{lacks}' END"
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
    (other,) = _ask(origin.store, rows, [f"bool_or(rowid < {origin.handed_out})"])
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


def _settle(
    store: Store, names: Sequence[str], known: Mapping[str, Kind | None]
) -> dict[str, Kind]:
    """Return the kind of each column: number if at least half of what is not missing are.

    Digits of one width, of which one begins with 0, are no number but a code.
    """
    questions = [
        f"2 * count({_number(i)}) >= count(k{i}) AND NOT {_is_code(i)}" for i in range(len(names))
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


def _is_code(i: int) -> str:
    """Return whether column i holds digits of one width, of which one begins with 0."""
    return (
        f"coalesce(bool_and(regexp_full_match(k{i}, '[0-9]{{2,}}')) "
        f"AND min(length(k{i})) = max(length(k{i})) AND bool_or(k{i}[1] = '0'), false)"
    )


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
