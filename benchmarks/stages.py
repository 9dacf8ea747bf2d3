"""Where the time of a training step goes, next to what the machine could do.

    python -m benchmarks.stages [SHAPE ...]

Each stage is timed alone, by as many threads as it has in training; the fastest of many runs
counts. The limit of the products is their number of operations over the rate of a large square
product, that of the update what it reads and writes over the bandwidth of a copy.
"""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.steps import SHAPES, Task
from mlpcli.config import LossConfig
from mlpcli.data.rows import Rows, blocks
from mlpcli.nn.optimizers import OPTIMIZERS
from mlpcli.nn.step import Engine, thread_count
from mlpcli.parallel import Team
from mlpcli.training.build import objective_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.workspace import Batch


def fastest(run: Callable[[], Any], seconds: float = 0.5) -> float:
    """Return the shortest time in microseconds, over at least 5 runs and so many seconds."""
    times: list[float] = []
    end = perf_counter() + seconds
    while len(times) < 5 or perf_counter() < end:
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times) * 1e6


class Stages:
    """The stages of one step, each to be run alone."""

    def __init__(self, engine: Engine, batch: Batch) -> None:
        self.engine, self.batch, self.shares = engine, batch, batch.shares

    def together(self, part: Callable[[int], Any]) -> Callable[[], None]:
        """Return what runs a part for every share, as the engine does."""
        if len(self.shares) == 1:
            return lambda: part(0) and None
        team, count = self.engine.team, len(self.shares)
        return lambda: team.run(lambda member: part(member) if member < count else None)

    def step(self) -> None:
        """Compute, check and update, as `Loop` does."""
        self.engine.compute(self.batch)
        self.batch.logits.dot(self.batch.logits)
        self.engine.update(1e-9)

    def part(self, member: int) -> None:
        """Take a share through forward and backward."""
        self.engine._part(self.shares[member])

    def products(self, member: int) -> None:
        """Take a share through the matrix products only."""
        share = self.shares[member]
        space, Z = share.space, share.Z
        for A, h, folded, _ in space._up:
            A.dot(Z, h)
            Z = folded
        space._last.dot(Z, share.logits)
        delta = space.delta
        for dA, Z_T, A_T, E, e, *_ in space._down:
            delta.dot(Z_T, dA)
            A_T.dot(delta, E)
            delta = e
        delta.dot(share.X, space._first)


def limits(task: Task, team: Team) -> tuple[float, float]:
    """Return operations of a product and bytes of a copy per microsecond, by the whole team."""
    n, members = 1536, range(team.size)
    squares = [[np.ones((n, n), task.dtype) for _ in range(3)] for _ in members]
    lines = [[np.ones(8_000_000, task.dtype) for _ in range(2)] for _ in members]

    def multiply(member: int) -> None:
        a, b, c = squares[member]
        a.dot(b, c)

    def duplicate(member: int) -> None:
        a, b = lines[member]
        np.copyto(a, b)

    product, copy = fastest(lambda: team.run(multiply)), fastest(lambda: team.run(duplicate))
    return team.size * 2 * n**3 / product, team.size * 2 * lines[0][0].nbytes / copy


def table(shape: str, dtype: str) -> str:
    sizes, rows, steps = SHAPES[shape]
    task = Task(sizes, rows, steps, dtype, "sgd", 1)
    threads = thread_count(None, sizes, rows)
    network, data = task.network, Rows(task.X, task.y)
    network = type(network)(sizes, True, network.theta.astype(dtype))
    objective, lines = objective_from(LossConfig(), task.y), []
    with threadpool_limits(1), closing(Team(threads)) as team:
        engines = {}
        for name in ("sgd", "adam"):
            rule = OPTIMIZERS[name]()
            state = rule.init(network.theta)
            engines[name] = Engine(
                network, objective, rule, state, batch_size=rows, hard=True, team=team
            )
            engines[name].load()
            engines[name].gradient.flat[:] = 1e-3
        engine = engines["sgd"]
        stages = Stages(engine, engine.prepare(data.X, data.y, data.weight).batches[0])
        operations, bandwidth = limits(task, team)
        rng = np.random.default_rng(0)
        weights = [fan_in * width for fan_in, width in pairwise(sizes)]
        flops = 2 * rows * (3 * sum(weights) - weights[0])
        moved = network.theta.nbytes
        whole, part = fastest(stages.step), fastest(stages.together(stages.part))
        products = fastest(stages.together(stages.products))
        norms = fastest(lambda: engine.compute(stages.batch)) - part

        def deal(engine: Engine = engine, data: Rows = data) -> None:
            for block in blocks(data, rows, rng):
                engine.prepare(block.rows.X, block.rows.y, block.rows.weight)

        gather = fastest(deal) / steps
        entries = [
            ("whole step, SGD", whole, None),
            ("matrix products", products, flops / operations),
            ("elementwise", part - products, None),
            ("adding gradients, norms", max(norms, 0.0), None),
            ("update, SGD", fastest(lambda: engine.update(1e-9)), 3 * moved / bandwidth),
            ("update, Adam", fastest(lambda: engines["adam"].update(1e-9)), 7 * moved / bandwidth),
            ("shuffle and gather", gather, None),
            ("waking the threads once", fastest(lambda: team.run(lambda _: None)), None),
        ]
    lines = [
        f"**{'-'.join(map(str, sizes))}, {rows} rows, {dtype}**, {threads} thread(s): products"
    ]
    lines[0] += f" at most {operations / 1e3:.0f} GFLOP/s, copies {bandwidth / 1e3:.1f} GB/s\n"
    lines += ["| stage | time | limit |", "|---|---|---|"]
    for name, time, limit in entries:
        lines.append(f"| {name} | {time:,.1f} us | {'' if limit is None else f'{limit:,.1f} us'} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    for shape in sys.argv[1:] or SHAPES:
        for dtype in ("float32", "float64"):
            print(table(shape, dtype), flush=True)
