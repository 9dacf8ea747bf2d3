"""Works over the processes of one job, which mpirun or srun started: the only room that knows MPI.

Its processes are called ranks, as in MPI. Rank 0 runs the command as if it were alone: it reads,
prints and writes. The others serve: they run what rank 0 asks them for, and print and write
nothing. So there is one place where things are decided, and one that speaks of what went wrong.
A process that nobody started with others is rank 0 of 1, and never loads MPI.
"""

from mlpcli.ranks.job import job, joined
from mlpcli.ranks.ranks import ALONE, Ranks

__all__ = ["ALONE", "Ranks", "job", "joined"]
