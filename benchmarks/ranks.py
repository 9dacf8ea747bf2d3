"""How long a step takes on R ranks, and what of it is the addition of the gradients.

    for R in 1 2 4 3; do mpirun -n $R --oversubscribe python -m benchmarks.ranks; done

prints a line of JSON per network: milliseconds of a step of `rows` rows per rank (`step`), of the
addition alone (`add`), and on one rank of a step shared by two threads on twice the rows. Several
ranks also send what an addition sends behind a product (`after`) and while it is computed
(`meanwhile`). Of many repetitions the shortest counts, as other work may share the machine.
docs/scale.md has the figures.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.activations import activation_by
from mlpcli.nn.answers import each_output
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import initial_network
from mlpcli.nn.objective import Objective
from mlpcli.nn.optimizers import Adam
from mlpcli.nn.step import engine_for
from mlpcli.nn.task import Task
from mlpcli.parallel import Team, limit_blas
from mlpcli.ranks import joined
from mlpcli.ranks.team import RankTeam

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.ranks import Ranks

CASES = (((784, 1024, 1024, 10), 512), ((28, 300, 300, 1), 256), ((28, 300, 300, 1), 64))
SECONDS = float(os.environ.get("SECONDS", "12"))  # for each figure
MOST = 400


def shortest(work: Callable[[], object], ranks: Ranks) -> float:
    """Return the milliseconds of the shortest repetition, as rank 0 sees it."""
    best, started = np.inf, time.perf_counter()
    for _ in range(MOST):
        ranks.gather(None)
        begun = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begun)
        if ranks.largest(int(time.perf_counter() - started > SECONDS))[0]:
            break
    return 1e3 * best


def step_time(sizes: tuple[int, ...], rows: int, team: Team, ranks: Ranks) -> float:
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
    return shortest(lambda: engine.steps(order, 1e-3, 0.0, squares), ranks)


def sent_beside(count: int, rows: int, ranks: Ranks, *, meanwhile: bool) -> float:
    """Return the time of a product, and of sending so many numbers: after it, or meanwhile."""
    from mpi4py import MPI

    rng = np.random.default_rng(0)
    A, B = (rng.standard_normal(shape).astype(np.float32) for shape in ((rows, 1024), (1024, 1024)))
    mine = np.zeros(count - count % ranks.size, np.float32)
    theirs = np.empty_like(mine)

    def work() -> None:
        sending = MPI.COMM_WORLD.Ialltoall(mine, theirs) if meanwhile else None
        for start in range(0, rows, 64):
            A[start : start + 64] @ B
            if sending is not None:
                sending.Test()  # MPI gets on while it is called
        if sending is None:
            sending = MPI.COMM_WORLD.Ialltoall(mine, theirs)
        sending.Wait()

    return shortest(work, ranks)


def measure(ranks: Ranks) -> None:
    for sizes, rows in CASES:
        several = ranks.size > 1
        with limit_blas(1), closing(RankTeam(ranks) if several else Team()) as team:
            count = sum(a * b + b for a, b in pairwise(sizes))
            gradient = np.zeros(count, np.float32)
            found: dict[str, object] = {
                "sizes": sizes,
                "rows": rows,
                "ranks": ranks.size,
                "step": step_time(sizes, rows * ranks.size, team, ranks),
                "add": shortest(partial(ranks.add_in_order, gradient, ranks.size), ranks),
                "fast": shortest(partial(ranks.add_fast, gradient, ranks.size), ranks),
            }
            if several:
                for name, meanwhile in (("after", False), ("meanwhile", True)):
                    found[name] = sent_beside(count, rows, ranks, meanwhile=meanwhile)
        if not several:
            with limit_blas(1), closing(Team(2)) as team:
                found["two threads"] = step_time(sizes, 2 * rows, team, ranks)
        if not ranks.rank:
            print(json.dumps(found), flush=True)


def main() -> None:
    ranks = joined()
    if not ranks.rank:
        with ranks.together(measure):
            measure(ranks)
    ranks.serve()
    ranks.end(0)


if __name__ == "__main__":
    main()
