"""Settles what a config leaves to its target, and refuses what does not go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.labels import named, shown
from mlpcli.data.target import Classes, classes_of
from mlpcli.errors import DataError
from mlpcli.nn.losses import LOSSES
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.config import Config, LossConfig
    from mlpcli.data.target import AnyTarget

__all__ = ["label_weights", "settle"]


def settle(config: Config, targets: Sequence[AnyTarget]) -> Config:
    """Return the config with the loss that belongs to the targets where it names none.

    Raises DataError with every key that does not go with them.
    """
    target = classes_of(targets)
    config = config.with_loss("bce" if target is None else "cross_entropy")
    lines = [*(_of_two(config, targets) if target is None else _of_many(config, target))]
    if lines:
        raise DataError(*lines)
    return config


def _of_two(config: Config, targets: Sequence[AnyTarget]) -> Iterator[str]:
    """Yield what needs a target of three and more labels."""
    names = ", ".join(show_name(target.name) for target in targets)
    assert config.loss.kind is not None, "the loss has just been settled"
    loss = LOSSES[config.loss.kind]
    if not loss.separable:
        yield (f"loss.kind: {loss.name} needs one target of three and more labels, got {names} "
               "of two; use bce")  # fmt: skip
    if isinstance(config.loss.class_weight, dict):
        yield f"loss.class_weight: expected the keys 0 and 1 for {names}, which has two labels"


def _of_many(config: Config, target: Classes) -> Iterator[str]:
    """Yield what needs targets of two labels, or does not fit the labels."""
    if not isinstance(config.training.threshold, float):
        yield (f"training.threshold: target {show_name(target.name)} has {target.outputs} labels, "
               "of which the likeliest is predicted; leave it out")  # fmt: skip
    try:
        label_weights(config.loss, target)
    except DataError as error:
        yield from error.lines


def label_weights(config: LossConfig, target: Classes) -> tuple[float, ...] | None:
    """Return the weight of each label as the config names them, None where it names none.

    Raises DataError where it leaves out a label, or names another one.
    """
    given = config.class_weight
    if given is None or isinstance(given, str):
        return None
    weights = {
        named(target.name, target.values, key, "a key of loss.class_weight"): weight
        for key, weight in (given if isinstance(given, dict) else given.by_label()).items()
    }
    left_out = [label for label in target.values if label not in weights]
    if left_out:
        raise DataError(f"loss.class_weight: expected a weight for each label of "
                        f"{show_name(target.name)}, got none for {shown(left_out[0])}")  # fmt: skip
    return tuple(weights[label] for label in target.values)
