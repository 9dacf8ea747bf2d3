"""Results go to stdout, all else to stderr, and a stream that fails is no traceback."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlpcli.cli.console import (
    complain,
    flush_quietly,
    prepare_streams,
    put,
    put_json,
    put_table,
    warn,
)
from mlpcli.errors import StorageError
from mlpcli.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = OSError(errno.ENOSPC, "No space left on device")
TABLE = Table("title", ("name", "value"), (("a", "1.0000"),))


class Failing(io.StringIO):
    """A stream whose descriptor is that of a scratch file and whose every write fails."""

    def __init__(self, error: OSError, path: Path) -> None:
        super().__init__()
        self.error = error
        self.file = path.open("w")

    def fileno(self) -> int:
        return self.file.fileno()

    def write(self, _text: str) -> int:
        raise self.error

    def flush(self) -> None:
        raise self.error


@pytest.fixture(params=[BrokenPipeError(errno.EPIPE, "Broken pipe"), FULL], ids=["pipe", "full"])
def failing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Failing]:
    stream = Failing(request.param, tmp_path / "stream")
    yield stream
    stream.file.close()


def test_put_to_a_stream_that_fails(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", failing)
    if isinstance(failing.error, BrokenPipeError):
        put("text")
    else:
        with pytest.raises(StorageError, match="standard output: cannot be written: no space left"):
            put("text")
    assert os.path.samestat(os.fstat(failing.fileno()), Path(os.devnull).stat())


def test_flush_keeps_the_verdict_unless_the_disk_is_full(
    failing: Failing, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", failing)
    full = failing.error is FULL
    assert flush_quietly(1) == (74 if full else 1)
    expected = "standard output: cannot be written: no space left on device\n"
    assert capsys.readouterr().err == (expected if full else "")


def test_complaints_nobody_reads(failing: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", failing)
    complain("lost")


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    put("result")
    put_json({"é": None})
    put_table(TABLE)
    complain("a\nb", "c")
    warn("careful\r")
    out, err = capsys.readouterr()
    assert out == 'result\n{\n  "é": null\n}\ntitle\nname   value\na     1.0000\n'
    assert err == "a\\nb\nc\nwarning: careful\\r\n"


def test_json_is_strict() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        put_json({"loss": float("nan")})


@pytest.mark.parametrize("colour", [True, False])
def test_a_table_at_a_terminal(monkeypatch: pytest.MonkeyPatch, colour: bool) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm" if colour else "dumb")
    put_table(TABLE)
    assert "──────" in stream.getvalue()
    assert ("\x1b[" in stream.getvalue()) is colour


def test_closed_streams_lead_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    prepare_streams()
    opened = sys.stdin, sys.stdout, sys.stderr
    try:
        put("result")
        complain("error")
        assert sys.stdin.read() == ""
        assert flush_quietly(3) == 3
    finally:
        for stream in opened:
            stream.close()


def test_open_streams_take_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(raw, encoding="ascii"))
    prepare_streams()
    put("é \udcff")
    sys.stdout.flush()
    assert raw.getvalue() == "é \\udcff\n".encode()
    for name in ("stdin", "stdout", "stderr"):
        getattr(sys, name).detach()
