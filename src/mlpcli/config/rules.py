"""What no single key can see: settings that are each fine, but impossible together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from mlpcli.config.optimizers import Lbfgs
from mlpcli.names import DERIVATIVES, LOSS_OUTPUTS
from mlpcli.text import did_you_mean, show_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.config.schema import Sections
    from mlpcli.config.yaml import KeyPath

__all__ = ["RULES", "refuse_conflicts"]

_ALONE = ("weight", "group")  # keys of data that name one column


def refuse_conflicts(config: Sections) -> None:
    """Raise one ValidationError with every conflict, each at its own location."""
    conflicts = [conflict for rule in RULES for conflict in rule(config)]
    if conflicts:
        raise ValidationError.from_exception_data("Config", conflicts)


def _conflict(path: KeyPath, reason: str, *others: KeyPath) -> InitErrorDetails:
    """Return the error of a key that cannot be what it is because of `others`."""
    error = PydanticCustomError("conflict", "{reason}", {"reason": reason, "others": others})
    return InitErrorDetails(type=error, loc=path, input=None)


def each_item_once(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse a list that holds the same name twice."""
    for key in ("train", "target", "labels", "features", "drop", "validation", "test"):
        names = getattr(config.data, key)
        seen: dict[str, int] = {}
        for index, name in enumerate(names if isinstance(names, tuple) else ()):
            first = seen.setdefault(name, index)
            if first != index:
                got = f"{show_value(name)} already at data.{key}[{first}]"
                reason = f"expected each entry once, got {got}; remove one"
                yield _conflict(("data", key, index), reason)


