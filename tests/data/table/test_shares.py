"""A table that ranks read together is the one that a process reads alone, to the last bit."""

from __future__ import annotations

import gzip
import os
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import numpy as np
import pytest

from mlpcli.data.scratch import Door, OutOfSight
from mlpcli.data.table import Categorical, Reading, Scan, Table, shares
from mlpcli.data.table.store import Store
from mlpcli.errors import DataError, StorageError
from mlpcli.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlpcli.data.table import Column

T = TypeVar("T")
R = TypeVar("R")


class Two(Ranks):
    """Two ranks in one process, which send what they say."""

    size = 2

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def in_order(
        self, function: Callable[[T], R], items: Iterator[T], *, nearby: bool = False
    ) -> Iterator[tuple[T, R]]:
        there: Callable[[T], R] = pickle.loads(pickle.dumps(function))
        for item in items:
            answer: R = pickle.loads(pickle.dumps(there(pickle.loads(pickle.dumps(item)))))
            self.answers.append(answer)
            yield item, answer


@pytest.fixture
def ranks(monkeypatch: pytest.MonkeyPatch) -> Two:
    found = Two()
    monkeypatch.setattr("mlpcli.data.table.cut.LEAST", 2000)
    monkeypatch.setattr(shares, "job", lambda: found)
    return found


def lines(first: int, rows: int) -> bytes:
    """Return rows with numbers, texts that are new now and then, and gaps."""
    numbers = range(first, first + rows)
    whole = ["NA" if i % 11 == 5 else i for i in numbers]
    words = ["" if i % 13 == 7 else f"w{i * i % (i // 9 + 2)}" for i in numbers]
    cells = zip(numbers, whole, words, strict=True)
    return "".join(f"{i / 3},{n},{word}\n" for i, n, word in cells).encode()


HEAD = b"x,n,word\n"


def write_csv(folder: Path) -> None:
    (folder / "t.csv").write_bytes(HEAD + lines(0, 3000))


def write_windows(folder: Path) -> None:
    (folder / "t.csv").write_bytes((HEAD + lines(0, 3000)).replace(b"\n", b"\r\n"))


def write_parts(folder: Path) -> None:
    for part in range(5):
        (folder / f"part-{part}.csv").write_bytes(HEAD + lines(500 * part, 500))


def write_packed(folder: Path) -> None:
    (folder / "a.csv.gz").write_bytes(gzip.compress(HEAD + lines(0, 900)))
    (folder / "b.csv").write_bytes((HEAD + lines(400, 900)).decode().encode("utf-16"))


def write_quoted(folder: Path) -> None:
    """Write quotes where they are not seen at once, and where they hold ends of lines."""
    (folder / "t.csv").write_bytes(HEAD + lines(0, 9000) + b'1,2,"w,1"\n' + lines(7, 99))
    (folder / "u.csv").write_bytes(HEAD + b'1,2,"w\nx"\n' * 300 + lines(7, 99))


def write_parquet(folder: Path) -> None:
    write_csv(folder)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_csv('{folder}/t.csv', nullstr = ['NA', ''])) "
            f"TO '{folder}/t.parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)"
        )
    (folder / "t.csv").unlink()


WRITERS = [write_csv, write_windows, write_parts, write_packed, write_quoted, write_parquet]


def plain(columns: dict[str, Column]) -> dict[str, Any]:
    return {
        name: (c.codes.tobytes(), c.levels) if isinstance(c, Categorical) else c.tobytes()
        for name, c in columns.items()
    }


