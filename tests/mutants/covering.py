"""Which tests run a line, and how long each takes: one run of the rooms under coverage says it."""

from __future__ import annotations

import json
import os
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["QUIET", "Covering", "measure"]

QUIET = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
ENOUGH, MOST = 6.0, 60.0  # seconds of tests for one mutant: at first, and if it is tried again


class _Watch:
    """A plugin that notes which test runs, for how long, and which do not pass without a mutant."""

    def __init__(self, runner: coverage.Coverage) -> None:
        self.runner = runner
        self.seconds: dict[str, float] = {}
        self.unfit: set[str] = set()

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.runner.switch_context(item.nodeid)
        self.seconds[item.nodeid] = -_spent()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        self.runner.switch_context("")
        self.seconds[item.nodeid] += _spent()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.unfit.add(report.nodeid)


def measure(server: Any, source: Path, targets: Mapping[str, Path]) -> None:
    """Run the tests of some files, and write for each which of them run which line of `source`."""
    runner = coverage.Coverage(
        data_file=None, config_file=False, source=[str(source)], branch=False
    )
    runner.set_option("run:disable_warnings", ["module-not-measured"])  # of what ran at import
    watch = _Watch(runner)
    server.config.pluginmanager.register(watch)
    runner.start()
    with mock.patch.object(coverage.Coverage, "current", return_value=None):  # see check/bugs
        server.run([item for name, item in server.items.items() if _file(name) in targets])
    runner.stop()
    found = runner.get_data()
    seconds = {name: spent for name, spent in watch.seconds.items() if name not in watch.unfit}
    lines: dict[str, dict[str, dict[int, list[str]]]] = {file: {} for file in targets}
    for path in found.measured_files():
        name = str(Path(path).relative_to(source))
        for line, tests in found.contexts_by_lineno(path).items():
            for test in seconds.keys() & tests:
                of = lines[_file(test)].setdefault(name, {})
                of.setdefault(line, []).append(test)
    for file, target in targets.items():
        own = {name: spent for name, spent in seconds.items() if _file(name) == file}
        target.write_text(json.dumps({"seconds": own, "lines": lines[file]}))


def _file(name: str) -> str:
    return name.partition("::")[0]


def _spent() -> float:
    """Return the processor time of this process, and of those that it waited for."""
    return sum(os.times()[:4])


class Covering:
    """The tests of each line, as `measure` found them."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[str, list[str]]] = {}
        for path in paths:
            kept = json.loads(path.read_text())
            self.seconds |= kept["seconds"]
            for file, lines in kept["lines"].items():
                for line, names in lines.items():
                    self.lines.setdefault(file, {}).setdefault(line, []).extend(names)

    def tests(self, path: Path, line: int) -> list[str]:
        """Return the tests that run a line, the likely ones first.

        Of a line that runs at import, or in other processes alone, they are those that run its
        file, and those of its folder. Each test function has a turn before one has its second, with
        other parameters; the mirror of the file comes first, and then the shortest.
        """
        lines = self.lines.get(str(path), {})
        mirror = f"/test_{path.stem}.py::"
        names = self.seconds.keys() & lines.get(str(line), ())
        if not names:
            around = {name for some in lines.values() for name in some} | {*self.folder(path)}
            names = self.seconds.keys() & around
        turns: dict[str, int] = {}
        keys = []
        for name in sorted(names, key=self.seconds.__getitem__):
            function = name.partition("[")[0]
            turns[function] = turn = turns.get(function, -1) + 1
            keys.append(((turn, mirror not in name, self.seconds[name]), name))
        return [name for _, name in sorted(keys)]

    def folder(self, path: Path) -> list[str]:
        """Return the tests of a file's folder: some run its lines in other processes, unseen."""
        folder = str(Path("tests", path.parent))
        return sorted(
            (name for name in self.seconds if name.startswith(folder)), key=self.seconds.__getitem__
        )

    def within(self, names: Sequence[str], seconds: float) -> list[str]:
        """Return as many of the first tests as take so long, and one at least."""
        ends = accumulate(self.seconds[name] for name in names)
        return [*names[: max(1, sum(end <= seconds for end in ends))]]

    def needed(self, names: Sequence[str]) -> float:
        """Return how many seconds tests take without a mutant."""
        return sum(self.seconds[name] for name in names)
