"""A subject of the benchmark: a large CSV file, made and read.

    python -m benchmarks.tables make FILE.csv ROWS
    python -m benchmarks.tables ours|duckdb FILE.csv

`ours` reads and encodes the file to a float32 matrix; `duckdb` reads it to NumPy columns, and no
more. Seconds without the start of Python are printed as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

FEATURES = 28


def make(path: str, rows: str) -> None:
    """Write 28 columns of numbers and a target that depends on the first two."""
    import duckdb

    duckdb.execute("SELECT setseed(0.5)")
    numbers = ", ".join(f"random()::FLOAT AS x{i}" for i in range(FEATURES))
    table = (
        f"SELECT *, (x0 + x1 + random() > 1.5)::INT AS y FROM (SELECT {numbers} FROM range({rows}))"  # noqa: S608
    )
    duckdb.execute(f"COPY ({table}) TO '{path}' (HEADER)")


def ours(path: str) -> float:
    from mlpcli.config import Config
    from mlpcli.data.material import load_dataset

    config = Config.model_validate(
        {"data": {"train": [str(Path(path).resolve())], "target": "y", "validation": None}}
    )
    start = perf_counter()
    dataset = load_dataset(config)
    seconds = perf_counter() - start
    assert dataset.train.X.dtype == "float32"
    assert dataset.train.X.shape[1] == FEATURES
    return seconds


def bare(path: str) -> float:
    import duckdb

    start = perf_counter()
    columns = duckdb.read_csv(path).fetchnumpy()
    seconds = perf_counter() - start
    assert len(columns) == FEATURES + 1
    return seconds


def main(what: str, path: str, *more: str) -> None:
    if what == "make":
        make(path, *more)
    else:
        print(json.dumps({"seconds": {"ours": ours, "duckdb": bare}[what](path)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
