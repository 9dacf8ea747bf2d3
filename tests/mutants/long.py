"""`make mutants`: changes nn/ and check/ at places drawn by a seed, and lets the tests find it.

    python -m mutants.long [--count 1000] [--rooms nn check] [--seed 0] [--write]

Each mutant runs the tests that run its line, in a process that has NumPy and pytest already. Those
that live are printed as they were changed; what is equal to the original stands in
docs/reliability.md. Needs the extra `mutants`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from mutants.covering import QUIET, Covering, measure
from mutants.draw import Mutant, draw

ROOT = Path(__file__).parents[2]
ROOMS = {
    "nn": ["tests/nn", "tests/check/verdict", "tests/check/numeric"],
    "check": ["tests/check"],
}
"""Tests that a room's mutants have to meet."""
KEPT = ROOT / "runs" / "mutants"
PAGE = ROOT / "docs" / "reliability.md"
MARKS = "<!-- mutants: made by make mutants -->\n", "<!-- end of mutants -->"
LIMIT = 300.0  # seconds; a loop that does not end is found, too
WARM = (
    "numpy",
    "hypothesis",
    "duckdb",
    "pydantic",
    "typer",
    "mpmath",
    "autograd",
    "safetensors.numpy",
)


def main() -> int:
    """Try all mutants that are drawn; exit status 1 if fewer than 90 % are found."""
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--rooms", nargs="*", default=list(ROOMS))
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    for name in WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), chosen.rooms)
        mutants = draw(bench.source, chosen.rooms, chosen.count, chosen.seed)
        ends: Counter[tuple[str, str]] = Counter()
        for number, mutant in enumerate(mutants, 1):
            end = bench.ends(mutant)
            ends[mutant.path.parts[0], end] += 1
            if end == "lives":
                print(f"{mutant}\n{mutant.difference(bench.source)}", flush=True)
            if number % 20 == 0 or number == len(mutants):
                print(f"{number} of {len(mutants)}: {dict(ends)}", file=sys.stderr, flush=True)
                if chosen.write:
                    _write(ends)
    lives = sum(count for (_, end), count in ends.items() if end == "lives")
    return int(lives > 0.1 * len(mutants))


class Bench:
    """A copy of the sources, in which one mutant at a time lives."""

    def __init__(self, folder: Path, rooms: list[str]) -> None:
        shutil.copytree(ROOT / "src", folder / "src")
        self.source = folder / "src" / "mlpcli"
        KEPT.mkdir(parents=True, exist_ok=True)
        self.map = KEPT / f"{'-'.join(rooms)}.json"
        if not self.map.exists():
            self._forked(
                measure, self.source, sorted({t for r in rooms for t in ROOMS[r]}), self.map
            )
        self.covering = Covering(self.map)

    def ends(self, mutant: Mutant) -> str:
        """Return how a mutant ends: found by a test, too slow, or it lives."""
        path = self.source / mutant.path
        good = path.read_text("utf-8")
        for stale in path.parent.glob(f"__pycache__/{path.stem}.*"):
            stale.unlink()
        path.write_text(mutant.code(self.source), encoding="utf-8")
        try:
            for names in self.covering.tests(mutant.path, mutant.line):
                status = self._forked(_test, names)
                if status != 0:
                    break
        finally:
            path.write_text(good, encoding="utf-8")
        return "too slow" if status is None else "found" if status else "lives"

    def _forked(self, work: object, *given: object) -> int | None:
        """Run something in a process that sees the copy; return its exit status, or None."""
        context = multiprocessing.get_context("fork")
        process = context.Process(target=_inside, args=(self.source.parent, work, given))
        process.start()
        process.join(None if work is measure else LIMIT)
        if process.is_alive():
            process.kill()
            process.join()
            return None
        return process.exitcode


def _inside(source: Path, work: object, given: tuple[object, ...]) -> None:
    os.setpgid(0, 0)
    os.environ |= {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path.insert(0, str(source))
    if work is not measure:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
    assert callable(work)
    sys.exit(work(*given) or 0)


class _Skips:
    """A plugin that notes what is skipped: by a mutant that turns off what is tested."""

    any = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.any |= report.skipped


def _test(names: list[str]) -> int:
    skips = _Skips()
    status = int(pytest.main([*QUIET, "-x", *names], plugins=[skips])) if names else 0
    known = all("::" in name for name in names)  # to pass without the mutant
    return status or int(known and skips.any)


def _write(ends: Counter[tuple[str, str]]) -> None:
    """Put the counts into the page."""
    kinds = ("found", "too slow", "lives")
    rows = [
        [f"`{room}/`", *(str(ends[room, kind]) for kind in kinds)]
        for room in dict.fromkeys(room for room, _ in ends)
    ]
    lines = [["room", *kinds], ["---"] * 4, *rows]
    made = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    pattern = re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1])
    text = re.sub(pattern, MARKS[0] + made + MARKS[1], PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
