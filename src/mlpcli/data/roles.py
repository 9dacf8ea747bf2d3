"""Says what each column of a table is for: feature, target, row weight, or mark of a split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import near_names, show_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlpcli.config import DataConfig

__all__ = ["Roles", "assign_roles", "marks_of", "needed_columns"]


@dataclass(frozen=True)
class Roles:
    """Names of the columns in use; `marks` are those by whose value rows are split.

    `group` is the one whose rows stay in one part.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...] = ()
    weight: str | None = None
    marks: tuple[str, ...] = ()
    group: str | None = None

    @property
    def weights(self) -> tuple[str, ...]:
        """The weight's name, or none."""
        return () if self.weight is None else (self.weight,)

    @property
    def groups(self) -> tuple[str, ...]:
        """The name of the group's column, or none."""
        return () if self.group is None else (self.group,)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, each once."""
        used = (*self.features, *self.targets, *self.weights, *self.marks, *self.groups)
        return tuple(dict.fromkeys(used))


def marks_of(data: DataConfig) -> tuple[str, ...]:
    """Return the columns by whose values rows are split."""
    from mlpcli.config import RowsWhere  # pydantic: prediction, which has no config, does without

    parts = (data.validation, data.test)
    return tuple(dict.fromkeys(part.column for part in parts if isinstance(part, RowsWhere)))


def needed_columns(data: DataConfig) -> tuple[str, ...] | None:
    """Return the columns that the config names, or None where it wants all of the table."""
    if data.features is None:
        return None
    return Roles(data.features, data.target, data.weight, marks_of(data), data.group).names


def assign_roles(names: Sequence[str], data: DataConfig) -> Roles:
    """Return the role of each column of a table with these names.

    Without `data.features` every column is a feature that is not the target, the weight, a mark
    of a split, the group, or dropped. Raises DataError for a name that the table does not have.
    """
    marks = marks_of(data)
    weight, group = (() if name is None else (name,) for name in (data.weight, data.group))
    asked = {
        "data.target": data.target,
        "data.features": data.features or (),
        "data.drop": data.drop,
        "data.weight": weight,
        "data.group": group,
        "data.validation/test": marks,
        "data.types": data.types,
        "data.missing": data.missing if isinstance(data.missing, dict) else (),
        "data.missing_values": data.missing_values if isinstance(data.missing_values, dict) else (),
    }
    lines = [line for key, wanted in asked.items() for line in _unknown(key, wanted, names)]
    if lines:
        raise DataError(*lines)
    taken = {*data.target, *weight, *marks, *group, *data.drop}
    features = data.features or tuple(name for name in names if name not in taken)
    if not features:
        beside = ", ".join(show_name(name) for name in names if name in taken)
        raise DataError(f"no feature column is left beside {beside}")
    return Roles(features, data.target, data.weight, marks, data.group)


def _unknown(key: str, wanted: Iterable[str], names: Sequence[str]) -> list[str]:
    return [
        f"{key}: no column {show_name(name)} in the data{near_names(name, names)}"
        for name in wanted
        if name not in names
    ]
