"""Long work shows how far it is: a bar at a terminal that is gone at the end, else a line."""

from __future__ import annotations

import io

import pytest

from mlpcli.cli import counter
from mlpcli.cli.counter import counting


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(counter, "time", moved)
    return moved


def test_a_line_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with counting("entry", 100) as count:
        for _ in range(10):
            clock.now += 10
            count(10)
    assert capsys.readouterr().err.splitlines() == [
        "entry 20/100, 80 s left", "entry 40/100, 60 s left", "entry 60/100, 40 s left",
        "entry 80/100, 20 s left", "entry 100/100, 0 s left",
    ]  # fmt: skip


def test_more_than_was_expected(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with counting("row read", 10) as count:
        clock.now += 30
        count(15)
    assert capsys.readouterr().err.splitlines() == ["row read 15/15, 0 s left"]


def test_a_bar_that_leaves_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with counting("entry", 4) as count:
        count(1)
        assert stream.getvalue() == ""  # it may take two seconds in silence
        clock.now += 3
        count(1)
        assert "entry 2/4" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")  # the line is empty again