def one_role_per_column(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse a column that is more than one of target, weight, group, feature and dropped."""
    data = config.data
    alone = {key: () if (name := getattr(data, key)) is None else (name,) for key in _ALONE}
    roles = {"target": data.target, **alone, "features": data.features, "drop": data.drop}
    owner: dict[str, str] = {}
    for key, names in roles.items():
        for index, name in enumerate(names or ()):
            other = owner.setdefault(name, key)
            if other != key:
                got = f"{show_value(name)}, which data.{other} names"
                path = ("data", key) if key in _ALONE else ("data", key, index)
                reason = f"expected a column with no other role, got {got}"
                yield _conflict(path, reason, ("data", other))


def splits_leave_rows(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse fractions that take all rows of the training table."""
    validation, test = config.data.validation, config.data.test
    if isinstance(validation, float) and isinstance(test, float) and validation + test >= 1:
        got = f"validation + test = {validation:g} + {test:g}"
        reason = f"expected a fraction that leaves rows to train on, got {got}"
        yield _conflict(("data", "test"), reason, ("data", "validation"))


def splits_differ(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse the same rows as validation and as test."""
    validation, test = config.data.validation, config.data.test
    if test is not None and not isinstance(test, float) and validation == test:
        reason = "expected other rows than data.validation, got the same"
        yield _conflict(("data", "test"), reason, ("data", "validation"))


def splits_have_own_columns(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse rows chosen by a target, which would all be of one class, or by a feature."""
    for key in ("validation", "test"):
        column = getattr(getattr(config.data, key), "column", None)
        if column in (*config.data.target, *(config.data.features or ())):
            reason = f"expected neither a target nor a feature, got {show_value(column)}"
            path = ("data", key, "column")
            yield _conflict(path, reason, ("data", "target"), ("data", "features"))


def positive_fits_targets(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse a list of positive labels of another length, and keys that are no targets."""
    positive, targets = config.data.positive, config.data.target
    if isinstance(positive, tuple) and len(positive) != len(targets):
        reason = f"expected one label per target ({len(targets)}), got {len(positive)}"
        yield _conflict(("data", "positive"), reason, ("data", "target"))
    for name in positive if isinstance(positive, dict) else ():
        if name not in targets:
            got = show_value(name) + did_you_mean(name, targets)
            reason = f"expected a target as key, got {got}"
            yield _conflict(("data", "positive", name), reason, ("data", "target"))


def labels_fit_target(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse an order of labels for several targets, and for one label against the rest."""
    data = config.data
    if data.labels is not None and len(data.target) > 1:
        reason = f"expected one target to order the labels of, got {len(data.target)}"
        yield _conflict(("data", "labels"), reason, ("data", "target"))
    if data.labels is not None and data.positive is not None:
        reason = "expected no order of labels beside data.positive, which is one against the rest"
        yield _conflict(("data", "labels"), reason, ("data", "positive"))


def marks_differ(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse one character for two things that a number or a line cannot tell apart."""
    data = config.data
    for key, other in (("thousands", "decimal"), ("comment", "delimiter")):
        mark = getattr(data, key)
        if mark is not None and mark == getattr(data, other):
            reason = f"expected another character than data.{other}, got {show_value(mark)} twice"
            yield _conflict(("data", key), reason, ("data", other))


def derivative_has_forms(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse a form of the derivative where the loss has only one.

    The usual form may stand there: a run writes its config with all that is default.
    """
    loss = config.loss
    if loss.kind not in {None, *DERIVATIVES} and loss.derivative != type(loss)().derivative:
        got = f'"{loss.derivative}"; remove it or use kind {" or ".join(DERIVATIVES)}'
        reason = f"expected no form for kind {loss.kind}, got {got}"
        yield _conflict(("loss", "derivative"), reason, ("loss", "kind"))


def output_fits_loss(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse an output that the loss does not go with; a loss that is not named may yet be one."""
    kind, output = config.loss.kind, config.network.output
    usual = [outputs[0] for outputs in LOSS_OUTPUTS.values()]
    known = usual if kind is None else LOSS_OUTPUTS.get(kind, [output])
    if output is not None and output not in known:
        of = [loss for loss, outputs in LOSS_OUTPUTS.items() if output in outputs]
        reason = f"expected an output of loss.kind {kind or 'null'}, got {output}, which goes with "
        reason += " or ".join(of)
        yield _conflict(("network", "output"), reason, ("loss", "kind"))


def validation_is_there(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse what looks at validation rows where there are none."""
    training = config.training
    without = {
        "patience": (training.patience is not None, "null"),
        "schedule": (training.schedule.name == "plateau", "constant"),
        "threshold": (not isinstance(training.threshold, float), "0.5"),
    }
    if config.data.validation is None:
        for key, (needed, otherwise) in without.items():
            if needed:
                reason = "expected validation rows for this, got none; set data.validation, say "
                reason += f"to 0.2, or training.{key} to {otherwise}"
                yield _conflict(("training", key), reason, ("data", "validation"))


def floor_is_below(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse a cosine that would have to rise to its floor."""
    rate = config.training.optimizer.learning_rate
    floor = getattr(config.training.schedule, "floor", 0.0)
    if floor > rate:
        reason = f"expected at most the learning rate {rate:g}, got {floor:g}"
        yield _conflict(("training", "schedule", "floor"), reason, ("training", "optimizer"))


def full_batch_has_no_other(config: Sections) -> Iterator[InitErrorDetails]:
    """Refuse batches and a schedule where each step takes all rows and finds its own length.

    What is said is what there would be anyway in a config that a run has resolved.
    """
    training = config.training
    if not isinstance(training.optimizer, Lbfgs):
        return
    usual = type(training)()
    if training.batch_size != usual.batch_size:
        got = f"{training.batch_size}; remove it"
        reason = f"expected none beside optimizer lbfgs, which takes all rows at once, got {got}"
        yield _conflict(("training", "batch_size"), reason, ("training", "optimizer"))
    if training.schedule != usual.schedule:
        got = f"{training.schedule.name}; remove it"
        reason = f"expected none beside optimizer lbfgs, which finds its own steps, got {got}"
        yield _conflict(("training", "schedule"), reason, ("training", "optimizer"))


RULES: tuple[Callable[[Sections], Iterator[InitErrorDetails]], ...] = (
    each_item_once,
    one_role_per_column,
    splits_leave_rows,
    splits_differ,
    splits_have_own_columns,
    positive_fits_targets,
    labels_fit_target,
    marks_differ,
    derivative_has_forms,
    output_fits_loss,
    validation_is_there,
    floor_is_below,
    full_batch_has_no_other,
)
