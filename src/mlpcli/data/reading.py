"""How tables are to be read: as a config says, as training read them, and as a model remembers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.roles import marks_of, needed_columns
from mlpcli.data.table import BLANKS, TRUTH, Categorical, Layout, Missing, Reading, notation_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlpcli.config import DataConfig
    from mlpcli.data.table import Kind, Table

__all__ = ["reading_from", "reading_of", "reading_of_others", "reading_to_document"]

_LOOKED_AT = 1000
_MARKS = ("encoding", "delimiter", "decimal", "thousands", "comment")


def reading_of(data: DataConfig, folder: Path | None = None) -> Reading:
    """Return how the tables of a config are to be read.

    Targets and marks keep their labels as they are written.
    """
    given = data.missing_values
    by_column = given if isinstance(given, dict) else {}
    missing = Missing().minus([value for value in data.keep_values if isinstance(value, str)])
    if not isinstance(given, dict):
        missing = missing.plus(given)
    booleans = {name: TRUTH for name, kind in data.types.items() if kind == "boolean"}
    header = data.header
    return Reading(
        columns=needed_columns(data),
        drop=data.drop,
        kinds={name: "text" if kind == "text" else "number" for name, kind in data.types.items()},
        notations=booleans,
        truths=frozenset(booleans),
        as_written=frozenset((*data.target, *marks_of(data))) - booleans.keys(),
        missing=missing,
        missing_in={name: missing.plus(values) for name, values in by_column.items()},
        layout=Layout(
            encoding=data.encoding,
            header=None if header is True else header,
            delimiter=data.delimiter,
            decimal=data.decimal,
            thousands=data.thousands,
            comment=data.comment,
            skip_lines=data.skip_lines,
        ),
        memory_limit=data.memory_limit,
        folder=folder,
    )


def reading_of_others(table: Table, names: Iterable[str]) -> Reading:
    """Return how to read some columns of other tables like one that is loaded."""
    return replace(
        table.reading,
        columns=tuple(names),
        drop=(),
        kinds=table.kinds,
        notations=table.notations,
        truths=frozenset(name for name in table.names if _holds_truths(table, name)),
    )


def reading_to_document(reading: Reading, names: Iterable[str]) -> dict[str, Any]:
    """Return as JSON values what a model remembers of how its columns were read."""
    own = {name: some for name, some in reading.missing_in.items() if name in {*names}}
    return {
        "missing": _as_json(reading.missing),
        "missing_in": {name: _as_json(some) for name, some in own.items()},
        "trimmed": BLANKS,
        "booleans": TRUTH.to_document(),
        "boolean_columns": sorted(reading.truths.intersection(names)),
        "notations": {
            name: notation.to_document()
            for name, notation in reading.notations.items()
            if name in {*names}
        },
        "layout": _as_json(reading.layout),
    }


def _as_json(record: Missing | Layout) -> dict[str, Any]:
    """Return a record with lists for its tuples, as it comes back from a file."""
    values = asdict(record).items()
    return {key: [*value] if isinstance(value, tuple) else value for key, value in values}


def reading_from(document: Mapping[str, Any] | None, kinds: Mapping[str, Kind]) -> Reading:
    """Return how to read columns of these kinds for a model; None is one of an older version.

    Raises KeyError, TypeError or ValueError where the document is something else.
    """
    if document is None:
        return replace(Reading.only(kinds), underscores=True)
    notations = {name: notation_from(found) for name, found in document["notations"].items()}
    return replace(
        Reading.only(kinds),
        notations=notations,
        truths=frozenset(_texts(document["boolean_columns"])),
        missing=_missing_from(document["missing"]),
        missing_in={name: _missing_from(some) for name, some in document["missing_in"].items()},
        layout=_layout_from(document["layout"]),
    )


def _missing_from(document: Mapping[str, Any]) -> Missing:
    return Missing(_texts(document["texts"]), tuple(map(float, document["numbers"])))


def _layout_from(document: Mapping[str, Any]) -> Layout:
    header, skipped = document["header"], document["skip_lines"]
    if header is not None and header is not False:
        header = _texts(header)
    if type(skipped) is not int or skipped < 0:
        raise ValueError(f"skip_lines {skipped!r}")
    marks = {key: document[key] for key in _MARKS}
    for key, mark in marks.items():
        if mark is not None and not isinstance(mark, str):
            raise TypeError(f"{key} {mark!r}")
    return Layout(header=header, skip_lines=skipped, **marks)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"expected a list of texts, got {values!r:.80}")
    return tuple(values)


def _holds_truths(table: Table, name: str) -> bool:
    """Say whether a column holds 0 and 1 alone, for which false and true may stand elsewhere."""
    if table.kinds[name] != "number":
        return False
    for stop in (_LOOKED_AT, None):  # most columns are told by their first rows
        values = table.read([name], 0, stop)[name]
        assert not isinstance(values, Categorical)
        if not (np.isnan(values) | (values == 0) | (values == 1)).all():
            return False
    return True
