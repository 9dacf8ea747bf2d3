"""Writes files so that a reader sees the old one or the new one, never half of either.

A pipe and the standard streams are written into; every other device, and a folder, is refused.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import re
import stat
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mlpcli.errors import InputError, StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

__all__ = [
    "atomic_file",
    "files_named",
    "refuse_existing",
    "refuse_file",
    "refuse_homeless",
    "refuse_inputs",
    "refuse_unreadable",
    "remove_stale",
    "same_file",
    "storage_errors",
    "temporary_errors",
    "to_safetensors",
    "write_bytes",
]

_STREAM = re.compile(r"/dev/(?:std(?:out|err)|fd/(\d+))|/proc/self/fd/(\d+)")
_NUMBERS = {"/dev/stdout": 1, "/dev/stderr": 2}
_NO_NAME = {errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL}  # nobody could use it
_LONGEST_STEM = 40  # of a temporary name, in characters: a file system allows 255 bytes


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError while writing to `path` into a StorageError of one line."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {_reason(error)}") from error


@contextmanager
def temporary_errors(what: str) -> Iterator[None]:
    """Turn an OSError while a temporary file is written into a StorageError that says where."""
    try:
        yield
    except OSError as error:
        place = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108  named, not written to
        with suppress(OSError):
            place = tempfile.gettempdir()
        line = f"{place}: no room for {what}: {_reason(error)}; TMPDIR names another folder"
        raise StorageError(line) from error


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn an OSError over the name of what is to be written into a line; none there is no error.

    A name that no file can have is the user's error, the rest is that of the storage.
    """
    try:
        yield
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        kind = UsageError if getattr(error, "errno", errno.EINVAL) in _NO_NAME else StorageError
        raise kind(f"{path}: cannot be written: {_reason(error)}") from error


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise UsageError if a file cannot be named so, or is there already and not by `force`.

    A device such as /dev/null is refused in any case: it would be replaced by a file. Raises
    StorageError where the folder may not be looked into.
    """
    mode = 0
    if _stream(path) is None:
        with _naming(path):
            mode = path.stat().st_mode
    if not mode or stat.S_ISFIFO(mode):
        return
    if stat.S_ISDIR(mode):
        raise UsageError(f"{path}: is a folder; expected the name of a file to write")
    if not stat.S_ISREG(mode):
        raise UsageError(f"{path}: is no regular file; expected the name of a file to write")
    if not force:
        raise UsageError(f"{path}: exists already; give --force to replace it")


def refuse_homeless(path: Path) -> None:
    """Raise StorageError where the folder of a file to write is not there."""
    if _stream(path) is None:
        with storage_errors(path):
            Path(os.path.realpath(path)).parent.stat()


def refuse_file(folder: Path) -> None:
    """Raise InputError where a folder to write into is a file, or cannot be named so."""
    mode = stat.S_IFDIR
    with _naming(folder):
        try:
            mode = folder.stat().st_mode
        except FileNotFoundError:
            _refuse_dangling(folder)
    if not stat.S_ISDIR(mode):
        raise UsageError(f"{folder}: is a file; expected a folder to write to")


def refuse_inputs(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raise UsageError where a file that is read would be written, under whatever name."""
    read = list(inputs)
    for path in outputs:
        for other in read:
            if same_file(path, other):
                name = "" if str(other) == str(path) else f" as {other}"
                raise UsageError(f"{path}: is read here{name}; write elsewhere")


def same_file(path: Path, other: Path) -> bool:
    """Return whether two names lead to one regular file that is there, by way of links or not."""
    try:
        a, b = path.stat(), other.stat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(a.st_mode) and os.path.samestat(a, b)


def files_named(pattern: str) -> list[Path]:
    """Return the file of that name, or else those that fit a glob, sorted; none may be there."""
    path = Path(pattern)
    if not glob.has_magic(pattern) or path.exists():
        return [path]
    found = map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207  may be absolute
    return sorted(path for path in found if not path.is_dir())


def refuse_unreadable(path: Path) -> None:
    """Raise InputError, for whatever a file is, where it is there but cannot be read.

    One that is not there is left to who reads it, but for a link that leads nowhere.
    """
    try:
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb"):
                pass
    except FileNotFoundError:
        _refuse_dangling(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {_reason(error)}") from error


def _refuse_dangling(path: Path) -> None:
    if path.is_symlink():
        raise InputError(f"{path}: is a link to {path.readlink()}, which is not there")


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` once its block ends without an exception.

    `durable` waits until the bytes are on the disk, so that a power cut leaves one of the two. The
    new file has the mode of the old one. A pipe or a standard stream is written into: where its
    reader goes away the block ends early, and that is no error. Raises StorageError where it cannot
    be written, UsageError for a device, which a file would replace for the whole system.
    """
    with storage_errors(path):
        if _is_pipe(path):
            with suppress(BrokenPipeError), _opened(path) as file:
                yield file
            return
        target = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
        _refuse_device(target)
        handle, name = tempfile.mkstemp(prefix=_prefix(target), dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(name).chmod(_mode(target))
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise


def _refuse_device(path: Path) -> None:
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise UsageError(f"{path}: is no regular file; expected the name of a file to write")


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace the file by `content`, all or nothing."""
    with atomic_file(path, durable=durable) as file:
        file.write(content)


def remove_stale(path: Path) -> None:
    """Remove what a process that was killed left beside a file; nobody else may be writing it."""
    for left in path.parent.glob(glob.escape(_prefix(path)) + "????????"):
        with suppress(OSError):
            left.unlink()


def _prefix(path: Path) -> str:
    return f".{path.name[:_LONGEST_STEM]}."


def _mode(target: Path) -> int:
    """Return the mode of a file, or that of a new one."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _stream(path: Path) -> int | None:
    """Return the number of an open stream of this process by its name, None for any other path."""
    found = _STREAM.fullmatch(str(path))
    if found is None:
        return None
    return _NUMBERS.get(str(path)) or int(found[1] or found[2] or 0)


def _is_pipe(path: Path) -> bool:
    if _stream(path) is not None:
        return True
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _opened(path: Path) -> IO[bytes]:
    number = _stream(path)
    if number is None:
        return path.open("wb")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # what was printed before stands before
    return os.fdopen(os.dup(number), "wb")


def to_safetensors(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """Return a safetensors file as bytes, the same bytes for the same content.

    The library takes an array's memory as it lies, so each is laid out row by row first. It writes
    metadata in an order that differs from process to process, so the header, a JSON object behind
    its length in 8 bytes, is written again with sorted keys.
    """
    import numpy as np
    from safetensors.numpy import save

    rowwise = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    raw = save(rowwise, metadata=dict(metadata))
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + raw[8 + length :]
