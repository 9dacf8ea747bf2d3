"""How much of its core each rank needs to read a table that all of them share.

    for R in 1 2; do mpirun -n $R --oversubscribe python -m benchmarks.rank_reading [FILE..]; done

prints the seconds of processor time of each rank, and of the clock; without files it writes ten of
100 MB first, 30 columns of numbers each, and removes them. DuckDB has one thread on every rank, on
one alone as well. docs/scale.md has the figures.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.table import Table, origin
from mlpcli.data.table.store import Store
from mlpcli.ranks import joined

if TYPE_CHECKING:
    from mlpcli.ranks import Ranks

FILES, ROWS, COLUMNS = 10, 355_000, 30


def write_files(folder: Path) -> list[str]:
    rows = np.random.default_rng(0).standard_normal((ROWS, COLUMNS)).round(6).tolist()
    text = "".join(f"{','.join(map(str, row))}\n" for row in rows)
    header = ",".join(f"x{i}" for i in range(COLUMNS))
    for number in range(FILES):
        (folder / f"part-{number}.csv").write_text(f"{header}\n{text}")
    return [str(folder / "part-*.csv")]


def say(ranks: Ranks) -> None:
    """Tell what this rank has needed so far."""
    ranks.gather(time.process_time())


def spent(ranks: Ranks) -> list[float]:
    with ranks.together(say):
        return ranks.gather(time.process_time())


def read(ranks: Ranks, files: list[str]) -> None:
    before, started = spent(ranks), time.perf_counter()
    with Table(files).load() as table:
        seconds = time.perf_counter() - started
        needed = [f"{b - a:.2f}" for a, b in zip(before, spent(ranks), strict=True)]
        print(f"{table.rows} rows: {', '.join(needed)} s of each core, {seconds:.2f} s", flush=True)


class OneThread(Store):
    """A database that leaves the other cores to others."""

    def __init__(self, memory_limit: str | None, **options: Any) -> None:
        super().__init__(memory_limit, **options | {"threads": 1})


def main() -> None:
    vars(origin)["Store"] = OneThread
    ranks = joined()
    ranks.serve()
    if not ranks.rank:
        with tempfile.TemporaryDirectory() as folder:
            files = sys.argv[1:] or write_files(Path(folder))
            for _ in range(3):
                read(ranks, files)
    ranks.end(0)


if __name__ == "__main__":
    main()
