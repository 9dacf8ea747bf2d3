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
import re
import shutil
import stat
import zlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from mlpcli.data.table.encoding import transcode
from mlpcli.data.table.frame import Frame
from mlpcli.data.table.packing import FOREIGN, PACKED
from mlpcli.errors import DataError
from mlpcli.files import refuse_unreadable, temporary_errors
from mlpcli.names import is_in_memory
from mlpcli.records import dataclass
from mlpcli.text import did_you_mean, in_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Format = Literal["csv", "gzip", "parquet"]

FORMATS: tuple[tuple[bytes, Format], ...] = ((b"PAR1", "parquet"), (b"\x1f\x8b", "gzip"))
_ADDRESS = re.compile(
    r"(?:^|/)(https?|ftps?|s3|gs|hf|abfss?)://?(.*)", re.DOTALL
)  # a Path has one /
LONGEST_LINE = 4_000_000  # bytes, as DuckDB's buffer


@dataclass(frozen=True)
class File:
    """One input file: the path that messages name, a link to it, and what is read.

    `body` is the link, or a copy of the content that is unpacked, or in UTF-8.
    """

    path: Path
    link: Path
    body: Path
    format: Format
    state: tuple[int, int]

    @property
    def bytes(self) -> int:
        """The size of the content; less where gzip packs more than 4 GB, which it cannot say."""
        size = self.body.stat().st_size
        if self.format != "gzip":
            return size
        with self.body.open("rb") as stream:
            stream.seek(-4, os.SEEK_END)
            return max(size, int.from_bytes(stream.read(4), "little"))

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the content, decompressed; raises DataError where gzip ends early or was altered."""
        try:
            with gzip.open(self.body) if self.format == "gzip" else self.body.open("rb") as stream:
                yield cast("BinaryIO", stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            reason = str(error).lower()
            raise DataError(f"{self.path}: damaged gzip file ({reason}); fetch it again") from error

    def digest_into(self, digest: hashlib._Hash, wanted: Callable[[], bool]) -> bool:
        """Add the bytes of the file to a digest; return False, and stop, once not `wanted`.

        Raises DataError where the file is no longer the one that was read.
        """
        with self.link.open("rb") as stream:
            while block := stream.read(1 << 20):
                if not wanted():
                    return False
                digest.update(block)
        if state_of(self.link) != self.state:
            raise DataError(f"{self.path}: changed while it was in use; run again")
        return True

    def in_utf8(self, encoding: str) -> File:
        """Return the file with a copy in UTF-8 as its body; DataError where it is otherwise."""
        copy = self.link.with_name(f"{self.link.name}.utf8")
        try:
            with self.open() as stream:
                transcode(stream, encoding, copy)
        except UnicodeError as error:
            reason = getattr(error, "reason", error)
            raise DataError(
                f"{self.path}: is not in the encoding {encoding} ({reason}); name another one as "
                "data.encoding, or null to have it found"
            ) from error
        return replace(self, body=copy, format="csv")


def find_files(patterns: Sequence[str | Path | Frame], scratch: Path) -> tuple[File | Frame, ...]:
    """Expand paths and globs, in the order given and sorted within a glob.

    Raises DataError for a pattern without a match, for a file named twice, and for what is not
    CSV, gzip or Parquet; StorageError is left to the caller.
    """
    frames = [frame for frame in patterns if isinstance(frame, Frame)]
    if frames:
        return tuple(frames)
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


def sha256(files: Iterable[File | Frame], wanted: Callable[[], bool]) -> str:
    """Return the hex digest of all files, one after the other; nothing once not `wanted`.

    Raises DataError where a file is no longer the one that was read.
    """
    digest = hashlib.sha256()
    for file in files:
        if not file.digest_into(digest, wanted):
            return ""
    return digest.hexdigest()


def _expand(pattern: str) -> list[Path]:
    path = Path(pattern)
    refuse_unreadable(path)
    if path.exists():
        return [path]
    if address := _ADDRESS.search(pattern):
        raise DataError(f"{address[1]}://{address[2]}: URLs are not read; download it first")
    if glob.has_magic(pattern):
        found = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if not Path(p).is_dir())  # noqa: PTH207
        if not found:
            raise DataError(f"{pattern}: no file matches")
        return found
    if is_in_memory(pattern):
        raise DataError(f"{pattern}: is a table that was in memory; pass it as data again, or set "
                        "data.train to a file")  # fmt: skip
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
        body, state = link, state_of(link)
        unpack = next((unpack for magic, unpack in PACKED if start.startswith(magic)), None)
        if unpack is not None:
            body = link.with_name(f"{link.name}.unpacked")
            unpack(path, link, body)
            with body.open("rb") as stream:
                start = stream.read(8)
        return File(path, link, body, _format(path, start), state)
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
    for magic, what, advice in FOREIGN:
        if start.startswith(magic):
            todo = advice.format(path=in_shell(path))
            raise DataError(f"{path}: expected CSV or Parquet, got a file {what}; {todo}")
    return next((name for magic, name in FORMATS if start.startswith(magic)), "csv")


def state_of(path: Path) -> tuple[int, int]:
    """Return size and time of the last change, by which a file is known again; raises OSError."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns
