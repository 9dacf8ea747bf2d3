"""A file is the old one or the new one, whatever goes wrong in between."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load

from mlpcli.errors import InputError, MlpError, StorageError, UsageError
from mlpcli.files import (
    atomic_file,
    files_named,
    refuse_existing,
    refuse_file,
    refuse_homeless,
    refuse_inputs,
    refuse_unreadable,
    remove_stale,
    storage_errors,
    temporary_errors,
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


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "f"
    path.touch()
    path.chmod(mode)
    write_bytes(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    refuse_existing(pipe, force=False)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_bytes(pipe, b"through")
    assert os.read(reader, 99) == b"through"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    out, into = os.pipe()
    os.close(out)
    write_bytes(Path(f"/dev/fd/{into}"), b"to nobody")
    os.close(into)


def test_a_standard_stream_is_written_into(tmp_path: Path) -> None:
    with (tmp_path / "f").open("w+b") as file:
        file.write(b"before ")
        file.flush()
        path = Path(f"/dev/fd/{file.fileno()}")
        refuse_existing(path, force=False)
        write_bytes(path, b"after")
        assert (tmp_path / "f").read_bytes() == b"before after"


def test_the_longest_name_that_a_file_may_have(tmp_path: Path) -> None:
    for letter in "x", "é":
        path = tmp_path / (letter * (255 // len(letter.encode())))
        write_bytes(path, b"new")
        assert path.read_bytes() == b"new"


IMPOSSIBLE = {
    "a name that is too long": ("x" * 300, UsageError, "file name too long"),
    "a loop of links": ("loop", UsageError, "too many levels of symbolic links"),
    "a file as a folder": ("file/f", StorageError, "not a directory"),
    "no folder": ("none/f", StorageError, "no such file or directory"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    path, error, reason = IMPOSSIBLE[name]
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    for refuse in (partial(refuse_existing, force=True), refuse_file):
        if name != "no folder":
            with pytest.raises(error, match=f"cannot be written: {reason}"):
                refuse(tmp_path / path)
    with pytest.raises(MlpError, match="cannot be written"):
        refuse_homeless(tmp_path / path / "f")


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    path, _, reason = IMPOSSIBLE[name]
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    if name == "no folder":
        refuse_unreadable(tmp_path / path)  # what is not there, its reader has a better word for
        return
    with pytest.raises(InputError, match=f"cannot be read: {reason}"):
        refuse_unreadable(tmp_path / path)


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("gone")
    with pytest.raises(InputError, match="link: is a link to gone, which is not there"):
        refuse_unreadable(link)
    refuse_existing(link, force=False)
    write_bytes(link, b"new")
    assert (tmp_path / "gone").read_bytes() == b"new"


def test_an_input_is_the_same_file_under_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.touch()
    (tmp_path / "link").symlink_to(data)
    (tmp_path / "hard").hardlink_to(data)
    for name in ("data", "./data", "link", "hard", f"../{tmp_path.name}/data"):
        with pytest.raises(UsageError, match=f"{Path(name)}: is read here"):
            refuse_inputs([Path(name)], [data])
    refuse_inputs([Path("other")], [data, Path("neither")])


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    kept = [path, tmp_path / ".last.ckpt.backup.zip", tmp_path / ".other.abcdefgh"]
    left = tmp_path / ".last.ckpt.abcd_123"
    for file in (*kept, left):
        file.touch()
    remove_stale(path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_a_full_temporary_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        pytest.raises(StorageError, match=f"^{tmp_path}: no room for a copy: no space left"),
        temporary_errors("a copy"),
    ):
        full_disk()


def test_globs(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c[1].csv"):
        (tmp_path / name).touch()
    (tmp_path / "d.csv").mkdir()
    found = [path.name for path in files_named(f"{tmp_path}/*.csv")]
    assert found == ["a.csv", "b.csv", "c[1].csv"]
    assert files_named(f"{tmp_path}/c[1].csv") == [tmp_path / "c[1].csv"]
    assert files_named("none") == [Path("none")]


def test_a_link_to_what_is_no_file_replaces_nothing(tmp_path: Path) -> None:
    """As a link to /dev/null in a run folder would, for whoever may write there."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        (tmp_path / "link").symlink_to(tmp_path / "door")
        with pytest.raises(UsageError, match="door: is no regular file"):
            write_bytes(tmp_path / "link", b"x")
        assert (tmp_path / "door").is_socket()
