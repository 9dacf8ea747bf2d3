"""Looks a table over before anything is decided: what each column holds, and what may be 1."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.counting import counted, in_silence
from mlpcli.data.columns import is_missing
from mlpcli.data.describe import describe, sentinels, stands_aside
from mlpcli.data.labels import Label, distinct, is_truth_pair
from mlpcli.data.positive import word_for_yes
from mlpcli.data.table import TRUTH, Categorical, Layout, Missing, Reading, Table
from mlpcli.data.table.header import looks_like_data
from mlpcli.data.table.look import mixed_exponents, texts_met
from mlpcli.data.table.reading import CODES
from mlpcli.data.table_notes import notation_notes
from mlpcli.data.target import AnyTarget, Classes, OneAgainstRest, fit_target
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import near_names, show_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlpcli.counting import Counting
    from mlpcli.data.table import Column

__all__ = ["ColumnSurvey", "Survey", "TargetSurvey", "survey"]

_NUMBERED = re.compile(r"c[1-9][0-9]*")


@dataclass(frozen=True)
class ColumnSurvey:
    """What one column holds: `summary` in words, and how many values are missing.

    `aside` says why it should rather be no feature, "" if nothing does.
    """

    name: str
    missing: int
    summary: str
    aside: str = ""
    text: bool = False


@dataclass(frozen=True)
class TargetSurvey:
    """What a target holds: `positive` is the label to count as 1, None where that is plain.

    `why` says in words how it was found. `labels` are those of a target of three and more, which
    has neither positive nor negative.
    """

    column: ColumnSurvey
    positive: Label | None = None
    negative: Label | None = None
    why: str = ""
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Survey:
    """A table seen as training data for its targets.

    `types` are kinds to be written down, since they follow from a guess; `missing_values` what
    seems to stand for missing values, by column; `notes` say how the files were read. `header` is
    False for a file without names. `dropped` are columns that were not to be looked at.
    """

    rows: int
    features: tuple[ColumnSurvey, ...]
    targets: tuple[TargetSurvey, ...]
    types: dict[str, str]
    missing_values: dict[str, list[str | float]]
    notes: tuple[str, ...]
    header: bool = True
    dropped: tuple[str, ...] = ()


def survey(
    file: str | Path,
    targets: Sequence[str],
    drop: Sequence[str] = (),
    *,
    counting: Counting = in_silence,
) -> Survey:
    """Read the table and describe it; raises DataError if it or a target cannot be used.

    Of two texts the word for yes is proposed as positive, or else the rarer one.
    """
    reading = _layout_for(file, targets, Reading(as_written=frozenset(targets)))
    with _open(file, drop, reading, counting) as table:
        columns = {name: table.read([name])[name] for name in table.names}
        codes = _codes(table, columns)
        columns = {name: _without(column, codes.get(name, [])) for name, column in columns.items()}
        features = {name: column for name, column in columns.items() if name not in targets}
        if not features:
            beside = ", ".join(map(show_name, targets))
            raise DataError(f"{file}: no feature column is left beside {beside}")
        fitted = [_fit(name, columns[name], alone=len(targets) == 1) for name in targets]
        with counting("column", len(features)) as count:
            seen = tuple(
                _column(name, column, fitted, columns)
                for name, column in counted(features.items(), count)
            )
        return Survey(
            rows=table.rows,
            features=seen,
            targets=tuple(survey_of for _, survey_of in fitted),
            types=_types(table, features),
            missing_values=codes,
            notes=(*table.notes, *notation_notes(table, targets), *_exponents(table, features)),
            header=reading.layout.header is None,
            dropped=tuple(drop),
        )


def _codes(table: Table, columns: dict[str, Column]) -> dict[str, list[str | float]]:
    """Return what columns hold that seems to stand for missing values, where they do."""
    codes = [text for text in CODES if text in table.reading.missing.texts]
    numbers = [name for name, column in columns.items() if not isinstance(column, Categorical)]
    met = texts_met(_plainly(table), numbers, codes) if codes else {}
    found = {name: _codes_of(column, met.get(name, [])) for name, column in columns.items()}
    return {name: some for name, some in found.items() if some}


def _codes_of(column: Column, met: list[str]) -> list[str | float]:
    if isinstance(column, Categorical):
        return [text for text in column.levels if text in CODES]
    return [*met, *sentinels(column)]


def _without(column: Column, codes: Sequence[str | float]) -> Column:
    """Return a number column with some of its numbers as missing values."""
    numbers = [code for code in codes if not isinstance(code, str)]
    if isinstance(column, Categorical) or not numbers:
        return column
    return np.where(np.isin(column, numbers), np.nan, column)


def _plainly(table: Table) -> Table:
    """Return the table as it would be read if no more were missing than usually is."""
    plain = replace(table.reading, missing=Missing())
    table.sources = [replace(source, reading=plain) for source in table.sources]
    return table


def _layout_for(file: str | Path, targets: Sequence[str], reading: Reading) -> Reading:
    """Return the reading of a file without names if targets are c1, c2, .. and it has no such."""
    bare = replace(reading, layout=Layout(header=False))
    try:
        with Table([file], replace(reading, columns=())) as table:
            names, header = table.all_names, table.sources[0].header
    except DataError:
        if all(map(_NUMBERED.fullmatch, targets)):
            return bare
        raise
    unknown = [name for name in targets if name not in names]
    if unknown and all(map(_NUMBERED.fullmatch, targets)):
        return bare
    if unknown:
        guess = near_names(unknown[0], names)
        if header is not None and looks_like_data(header.names, header.sample):
            guess = f"; its first line looks like a row: the columns are then c1 to c{len(names)}"
        raise DataError(f"{file}: no column {show_name(unknown[0])}{guess}")
    return reading


def _open(file: str | Path, drop: Sequence[str], reading: Reading, counting: Counting) -> Table:
    """Return the loaded table, with more texts as missing values where it needs them."""
    reading = replace(reading, drop=tuple(drop))
    with Table([file], replace(reading, columns=())) as table:
        for name in drop:
            if name not in table.all_names:
                guess = near_names(name, table.all_names)
                raise DataError(f"--drop: no column {show_name(name)} in the data{guess}")
    try:
        return Table([file], reading).load(counting)
    except DataError as error:
        more = replace(reading, missing=Missing().plus(CODES))
        try:
            return Table([file], more).load(counting)
        except DataError:
            raise error from None


def _fit(name: str, column: Column, *, alone: bool) -> tuple[AnyTarget, TargetSurvey]:
    """Return a target as it would be fitted, and what there is to say of it."""
    missing = int(is_missing(column).sum())
    seen = TargetSurvey(ColumnSurvey(name, missing, describe(column)))
    labels, positive, why = distinct(column), None, ""
    if len(labels) == 2 and not is_truth_pair(labels):
        positive, why = word_for_yes(labels), "the word for yes"
        if positive is None:
            positive, why = _rarer(column), "a guess, the rarer one"
        if 1 in labels:
            positive, why = 1, "a guess"
    try:
        fitted = fit_target(name, column, None, None, alone=alone)
        positive = positive if isinstance(fitted, Classes) or not fitted.soft else None
    except DataError:
        if positive is None:
            raise
        fitted = fit_target(name, column, positive, None, alone=alone)
    if positive is not None:
        fitted = fit_target(name, column, positive, None, alone=alone)
    if isinstance(fitted, Classes):
        return fitted, replace(seen, labels=fitted.values)
    assert not isinstance(fitted, OneAgainstRest)
    chosen = None if positive is None else fitted.positive
    return fitted, replace(seen, positive=chosen, negative=fitted.negative, why=why)


def _column(
    name: str,
    column: Column,
    fitted: Sequence[tuple[AnyTarget, TargetSurvey]],
    columns: dict[str, Column],
) -> ColumnSurvey:
    targets = [target for target, _ in fitted]
    y = np.column_stack([target.encode(columns[target.name]) for target in targets])
    return ColumnSurvey(
        name,
        int(is_missing(column).sum()),
        describe(column),
        stands_aside(name, column, y, targets),
        isinstance(column, Categorical),
    )


def _types(table: Table, features: dict[str, Column]) -> dict[str, str]:
    """Return the kinds that follow from how values are written."""
    booleans = {name: "boolean" for name, found in table.notations.items() if found == TRUTH}
    codes = {
        name: "text"
        for name, column in features.items()
        if isinstance(column, Categorical)
        and column.levels
        and all(map(str.isdigit, column.levels))
    }
    return booleans | codes


def _exponents(table: Table, features: dict[str, Column]) -> list[str]:
    """Return a note on each column that holds 100 as well as 1E2."""
    whole = [
        name
        for name, column in features.items()
        if not isinstance(column, Categorical) and bool((column == np.floor(column)).any())
    ]
    return [
        f"column {show_name(name)} holds numbers such as 100 and 1E2: if they are codes, set "
        f"data.types: {{{show_name(name)}: text}}"
        for name in mixed_exponents(table, whole)
    ]


def _rarer(column: Column) -> Label | None:
    """Return the label that occurs least, of equals the first; None where there is none."""
    if isinstance(column, Categorical):
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        return column.levels[int(np.argmin(counts))] if counts.size else None
    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    return float(values[np.argmin(counts)]) if counts.size else None
