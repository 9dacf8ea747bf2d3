"""Bytes come back from where they were put, and nothing is left: no file, no memory, no warning."""

from __future__ import annotations

import errno
import gc
import os
import pickle
import resource
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.data.scratch import OutOfSight, Scratch
from mlpcli.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file grow beyond 100 kB: what the system refuses then is as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def read(scratch: Scratch, place: int, count: int) -> NDArray[np.uint8]:
    out = np.empty(count, np.uint8)
    scratch.read(place, out)
    return out


def write_pieces(scratch: Scratch, size: int) -> None:
    for i in range(100):
        scratch.write(i * size, np.ones(size, np.uint8))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=100)), min_size=1, max_size=8),
    st.sampled_from([1, 100, 250, 1000]),
    st.data(),
)
def test_bytes_as_in_memory(
    writes: list[tuple[int, bytes]], in_memory: int, data: st.DataObject
) -> None:
    scratch, expected = Scratch(None, in_memory), bytearray()
    for place, content in writes:
        scratch.write(place, np.frombuffer(content, np.uint8))
        if content:
            expected.extend(bytes(max(0, place + len(content) - len(expected))))
            expected[place : place + len(content)] = content
        start = data.draw(st.integers(0, len(expected)))
        stop = data.draw(st.integers(start, len(expected)))
        assert read(scratch, start, stop - start).tobytes() == expected[start:stop]
    scratch.close()


@pytest.mark.parametrize("in_memory", [1, 1 << 20])
def test_arrays_of_any_layout(in_memory: int) -> None:
    scratch = Scratch(None, in_memory)
    array = np.arange(24.0).reshape(4, 6)
    scratch.write(8, array[:, ::2])
    scratch.write(0, np.array([7], np.int64))
    out = np.empty((4, 3))
    scratch.read(8, out)
    np.testing.assert_array_equal(out, array[:, ::2])
    scratch.read(8, np.empty((0, 3)))
    scratch.close()


def test_a_file_has_no_name(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.write(0, np.ones(1000))
    assert list(tmp_path.iterdir()) == []
    scratch.close()
    scratch.close()


def test_what_is_forgotten_is_closed(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.write(0, np.ones(1000))
    file = scratch._file
    assert not file.closed
    del scratch
    gc.collect()
    assert file.closed


def test_a_gap_takes_no_memory(tmp_path: Path) -> None:
    """A resumed epoch begins to write far from the beginning of its file."""
    tracemalloc.start()
    scratch = Scratch(tmp_path, in_memory=1000)
    scratch.write(1 << 26, np.ones(1))
    assert tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()
    assert read(scratch, 0, 10).tolist() == [0] * 10
    scratch.close()


def test_threads_at_the_same_time() -> None:
    scratch = Scratch(None)
    parts = [np.full(5000, i, np.uint8) for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: scratch.write(5000 * i, parts[i]), range(39, -1, -1)))
        found = list(pool.map(lambda i: read(scratch, 5000 * i, 5000), range(40)))
    assert all(map(np.array_equal, found, parts))
    scratch.close()


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(StorageError) as caught:
        Scratch(Path("/no/such")).write(0, np.ones(1))
    assert str(caught.value) == "/no/such: a temporary file for the rows: no such file or directory"


def test_reading_beyond_the_end() -> None:
    scratch = Scratch(None)
    scratch.write(0, np.ones(1))
    with pytest.raises(StorageError, match="rows: shorter than what was written"):
        read(scratch, 1, 8)
    scratch.close()


@pytest.mark.usefixtures("small_disk")
@pytest.mark.parametrize("size", [3_000, 60_000], ids=["in a buffer", "beyond a buffer"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_full_disk(size: int, closed: bool, tmp_path: Path) -> None:
    """Closing must not complain once more: the bytes that wait in a buffer still do not fit."""
    scratch = Scratch(tmp_path)
    with pytest.raises(StorageError) as caught:
        write_pieces(scratch, size)
    assert caught.value.lines == (f"{tmp_path}: a temporary file for the rows: file too large",)
    if closed:
        scratch.close()
    del scratch
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_no_space_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", full)
    with pytest.raises(StorageError, match="rows: no space left on device") as caught:
        Scratch(tmp_path).write(0, np.ones(1))
    assert caught.value.exit_code == 74


def test_another_process_writes_where_it_is_let_in(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.write(0, np.arange(4, dtype=np.uint8))
    door = pickle.loads(pickle.dumps(scratch.door(4)))
    door.write(1000, np.arange(3, dtype=np.uint8))
    assert read(scratch, 0, 4).tolist() == [0, 1, 2, 3]
    assert read(scratch, 1000, 3).tolist() == [0, 1, 2]
    found = np.empty(2, np.uint8)
    door.read(1001, found)
    assert found.tolist() == [1, 2]
    with pytest.raises(StorageError, match="shorter than what was written"):
        door.read(1002, found)
    assert list(tmp_path.iterdir()) == []
    scratch.close()
    with pytest.raises(OutOfSight):
        door.read(1001, found)


@pytest.mark.usefixtures("small_disk")
def test_another_process_hears_that_the_disk_is_full(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    with pytest.raises(StorageError, match=f"{tmp_path}: a temporary file for the rows: file too"):
        scratch.door(0).write(90_000, np.ones(20_000, np.uint8))
    scratch.close()


def test_another_file_or_none_is_told(tmp_path: Path) -> None:
    """As on another machine, where the same number may be that of another process."""
    scratch, path = Scratch(tmp_path), tmp_path / "other"
    door = scratch.door(0)
    path.write_bytes(b"something else that is long enough")
    for there in (path, tmp_path / "none", tmp_path):
        with pytest.raises(OutOfSight):
            replace(door, path=there).write(0, np.ones(1, np.uint8))
    assert path.read_bytes().startswith(b"something")
    scratch.close()
