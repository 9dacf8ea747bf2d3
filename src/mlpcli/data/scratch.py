"""A temporary file of arrays: in memory while it is small, gone when it is closed or forgotten."""

from __future__ import annotations

import tempfile
import weakref
from contextlib import contextmanager, suppress
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Scratch"]


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

    def close(self) -> None:
        """Give memory and disk back."""
        self._finalizer()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = self._folder or tempfile.gettempdir()
            reason = (error.strerror or str(error)).lower()
            raise StorageError(f"{where}: a temporary file for the rows: {reason}") from error


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what a full disk did not take is tried again, and not needed
        file.close()
