"""Measure how time grows with rows and with parameters, and draw it.

    python -m benchmarks.scaling [--quick] [--output PICTURE]

Where time is proportional, the time per row, or per parameter and row, is a level line; what lies
above it on the left is what does not grow. Tables of the same numbers go to stdout, the picture to
docs/scaling.svg. --quick stops at 10^5, takes half a minute, and draws only what --output names;
the whole needs 3 GB in the temporary folder, and the memory to hold 10^7 rows while they are read.
Matplotlib is not in the extra "bench" but in "plot".
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import closing
from functools import partial
from math import sqrt
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.measure import command, module
from benchmarks.scaling_picture import Panel, draw, table
from benchmarks.steps import Task, loop_for
from benchmarks.tables import FEATURES
from mlpcli.nn.network import Network
from mlpcli.nn.step import thread_count
from mlpcli.parallel import Team
from mlpcli.report.figures import require_format, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PICTURE = Path(__file__).parents[1] / "docs" / "scaling.svg"
ROUNDS, SHORTEST = 5, 0.2  # the median of so many rounds, each of so many seconds or one epoch
NETWORK, BATCH = (FEATURES, 16, 8, 1), 32
WIDE_BATCH, STEPS = 256, 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    output = options.output or (None if options.quick else PICTURE)
    if output is not None:
        require_format(output)  # before the minutes that it takes
    top = 5 if options.quick else 7
    panels = []
    for measure in (reading, training, stepping):
        panels.append(measure(top))
        print(table(panels[-1]), flush=True)
    if output is not None:
        picture = to_bytes(draw(panels), output)
        if output.suffix == ".svg":  # text, in which the commit hooks allow no trailing blanks
            picture = b"\n".join(line.rstrip() for line in picture.splitlines()) + b"\n"
        output.write_bytes(picture)


def reading(top: int) -> Panel:
    """Read and encode files of up to 10^top rows, which exist one at a time."""
    rows = [10**k for k in range(3, top + 1)]
    return Panel("reading and encoding CSV", "rows", "ns per row", rows, {"": each(rows, read)})


def read(rows: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.csv")
        command([sys.executable, "-m", "benchmarks.tables", "make", path, str(rows)])
        samples = [module("benchmarks.tables", "ours", path) for _ in range(ROUNDS)]
    return median(sample.seconds for sample in samples) / rows * 1e9


def training(top: int) -> Panel:
    """Train on up to 10^top rows in memory."""
    rows = [10**k for k in range(3, top + 1)]
    title = f"training {'-'.join(map(str, NETWORK))}, batch {BATCH}, Adam"
    return Panel(title, "rows", "ns per row", rows, {"": each(rows, train)})


def train(rows: int) -> float:
    task = Task(NETWORK, BATCH, 1, "float32", "adam", sys.maxsize)
    rng = np.random.default_rng(0)
    task.X = rng.standard_normal((rows, FEATURES), np.float32)  # Task's are float64 at first
    task.y = (rng.random((rows, 1), np.float32) < 0.5).astype(np.float32)
    return epoch_seconds(task) / rows * 1e9


def stepping(top: int) -> Panel:
    """Train networks with two equal hidden layers and up to about 10^top parameters."""
    widths = [width_for(10**k) for k in range(2, top + 1)]
    costs = {
        name: each(widths, partial(step, rule)) for name, rule in (("SGD", "sgd"), ("Adam", "adam"))
    }
    title, unit = f"training {FEATURES}-k-k-1, batch {WIDE_BATCH}", "ps per parameter and row"
    sizes = [parameters(width) for width in widths]
    return Panel(title, "parameters", unit, sizes, costs, first_shared(widths[-1]))


def step(rule: str, width: int) -> float:
    task = Task(shape(width), WIDE_BATCH, STEPS, "float32", rule, sys.maxsize)
    return epoch_seconds(task) / len(task.X) / parameters(width) * 1e12


def first_shared(widest: int) -> tuple[int, int] | None:
    """Return the fewest parameters for which there is more than one thread, and how many then."""
    for width in range(1, widest + 1):
        threads = thread_count(None, shape(width), WIDE_BATCH)
        if threads > 1:
            return parameters(width), threads
    return None


def shape(width: int) -> tuple[int, ...]:
    return FEATURES, width, width, 1


def parameters(width: int) -> int:
    return Network.count(shape(width), True)


def width_for(count: int) -> int:
    """Return k so that k^2 + (n_0 + 3) k + 1, the parameters of n_0-k-k-1, are about `count`."""
    half = (FEATURES + 3) / 2
    return round(sqrt(half**2 + count - 1) - half)


def epoch_seconds(task: Task) -> float:
    """Return the time of an epoch once everything is warm."""
    times = []
    threads = thread_count(None, task.sizes, task.batch)
    with threadpool_limits(1), closing(Team(threads)) as team:
        records = loop_for(task, team).records()
        next(records)  # allocates the buffers
        for _ in range(ROUNDS):
            epochs, seconds, start = 0, 0.0, perf_counter()
            while seconds < SHORTEST:
                next(records)
                epochs, seconds = epochs + 1, perf_counter() - start
            times.append(seconds / epochs)
    return median(times)


def each(sizes: Sequence[int], measure: Callable[[int], float]) -> list[float]:
    """Return the cost at each size, and say on stderr how far it got."""
    costs = []
    for size in sizes:
        costs.append(measure(size))
        print(f"  {size}: {costs[-1]:.4g}", file=sys.stderr, flush=True)
    return costs


if __name__ == "__main__":
    main()
