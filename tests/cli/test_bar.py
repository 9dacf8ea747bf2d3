"""A bar says how much time is left, is full when work is done early, and else goes."""

from __future__ import annotations

import io
from contextvars import copy_context

import pytest

from mlpcli.cli.bar import choose_look, complete, look, new_bar


def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Make stderr a terminal; not a fixture, as pytest swaps stderr after those."""
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    return stream


@pytest.mark.parametrize("whole", [True, False])
def test_the_end_of_work_that_stopped_early(monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    stderr = terminal(monkeypatch)
    bar = new_bar("epoch")
    bar.add_task("loss 0.1", total=100, limit=100, completed=38)
    bar.start()
    complete(bar, whole=whole)
    last = [line for line in stderr.getvalue().replace("\r", "\n").splitlines() if "epoch" in line][
        -1
    ]
    assert "epoch 38/100" in last
    assert ("left" in last) is not whole
    assert len(last) <= 60 + len("\x1b[2K")
    assert stderr.getvalue().endswith("\x1b[2K") is not whole  # the line is empty again


@pytest.mark.parametrize(
    ("options", "at_a_terminal", "elsewhere"),
    [
        ({"json": False, "quiet": False}, "bars", "lines"),
        ({"json": True, "quiet": False}, "lines", "lines"),
        ({"json": False, "quiet": True}, "nothing", "nothing"),
        ({"json": True, "quiet": True}, "nothing", "nothing"),
    ],
)
def test_where_bars_are_shown(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, bool], at_a_terminal: str, elsewhere: str
) -> None:
    terminal(monkeypatch)
    assert copy_context().run(_look, options) == at_a_terminal
    monkeypatch.setenv("TERM", "dumb")
    assert copy_context().run(_look, options) == elsewhere
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert copy_context().run(_look, options) == elsewhere


def _look(options: dict[str, bool]) -> str:
    choose_look(**options)
    return look()
