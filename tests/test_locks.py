"""Whoever holds the lock of a folder is alone in it, and gone once its process is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mlpcli.errors import StorageError, UsageError
from mlpcli.locks import FolderLock

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from mlpcli.locks import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
time.sleep(60)
"""


def test_another_process_is_named_and_its_end_frees_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = FolderLock(tmp_path)
        with pytest.raises(UsageError) as caught:
            lock.take()
        line = str(caught.value)
        assert line.startswith(f"{tmp_path}: process {holder.pid}, started 20")
        assert line.endswith("writes here; wait for it, or write elsewhere with --out")
        holder.send_signal(signal.SIGKILL)
    assert (tmp_path / ".lock").exists()
    with closing(lock):
        lock.take()
    assert list(tmp_path.iterdir()) == []


def test_taking_it_twice_is_taking_it_once(tmp_path: Path) -> None:
    with closing(FolderLock(tmp_path)) as lock:
        lock.take()
        lock.take()
    lock.close()
    with closing(FolderLock(tmp_path / "none")) as lock:
        lock.take()  # nobody writes where there is no folder
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", [b"", b"\xff", b"[]", b'{"process": "x"}', b"9" * 300])
def test_a_holder_that_does_not_say_who_it_is(tmp_path: Path, said: bytes) -> None:
    with closing(FolderLock(tmp_path)) as lock:
        lock.take()
        (tmp_path / ".lock").write_bytes(said)
        with pytest.raises(UsageError, match="another process writes here"):
            FolderLock(tmp_path).take()


def test_a_file_that_was_removed_by_its_holder_is_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    really = os.open

    def slow(path: Path, *args: int) -> int:
        handle = really(path, *args)
        if not opened:
            path.unlink()  # as the holder does at its end
        opened.append(handle)
        return handle

    monkeypatch.setattr("mlpcli.locks.os.open", slow)
    with closing(FolderLock(tmp_path)) as lock:
        lock.take()
        assert len(opened) == 2
        assert (tmp_path / ".lock").exists()


def test_a_folder_that_cannot_be_written_into(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(StorageError, match=r"\.lock: cannot be written: is a directory"):
        FolderLock(tmp_path).take()
