"""What the encoder learns of each column of the training rows, and what is noticed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.counting import counted
from mlpcli.data.encoder import Encoder, spread
from mlpcli.data.notes import DROP, column_notes
from mlpcli.data.rules import Policies, Rule, fit_rule
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.config import DataConfig
    from mlpcli.counting import Counting
    from mlpcli.data.examples import Chosen, Examples
    from mlpcli.data.target import AnyTarget

__all__ = ["fit_encoder"]


def fit_encoder(
    train: Examples,
    features: Sequence[str],
    targets: Sequence[AnyTarget],
    data: DataConfig,
    policies: Policies,
    *,
    counting: Counting,
) -> tuple[Encoder, list[str]]:
    """Return the encoder, and what is worth knowing of each column; columns are read one by one."""
    study = _Study(
        columns=train.columns,
        y=train.y,
        targets=targets,
        policies=policies,
        standardize=data.standardize,
        most_levels=data.max_levels,
        remedy=DROP if data.features is None else "take it out of data.features",
    )
    with counting("column", len(features)) as count:
        found = counted(spread(study.of, features, len(train)), count)
        rules, notes = zip(*found, strict=True)
    return Encoder(rules, study.policies), [note for some in notes for note in some]


@dataclass(frozen=True)
class _Study:
    """What is learnt of each column of the training rows, whose codes are y (N x targets)."""

    columns: Chosen
    y: NDArray[np.floating[Any]]
    targets: Sequence[AnyTarget]
    policies: Policies
    standardize: bool
    most_levels: int | None
    remedy: str

    def of(self, name: str) -> tuple[Rule, list[str]]:
        """Return the rule of a column, and notes on it."""
        column = self.columns.read([name])[name]
        rule = fit_rule(name, column, self.policies.of(name), standardize=self.standardize,
                        most_levels=self.most_levels)  # fmt: skip
        return rule, column_notes(name, column, self.y, self.targets, self.remedy)
