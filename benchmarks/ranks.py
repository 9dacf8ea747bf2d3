"""How long a step takes on R ranks, and what of it is the addition of the gradients.

    for R in 1 2 4 3; do mpirun -n $R --oversubscribe python -m benchmarks.ranks; done

prints a line of JSON per network, with milliseconds. On one rank: a step of `rows` rows (`step`),
and one of twice the rows that two threads share. On several: a step of so many rows per rank, one
whose upper layers are added while the lower ones are computed (`overlapped`, though the network may
be too small for it), and the addition alone (`add`, `fast`). The ranks of one machine talk through
memory; `step by network` and `overlapped by network` are of ranks that wait for what they hear as
long as a link of GB_PER_S would have taken, at which their cores have nothing to do.

What is compared takes turns, and of many repetitions the shortest counts, as other work may share
the machine. docs/scale.md has the figures.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from copy import copy
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.link import Link
from mlpcli.nn.activations import activation_by
from mlpcli.nn.answers import each_output
from mlpcli.nn.kernel import stretches
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import initial_network
from mlpcli.nn.objective import Objective
from mlpcli.nn.optimizers import Adam
from mlpcli.nn.step import engine_for
from mlpcli.nn.task import Task
from mlpcli.parallel import Team, limit_blas
from mlpcli.ranks import joined
from mlpcli.ranks.adding import InOrder
from mlpcli.ranks.team import RankTeam

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.ranks import Ranks

stretches._WORTH_ADDING = 1 << 13  # so that the second network is cut as well
CASES = (((784, 1024, 1024, 10), 512), ((28, 300, 300, 1), 256), ((28, 300, 300, 1), 64))
SECONDS = float(os.environ.get("SECONDS", "12"))  # for each figure
MOST = 400
IN_A_ROW = 8


def shortest(ranks: Ranks, works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the milliseconds of the shortest repetition of each, as rank 0 sees it, in turns.

    Each is repeated a few times in its turn, as its arrays are in no cache the first time.
    """
    best, started = dict.fromkeys(works, np.inf), time.perf_counter()
    for _ in range(MOST // IN_A_ROW):
        for name, work in [each for each in works.items() for _ in range(IN_A_ROW)]:
            ranks.gather(None)
            begun = time.perf_counter()
            work()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - begun))
        if ranks.largest(int(time.perf_counter() - started > SECONDS * len(works)))[0]:
            break
    return best


def a_step(sizes: tuple[int, ...], rows: int, team: Team) -> Callable[[], object]:
    """Return what takes a step of so many rows."""
    rng = np.random.default_rng(0)
    network = initial_network(sizes, rng, dtype="float32", activation=activation_by("sigmoid"))
    optimizer, loss = Adam(), LOSSES["bce"]
    task = Task(network, Objective(loss, loss.form("stable")), optimizer,
                optimizer.init(network.theta), rows, team, each_output)  # fmt: skip
    engine = engine_for(task, kernel_for())
    X = rng.standard_normal((rows, sizes[0])).astype(np.float32)
    y = (rng.random((rows, sizes[-1])) < 0.5).astype(np.float32)
    engine.use(X, y, None)
    order, squares = np.arange(rows, dtype=np.uint32), np.zeros(len(sizes) - 1)
    return lambda: engine.steps(order, 1e-3, 0.0, squares)


def alone(sizes: tuple[int, ...], rows: int, ranks: Ranks) -> dict[str, float]:
    """Return the times of one process: of a step, and of twice the rows on two threads."""
    with closing(Team()) as one, closing(Team(2)) as two:
        both = a_step(sizes, 2 * rows, two)
        return shortest(ranks, {"step": a_step(sizes, rows, one), "two threads": both})


def by_network(ranks: Ranks) -> Ranks:
    """Return the same ranks, who add over a link."""
    from mpi4py import MPI

    linked = copy(ranks)
    linked.adding = {"fixed": InOrder(Link(MPI.COMM_WORLD))}
    return linked


def together(sizes: tuple[int, ...], rows: int, ranks: Ranks) -> dict[str, float]:
    """Return the times of several ranks."""
    gradient = np.zeros(sum(a * b + b for a, b in pairwise(sizes)), np.float32)
    works = {}
    for way, those in (("", ranks), (" by network", by_network(ranks))):
        for name, overlaps in (("step", False), ("overlapped", True)):
            team = RankTeam(those)
            team.overlaps = overlaps
            works[name + way] = a_step(sizes, rows * ranks.size, team)
    for name, adding in zip(("add", "fast"), ranks.adding.values(), strict=True):
        works[name] = partial(adding.add, gradient, ranks.size)
    return shortest(ranks, works)


def measure(ranks: Ranks) -> None:
    times = alone if ranks.size == 1 else together
    for sizes, rows in CASES:
        with limit_blas(1):
            found = times(sizes, rows, ranks)
        if not ranks.rank:
            print(json.dumps({"sizes": sizes, "rows": rows, "ranks": ranks.size, **found}))


def main() -> None:
    ranks = joined()
    if not ranks.rank:
        with ranks.together(measure):
            measure(ranks)
    ranks.serve()
    ranks.end(0)


if __name__ == "__main__":
    main()
