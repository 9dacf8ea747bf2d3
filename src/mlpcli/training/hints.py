"""What the metrics of a run suggest to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.text import show_name
from mlpcli.training.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.config import Config
    from mlpcli.data.target import AnyTarget
    from mlpcli.training.metrics import Scores

__all__ = ["threshold_hints"]


def threshold_hints(
    metrics: Mapping[str, Scores | None], config: Config, targets: Sequence[AnyTarget]
) -> tuple[str, ...]:
    """Return a hint for each target of which no row is predicted as positive, though some are.

    Such is the usual end at a threshold of 1/2 where few rows are positive.
    """
    threshold = config.training.threshold
    train = metrics.get("train")
    if train is None or not isinstance(threshold, float):
        return ()
    held_out = [scores for part, scores in metrics.items() if scores and part != "train"]
    needs = "" if config.data.validation is not None else " with data.validation: 0.2"
    return tuple(
        f"target {show_name(target.name)}: no row reaches the threshold {threshold:g}, so f1 is 0: "
        f"set training.threshold to {{maximize: f1}}{needs}"
        for target in targets
        if target.outputs == 1 and all(map(_NoneOf(target.name), [train, *held_out]))
    )


class _NoneOf:
    """Whether some rows are positive, and none is predicted to be."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, scores: Scores) -> bool:
        found = (getattr(scores, "per_target", None) or {}).get(self.name, scores)
        if not isinstance(found, Metrics):
            return False
        counts = found.confusion
        return not counts.tp + counts.fp and counts.fn > 0
