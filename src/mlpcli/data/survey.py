"""Looks a table over before anything is decided: what each column holds, and what may be 1."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.counting import counted, in_silence
from mlpcli.data.columns import is_missing
from mlpcli.data.describe import describe, sentinels, stands_aside
from mlpcli.data.labels import Label, distinct, is_truth_pair, label_text
from mlpcli.data.lone_labels import lone_label_notes
from mlpcli.data.positive import word_for_yes
from mlpcli.data.reading import reading_of
from mlpcli.data.roles import marks_of
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
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from mlpcli.config import DataConfig
    from mlpcli.counting import Counting
    from mlpcli.data.table import Column

__all__ = ["ColumnSurvey", "Survey", "TargetSurvey", "survey"]

_LABEL = "None"  # of the usual signs of a missing value the one that is a word
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
    seems to stand for missing values, by column, and `keep_values` usual signs of them that are
    labels here; `notes` say how the files were read. `header` is False for a file without names.
    `dropped` are columns that were not to be looked at.
    """

    rows: int
    features: tuple[ColumnSurvey, ...]
    targets: tuple[TargetSurvey, ...]
    types: dict[str, str]
    missing_values: dict[str, list[str | float]]
    notes: tuple[str, ...]
    header: bool = True
    dropped: tuple[str, ...] = ()
    keep_values: tuple[str, ...] = ()


def survey(
    file: str | Path,
    targets: Sequence[str],
    drop: Sequence[str] = (),
    *,
    said: DataConfig | None = None,
    counting: Counting = in_silence,
) -> Survey:
    """Read the table and describe it; raises DataError if it or a target cannot be used.

    Of two texts the word for yes is proposed as positive, or else the rarer one. What is `said` of
    the table already is kept to: how it is read, what else columns are for, and which label is 1.
    """
    usual = Reading(as_written=frozenset(targets))
    if said is not None:
        usual, drop = replace(reading_of(said), columns=None), (*drop, *said.drop)
    reading = _layout_for(file, targets, usual)
    with _open(file, drop, reading, counting) as table:
        columns = {name: table.read([name])[name] for name in table.names}
        codes = _codes(table, columns, usual.missing)
        for name in targets:
            codes[name] = [
                code for code in codes.get(name, []) if not _is_label(columns[name], code)
            ]
        kept = {} if said and said.keep_values else _kept_labels(table, targets, reading)
        if kept:
            codes = _with_kept_as_missing(table, codes, columns.keys() - kept.keys())
        codes = {name: some for name, some in codes.items() if some}
        columns |= kept
        columns = {name: _without(column, codes.get(name, [])) for name, column in columns.items()}
        taken = {*targets, *_other_roles(said)}
        features = {name: column for name, column in columns.items() if name not in taken}
        if not features:
            beside = ", ".join(map(show_name, targets))
            raise DataError(f"{file}: no feature column is left beside {beside}")
        positives = {} if said is None else said.positives
        alone = len(targets) == 1
        fitted = [_fit(name, columns[name], positives.get(name), alone=alone) for name in targets]
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
            notes=(
                *table.notes,
                *notation_notes(table, targets),
                *_exponents(table, features),
                *lone_label_notes(table, [target for target, _ in fitted]),
            ),
            header=reading.layout.header is None,
            dropped=tuple(drop),
            keep_values=(_LABEL,) if kept else (),
        )


def _other_roles(said: DataConfig | None) -> set[str]:
    """Return the columns that are said to be for something else than the inputs."""
    if said is None:
        return set()
    return {name for name in (said.group, said.weight, *marks_of(said)) if name is not None}


def _is_label(column: Column, text: str | float) -> bool:
    """Whether a text that may stand for a missing target is a label: the others are no more often.

    It also is where the others would be too few to be told apart.
    """
    if not isinstance(column, Categorical) or text not in column.levels:
        return False
    counts = dict(zip(column.levels, _counts(column), strict=True))
    others = [count for level, count in counts.items() if level not in {_LABEL, *CODES}]
    return len(others) < 2 or counts[str(text)] >= min(others)


