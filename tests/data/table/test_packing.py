"""A zip archive with any byte of it spoiled is unpacked, or refused in one line."""

from __future__ import annotations

import errno
import io
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from mlpcli.data.table.packing import unzip
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

METHODS = {
    "stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA,
}  # fmt: skip
CONTENT = b"x,y\n" + b"1.5,a\n2.5,b\n" * 5


def zipped(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("t.csv", CONTENT)
    return buffer.getvalue()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("spoil", [0x08, 0xFF])
def test_a_spoiled_byte(method: str, spoil: int, tmp_path: Path) -> None:
    whole, archive, copy = zipped(METHODS[method]), tmp_path / "t.zip", tmp_path / "copy"
    refused = 0
    for at in range(len(whole)):
        archive.write_bytes(whole[:at] + bytes([whole[at] ^ spoil]) + whole[at + 1 :])
        try:
            unzip(archive, archive, copy)
        except DataError as error:
            refused += 1
            (line,) = error.lines
            assert line.startswith(f"{archive}: ")
            assert line.isprintable()
        else:
            assert copy.read_bytes() == CONTENT  # which has a checksum
    assert 0 < refused < len(whole)


def test_a_full_disk_is_no_fault_of_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", fail)
    archive = tmp_path / "t.zip"
    archive.write_bytes(zipped(zipfile.ZIP_STORED))
    with pytest.raises(OSError, match="No space left"):
        unzip(archive, archive, tmp_path / "copy")
