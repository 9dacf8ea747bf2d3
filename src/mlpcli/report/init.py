"""A first config for a table, with comments that say what was seen and what may be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.text import printable, quoted

if TYPE_CHECKING:
    from mlpcli.data.survey import ColumnSurvey, Survey

__all__ = ["starter_config"]

_TEMPLATE = """\
# {rows} rows in {file}. Train with: mlp train {config}
# All keys and their defaults: mlp config show {config}

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


def starter_config(survey: Survey, file: str, train: str, config: str) -> str:
    """Return YAML text for the table `file`; `train` is its path as seen from the config."""
    enough = survey.rows >= _FEWEST_TO_SPLIT
    return _TEMPLATE.format(
        parts=_SPLIT if enough else _NO_SPLIT,
        patience=_PATIENCE if enough else "",
        rows=survey.rows,
        file=printable(file),
        config=printable(config),
        train=quoted(train),
        target=quoted(survey.target.name),
        choices=_positive(survey) + _features(survey.features) + _missing(survey),
    )


def _positive(survey: Survey) -> str:
    if survey.labels:
        return _labels(survey)
    if survey.positive is None or survey.negative is None:
        return ""
    chosen, other = quoted(survey.positive), quoted(survey.negative)
    return f"  positive: {chosen}  # counts as 1, and {other} as 0: a guess, the rarer one\n"


def _labels(survey: Survey) -> str:
    order = ", ".join(map(quoted, survey.labels))
    some = f"[{order}]" if len(survey.labels) <= _MOST_LISTED else "[..]"
    return (f"  # labels: {some}  # the order of the {len(survey.labels)} labels; or positive: "
            f"{quoted(survey.labels[0])}, against the rest\n")  # fmt: skip


def _features(columns: tuple[ColumnSurvey, ...]) -> str:
    lines = ["  features:\n"]
    for column in columns:
        missing = f", {column.missing} missing" if column.missing else ""
        lines.append(f"    - {quoted(column.name)}  # {printable(column.summary)}{missing}\n")
    return "".join(lines)


def _missing(survey: Survey) -> str:
    if survey.target.missing:
        return (f"  missing: drop                # {survey.target.missing} rows have no target; "
                "drop leaves out every row that misses a value\n")  # fmt: skip
    if any(column.missing for column in survey.features):
        return "  missing: median              # fill gaps; or mean, drop, error\n"
    return ""
