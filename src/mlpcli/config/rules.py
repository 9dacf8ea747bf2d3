"""What no single key can see: settings that are each fine, but impossible together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from mlpcli.config.words import KeyPath, show_path, show_value
from mlpcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.config.schema import Config

__all__ = ["RULES", "Conflict", "refuse_conflicts"]


@dataclass(frozen=True)
class Conflict:
    """A key that cannot be what it is, why, and the other keys that make it so."""

    path: KeyPath
    reason: str
    others: tuple[KeyPath, ...] = ()


def refuse_conflicts(config: Config) -> None:
    """Raise one ValidationError with every conflict, each at its own location."""
    conflicts = [conflict for rule in RULES for conflict in rule(config)]
    if conflicts:
        raise ValidationError.from_exception_data("Config", [_details(c) for c in conflicts])


def _details(conflict: Conflict) -> InitErrorDetails:
    context = {"reason": conflict.reason, "others": conflict.others}
    error = PydanticCustomError("conflict", "{reason}", context)
    return InitErrorDetails(type=error, loc=conflict.path, input=None)


def each_item_once(config: Config) -> Iterator[Conflict]:
    """Refuse a list that holds the same name twice."""
    for key in ("train", "target", "features", "drop", "validation", "test"):
        names = getattr(config.data, key)
        seen: dict[str, int] = {}
        for index, name in enumerate(names if isinstance(names, tuple) else ()):
            if name in seen:
                first = show_path(("data", key, seen[name]))
                reason = f"expected each entry once, got {show_value(name)} already at {first}"
                yield Conflict(("data", key, index), f"{reason}; remove one")
            seen.setdefault(name, index)


def one_role_per_column(config: Config) -> Iterator[Conflict]:
    """Refuse a column that is more than one of target, weight, feature and dropped."""
    data = config.data
    weight = () if data.weight is None else (data.weight,)
    roles = {"target": data.target, "weight": weight, "features": data.features, "drop": data.drop}
    owner: dict[str, str] = {}
    for key, names in roles.items():
        for index, name in enumerate(names or ()):
            if owner.get(name, key) != key:
                reason = f"expected a column with no other role, got {show_value(name)}"
                path = ("data", key) if key == "weight" else ("data", key, index)
                role = f"data.{owner[name]}"
                yield Conflict(path, f"{reason}, which {role} names", (("data", owner[name]),))
            owner.setdefault(name, key)


def splits_leave_rows(config: Config) -> Iterator[Conflict]:
    """Refuse fractions that take all rows of the training table."""
    validation, test = config.data.validation, config.data.test
    if isinstance(validation, float) and isinstance(test, float) and validation + test >= 1:
        total = f"{validation:g} + {test:g}"
        reason = (
            f"expected a fraction that leaves rows to train on, got validation + test = {total}"
        )
        yield Conflict(("data", "test"), reason, (("data", "validation"),))


def splits_differ(config: Config) -> Iterator[Conflict]:
    """Refuse the same rows as validation and as test."""
    validation, test = config.data.validation, config.data.test
    if test is not None and not isinstance(test, float) and validation == test:
        reason = "expected other rows than data.validation, got the same"
        yield Conflict(("data", "test"), reason, (("data", "validation"),))


def splits_have_own_columns(config: Config) -> Iterator[Conflict]:
    """Refuse rows chosen by a target, which would all be of one class, or by a feature."""
    for key in ("validation", "test"):
        column = getattr(getattr(config.data, key), "column", None)
        if column in (*config.data.target, *(config.data.features or ())):
            reason = f"expected neither a target nor a feature, got {show_value(column)}"
            others: tuple[KeyPath, ...] = (("data", "target"), ("data", "features"))
            yield Conflict(("data", key, "column"), reason, others)


def positive_fits_targets(config: Config) -> Iterator[Conflict]:
    """Refuse a list of positive labels of another length, and keys that are no targets."""
    positive, targets = config.data.positive, config.data.target
    others = (("data", "target"),)
    if isinstance(positive, tuple) and len(positive) != len(targets):
        reason = f"expected one label per target ({len(targets)}), got {len(positive)}"
        yield Conflict(("data", "positive"), reason, others)
    for name in positive if isinstance(positive, dict) else ():
        if name not in targets:
            reason = (
                f"expected a target as key, got {show_value(name)}{did_you_mean(name, targets)}"
            )
            yield Conflict(("data", "positive", name), reason, others)


def derivative_has_forms(config: Config) -> Iterator[Conflict]:
    """Refuse a form of the derivative where the loss has only one."""
    loss = config.loss
    if loss.kind == "mse" and loss.derivative != "stable":
        reason = (
            f'expected no form for kind mse, got "{loss.derivative}"; remove it or use kind bce'
        )
        yield Conflict(("loss", "derivative"), reason, (("loss", "kind"),))


def validation_is_there(config: Config) -> Iterator[Conflict]:
    """Refuse what looks at validation rows where there are none."""
    training = config.training
    needs: dict[KeyPath, bool] = {
        ("training", "patience"): training.patience is not None,
        ("training", "schedule"): training.schedule.name == "plateau",
        ("training", "threshold"): not isinstance(training.threshold, float),
    }
    for path in (path for path, needed in needs.items() if needed):
        if config.data.validation is None:
            reason = 'expected validation rows for this, got none; add "validation: 0.2" to data'
            yield Conflict(path, reason, (("data", "validation"),))


def floor_is_below(config: Config) -> Iterator[Conflict]:
    """Refuse a cosine that would have to rise to its floor."""
    rate = config.training.optimizer.learning_rate
    floor = getattr(config.training.schedule, "floor", 0.0)
    if floor > rate:
        reason = f"expected at most the learning rate {rate:g}, got {floor:g}"
        yield Conflict(("training", "schedule", "floor"), reason, (("training", "optimizer"),))


RULES: tuple[Callable[[Config], Iterator[Conflict]], ...] = (
    each_item_once,
    one_role_per_column,
    splits_leave_rows,
    splits_differ,
    splits_have_own_columns,
    positive_fits_targets,
    derivative_has_forms,
    validation_is_there,
    floor_is_below,
)
