"""Which tests run a line, and how long each takes: one run of the rooms under coverage says it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["QUIET", "Covering", "measure"]

QUIET = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]

UNMEASURED = "check/bugs"  # whose tests allow no coverage; they are run as a whole
ENOUGH = 12.0  # seconds of tests for one mutant, mirrors first and then the shortest
MOST = 200  # tests


@dataclass(eq=False)
class _Durations:
    """A plugin that notes how long each test takes, and which fail without any mutant."""

    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)


def measure(source: Path, tests: Sequence[str], target: Path) -> None:
    """Run tests and write which of them run which line of `source`."""
    watch = _Durations()
    data = str(target.with_suffix(".coverage"))
    runner = coverage.Coverage(data_file=data, source=[str(source)], branch=False)
    runner.start()

    class Contexts:
        def pytest_runtest_setup(self, item: pytest.Item) -> None:
            runner.switch_context(item.nodeid)

        def pytest_runtest_teardown(self) -> None:
            runner.switch_context("")

    pytest.main([*QUIET, *tests, f"--ignore=tests/{UNMEASURED}"], plugins=[watch, Contexts()])
    runner.stop()
    found = runner.get_data()
    lines = {
        str(Path(name).relative_to(source)): found.contexts_by_lineno(name)
        for name in found.measured_files()
    }
    for name in watch.failed:
        print(f"left out, as it fails without a mutant: {name}")
        del watch.seconds[name]
    target.write_text(json.dumps({"seconds": watch.seconds, "lines": lines}))


class Covering:
    """The tests of each line, as `measure` found them."""

    def __init__(self, path: Path) -> None:
        kept = json.loads(path.read_text())
        self.seconds: dict[str, float] = kept["seconds"]
        self.lines: dict[str, dict[str, list[str]]] = kept["lines"]

    def tests(self, path: Path, line: int) -> list[str]:
        """Return tests that run a line; of one that runs at import, those that run its file."""
        lines = self.lines.get(str(path), {})
        names = self.seconds.keys() & lines.get(str(line), ())
        names = names or self.seconds.keys() & {name for some in lines.values() for name in some}
        mirror = f"test_{path.stem}.py"
        order = sorted(names, key=lambda n: (mirror not in n, self.seconds.get(n, 1.0)))
        chosen: list[str] = []
        spent = 0.0
        for name in order[:MOST]:
            spent += self.seconds.get(name, 1.0)
            if chosen and spent > ENOUGH:
                break
            chosen.append(name)
        whole = [f"tests/{UNMEASURED}"] if path.is_relative_to(UNMEASURED) else []
        return chosen + whole
