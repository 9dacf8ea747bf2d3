"""A scan hands out every row once, in even blocks, also where DuckDB gives up in the middle."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mlpcli.data.table import Categorical, Missing, Reading, Scan
from mlpcli.data.table.stream import Misfit, stream
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mlpcli.data.table import Column, Kind

KINDS: Mapping[str, Kind] = {"n": "number", "t": "text"}
Row = tuple[float | None, str | None]


def write(folder: Path, files: Sequence[Sequence[Row]]) -> list[Path]:
    paths = [folder / f"{i}.csv" for i in range(len(files))]
    for path, rows in zip(paths, files, strict=True):
        lines = [f"{'' if n is None else n},{t or ''}\n" for n, t in rows]
        path.write_text("n,t\n" + "".join(lines))
    return paths


def rows_of(block: Mapping[str, Column]) -> list[Row]:
    n, t = block["n"], block["t"]
    assert isinstance(n, np.ndarray)
    assert isinstance(t, Categorical)
    texts = [None if code < 0 else t.levels[code] for code in t.codes]
    numbers = [None if math.isnan(x) else x for x in n.tolist()]
    return list(zip(numbers, texts, strict=True))


def in_pieces(size: int, most: int | None, error: Exception) -> Callable[..., Iterator[list[Any]]]:
    """Return a stream of blocks of `size` rows that fails after `most` of them, but not on texts.

    DuckDB cuts where it likes; arrays are gone with the next block, so they are then overwritten.
    """
    left = most

    def cut(
        connection: Any, select: str, texts: Any, *, small: bool = False
    ) -> Iterator[list[Any]]:
        nonlocal left
        for block in stream(connection, select, texts, small=small):
            for start in range(0, len(block[0]), size):
                if left is not None and "FROM texts" not in select:
                    if left == 0:
                        raise error
                    left -= 1
                piece = [array[start : start + size].copy() for array in block]
                yield piece
                for array in piece:
                    array[:] = -7

    return cut


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.sampled_from([0, 1, 12, 30]), min_size=1, max_size=3).filter(any),
    even=st.integers(1, 20),
    piece=st.integers(1, 9),
    most=st.sampled_from([None, 0, 1, 2, 3, 5]),
    error=st.sampled_from([duckdb.Error(), Misfit()]),
)
def test_every_row_once(
    tmp_path: Path, sizes: list[int], even: int, piece: int, most: int | None, error: Exception
) -> None:
    rng = np.random.default_rng(len(sizes))
    rows: list[Row] = [
        (None if rng.random() < 0.2 else float(i), [None, "a", f"t{i}"][rng.integers(3)])
        for i in range(sum(sizes))
    ]
    ends = np.cumsum(sizes).tolist()
    paths = write(tmp_path, [rows[end - n : end] for end, n in zip(ends, sizes, strict=True)])
    with pytest.MonkeyPatch.context() as patch:
        cut = in_pieces(piece, most, error)
        patch.setattr("mlpcli.data.table.stream.stream", cut)
        patch.setattr("mlpcli.data.table.as_text.stream", cut)
        patch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", even)
        with Scan(paths, Reading.only(KINDS)) as scan:
            blocks = list(scan.blocks())
            assert [row for block in blocks for row in rows_of(block)] == rows
            counts = [len(rows_of(block)) for block in blocks]
            assert counts[:-1] == [even] * (len(blocks) - 1)
            assert 0 < counts[-1] <= even
            assert scan.rows == len(rows)
            places = [(path, 2 + i) for path, n in zip(paths, sizes, strict=True) for i in range(n)]
            assert [scan.locate(i) for i in range(len(rows))] == places
            content = b"".join(path.read_bytes() for path in paths)
            assert scan.digest == hashlib.sha256(content).hexdigest()
    event("fails in the middle" if most is not None and most * piece < len(rows) else "whole")


def test_levels_are_those_met_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 2)
    paths = write(tmp_path, [[(1, "z"), (2, "a"), (3, "z")], [(4, None)], [(5, "m")]])
    with Scan(paths, Reading.only(KINDS)) as scan:
        columns = [block["t"] for block in scan.blocks()]
    levels = [column.levels for column in columns if isinstance(column, Categorical)]
    assert levels == [("z", "a"), ("z", "a"), ("z", "a", "m")]


def test_a_header_below_blank_lines_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "blank.csv"
    path.write_text("\n\nt,n\nx,1\ny,\n")
    with Scan([path], Reading.only(KINDS)) as scan:
        (block,) = scan.blocks()
        assert rows_of(block) == [(1, "x"), (None, "y")]
        assert scan.locate(1) == (path, 5)


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    duckdb.execute(
        "COPY (SELECT 'é' || i % 3 AS t, CASE WHEN i % 4 > 0 THEN i END AS n "
        f"FROM range(40000) t(i)) TO '{path}' (FORMAT parquet)"
    )
    with Scan([path], Reading.only(KINDS)) as scan:
        blocks = list(scan.blocks())
    assert [len(rows_of(block)) for block in blocks] == [16_384, 16_384, 7_232]
    found = [row for block in blocks for row in rows_of(block)]
    assert found == [(i if i % 4 else None, f"é{i % 3}") for i in range(40_000)]


def test_a_bad_row_far_down(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("n,t\n" + "1,xxxxxxxx\n" * 180_000 + "inf,x\n")
    with Scan([path], Reading.only(KINDS)) as scan:
        blocks = scan.blocks()
        assert rows_of(next(blocks)) == [(1, "xxxxxxxx")] * 16_384
        with pytest.raises(DataError) as caught:
            for _ in blocks:
                pass
    assert str(caught.value) == f'{path}:180002: column "n": expected a number, got "inf"'


def test_out_of_memory_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read by way of text would take more memory yet."""
    cut = in_pieces(1, 1, duckdb.OutOfMemoryException("no more"))
    monkeypatch.setattr("mlpcli.data.table.stream.stream", cut)
    (path,) = write(tmp_path, [[(1, "x"), (2, "y")]])
    with Scan([path], Reading.only(KINDS)) as scan, pytest.raises(DataError) as caught:
        list(scan.blocks())
    assert str(caught.value).startswith(f"{path}: out of memory; raise data.memory_limit")


