"""A bar says how much time is left, and is full when the work is done early."""

from __future__ import annotations

import io

import pytest

from mlpcli.cli.bar import complete, new_bar


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
