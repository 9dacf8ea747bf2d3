"""Finds the files that the user meant, and gives each a plain name and a format.

DuckDB is never handed a name that the user typed: to it `a[1].csv` is a wildcard and `s3://x` an
address. Each file is reached through a link in a scratch folder; a pipe, which can be read only
once, is copied there.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import os
import shutil
import stat
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from mlpcli.errors import DataError
from mlpcli.files import refuse_unreadable, temporary_errors
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Format = Literal["csv", "gzip", "parquet"]

FORMATS: tuple[tuple[bytes, Format], ...] = ((b"PAR1", "parquet"), (b"\x1f\x8b", "gzip"))
FOREIGN = (
    (b"PK\x03\x04", "a zip archive or Excel workbook"),
    (b"BZh", "compressed with bzip2"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
LONGEST_LINE = 4_000_000  # bytes, as DuckDB's buffer


@dataclass(frozen=True)
class File:
    """One input file: the path that messages name, the link that is read, and what it holds."""

    path: Path
    link: Path
    format: Format
    state: tuple[int, int]

    @property
    def bytes(self) -> int:
        """The size of the content; less where gzip packs more than 4 GB, which it cannot say."""
        size = self.state[0]
        if self.format != "gzip":
            return size
        with self.link.open("rb") as stream:
            stream.seek(-4, os.SEEK_END)
            return max(size, int.from_bytes(stream.read(4), "little"))

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the content, decompressed; raises DataError where gzip ends early or was altered."""
        try:
            with gzip.open(self.link) if self.format == "gzip" else self.link.open("rb") as stream:
                yield cast("BinaryIO", stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = str(error).lower()
            raise DataError(f"{self.path}: damaged gzip file ({reason}); fetch it again") from error


def find_files(patterns: Sequence[str | Path], scratch: Path) -> tuple[File, ...]:
    """Expand paths and globs, in the order given and sorted within a glob.

    Raises DataError for a pattern without a match, for a file named twice, and for what is not
    CSV, gzip or Parquet; StorageError is left to the caller.
    """
    paths = [path for pattern in patterns for path in _expand(str(pattern))]
    if not paths:
        raise DataError("no data file given")
    for path in paths:
        if paths.count(path) > 1:
            raise DataError(f"{path}: named twice; list each file once")
    files = tuple(_inspect(path, scratch / f"{i}") for i, path in enumerate(paths))
    for file in files:
        _refuse_long_end(file)
    return files


def sha256(files: Iterable[File], wanted: Callable[[], bool]) -> str:
    """Return the hex digest of the files' bytes, one after the other; nothing once not `wanted`.

    Raises DataError where a file is no longer the one that was read.
    """
    digest = hashlib.sha256()
    for file in files:
        with file.link.open("rb") as stream:
            while block := stream.read(1 << 20):
                if not wanted():
                    return ""
                digest.update(block)
        if _state(file.link) != file.state:
            raise DataError(f"{file.path}: changed while it was in use; run again")
    return digest.hexdigest()


def _expand(pattern: str) -> list[Path]:
    path = Path(pattern)
    refuse_unreadable(path)
    if path.exists():
        return [path]
    if glob.has_magic(pattern):
        found = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if not Path(p).is_dir())  # noqa: PTH207
        if not found:
            raise DataError(f"{pattern}: no file matches")
        return found
    siblings = os.listdir(path.parent) if path.parent.is_dir() else []  # noqa: PTH208
    raise DataError(f"{pattern}: no such file{did_you_mean(path.name, siblings)}")


def _inspect(path: Path, link: Path) -> File:
    try:
        if path.is_dir():
            raise DataError(f"{path}: is a folder; name a file, or several as {path}/*.csv")
        if stat.S_ISREG(path.stat().st_mode):
            link.symlink_to(path.absolute())
        else:
            with (
                path.open("rb") as pipe,
                temporary_errors(f"a copy of {path}"),
                link.open("wb") as copy,
            ):
                shutil.copyfileobj(pipe, copy)
        with link.open("rb") as stream:
            start = stream.read(8)
        return File(path, link, _format(path, start), _state(link))
    except OSError as error:
        raise DataError(f"{path}: {(error.strerror or str(error)).lower()}") from error


def _refuse_long_end(file: File) -> None:
    """Raise DataError for a last line so long that DuckDB leaves it out without a word."""
    if file.format != "csv" or file.bytes <= LONGEST_LINE:
        return
    with file.link.open("rb") as stream:
        stream.seek(-LONGEST_LINE, os.SEEK_END)
        end = stream.read().rstrip(b"\r\n")
    if b"\n" not in end and b"\r" not in end:
        raise DataError(f"{file.path}: its last line is longer than {LONGEST_LINE:,} bytes")


def _format(path: Path, start: bytes) -> Format:
    for magic, what in FOREIGN:
        if start.startswith(magic):
            raise DataError(
                f"{path}: expected CSV in UTF-8, csv.gz or Parquet, got {what}; convert it first"
            )
    return next((name for magic, name in FORMATS if start.startswith(magic)), "csv")


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
