"""Lets one process at a time write into a folder; the kernel drops its lock when it ends."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from mlpcli.errors import UsageError
from mlpcli.files import storage_errors

fcntl: Any
try:
    import fcntl
except ImportError:  # a system without such locks: there is none
    fcntl = None

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FolderLock"]

_NAME = ".lock"
_LONGEST = 200  # bytes of what a holder says of itself


class FolderLock:
    """The lock of a folder, to be taken before the first file is written, and closed at the end.

    A file in the folder says who holds it: process number and start. One that is left by a process
    that was killed locks nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _NAME
        self._handle: int | None = None

    def take(self) -> None:
        """Take the lock of the folder, if there is one yet and it is not held already.

        Raises UsageError, with the holder, where another one has it; StorageError where the folder
        cannot be written into.
        """
        if self._handle is not None or fcntl is None or not self._folder.is_dir():
            return
        while self._handle is None:
            self._handle = self._locked()
        with storage_errors(self._path):
            os.ftruncate(self._handle, 0)
            holder = {"process": os.getpid(), "started": time.strftime("%Y-%m-%d %H:%M:%S")}
            os.pwrite(self._handle, json.dumps(holder).encode(), 0)

    def close(self) -> None:
        """Give the lock back; a second call does nothing."""
        if self._handle is not None:
            with suppress(OSError):
                self._path.unlink()  # under the lock: whoever opened it sees that it is gone
            os.close(self._handle)
            self._handle = None

    def _locked(self) -> int | None:
        """Return the locked file; None if it was removed meanwhile by the one that held it."""
        with storage_errors(self._path):
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(handle)
            os.close(handle)
            message = f"{self._folder}: {holder} writes here; wait for it, or write elsewhere"
            raise UsageError(f"{message} with --out") from None
        except OSError:  # a file system without locks: better none than no run
            return handle
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), self._path.stat()):
                return handle
        os.close(handle)
        return None


def _holder(handle: int) -> str:
    try:
        found = json.loads(os.pread(handle, _LONGEST, 0))
        return f"process {int(found['process'])}, started {str(found['started'])[:19]},"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
