"""What the page of a run is made of: what lies in its folder, and what its data show again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.check.chain import Chain
    from mlpcli.check.result import GradcheckResult
    from mlpcli.data.dataset import Dataset
    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.loop import EpochRecord
    from mlpcli.training.model_file import Model

__all__ = ["DataFacts", "RunFacts"]


@dataclass(frozen=True)
class DataFacts:
    """What takes the rows: the dataset, and the model on one `part` of it.

    `resamples` are those of the intervals; `check` and `chain` are on some training rows, with the
    trained weights.
    """

    dataset: Dataset
    part: str
    evaluation: Evaluation
    resamples: int
    check: GradcheckResult
    chain: Chain


@dataclass(frozen=True)
class RunFacts:
    """A run: its `path`, the `config` as it was resolved, in YAML, its `report` and `history`.

    `data` is a sentence where the rows cannot be read, or are others than those of the training.
    """

    path: str
    config: str
    report: Mapping[str, Any]
    history: tuple[EpochRecord, ...]
    model: Model
    data: DataFacts | str
