"""A temporary file of arrays: in memory while it is small, gone when it is closed or forgotten."""

from __future__ import annotations

import os
import tempfile
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import StorageError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

__all__ = ["Door", "OutOfSight", "Scratch"]

_MARK = 16  # bytes


class Scratch:
    """Bytes of arrays at places of the caller's choice; threads may use it at the same time.

    Beyond `in_memory` bytes the file lies in `folder`, or where the system keeps temporary files.
    It has no name there, so that nothing is left behind whatever happens. Raises StorageError
    where the disk is full.
    """

    def __init__(self, folder: Path | None, in_memory: int = 1) -> None:
        self._folder = folder
        self._in_memory = in_memory
        self._lock = Lock()
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115  closed by `close`
            in_memory, prefix="mlp-", dir=None if folder is None else str(folder)
        )
        self._finalizer = weakref.finalize(self, _close, self._file)

    def write(self, place: int, array: NDArray[Any]) -> None:
        """Write the bytes of an array at this place."""
        with self._lock, self._errors():
            if place + array.nbytes > self._in_memory:
                self._file.rollover()  # in memory a gap before `place` would be filled with zeros
            self._file.seek(place)
            self._file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)

    def read(self, place: int, out: NDArray[Any]) -> None:
        """Fill a contiguous array with the bytes from this place on."""
        with self._lock, self._errors():
            self._file.seek(place)
            if self._file.readinto(out.reshape(-1).view(np.uint8).data) != out.nbytes:
                raise OSError("shorter than what was written")

    def door(self, place: int) -> Door:
        """Let other processes of this machine write, which know the file by what is put here."""
        mark = os.urandom(_MARK)
        with self._lock, self._errors():
            self._file.rollover()
        self.write(place, np.frombuffer(mark, np.uint8))
        with self._lock, self._errors():
            self._file.flush()
        path = Path("/proc") / str(os.getpid()) / "fd" / str(self._file.fileno())
        return Door(path, place, mark, self._folder)

    def close(self) -> None:
        """Give memory and disk back."""
        self._finalizer()

    def _errors(self) -> AbstractContextManager[None]:
        return _errors(self._folder)


class OutOfSight(StorageError):
    """A file of another process is not to be had here."""

    def __init__(self) -> None:
        super().__init__("the temporary file of rank 0 is not to be seen from here")


@dataclass(frozen=True)
class Door:
    """How other processes come to a file without a name, and the mark `place` bytes within it.

    It does not lead there from another machine, nor where the system does not show what a process
    has open: then OutOfSight is raised.
    """

    path: Path
    place: int
    mark: bytes
    folder: Path | None

    def write(self, place: int, array: NDArray[Any]) -> None:
        """Write the bytes of an array at this place."""
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        with self._opened() as file:
            done = 0
            while done < len(content):
                done += os.pwrite(file, content[done:], place + done)

    def read(self, place: int, out: NDArray[Any]) -> None:
        """Fill a contiguous array with the bytes from this place on."""
        content = out.reshape(-1).view(np.uint8).data
        with self._opened() as file:
            done = 0
            while done < len(content):
                found = os.preadv(file, [content[done:]], place + done)
                if not found:
                    raise OSError("shorter than what was written")
                done += found

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            file = os.open(self.path, os.O_RDWR)
        except OSError as error:
            raise OutOfSight from error
        try:
            with _errors(self.folder):
                if os.pread(file, _MARK, self.place) != self.mark:
                    raise OutOfSight
                yield file
        finally:
            os.close(file)


@contextmanager
def _errors(folder: Path | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = folder or tempfile.gettempdir()
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"{where}: a temporary file for the rows: {reason}") from error


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what a full disk did not take is tried again, and not needed
        file.close()
