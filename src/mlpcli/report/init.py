"""A first config for a table, with comments that say what was seen and what may be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.text import in_shell, printable, quoted, show_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.data.survey import ColumnSurvey, Survey, TargetSurvey

__all__ = ["starter_config", "starter_notes", "unseen_starter"]

_TEMPLATE = """\
# {rows} rows in {file}. Train with: mlp train {config}
# All keys and their defaults: mlp config show {config}
{notes}
data:
  train: {train}
  target: {target}
{choices}{parts}
network:
  hidden: [16]                 # units per sigmoid layer; [] is logistic regression

training:
  optimizer: {{name: adam, learning_rate: 0.01}}
  epochs: 200
{patience}  seed: 0
"""
_FEWEST_TO_SPLIT = 50
_MOST_LISTED = 12
_MOST_FEATURES = 1000  # with a line each
_SPLIT = """\
  validation: 0.2              # share of rows that choose the best epoch
  test: 0.2                    # share kept aside until the end
"""
_NO_SPLIT = """\
  # validation: 0.2            # share of rows that choose the best epoch: these are too few
"""
_PATIENCE = """\
  patience: 20                 # stop when validation has not improved for so many epochs
"""


def starter_config(
    survey: Survey, file: str, train: str, config: str, *, patient: bool = True
) -> str:
    """Return YAML text for the table `file`; `train` is its path as seen from the config.

    `patient` it stops early, by the validation rows, if there are any.
    """
    return _filled(
        [target.column.name for target in survey.targets],
        enough=survey.rows >= _FEWEST_TO_SPLIT,
        patient=patient,
        rows=survey.rows,
        file=printable(file),
        config=in_shell(config),
        notes="".join(f"# {printable(note)}\n" for note in survey.notes),
        train=quoted(train),
        choices="".join([
            "" if survey.header else "  header: false                # columns are c1, c2, ..\n",
            _positive(survey.targets),
            _inputs(survey),
            _types(survey),
            _missing(survey),
        ]),
    )  # fmt: skip


def unseen_starter(
    train: str, targets: Sequence[str], drop: Sequence[str], *, enough: bool, patient: bool = True
) -> str:
    """Return what `starter_config` says of every table; `enough` rows there are to set some aside.

    By it is judged what is asked for, before the table is read.
    """
    dropped = "".join(f"    - {quoted(name)}\n" for name in drop)
    choices = f"  drop:\n{dropped}" if drop else ""
    return _filled(
        targets, enough=enough, patient=patient, rows=0, file="", config="", notes="",
        train=quoted(train), choices=choices,
    )  # fmt: skip


def _filled(targets: Sequence[str], *, enough: bool, patient: bool, **parts: object) -> str:
    return _TEMPLATE.format(
        target=_flow(targets),
        parts=_SPLIT if enough else _NO_SPLIT,
        patience=_PATIENCE if enough and patient else "",
        **parts,
    )


def starter_notes(survey: Survey) -> tuple[str, ...]:
    """Return what the comments of `starter_config` say of guesses and of what it leaves out."""
    notes = [*survey.notes]
    for target in survey.targets:
        name = show_name(target.column.name)
        if target.positive is not None and target.negative is not None:
            chosen, other = quoted(target.positive), quoted(target.negative)
            notes.append(f"target {name}: {chosen} counts as 1, and {other} as 0: {target.why}")
    aside = [column for column in survey.features if column.aside]
    if len(aside) < len(survey.features):
        notes += [f"column {show_name(c.name)} is left out: {c.aside}" for c in aside]
    told = "\n".join(survey.notes)
    types = {show_name(name): kind for name, kind in survey.types.items()}
    notes += [
        f"column {name} is read as {kind}" for name, kind in types.items() if name not in told
    ]
    for text in survey.keep_values:
        label = quoted(text)
        notes.append(
            f"{label} is taken as a label; if it means a missing value, leave out data.keep_values"
        )
    for name, codes in survey.missing_values.items():
        some = ", ".join(map(quoted, codes))
        notes.append(
            f"column {show_name(name)}: {some} is taken as missing, as it looks like it; if it is "
            f"a value: --set 'data.keep_values=[{some}]'"
        )
    if survey.rows < _FEWEST_TO_SPLIT:
        notes.append(f"{survey.rows} rows are too few to set some aside for validation and test")
    return tuple(notes)


def _flow(names: Sequence[str]) -> str:
    return quoted(names[0]) if len(names) == 1 else f"[{', '.join(map(quoted, names))}]"


def _positive(targets: tuple[TargetSurvey, ...]) -> str:
    alone = len(targets) == 1
    if alone and targets[0].labels:
        return _labels(targets[0])
    lines = []
    for target in targets:
        if target.positive is None or target.negative is None:
            continue
        chosen, other = quoted(target.positive), quoted(target.negative)
        key = "  positive:" if alone else f"    {quoted(target.column.name)}:"
        lines.append(f"{key} {chosen}  # counts as 1, and {other} as 0: {target.why}\n")
    return "".join(["" if alone or not lines else "  positive:\n", *lines])


def _labels(target: TargetSurvey) -> str:
    order = ", ".join(map(quoted, target.labels))
    some = f"[{order}]" if len(target.labels) <= _MOST_LISTED else "[..]"
    return (f"  # labels: {some}  # the order of the {len(target.labels)} labels; or positive: "
            f"{quoted(target.labels[0])}, against the rest\n")  # fmt: skip


def _inputs(survey: Survey) -> str:
    """Return what chooses the features; what should be none is left out, but never all."""
    columns = survey.features
    some = any(not column.aside for column in columns)
    aside = {column.name for column in columns if column.aside and some}
    return (_features if len(columns) <= _MOST_FEATURES else _but_few)(survey, aside)


def _features(survey: Survey, aside: set[str]) -> str:
    """Return the list of features, a line each; those aside are commented out."""
    lines = ["  features:\n"]
    for column in survey.features:
        mark = "# - " if column.name in aside else "- "
        lines.append(f"    {mark}{_line(column)}")
    return "".join(lines)


def _but_few(survey: Survey, aside: set[str]) -> str:
    """Return what leaves columns out where the others are too many to be named."""
    lines = [f"    - {_line(column)}" for column in survey.features if column.name in aside]
    lines += [f"    - {quoted(name)}\n" for name in survey.dropped]
    head = f"  # features: the other {len(survey.features) - len(aside)} columns\n"
    return "".join([head, "  drop:\n" if lines else "", *lines])


def _line(column: ColumnSurvey) -> str:
    missing = f", {column.missing} missing" if column.missing else ""
    aside = f": {printable(column.aside)}" if column.aside else ""
    return f"{quoted(column.name)}  # {printable(column.summary)}{missing}{aside}\n"


def _types(survey: Survey) -> str:
    if not survey.types:
        return ""
    pairs = ", ".join(f"{quoted(name)}: {kind}" for name, kind in survey.types.items())
    return f"  types: {{{pairs}}}  # as their values are written\n"


def _missing(survey: Survey) -> str:
    lines = []
    codes = survey.missing_values
    if survey.keep_values:
        kept = ", ".join(map(quoted, survey.keep_values))
        lines.append(f"  keep_values: [{kept}]        # a label, and no missing value\n")
    if codes:
        pairs = (f"{quoted(k)}: [{', '.join(map(quoted, v))}]" for k, v in codes.items())
        lines.append(f"  missing_values: {{{', '.join(pairs)}}}  # which look like it\n")
    if any(target.column.missing for target in survey.targets):
        count = max(target.column.missing for target in survey.targets)
        lines.append(f"  missing_target: drop         # {count} rows have no target\n")
    if any(column.missing or column.name in codes for column in survey.features):
        lines.append("  missing: median              # fill gaps; or mean, level, drop, error\n")
    if any(column.text for column in survey.features):
        lines.append("  max_levels: 100              # most texts of a column with own inputs\n")
    return "".join(lines)
