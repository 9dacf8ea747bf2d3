"""A function that fails is told in one line, with nothing of ours; a signal is no failure of it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.given.failure import described
from mlpcli.check.given.guest import Guest
from mlpcli.cli.signals import Signals
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE = np.ones((4, 2)), np.ones((4, 1))
HERE = [Path(__file__).parent]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Handlers that raise nothing, as in a process of a function's own; and the old ones again."""
    both = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.unraisablehook
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    sys.unraisablehook = hook
    for one, handler in both.items():
        signal.signal(one, handler)


def call(function: Callable[..., Any]) -> None:
    host = Guest(function)
    host.begin((2, 1))
    host.call(([np.ones((1, 2))], [np.ones(1)]), [SAMPLE], 1.0)


@pytest.mark.parametrize("kind", [BaseException, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_whatever_a_function_raises_is_its_own_failure(kind: type[BaseException]) -> None:
    def raises(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        raise kind("mine")

    with pytest.raises(CaseError, match=rf"raises: called: {kind.__name__}: mine \(test_failure"):
        call(raises)


def test_what_says_nothing_has_no_colon() -> None:
    def raises(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        raise GeneratorExit

    with pytest.raises(CaseError, match=r"called: GeneratorExit \(test_failure.py:\d+\)$"):
        call(raises)


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_an_error_that_cannot_say_what_it_is_has_a_name(kind: type[BaseException]) -> None:
    class Dumb(Exception):
        def __str__(self) -> str:
            raise kind

        __repr__ = __str__

    assert described(Dumb(), HERE) == f"Dumb: its __str__ raises {kind.__name__}"


def test_our_own_lines_are_not_told() -> None:
    with pytest.raises(CaseError, match=r": called: TypeError: [^(]*$"):
        call(getattr)  # compiled: no line of Python in it
    with pytest.raises(CaseError, match=r"\.py:\d+\)$") as caught:
        call(lambda weights, biases, X, y: len(weights[0].item()))
    assert "test_failure.py" in str(caught.value)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_what_a_signal_raises_is_no_failure_of_the_function(signum: signal.Signals) -> None:
    def struck(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        os.kill(os.getpid(), signum)
        return weights, biases

    signal.signal(signal.SIGINT, signal.default_int_handler)
    Signals().watch()
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        call(struck)


def test_where_python_itself_handles_interrupts_each_is_one() -> None:
    def raises(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        call(raises)
