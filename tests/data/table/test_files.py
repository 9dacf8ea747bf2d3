"""Files are named and hashed as the user meant them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mlpcli.data.table import Reading, Table
from mlpcli.data.table.files import find_files, sha256
from mlpcli.errors import DataError


def test_a_digest_ends_with_the_files(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n")
    taken = 0

    def wanted() -> bool:
        nonlocal taken
        taken += 1
        return taken < 2

    links = tmp_path / "links"
    links.mkdir()
    (file,) = find_files([path], links)
    assert sha256([file, file], wanted) == ""
    assert taken == 2


def test_a_last_line_that_would_be_lost(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    rows = "x,c,y\n" + "1,a,0\n2,b,1\n" * 9
    for end in ("", "\n", "\r\n"):
        path.write_text(rows + "3," + "z" * 9_000_000 + ",1" + end)
        with pytest.raises(DataError, match="its last line is longer than 4,000,000 bytes"):
            Table([path], Reading())
    packed = tmp_path / "data.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with (
        pytest.raises(DataError, match=r":20: a field is longer than 2,097,152 characters"),
        Table([packed], Reading()) as table,
    ):
        table.load()


@pytest.mark.parametrize("size", [4_500_000, 9_000_000])
def test_a_long_field_is_no_open_quote(tmp_path: Path, size: int) -> None:
    path = tmp_path / "data.csv"
    path.write_text("x,c,y\n3," + "z" * size + ",1\n" + "1,a,0\n2,b,1\n" * 9)
    with (
        pytest.raises(DataError, match=r":2: a field is longer than 2,097,152 characters"),
        Table([path], Reading()) as table,
    ):
        table.load()


@pytest.mark.parametrize("address", ["https://example.org/a.csv", "s3://bucket/b?c=1.parquet"])
def test_addresses_are_not_read(tmp_path: Path, address: str) -> None:
    for name in (address, Path(address), tmp_path / address):
        with pytest.raises(DataError) as caught:
            find_files([name], tmp_path)
        expected = f"{address}: URLs are not read; download it first"
        assert caught.value.lines == (expected,)
