"""The first signal is a wish, the second one acts; what was there before comes back."""

from __future__ import annotations

import signal
import threading

import pytest

from mlpcli.cli.signals import signal_watch


def test_the_first_signal_is_noted_and_the_second_acts() -> None:
    with signal_watch() as received:
        signal.raise_signal(signal.SIGINT)
        assert received == [signal.SIGINT]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_handlers_come_back() -> None:
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    with signal_watch():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before


def test_in_another_thread_nothing_is_watched() -> None:
    seen: list[list[int]] = []

    def watch() -> None:
        with signal_watch() as received:
            seen.append(received)

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert seen == [[]]
