"""Looks at the texts behind the numbers of a loaded table: for `mlp init`, which has the time."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import duckdb

from mlpcli.data.table.bad_rows import good_records
from mlpcli.data.table.sql import quote
from mlpcli.data.table.store import duckdb_errors
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.data.table.origin import Origin
    from mlpcli.data.table.query import Source

__all__ = ["mixed_exponents", "texts_met"]

_NARROW = 100  # columns; over expressions of more DuckDB's planner takes quadratic time
_RECORDS_AT_A_TIME = 1000


@dataclass(frozen=True)
class _Question:
    """What is asked of a text: in DuckDB's words, of {k}, and in Python's. None is no answer."""

    sql: str
    ask: Callable[[str], object]


_POWER = "[0-9.]e[+-]?[0-9]"
"""Words such as None and true have an e, too."""
_EXPONENT = _Question(
    f"regexp_matches({{k}}, '{_POWER}', 'i')",
    lambda text: re.search(_POWER, text, re.IGNORECASE) is not None,
)


def mixed_exponents(origin: Origin, names: Sequence[str]) -> list[str]:
    """Return the number columns of text files that hold some numbers as 1E2 and others as 100."""
    return [name for name, met in _ask(origin, names, _EXPONENT).items() if len(met) > 1]


def texts_met(origin: Origin, names: Sequence[str], texts: Sequence[str]) -> dict[str, list[str]]:
    """Return which of some texts each column of the text files holds, where it holds any."""
    some, wanted = ", ".join(map(quote, texts)), {*texts}
    sql = f"CASE WHEN {{k}} IN ({some}) THEN {{k}} END"
    question = _Question(sql, lambda text: text if text in wanted else None)
    answers = _ask(origin, names, question)
    return {name: sorted(map(str, met)) for name, met in answers.items() if met}


def _ask(origin: Origin, names: Sequence[str], question: _Question) -> dict[str, set[object]]:
    """Return the different answers that the texts of each column have in all text files."""
    met: dict[str, set[object]] = {name: set() for name in names}
    with duckdb_errors(origin.paths[0]):
        for source in origin.sources:
            if names and source.header is not None:
                answers = _answers(source, names, question)
                for name, found in zip(names, answers, strict=True):
                    met[name] |= found - {None}
    return met


def _answers(source: Source, names: Sequence[str], question: _Question) -> list[set[object]]:
    """Ask DuckDB where it is quick, and can cut the file: not if lines end in several ways."""
    if source.direct and len(names) <= _NARROW:
        with suppress(duckdb.Error):
            return _by_query(source, names, question)
    return _by_record(source, names, question)


def _by_query(source: Source, names: Sequence[str], question: _Question) -> list[set[object]]:
    columns = [f"k{i}" for i in range(len(names))]
    lists = ", ".join(f"list(DISTINCT {question.sql.format(k=k)})" for k in columns)
    select = source.select(dict.fromkeys(names, "text"))
    query = f"SELECT {lists} FROM ({select}) AS t({', '.join(columns)})"  # noqa: S608
    with duckdb.connect() as connection:
        row = connection.execute(query).fetchone()
    return [{*(found or ())} for found in row or ()]


def _by_record(source: Source, names: Sequence[str], question: _Question) -> list[set[object]]:
    found: list[set[object]] = [set() for _ in names]
    records = good_records(source, names)
    while some := [*islice(records, _RECORDS_AT_A_TIME)]:
        for name, met, texts in zip(names, found, zip(*some, strict=True), strict=True):
            met.update(map(question.ask, source.reading.present(name, [*{*texts}])))
    return found