def loaded(folder: Path) -> list[Any]:
    """Return all that a table says of its rows."""
    with Table([str(folder / "*")]).load() as table:
        middle = table.read(table.names, table.rows // 3, table.rows // 2)
        return [plain(table.read(table.names)), plain(middle), table.counts, dict(table.missing),
                table.kinds, table.locate(table.rows - 2), table.digest]  # fmt: skip


@pytest.fixture(params=WRITERS, ids=lambda write: write.__name__)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    request.param(tmp_path)
    return tmp_path


@pytest.fixture(params=["by file", "by message", "by rank 0"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the rows come: the file may be on another machine, and so may be what is read."""

    def closed(*_arguments: object) -> None:
        raise OutOfSight

    if request.param == "by message":
        monkeypatch.setattr(Door, "write", closed)
    if request.param == "by rank 0":
        monkeypatch.setattr(shares, "_in_sight", lambda _source, _link: None)
    way: str = request.param
    return way


def test_same_table(folder: Path, way: str, ranks: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    together = loaded(folder)
    assert len(ranks.answers) > 1
    assert all((answer is None) == (way == "by rank 0") for answer in ranks.answers)
    monkeypatch.setattr(shares, "job", Ranks)
    assert together == loaded(folder)


def test_same_scan(folder: Path, way: str, ranks: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading.only({"n": "number", "word": "text"})

    def blocks() -> list[dict[str, list[Any]]]:
        with Scan([str(folder / "*")], reading) as scan:
            scan.keep(["x"])
            return [
                {name: [c.levels[i] if i >= 0 else None for i in c.codes]
                 if isinstance(c, Categorical) else np.nan_to_num(c, nan=-1).tolist()
                 for name, c in block.items()}
                for block in scan.blocks()
            ]  # fmt: skip

    together = blocks()
    assert len(ranks.answers) > 1, way
    monkeypatch.setattr(shares, "job", Ranks)
    assert together == blocks()


@pytest.mark.parametrize("place", [0, 1500, 2999])
def test_the_rows_at_fault_are_named_as_ever(
    place: int, ranks: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = lines(0, 3000).splitlines(keepends=True)
    rows[place] = b"oops" + rows[place]
    rows[-1] = b"once" + rows[-1]
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD + b"".join(rows))
    with pytest.raises(DataError) as together:
        Table([path]).load()
    assert ranks.answers
    monkeypatch.setattr(shares, "job", Ranks)
    with pytest.raises(DataError) as alone:
        Table([path]).load()
    assert together.value.lines == alone.value.lines
    assert together.value.lines[0].startswith(f'{path}:{place + 2}: column "x": ')


def test_no_more_is_read_behind_a_fault(ranks: Two, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD + b"1,2\n" + lines(0, 3000))
    with pytest.raises(DataError, match=r"t\.csv:2: "):
        Table([path]).load()
    assert len(ranks.answers) == 1


def test_another_machine_reads_the_same_file_alone(ranks: Two, tmp_path: Path) -> None:
    """There the link of rank 0 is not, but the path may be; a file that differs is not taken."""
    path, scratch = tmp_path / "t.csv", tmp_path / "scratch"
    path.write_bytes(HEAD + lines(0, 3000))
    scratch.mkdir()
    with Table([path]) as table:
        source = table.sources[0]
        elsewhere = tmp_path / "not here"
        there = replace(source, file=replace(source.text, link=elsewhere, body=elsewhere))
        seen = shares._in_sight(there, scratch / "1")
        assert seen is not None
        assert seen.text.body.read_bytes() == path.read_bytes()
        unpacked = replace(there, file=replace(there.text, body=tmp_path / "copy"))
        assert shares._in_sight(unpacked, scratch / "1") is None
        path.write_bytes(HEAD)
        assert shares._in_sight(there, scratch / "1") is None
        path.unlink()
        assert shares._in_sight(there, scratch / "1") is None
    assert not ranks.answers


def test_a_full_disk(ranks: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD + lines(0, 3000))

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StorageError, match="temporary file for the rows: no space left on device"):
        Table([path]).load()
    assert not ranks.answers


def test_what_killed_ranks_leave_lies_in_the_folder_of_rank_0(
    ranks: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = []

    class Noted(Store):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            places.append(self.scratch)

    monkeypatch.setattr(shares, "Store", Noted)
    path = tmp_path / "t.csv"
    path.write_bytes(HEAD + lines(0, 3000))
    with Table([path]).load() as table:
        assert {place.parent for place in places} == {table.store.scratch}
    assert len(ranks.answers) > len(places) == 1
    assert not any(place.exists() for place in places)
