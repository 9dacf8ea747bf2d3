"""Unpacks what DuckDB or Python does not read as it lies, and says what to do with the rest."""

from __future__ import annotations

import errno
import shutil
import zipfile
from typing import TYPE_CHECKING

import duckdb

from mlpcli.errors import DataError
from mlpcli.text import show

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["FOREIGN", "PACKED"]

FOREIGN = (
    (b"BZh", "compressed with bzip2", "unpack it first: bunzip2 -k {path}"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it first: unxz -k {path}"),
    (b"\xd0\xcf\x11\xe0", "of Excel", "save the sheet as CSV"),
    (b"7z\xbc\xaf", "of 7-Zip", "unpack it first: 7z x {path}"),
    (b"Rar!", "of RAR", "unpack it first: unrar x {path}"),
    (b"SQLite format", "of SQLite",
     'write the table first: sqlite3 -csv -header {path} "select * from T" > t.csv'),
    (b"ARROW1", "of Arrow", "write it as Parquet or CSV"),
    (b"RDX", "of R", "write the table first: write.csv(t, 't.csv')"),
)  # fmt: skip
"""How other files begin, what they are, and what to do about it."""

_OF_ARCHIVE = {None, errno.EINVAL}  # what bz2 finds has no number; a place before the start has one


def unzip(path: Path, link: Path, copy: Path) -> None:
    """Unpack the one member of a zip archive."""
    try:
        with zipfile.ZipFile(link) as archive:
            member = _only_member(path, archive)
            with archive.open(member) as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # what zipfile, zlib, bz2 and lzma raise has no common base
        if getattr(error, "errno", None) not in _OF_ARCHIVE:  # but of the disk
            raise
        reason = str(error).lower()
        raise DataError(f"{path}: zip archive that cannot be unpacked ({reason})") from error


def unzstd(path: Path, link: Path, copy: Path) -> None:
    """Unpack a text that is compressed with zstd, line by line, by way of DuckDB."""
    select = (
        "SELECT coalesce(line, '') FROM read_csv(?, auto_detect = false, header = false, "
        "delim = '\x01', quote = '', escape = '', compression = 'zstd', nullstr = '\x02', "
        "buffer_size = 4000000, columns = {'line': 'VARCHAR'})"
    )
    try:
        with duckdb.connect() as connection, copy.open("wb") as target:
            rows = connection.execute(select, [str(link)])
            while block := rows.fetchmany(10_000):
                target.write("".join(f"{line}\n" for (line,) in block).encode())
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{path}: cannot be unpacked by zstd ({reason}); unpack it first: unzstd {path}"
        ) from error


PACKED: tuple[tuple[bytes, Callable[[Path, Path, Path], None]], ...] = (
    (b"PK\x03\x04", unzip),
    (b"\x28\xb5\x2f\xfd", unzstd),
)
"""How packed files begin, and how they become plain ones: `path` names them in messages."""


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one member that holds data; raise DataError for an archive of others."""
    members = [member for member in archive.infolist() if _holds_data(member)]
    if any(member.filename.startswith("xl/") for member in members):
        raise DataError(
            f"{path}: expected CSV or Parquet, got an Excel workbook; save the sheet as CSV"
        )
    if len(members) != 1:
        names = ", ".join(show(member.filename) for member in members[:3])
        raise DataError(
            f"{path}: expected a zip archive of one file, got {len(members)}: {names}"
            f"{', ..' if len(members) > 3 else ''}; unpack it, and name the file"
        )
    return members[0]


def _holds_data(member: zipfile.ZipInfo) -> bool:
    hidden = member.filename.startswith("__MACOSX/") or member.filename.endswith(".DS_Store")
    return not (member.filename.endswith("/") or hidden)  # its own is_dir fails without a name
