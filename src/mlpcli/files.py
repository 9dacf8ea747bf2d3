"""Writes files so that a reader sees the old one or the new one, never half of either."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["atomic_file", "refuse_existing", "storage_errors", "to_safetensors", "write_bytes"]


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError while writing to `path` into a StorageError of one line."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StorageError(f"{path}: cannot be written: {reason}") from error


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise UsageError if `path` is there already and `force` is not given.

    A device such as /dev/null is refused in any case: it would be replaced by a file.
    """
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; expected the name of a file to write")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is no regular file; expected the name of a file to write")
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; give --force to replace it")


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` once its block ends without an exception.

    `durable` waits until the bytes are on the disk, so that a power cut leaves one of the two.
    Raises StorageError where it cannot be written.
    """
    with storage_errors(path):
        target = path.resolve()  # what a link points to is replaced, not the link
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace the file by `content`, all or nothing."""
    with atomic_file(path, durable=durable) as file:
        file.write(content)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def to_safetensors(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file as bytes, the same bytes for the same content.

    The library takes an array's memory as it lies, so each is laid out row by row first. It writes
    metadata in an order that differs from process to process, so the header, a JSON object behind
    its length in 8 bytes, is written again with sorted keys.
    """
    from safetensors.numpy import save

    rowwise = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    raw = save(rowwise, metadata=dict(metadata))
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + raw[8 + length :]
