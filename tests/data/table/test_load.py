"""Small files are read at once, and no others, however well they are packed."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from mlpcli.data.table import open_table
from mlpcli.data.table.stream import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MANY = 300_000
LINES = b"a,b\n" + b"1,x\n" * MANY


def parquet(path: Path, rows: int) -> None:
    duckdb.execute(f"COPY (SELECT 1 a, 2 b FROM range({rows})) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize(
    ("write", "small"),
    [
        (lambda path: path.write_bytes(LINES[:4000]), True),
        (lambda path: path.write_bytes(LINES), False),
        (lambda path: path.write_bytes(gzip.compress(LINES[:4000])), True),
        (lambda path: path.write_bytes(gzip.compress(LINES)), False),
        (lambda path: parquet(path, 1000), True),
        (lambda path: parquet(path, 2 * MANY), False),
    ],
    ids=["csv", "long csv", "gzip", "long gzip", "parquet", "long parquet"],
)
def test_what_is_read_at_once(
    write: Callable[[Path], object], small: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bool] = []

    def spy(*args: Any, **options: Any) -> Iterator[Any]:
        found.append(options["small"])
        return stream(*args, **options)

    monkeypatch.setattr("mlpcli.data.table.load.stream", spy)
    write(tmp_path / "data")
    with open_table([tmp_path / "data"]) as table:
        assert (table.rows < 2000) is small
    assert found == [small]
