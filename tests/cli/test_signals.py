"""The first signal is a wish, the second one acts; what was there before comes back."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from mlpcli.cli.signals import SignalWatch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def usual_handler() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt: a suite started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_signal_is_noted_and_the_second_acts() -> None:
    with SignalWatch() as watch:
        watch.start()
        signal.raise_signal(signal.SIGINT)
        assert watch.received == [signal.SIGINT]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_before_the_start_a_signal_acts() -> None:
    with SignalWatch() as watch:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert watch.received == []


def test_handlers_come_back() -> None:
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    with SignalWatch() as watch:
        watch.start()
        assert signal.getsignal(signal.SIGTERM) != before[1]
        watch.start()
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_nothing_is_watched() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def start() -> None:
        with SignalWatch() as watch:
            watch.start()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert seen == [before]
