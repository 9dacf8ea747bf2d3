"""Rows encoded part by part, in threads, in memory or in a file are those encoded as a whole."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data import encoding
from mlpcli.data.batches import Rows
from mlpcli.data.columns import Held, Stored
from mlpcli.data.encoder import Encoder
from mlpcli.data.encoding import encode_examples, spread
from mlpcli.data.examples import Examples
from mlpcli.data.memory import Place
from mlpcli.data.row_file import RowFile
from mlpcli.data.table import open_table
from mlpcli.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlpcli.data.table import Table

ROWS = 300


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    path = tmp_path / "t.csv"
    path.write_text("a,t\n" + "".join(f"{i / 7!r},{'uvwx'[i % 4]}\n" for i in range(ROWS)))
    with open_table([path]) as opened:
        yield opened


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encode in many parts, in threads."""
    monkeypatch.setattr(encoding, "_BLOCK_ROWS", 7)
    monkeypatch.setattr(encoding, "_WORTH_THREADS", 1)
    monkeypatch.setattr("mlpcli.parallel.core_count", lambda: 4)


def examples(table: Table, *, stored: bool, every: int) -> Examples:
    """Return every so manieth row."""
    y = np.arange(2.0 * ROWS).reshape(ROWS, 2)
    columns = Stored(table) if stored else Held(table.read(table.names))
    whole = Examples(columns, y, y[:, 1] + 1)
    return whole.take(np.arange(0, ROWS, every))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("in_file", [False, True])
@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("every", [1, 3, 50])
def test_as_a_whole(
    table: Table, dtype: str, in_file: bool, stored: bool, every: int, tmp_path: Path
) -> None:
    columns = table.read(table.names)
    seen = Held(columns).take(np.flatnonzero(np.arange(ROWS) % 4 != 2))
    encoder = Encoder.fit(seen, "error", standardize=True)
    share = examples(table, stored=stored, every=every)
    place = Place(100, tmp_path) if in_file else None
    rows, unseen = encode_examples(share, encoder, dtype, 4.0, place)
    assert isinstance(rows, RowFile if in_file else Rows)
    X, counts = encoder.encode(share.columns, dtype)
    assert rows.X.tobytes() == X.tobytes()
    assert rows.X.dtype == rows.y.dtype == dtype
    assert dict(unseen) == counts
    assert counts["t"] == sum(i % 4 == 2 for i in range(0, ROWS, every))
    np.testing.assert_array_equal(rows.y, share.y)
    assert rows.weight is not None
    assert share.weight is not None
    np.testing.assert_array_equal(rows.weight, (share.weight / 4).astype(dtype))


def test_a_part_of_many_inputs_has_few_rows(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_BLOCK_INPUTS", 12)
    sizes = []
    encode = Encoder.encode

    def spy(self: Encoder, columns: Held, dtype: str) -> object:
        X, unseen = encode(self, columns, dtype)
        sizes.append(X.size)
        return X, unseen

    monkeypatch.setattr(Encoder, "encode", spy)
    encoder = Encoder.fit(table.read(table.names), "error", standardize=True)
    rows, _ = encode_examples(examples(table, stored=True, every=1), encoder, "float64")
    assert max(sizes) <= 12
    assert sum(sizes) == rows.X.size


def test_a_full_disk_is_said_from_a_thread(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    share = examples(table, stored=True, every=1)
    encoder = Encoder.fit(table.read(table.names), "error", standardize=True)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", full)
    with pytest.raises(StorageError, match=f"{tmp_path}: .* no space left on device"):
        encode_examples(share, encoder, "float32", 1.0, Place(100, tmp_path))


@pytest.mark.parametrize("rows", [10, 1000])
def test_threads_where_they_are_worth_it(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_WORTH_THREADS", 100)
    threads = [*spread(lambda _: threading.current_thread(), range(3), rows)]
    assert ({*threads} == {threading.current_thread()}) is (rows < 100)
    assert [*spread(abs, [-1, 2, -3], rows)] == [1, 2, 3]
