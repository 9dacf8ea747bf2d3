"""What is drawn on a terminal while training runs, and what a signal does meanwhile."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import io
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mlpcli
from mlpcli.cli import progress
from mlpcli.cli.progress import (
    LiveProgress,
    PlainProgress,
    SilentProgress,
    expectation,
    forecast,
    losses,
    suitable_progress,
)
from mlpcli.data.material import Estimate
from mlpcli.training.loop import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD = EpochRecord(3, 0.25, 0.5, None, 0.001, (1.0,), 0.1)


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> Terminal:
    """Make stderr a terminal of that width; not a fixture, as pytest swaps stderr after those."""
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_REDRAWS", 0.0)
    return stream


@pytest.mark.parametrize(
    ("seconds", "span"),
    [(61, "a minute"), (1500, "25 minutes"), (9000, "2.5 hours"), (1e6, "280 hours")],
)
def test_a_long_run_is_foretold(seconds: float, span: str) -> None:
    line = f"about {span} for 40 epochs; Ctrl-C keeps what is done, and --resume goes on"
    assert forecast(seconds, 40) == line


def test_losses() -> None:
    assert losses(RECORD) == "loss 0.2500, validation 0.5000, rate 0.001"
    assert losses(RECORD, brief=True) == "loss 0.2500, validation 0.5000"
    alone = EpochRecord(3, 0.25, None, None, 0.001, (1.0,), 0.1)
    assert losses(alone) == "loss 0.2500, rate 0.001"


GIGABYTE = 10**9
EXPECTATIONS = [
    (
        Estimate((Path("a.csv"),), 1_234_567, 30, 148_148_040, GIGABYTE),
        "a.csv: about 1,200,000 rows of 30 inputs, 148.1 MB in memory",
    ),
    (
        Estimate((Path("a.csv"), Path("b.csv"), Path("c.csv")), 98, 2, 784, 784),
        "a.csv and 2 more: about 98 rows of 2 inputs, 784 bytes in memory",
    ),
    (
        Estimate((Path("a.csv"),), 10_000_000, 60, 2_400_000_000, GIGABYTE),
        "a.csv: about 10,000,000 rows of 60 inputs, 2.4 GB in a temporary file: data.memory_limit leaves 1.0 GB for them",
    ),
]


@pytest.mark.parametrize(("estimate", "line"), EXPECTATIONS)
def test_what_is_expected_of_a_table(estimate: Estimate, line: str) -> None:
    assert expectation(estimate) == line


@pytest.mark.parametrize(
    ("size", "room", "said"),
    [(32_000_000, GIGABYTE, False), (32_000_004, GIGABYTE, True), (8, 8, False), (8, 4, True)],
    ids=["fast", "not fast", "fits", "does not fit"],
)
@pytest.mark.parametrize("kind", [SilentProgress, PlainProgress, LiveProgress])
def test_a_large_table_is_worth_a_line(
    capsys: pytest.CaptureFixture[str], kind: Any, size: int, room: int, said: bool
) -> None:
    estimate = Estimate((Path("a.csv"),), size // 4, 1, size, room)
    kind().loading(estimate)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (f"{expectation(estimate)}\n" if said and kind is not SilentProgress else "")


@pytest.mark.parametrize("width", [60, 100])
def test_a_live_bar_fits_the_window(
    here: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    stderr = terminal(monkeypatch, width)
    live = suitable_progress()
    assert isinstance(live, LiveProgress)
    with live:
        mlpcli.train(mlpcli.load_config("config.yaml"), out="run", observer=live)
    last = plain(stderr.getvalue()).splitlines()[-1]
    assert last.startswith("epoch 15/15 ━━━━━")
    assert last.count("validation 0.") == 1
    assert ("rate 0.1" in last) is (width == 100)
    assert "…" not in last
    assert len(last) <= width


def test_nothing_is_drawn_if_training_never_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = terminal(monkeypatch, 80)
    with suitable_progress():
        pass
    assert stderr.getvalue() == ""


@pytest.fixture
def usual_handler() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt: a suite started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("kind", [SilentProgress, PlainProgress])
def test_the_first_signal_is_passed_on_and_the_second_acts(kind: Any, usual_handler: None) -> None:
    with kind() as shown:
        shown.watch_signals()
        assert shown.batch_done(0) is None
        signal.raise_signal(signal.SIGINT)
        assert shown.batch_done(1) == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_before_the_start_a_signal_acts(usual_handler: None) -> None:
    with SilentProgress() as shown:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert shown.received is None


def test_handlers_come_back(usual_handler: None) -> None:
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    with SilentProgress() as shown:
        shown.watch_signals()
        assert signal.getsignal(signal.SIGTERM) != before[1]
        shown.watch_signals()
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_nothing_is_watched(usual_handler: None) -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def start() -> None:
        with SilentProgress() as shown:
            shown.watch_signals()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert seen == [before]


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "\n").strip()
