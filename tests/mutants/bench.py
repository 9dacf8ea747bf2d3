"""Runs tests against one mutant at a time, in processes that have loaded all but the mutant."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import resource
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mutants.covering import QUIET, measure
from mutants.swap import Loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    from mutants.draw import Mutant

__all__ = ["Bench"]

PROCESSOR, WALL, MEMORY = 30, 240.0, 4 << 30
"""Seconds beyond those that the tests need, seconds in all, and bytes: a loop that does not end is
found, too."""
WARM = (
    "numpy",
    "hypothesis",
    "hypothesis.extra.numpy",
    "pydantic",
    "typer",
    "mpmath",
    "autograd.numpy",
    "scipy.optimize",
    "safetensors.numpy",
)
LIVES, FOUND, ELSE = 0, 1, 77  # exit statuses; else: not to be tried in functions alone


class Bench:
    """A copy of the sources, in which one mutant at a time lives."""

    def __init__(self, root: Path, folder: Path, tests: Sequence[str]) -> None:
        shutil.copytree(root / "src", folder / "src")
        self.source = folder / "src" / "mlpcli"
        for name in WARM:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        self._pipe, theirs = _FORK.Pipe()
        self._server = _FORK.Process(target=_serve, args=(self.source, tests, theirs, self._pipe))
        self._server.start()
        theirs.close()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send(None)
        self._server.join()

    def measure(self, targets: Mapping[str, Path]) -> None:
        """Write which tests of some files run which line, for each file to a path."""
        self._pipe.send((measure, (self.source, targets), None))
        if self._pipe.recv() != 0:
            raise RuntimeError("the tests could not be measured")

    def ends(self, mutant: Mutant, names: Sequence[str], needs: float, *, fresh: bool) -> str:
        """Return how a mutant ends: found by a test, too slow, or it lives.

        The tests, which take so many seconds without a mutant, run in functions that are changed in
        place. They run after a fresh start if that is not enough for the mutant, or if it is asked.
        """
        path = self.source / mutant.path
        good, when = path.read_text("utf-8"), path.stat()
        changed = mutant.code(self.source)
        path.write_text(changed, encoding="utf-8")
        processor = int(PROCESSOR + 3 * needs)
        try:
            self._pipe.send((_swapped, (path, good, changed, names), processor))
            status = self._pipe.recv()
            if status == ELSE or (fresh and status == LIVES):
                status = _forked(_fresh, (self.source.parent, names), processor)
        finally:
            path.write_text(good, encoding="utf-8")
            os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))  # its bytecode still holds
        if status in {None, -signal.SIGXCPU, -signal.SIGKILL}:
            return "too slow"
        return "found" if status else "lives"


_FORK = multiprocessing.get_context("fork")


def _serve(source: Path, tests: Sequence[str], pipe: Connection, other_end: Connection) -> None:
    """Collect the tests once; run some of them in a process of their own as often as asked."""
    other_end.close()  # so that the pipe ends with whoever asks
    sys.exit(_pytest(source.parent, tests, _Server(source, pipe)))


class _Server:
    """A plugin that runs what it is told instead of all tests."""

    def __init__(self, source: Path, pipe: Connection) -> None:
        self.source, self.pipe = source, pipe
        self.bad = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.config = session.config
        self.items = {item.nodeid: item for item in session.items}
        self.loaded = Loaded(self.source)
        with contextlib.suppress(EOFError):
            while (task := self.pipe.recv()) is not None:
                work, given, processor = task
                self.pipe.send(_forked(work, (self, *given), processor))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.bad |= not report.passed

    def run(self, items: Sequence[pytest.Item], *, on: bool = True) -> int:
        """Run tests, `on` after one that does not pass; skipped is bad, as none was without."""
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.bad and not on:
                return FOUND
        return LIVES


def _swapped(server: _Server, path: Path, good: str, changed: str, names: Sequence[str]) -> int:
    if not server.loaded.swap(path, good, changed):
        return ELSE
    return server.run([server.items[name] for name in names], on=False)


def _fresh(source: Path, names: Sequence[str]) -> int:
    watch = _Watch()
    return int(_pytest(source, ["-x", *names], watch)) or int(watch.skips)


class _Watch:
    """A plugin that notes what is skipped: by a mutant that turns off what is tested."""

    skips = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.skips |= report.skipped


def _pytest(source: Path, words: Sequence[str], plugin: object) -> int:
    os.environ |= {"PYTHONPATH": str(source)}
    sys.path.insert(0, str(source))
    return int(pytest.main([*QUIET, "--capture=no", *words], plugins=[plugin]))


def _forked(
    work: Callable[..., int | None], given: tuple[Any, ...], processor: int | None
) -> int | None:
    """Run something in a process of its own; return its exit status, None if it had to be ended."""
    process = _FORK.Process(target=_inside, args=(work, given, processor))
    process.start()
    process.join(WALL if processor else None)
    ended = process.exitcode
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid or 0, signal.SIGKILL)  # with all that it left behind
    process.join()
    return ended


def _inside(work: Callable[..., int | None], given: tuple[Any, ...], processor: int | None) -> None:
    os.setpgid(0, 0)
    if processor:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
    sys.exit(work(*given))