def test_no_rows_at_all(tmp_path: Path) -> None:
    paths = write(tmp_path, [[], []])
    with Scan(paths, Reading.only(KINDS)) as scan, pytest.raises(DataError) as caught:
        list(scan.blocks())
    assert str(caught.value) == f"{paths[0]}: no rows below the header"


def test_a_file_that_grows_has_no_digest(tmp_path: Path) -> None:
    (path,) = write(tmp_path, [[(1, "x")]])
    with Scan([path], Reading.only(KINDS)) as scan:
        list(scan.blocks())
        path.write_text("n,t\n1,x\n2,y\n")
        with pytest.raises(DataError, match="changed while it was in use"):
            scan.digest  # noqa: B018  it is read here


def test_what_is_given_up_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 2)
    (path,) = write(tmp_path, [[(i, "x") for i in range(9)]])
    with Scan([path], Reading.only(KINDS)) as scan:
        next(scan.blocks())
        assert list(scratch.iterdir())
    assert not list(scratch.iterdir())
    with pytest.raises(DataError, match='no column "u"'):
        Scan([path], Reading.only({"n": "number", "u": "text"}))
    assert not list(scratch.iterdir())


def test_columns_that_are_kept_are_texts_whose_levels_are_those_of_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 4)
    path = tmp_path / "t.csv"
    path.write_text("id,x,t\n" + "".join(f"{k:03},{k},{'ab'[k % 2]}\n" for k in range(10)))
    kinds: dict[str, Kind] = {"x": "number", "t": "text"}
    with Scan([path], Reading.only(kinds)) as scan:
        scan.keep(["t", "id"])
        blocks = [block["id"] for block in scan.blocks()]
        assert (scan.kept, scan.names) == (("t", "id"), ("id", "x", "t"))
    levels = [block.levels for block in blocks if isinstance(block, Categorical)]
    assert [len(some) for some in levels] == [4, 4, 2]
    assert levels[2] == ("008", "009")
    with Scan([path], Reading.only(kinds)) as scan:
        scan.keep(None)
        assert scan.kept == ("id", "x", "t")
    with Scan([path], Reading.only(kinds)) as scan, pytest.raises(DataError, match='no column "i"'):
        scan.keep(["i"])


NUMBERS = {
    "plain": ("90071993732612614,-1.50,7", [9.0071993732612614e16, -1.5, 7]),
    "blanks around": (" 1e3 ,+7.0,.5", [1000, 7, 0.5]),
    "missing": ("1,NA,-9", [1, None, None]),
    "units": ("713.89 \u20ac,5.00 \u20ac,1 \u20ac", [713.89, 5, 1]),
    "percent": ("77 %,5.0%,1%", [0.77, 0.05, 0.01]),
    "true and false": ("True,FALSE,true", [1, 0, 1]),
    "a code among numbers": ("007,12,3.10", [7, 12, 3.1]),
}


@pytest.mark.parametrize("top", ["x,i\n", "\n\nx,i\n"], ids=["by DuckDB", "row by row"])
@pytest.mark.parametrize(("cells", "numbers"), NUMBERS.values(), ids=NUMBERS)
def test_number_columns_are_kept_as_they_are_written(
    cells: str, numbers: list[float | None], top: str, tmp_path: Path
) -> None:
    written = cells.split(",")
    path = tmp_path / "t.csv"
    path.write_text(top + "".join(f"{cell},{i}\n" for i, cell in enumerate(written)))
    reading = replace(
        Reading.only({"x": "number"}), missing=Missing().plus([-9]), truths=frozenset({"x"})
    )
    with Scan([path], reading) as scan:
        scan.keep(["i", "x"])
        (block,) = scan.blocks()
        kept = scan.kept_of(block)
    x = block["x"]
    assert isinstance(x, np.ndarray)
    assert [None if math.isnan(v) else v for v in x.tolist()] == numbers
    assert list(kept) == ["i", "x"]
    assert texts_of(kept["x"]) == [c.strip() if c != "NA" else "" for c in written]
    assert texts_of(kept["i"]) == ["0", "1", "2"]


def texts_of(column: Column) -> list[str]:
    assert isinstance(column, Categorical)
    return ["" if code < 0 else column.levels[code] for code in column.codes]


def test_numbers_of_parquet_are_kept_in_all_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    values = "(90071993732612614, 13.390::DECIMAL(9, 3), true), (NULL, 0.1, false)"
    duckdb.execute(
        f"COPY (SELECT * FROM (VALUES {values}) t(i, d, b)) TO '{path}' (FORMAT parquet)"
    )
    with Scan([path], Reading.only(dict.fromkeys("idb", "number"))) as scan:
        scan.keep(None)
        (block,) = scan.blocks()
        kept = scan.kept_of(block)
    assert {name: texts_of(column) for name, column in kept.items()} == {
        "i": ["90071993732612614", ""], "d": ["13.390", "0.100"], "b": ["true", "false"],
    }  # fmt: skip
