"""Where the time of a training step goes, next to what the machine could do.

    python -m benchmarks.stages [SHAPE ...]

Each stage is timed alone, by as many threads as it has in training; the fastest of many runs
counts. The limit of a whole step is the operations of its matrix products over the rate at which a
BLAS multiplies large squares, that of an update what it reads and writes over the bandwidth of a
copy.
"""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.steps import SHAPES, Task, loop_for
from mlpcli.nn.kernel.engine import KernelEngine
from mlpcli.nn.step import thread_count
from mlpcli.parallel import Team

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.training.loop import Loop


def fastest(run: Callable[[], Any], seconds: float = 0.5) -> float:
    """Return the shortest time in microseconds, over at least 5 runs and so many seconds."""
    times: list[float] = []
    end = perf_counter() + seconds
    while len(times) < 5 or perf_counter() < end:
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times) * 1e6


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


def whole(task: Task, loop: Loop) -> float:
    """Return the microseconds of a step, over the steps of an epoch."""
    loop.engine.use(task.X, task.y, None)
    order, squares = np.arange(len(task.X), dtype=np.uint32), np.zeros(len(task.sizes) - 1)
    return fastest(lambda: loop.engine.steps(order, 1e-9, 0.0, squares)) / task.steps


def table(shape: str, dtype: str) -> str:
    sizes, rows, steps = SHAPES[shape]
    threads = thread_count(None, sizes, rows)
    entries: list[tuple[str, float, float | None]] = []
    weights = [fan_in * width for fan_in, width in pairwise(sizes)]
    flops = 2 * rows * (3 * sum(weights) - weights[0])
    with threadpool_limits(1), closing(Team(threads)) as team:
        operations, bandwidth = limits(Task(sizes, rows, steps, dtype, "sgd", 1), team)
        for name, moved in (("sgd", 3), ("adam", 7)):
            task = Task(sizes, rows, steps, dtype, name, 1)
            loop = loop_for(task, team)
            entries.append((f"whole step, {name}", whole(task, loop), flops / operations))
            engine = loop.engine
            if isinstance(engine, KernelEngine):
                update = moved * loop.network.theta.nbytes / bandwidth
                entries.append((f"update, {name}", fastest(engine._update), update))
        entries.append(("waking the threads once", fastest(lambda: team.run(lambda _: None)), None))
    lines = [
        f"**{'-'.join(map(str, sizes))}, {rows} rows, {dtype}**, {threads} thread(s): products"
    ]
    lines[0] += f" at most {operations / 1e3:.0f} GFLOP/s, copies {bandwidth / 1e3:.1f} GB/s\n"
    lines += ["| stage | time | limit |", "|---|---|---|"]
    for stage, time, limit in entries:
        most = "" if limit is None else f"{limit:,.1f} us"
        lines.append(f"| {stage} | {time:,.1f} us | {most} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    for shape in sys.argv[1:] or SHAPES:
        for dtype in ("float32", "float64"):
            print(table(shape, dtype), flush=True)
