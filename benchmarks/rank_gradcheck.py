"""How long a gradient check takes on R ranks, and how much of its core each of them needs.

    for R in 1 2; do mpirun -n $R --oversubscribe python -m benchmarks.rank_gradcheck; done

prints, for every size of `gradcheck_speed`, the seconds of the clock and those of processor time of
each rank, each the least of some repetitions. docs/scale.md has the figures.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.gradcheck_speed import SIZES, example
from mlpcli.check.run import gradcheck
from mlpcli.parallel import limit_blas
from mlpcli.ranks import joined

if TYPE_CHECKING:
    from mlpcli.ranks import Ranks

REPEATS = 20


def say(ranks: Ranks) -> None:
    """Tell what this rank has needed so far."""
    ranks.gather((time.perf_counter(), time.process_time()))


def now(ranks: Ranks) -> list[tuple[float, float]]:
    """Return what the clock says, and the processor time of each rank."""
    with ranks.together(say):
        return ranks.gather((time.perf_counter(), time.process_time()))


def measure(ranks: Ranks, sizes: tuple[int, ...], rows: int) -> str:
    case = example(sizes, rows)
    stamps = [now(ranks)]
    for _ in range(REPEATS):
        gradcheck(case)
        stamps.append(now(ranks))
    clock = min(after[0][0] - before[0][0] for before, after in pairwise(stamps))
    cores = [
        min(after[rank][1] - before[rank][1] for before, after in pairwise(stamps))
        for rank in range(ranks.size)
    ]
    needed = ", ".join(f"{core:.3f}" for core in cores)
    return f"{case.network.theta.size:,} x {rows}: {clock:.3f} s, {needed} s of each core"


def main() -> None:
    ranks = joined()
    ranks.serve()
    if not ranks.rank:
        with limit_blas(1):
            for sizes, rows in SIZES:
                print(measure(ranks, sizes, rows), flush=True)
    ranks.end(0)


if __name__ == "__main__":
    main()
