"""Training on the ranks of a job: rank 0 trains as ever, and the others keep in step with it.

All have the same rows, those of one machine in the same memory or file, and so take the same steps
and come to the same end. Nothing but parts of gradients and logits travels.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.data.rows import RankRowFile, RowFile
from mlpcli.errors import UsageError
from mlpcli.parallel import Team, limit_blas
from mlpcli.ranks.team import RankTeam
from mlpcli.training.build import new_loop
from mlpcli.training.part_metrics import part_logits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlpcli.config import Config
    from mlpcli.data.dataset import Dataset
    from mlpcli.ranks import Ranks
    from mlpcli.training.checkpoint import Checkpoint
    from mlpcli.training.loop import Loop

__all__ = ["in_step", "team_for"]


def team_for(ranks: Ranks, config: Config, threads: int) -> Team:
    """Return who shares the steps: the ranks of the job, or in one process so many threads.

    Raises UsageError where the config asks for another number of threads than there are ranks.
    """
    if ranks.size == 1:
        return Team(threads)
    asked = config.training.threads
    if asked is not None and asked != ranks.size:
        raise UsageError(
            f"training.threads is {asked}, and {ranks.size} ranks were started, each of which is "
            f"one thread: leave it out, or start {asked} ranks"
        )
    return RankTeam(ranks, config.training.allreduce)


@contextmanager
def in_step(
    ranks: Ranks,
    loop: Loop,
    dataset: Dataset,
    kept: Checkpoint | None,
    document: Mapping[str, Any],
    *,
    often: bool,
) -> Iterator[Dataset]:
    """Let the other ranks follow the loop to its end; yield the dataset, where all have its rows.

    `kept` and the `document` of the config are what `Checkpoint.restore` takes, `often` is what
    `records` does. Raises UsageError where rows lie in a file that other machines cannot read, or
    where a rank has another kernel.
    """
    if dataset.in_file and not ranks.on_one_machine:
        raise UsageError(
            "data.memory_limit: the rows do not fit and lie in a file, which only the ranks of one "
            "machine can share; raise the limit, or start all ranks there"
        )
    with ranks.together(_follow):
        ranks.broadcast((kept, document, often))
        dataset = _shared(ranks, dataset)
        loop.train, loop.validation = dataset.train, dataset.validation
        for rank, kernel in enumerate(ranks.gather(loop.engine.kernel)):
            if kernel != loop.engine.kernel:
                raise UsageError(
                    f"rank {rank} has the kernel {kernel}, rank 0 {loop.engine.kernel}: their "
                    "numbers would differ; MLP_KERNEL names one that all have"
                )
        yield dataset


def _shared(ranks: Ranks, dataset: Dataset) -> Dataset:
    """Return the dataset of rank 0, with rows in a file that the ranks go through together."""
    dataset = ranks.share(dataset)
    if ranks.size == 1 or not dataset.in_file:
        return dataset
    parts: dict[str, Any] = {
        part: RankRowFile(rows, ranks) if isinstance(rows, RowFile) else rows
        for part, rows in dataset.parts().items()
    }
    return replace(dataset, **parts)


def _follow(ranks: Ranks) -> None:
    """Take the steps that rank 0 takes, and look at rows when it does."""
    following: Any = None  # rank 0 has them all
    kept, document, often = ranks.broadcast(following)
    dataset = _shared(ranks, following)
    with limit_blas(1):
        team = RankTeam(ranks, dataset.config.training.allreduce)
        loop = new_loop(dataset.config, dataset, team, kept.kernel if kept else None)
        ranks.gather(loop.engine.kernel)
        if kept is not None:
            kept.restore(loop, document, dataset.digest)
        for _ in loop.records(lambda _batch: None, often=often):
            pass
        if loop.stopped != "interrupted":
            loop.network.theta[:] = loop.position.best_theta
            part_logits(loop.network, dataset.parts(), team, loop.engine.kernel)
