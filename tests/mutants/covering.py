"""Which tests run a line, and how long each takes: one run of the rooms under coverage says it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["QUIET", "Covering", "measure"]

QUIET = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]

UNMEASURED = "check/bugs"  # whose tests allow no coverage; they are run as a whole
ENOUGH = 12.0  # seconds of tests for one mutant, mirrors first and then the shortest


@dataclass(eq=False)
class _Watch:
    """A plugin that notes which test runs, for how long, and which do not pass without a mutant."""

    runner: coverage.Coverage
    seconds: dict[str, float] = field(default_factory=dict)
    unfit: set[str] = field(default_factory=set)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.runner.switch_context(item.nodeid)
        self.seconds[item.nodeid] = -time.process_time()

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        self.runner.switch_context("")
        self.seconds[item.nodeid] += time.process_time()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.unfit.add(report.nodeid)


def measure(source: Path, tests: Sequence[str], target: Path) -> None:
    """Run tests and write which of them run which line of `source`."""
    data = str(target.with_suffix(".coverage"))
    runner = coverage.Coverage(data_file=data, source=[str(source)], branch=False)
    watch = _Watch(runner)
    runner.start()
    pytest.main([*QUIET, *tests, f"--ignore=tests/{UNMEASURED}"], plugins=[watch])
    runner.stop()
    found = runner.get_data()
    lines = {
        str(Path(name).relative_to(source)): found.contexts_by_lineno(name)
        for name in found.measured_files()
    }
    for name in watch.unfit & watch.seconds.keys():
        del watch.seconds[name]
    target.write_text(json.dumps({"seconds": watch.seconds, "lines": lines}))


class Covering:
    """The tests of each line, as `measure` found them."""

    def __init__(self, path: Path) -> None:
        kept = json.loads(path.read_text())
        self.seconds: dict[str, float] = kept["seconds"]
        self.lines: dict[str, dict[str, list[str]]] = kept["lines"]

    def tests(self, path: Path, line: int) -> tuple[list[str], list[str]]:
        """Return tests that run a line, likely ones first and then the others.

        Of a line that runs at import they are those that run its file; of a file that runs in other
        processes alone, the test of its name, or else those of its folder.
        """
        lines = self.lines.get(str(path), {})
        names = self.seconds.keys() & lines.get(str(line), ())
        names = names or self.seconds.keys() & {name for some in lines.values() for name in some}
        mirror = f"test_{path.stem}.py"
        folder = Path("tests", path.parent)
        if not names:
            likely = folder / mirror if (folder / mirror).exists() else folder
            return [str(likely)], [str(folder)] * (likely != folder)
        order = sorted(names, key=lambda n: (mirror not in n, self.seconds[n]))
        ends = accumulate(self.seconds[name] for name in order)
        first = max(1, sum(end <= ENOUGH for end in ends))
        whole = [f"tests/{UNMEASURED}"] if path.is_relative_to(UNMEASURED) else []
        return order[:first], order[first:] + whole
