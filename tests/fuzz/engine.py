"""Feeds inputs to a format one after the other, and keeps what had an answer that is new, or wrong.

An input with a new answer is worth more than others: from it, too, are inputs made.
"""

from __future__ import annotations

import re
import resource
import signal
import time
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from types import FrameType

    from fuzz.format import Format

__all__ = ["LIMIT", "Tally", "feed", "inputs", "limited"]

LIMIT = 10.0  # seconds, for one input
MEMORY = 1 << 30  # bytes, of the whole process
COMMAND_EVERY = 500  # inputs, and each of the first that had a new answer
_COMMAND_ANSWERS = 50
_LARGEST_POOL = 3000
_VARYING = re.compile(r'"[^"]*"|\d+|\S*\.(?:yaml|csv|npz|json|safetensors)\S*')


class Slow(BaseException):
    """An input that takes too long; no `except Exception` may take it for a refusal."""


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass
class Tally:
    """How many inputs were fed, taken and refused, in how many ways, and what was wrong.

    `fresh` are those that had a new answer; `peak` is the memory in bytes of the process so far.
    """

    inputs: int = 0
    taken: int = 0
    commands: int = 0
    slowest: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, bytes] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    fresh: list[bytes] = field(default_factory=list)
    peak: int = field(default_factory=_peak)

    def add(self, other: Tally) -> None:
        """Take in what another process found."""
        self.inputs += other.inputs
        self.taken += other.taken
        self.commands += other.commands
        self.slowest = max(self.slowest, other.slowest)
        self.answers += other.answers
        self.failures += other.failures
        self.wrong = {**other.wrong, **self.wrong}
        self.fresh = (self.fresh + other.fresh)[-_LARGEST_POOL:]

    def fail(self, what: str, content: bytes) -> None:
        """Note what went wrong, with the shortest input that makes it so."""
        self.failures[what] += 1
        if len(content) < len(self.wrong.get(what, b"\0" * (1 << 24))):
            self.wrong[what] = content


@contextmanager
def limited(seconds: float = LIMIT) -> Iterator[None]:
    """Raise Slow where what is inside takes longer."""

    def end(_signum: int, _frame: FrameType | None) -> None:
        raise Slow(f"over {seconds:g} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def inputs(form: Format, rng: random.Random) -> Iterator[bytes]:
    """Yield inputs without end: the seeds, then what is made of them and of those that were new."""
    seeds = form.seeds()
    form.pool += seeds
    yield from seeds
    while True:
        near = rng.random() < 0.5
        yield form.mutated(rng.choice(seeds if near else form.pool[-200:] + form.pool), rng)


def feed(form: Format, content: bytes, tally: Tally, *, command: bool = False) -> None:
    """Feed one input, and a command as well where asked, or where the answer is a new one."""
    tally.inputs += 1
    started = time.perf_counter()
    try:
        with limited():
            refusal = form.feed(content)
            answer = "taken" if refusal is None else _VARYING.sub("_", refusal)[:300]
            tally.taken += refusal is None
            tally.answers[answer] += 1
            if fresh := answer not in form.known:
                form.known.add(answer)
                tally.fresh.append(content)
                form.pool += [content] * (len(form.pool) < _LARGEST_POOL)
            if command or (fresh and len(form.known) <= _COMMAND_ANSWERS):
                tally.commands += 1
                form.command(content)
    except (Exception, Slow) as error:  # noqa: BLE001  every one is a finding
        tally.fail(_named(error), content)
    tally.slowest = max(tally.slowest, time.perf_counter() - started)
    peak, tally.peak = tally.peak, _peak()
    if tally.peak > max(MEMORY, peak):
        tally.fail(f"takes {tally.peak >> 20} MB", content)


def _named(error: BaseException) -> str:
    """Return what went wrong and where, the same for each input that does."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    said = _VARYING.sub("_", str(error))[:100]
    return f"{type(error).__name__} at {at.filename.rsplit('/', 1)[-1]}:{at.lineno}: {said}"