def _counts(column: Categorical) -> list[int]:
    counts: list[int] = np.bincount(column.codes + 1, minlength=len(column.levels) + 1).tolist()
    return counts[1:]


def _kept_labels(table: Table, targets: Sequence[str], reading: Reading) -> dict[str, Categorical]:
    """Return the targets of which None, a usual sign of a missing value, is a label."""
    found = {}
    for name in texts_met(_plainly(table, reading.missing.minus([_LABEL])), targets, [_LABEL]):
        own = {name: reading.missing_of(name).minus([_LABEL])}
        try:
            with Table(table.paths, replace(reading, columns=(name,), missing_in=own)) as again:
                column = again.load().read([name])[name]
        except DataError:  # the labels are numbers, and a text is none of them
            continue
        if isinstance(column, Categorical) and _is_label(column, _LABEL):
            found[name] = column
    return found


def _with_kept_as_missing(
    table: Table, codes: dict[str, list[str | float]], others: Collection[str]
) -> dict[str, list[str | float]]:
    """Return the codes, with what is a label of a target for the columns that hold it too."""
    met = texts_met(table, sorted(others), [_LABEL])  # which is no sign to the table any more
    return {name: [*codes.get(name, []), *met.get(name, [])] for name in {**codes, **met}}


def _codes(
    table: Table, columns: dict[str, Column], usual: Missing
) -> dict[str, list[str | float]]:
    """Return what columns hold that seems to stand for missing values, where they do."""
    codes = [text for text in CODES if text in table.reading.missing.texts]
    numbers = [name for name, column in columns.items() if not isinstance(column, Categorical)]
    met = texts_met(_plainly(table, usual), numbers, codes) if codes else {}
    found = {name: _codes_of(column, met.get(name, [])) for name, column in columns.items()}
    return {name: some for name, some in found.items() if some}


def _codes_of(column: Column, met: list[str]) -> list[str | float]:
    if isinstance(column, Categorical):
        return [text for text in column.levels if text in CODES]
    return [*met, *sentinels(column)]


def _without(column: Column, codes: Sequence[str | float]) -> Column:
    """Return a column with some of its numbers or texts as missing values."""
    if isinstance(column, Categorical):
        levels = [level for level in column.levels if level not in codes]
        places = [levels.index(level) if level in levels else -1 for level in column.levels]
        return Categorical(np.array([*places, -1], np.int32)[column.codes], tuple(levels))
    numbers = [code for code in codes if not isinstance(code, str)]
    return np.where(np.isin(column, numbers), np.nan, column) if numbers else column


def _plainly(table: Table, usual: Missing) -> Table:
    """Return the table as it would be read if no more were missing than usually is."""
    plain = replace(table.reading, missing=usual)
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
        own = {name: reading.missing_of(name) for name in reading.as_written}
        more = replace(reading, missing=reading.missing.plus(CODES), missing_in=own)
        try:
            return Table([file], more).load(counting)
        except DataError:
            raise error from None


def _fit(
    name: str, column: Column, said: Label | bool | None, *, alone: bool
) -> tuple[AnyTarget, TargetSurvey]:
    """Return a target as it would be fitted, and what there is to say of it."""
    missing = int(is_missing(column).sum())
    seen = TargetSurvey(ColumnSurvey(name, missing, describe(column)))
    if said is not None:
        return fit_target(name, column, said, None, alone=alone), seen
    labels, positive, why = distinct(column), None, ""
    if len(labels) == 2 and not _says_which_is_true(labels):
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


def _says_which_is_true(labels: Sequence[Label]) -> bool:
    """Whether the labels are true and false by words or numbers; t and f are but letters."""
    letters = {label_text(label).lower() for label in labels} == {"t", "f"}
    return is_truth_pair(labels) and not letters


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
