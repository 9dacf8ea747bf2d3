"""Looks a table over before anything is decided: what each column holds, and what may be 1."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.counting import counted, in_silence
from mlpcli.data.columns import is_missing
from mlpcli.data.describe import describe, stands_aside
from mlpcli.data.label_choice import only_nonzero
from mlpcli.data.labels import Label, distinct, is_truth_pair, label_text
from mlpcli.data.lone_labels import lone_label_notes
from mlpcli.data.positive import word_for_yes
from mlpcli.data.reading import reading_of
from mlpcli.data.roles import marks_of
from mlpcli.data.signs import Signs, find_signs, read_columns
from mlpcli.data.survey_reading import layout_for, open_for_survey, read_again
from mlpcli.data.table import TRUTH, Categorical, Reading, Table
from mlpcli.data.table.look import mixed_exponents
from mlpcli.data.table.reading import CODES
from mlpcli.data.table_notes import notation_notes
from mlpcli.data.target import AnyTarget, Classes, OneAgainstRest, fit_target
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlpcli.config import DataConfig
    from mlpcli.counting import Counting
    from mlpcli.data.table import Column, Notation

__all__ = ["ColumnSurvey", "Survey", "TargetSurvey", "survey"]


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
    the table already is kept to: how it is read, what is missing, what else columns are for, and
    which label is 1.
    """
    usual = Reading(as_written=frozenset(targets))
    if said is not None:
        usual = replace(reading_of(said), columns=None)
    reading = layout_for(file, targets, usual)
    settled = said is not None and "missing_values" in said.model_fields_set
    kept = () if said is None else said.keep_values
    codes = () if settled else tuple(code for code in CODES if code not in kept)
    with open_for_survey(file, drop, reading, counting, codes) as table:
        signs = (
            Signs(read_columns(table), {})
            if settled
            else find_signs(table, targets, usual.missing, reading, kept)
        )
        columns = signs.columns
        again = read_again(file, targets, reading, signs)
        columns |= again.columns
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
            types=_types({**table.notations, **again.notations}, features),
            missing_values=signs.missing_values,
            notes=(
                *table.notes,
                *notation_notes(table, targets),
                *again.notes,
                *_exponents(table, features),
                *lone_label_notes(table, [target for target, _ in fitted]),
            ),
            header=reading.layout.header is None,
            dropped=(*usual.drop, *drop),
            keep_values=signs.keep_values,
        )


def _other_roles(said: DataConfig | None) -> set[str]:
    """Return the columns that are said to be for something else than the inputs."""
    if said is None:
        return set()
    return {name for name in (said.group, said.weight, *marks_of(said)) if name is not None}


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
    """Whether the labels are true and false by words, or 0 and another number.

    The letters t and f alone say nothing.
    """
    letters = {label_text(label).lower() for label in labels} == {"t", "f"}
    return (is_truth_pair(labels) and not letters) or only_nonzero(labels) is not None


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


def _types(notations: Mapping[str, Notation], features: dict[str, Column]) -> dict[str, str]:
    """Return the kinds that follow from how values are written."""
    booleans = {name: "boolean" for name, found in notations.items() if found == TRUTH}
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
