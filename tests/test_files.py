"""A file is the old one or the new one, whatever goes wrong in between."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load

from mlpcli.errors import StorageError, UsageError
from mlpcli.files import (
    atomic_file,
    refuse_existing,
    storage_errors,
    to_safetensors,
    write_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def full_disk(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FAILURES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "fsync": lambda patch: patch.setattr("mlpcli.files.os.fsync", full_disk),
    "rename": lambda patch: patch.setattr(Path, "replace", full_disk),
    "permissions": lambda patch: patch.setattr(Path, "chmod", full_disk),
    "temporary file": lambda patch: patch.setattr("mlpcli.files.tempfile.mkstemp", full_disk),
}


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize("where", list(FAILURES))
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, old: bytes | None
) -> None:
    path = tmp_path / "model"
    if old is not None:
        path.write_bytes(old)
    FAILURES[where](monkeypatch)
    with pytest.raises(StorageError) as caught:
        write_bytes(path, b"new" * 1000)
    assert caught.value.lines == (f"{path}: cannot be written: no space left on device",)
    assert caught.value.exit_code == 74
    assert [f.name for f in tmp_path.iterdir()] == ([] if old is None else ["model"])
    assert old is None or path.read_bytes() == old


def test_an_exception_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def write_half() -> None:
        with atomic_file(path) as file:
            file.write(b"half")
            file.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_old_file_is_whole_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with atomic_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("durable", [True, False])
def test_only_durable_files_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    calls: list[int] = []
    monkeypatch.setattr("mlpcli.files.os.fsync", calls.append)
    write_bytes(tmp_path / "f", b"x", durable=durable)
    assert len(calls) == int(durable)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "f", b"x")
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == mode


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written: no such file or directory"):
        write_bytes(tmp_path / "none" / "f", b"x")


def test_an_error_without_a_number_is_named_too(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="f: cannot be written: odd"), storage_errors(Path("f")):
        raise OSError("Odd")


def test_refuse_existing(tmp_path: Path) -> None:
    path = tmp_path / "f"
    refuse_existing(path, force=False)
    path.touch()
    refuse_existing(path, force=True)
    with pytest.raises(UsageError, match="f: exists already; give --force to replace it"):
        refuse_existing(path, force=False)
    for force in (False, True):
        with pytest.raises(UsageError, match="is a folder; expected the name of a file"):
            refuse_existing(tmp_path, force=force)
        with pytest.raises(UsageError, match="/dev/null: is no regular file"):
            refuse_existing(Path("/dev/null"), force=force)


def test_safetensors_are_canonical() -> None:
    tensors = {"b": np.arange(3.0), "a": np.ones((2, 2), np.float32), "n": np.array(7)}
    texts = {"z": "1", "é": '"quoted"', "a": "2"}
    raw = to_safetensors(tensors, texts)
    assert raw == to_safetensors(dict(reversed(tensors.items())), dict(reversed(texts.items())))
    length = int.from_bytes(raw[:8], "little")
    assert length % 8 == 0
    header = json.loads(raw[8 : 8 + length])
    assert list(header["__metadata__"].items()) == sorted(texts.items())
    for name, tensor in load(raw).items():
        np.testing.assert_array_equal(tensor, tensors[name])
        assert tensor.dtype == tensors[name].dtype


def test_a_link_goes_on_leading_to_its_target(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "t", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
