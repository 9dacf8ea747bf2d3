"""Who watches a training run: the calls that are made while it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mlpcli.counting import in_silence

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mlpcli.counting import Count
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.material import Estimate
    from mlpcli.training.loop import EpochRecord, Loop

__all__ = ["Observer"]


class Observer:
    """Follows a run and does nothing; `mlp train` draws its progress from these calls.

    Who is not there `often` is told of batches about once in a millisecond, where they take less.
    """

    often: ClassVar[bool] = True

    def loading(self, estimate: Estimate) -> None:
        """Take note of a table that is about to be read."""

    def counting(self, word: str, total: int) -> AbstractContextManager[Count]:
        """Take note of so many pieces of work, such as rows to be read, and of counts of them."""
        return in_silence(word, total)

    def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
        """Take note of the run, once before the first epoch."""

    def batch_done(self, index: int) -> int | None:
        """Take note of a batch done; return the number of a signal to stop at once."""

    def epoch_done(self, record: EpochRecord) -> None:
        """Take note of an epoch done."""
