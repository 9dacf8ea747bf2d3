"""Reads a table of which nobody has said how: its names, and what is missing in it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mlpcli.data.describe import NEGATIVE
from mlpcli.data.signs import Signs, read_columns
from mlpcli.data.table import Categorical, Numerals, Reading, Table
from mlpcli.data.table.first_line import looks_like_data
from mlpcli.data.table.numerals import PERCENT
from mlpcli.data.table.titles import titles_hint
from mlpcli.data.table_notes import notation_notes
from mlpcli.errors import DataError
from mlpcli.text import near_names, show_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlpcli.counting import Counting
    from mlpcli.data.table import Column, Notation

__all__ = ["Again", "layout_for", "open_for_survey", "read_again"]

_NUMBERED = re.compile(r"c[1-9][0-9]*")


def layout_for(file: str | Path, targets: Sequence[str], reading: Reading) -> Reading:
    """Return the reading of a file without names if targets are c1, c2, .. and it has no such."""
    bare = replace(reading, layout=replace(reading.layout, header=False))
    try:
        with Table([file], replace(reading, columns=())) as table:
            names, header = table.all_names, table.sources[0].header
            unknown = [name for name in targets if name not in names]
            titles = titles_hint(table.sources[0], unknown) if unknown else ""
    except DataError:
        if all(map(_NUMBERED.fullmatch, targets)):
            return bare
        raise
    if unknown and all(map(_NUMBERED.fullmatch, targets)):
        return bare
    if unknown:
        guess = titles or near_names(unknown[0], names)
        if not titles and header is not None and looks_like_data(header.names, header.sample):
            guess = f"; its first line looks like a row: the columns are then c1 to c{len(names)}"
        raise DataError(f"{file}: no column {show_name(unknown[0])}{guess}")
    return reading


def open_for_survey(
    file: str | Path,
    drop: Sequence[str],
    reading: Reading,
    counting: Counting,
    codes: Sequence[str],
) -> Table:
    """Return the loaded table, with these codes as missing values where it needs them."""
    reading = replace(reading, drop=(*reading.drop, *drop))
    with Table([file], replace(reading, columns=())) as table:
        for name in drop:
            if name not in table.all_names:
                guess = near_names(name, table.all_names)
                raise DataError(f"--drop: no column {show_name(name)} in the data{guess}")
    try:
        return Table([file], reading).load(counting)
    except DataError as error:
        own = dict.fromkeys(
            _percentages([file], reading), reading.missing.plus([*codes, *NEGATIVE])
        )
        own |= {name: reading.missing_of(name) for name in reading.as_written}
        more = replace(reading, missing=reading.missing.plus(codes), missing_in=own)
        try:
            return Table([file], more).load(counting)
        except DataError:
            raise error from None


class Again(NamedTuple):
    """Columns that were read again, how their numbers are written, and notes on that."""

    columns: dict[str, Column]
    notations: dict[str, Notation]
    notes: list[str]


def read_again(file: str | Path, targets: Sequence[str], reading: Reading, signs: Signs) -> Again:
    """Read the columns of texts in which signs were found without these, as training will."""
    own = {
        name: reading.missing_of(name).plus(some)
        for name, some in signs.missing_values.items()
        if isinstance(signs.columns[name], Categorical) and name not in targets
    }
    if not own:
        return Again({}, {}, [])
    missing_in = {**reading.missing_in, **own}
    with Table([file], replace(reading, columns=tuple(own), missing_in=missing_in)) as table:
        columns = read_columns(table.load())
        return Again(columns, table.notations, notation_notes(table))


def _percentages(files: Sequence[str | Path], reading: Reading) -> list[str]:
    """Return the columns of percentages, among which -999 lacks the sign and is no number."""
    with Table(files, reading) as table:
        found = table.notations.items()
    return [name for name, each in found if isinstance(each, Numerals) and each.unit == PERCENT]
