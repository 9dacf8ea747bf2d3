"""Looks at the texts behind the numbers of a loaded table: for `mlp init`, which has the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from mlpcli.data.table.query import quote
from mlpcli.data.table.store import duckdb_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.table.origin import Origin

__all__ = ["mixed_exponents", "texts_met"]

_COLUMNS_AT_A_TIME = 50


def mixed_exponents(origin: Origin, names: Sequence[str]) -> list[str]:
    """Return the number columns of text files that hold some numbers as 1E2 and others as 100."""
    exponent = "bool_or(k{i} ILIKE '%e%') AND bool_or(k{i} NOT ILIKE '%e%')"
    return [name for name, found in _ask(origin, names, exponent).items() if any(found)]


def texts_met(origin: Origin, names: Sequence[str], texts: Sequence[str]) -> dict[str, list[str]]:
    """Return which of some texts each column of the text files holds, where it holds any."""
    some = ", ".join(map(quote, texts))
    question = f"list_sort(list(DISTINCT k{{i}}) FILTER (k{{i}} IN ({some})))"
    found = _ask(origin, names, question)
    met = {name: sorted({text for some in lists if some for text in some})  # type: ignore[attr-defined]
           for name, lists in found.items()}  # fmt: skip
    return {name: texts for name, texts in met.items() if texts}


def _ask(origin: Origin, names: Sequence[str], question: str) -> dict[str, list[object]]:
    """Return the answers of all text files to a question about the texts k{i} of each column."""
    answers: dict[str, list[object]] = {name: [] for name in names}
    with duckdb.connect() as connection, duckdb_errors(origin.paths[0]):
        for source in origin.sources:
            if source.header is None:
                continue
            for start in range(0, len(names), _COLUMNS_AT_A_TIME):
                some = names[start : start + _COLUMNS_AT_A_TIME]
                select = source.select(dict.fromkeys(some, "text"))
                columns = ", ".join(f"k{i}" for i in range(len(some)))
                questions = ", ".join(question.format(i=i) for i in range(len(some)))
                query = f"SELECT {questions} FROM ({select}) AS t({columns})"  # noqa: S608
                row = connection.execute(query).fetchone()
                for name, answer in zip(some, row or (), strict=True):
                    answers[name].append(answer)
    return answers
