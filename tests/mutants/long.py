"""`make mutants`: changes nn/ and check/ at places drawn by a seed, and lets the tests find it.

    python -m mutants.long [--count 1000] [--rooms nn check] [--seed 0] [--part I N]
                            [--again] [--write]

Each mutant meets the tests that run its line. What became of it goes to runs/mutants, where a run
that was ended goes on; `--part I N` takes every N-th from the I-th on, so that N may run at once.
`--again` tries those once more that lived, after tests were written for them, and `--write` writes
the page. What is not found is explained in survivors.toml. Needs the extra `mutants`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from mutants.bench import Bench
from mutants.covering import ENOUGH, MOST, Covering
from mutants.draw import Mutant, draw, found_again
from mutants.records import ENDS, Record, Records

if TYPE_CHECKING:
    from mutants.records import Kind

ROOT = Path(__file__).parents[2]
TESTS = {
    "nn": ["tests/nn", "tests/check", "tests/training/test_joint.py"],  # of engines on ranks
    "check": ["tests/check"],
}
"""What a room's mutants have to meet."""
KEPT = ROOT / "runs" / "mutants"
PAGE = ROOT / "docs" / "reliability.md"
MARKS = "<!-- mutants: made by make mutants -->\n", "<!-- end of mutants -->"


def main() -> int:
    """Try all mutants that are drawn; exit status 1 if fewer than 90 % are found."""
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--rooms", nargs="*", default=list(TESTS))
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--part", nargs=2, type=int, default=(0, 1), metavar=("I", "N"))
    options.add_argument("--again", action="store_true")
    options.add_argument("--write", action="store_true")
    chosen = options.parse_args()
    first, step = chosen.part
    os.chdir(ROOT)
    KEPT.mkdir(parents=True, exist_ok=True)
    records = Records(KEPT / f"{'-'.join(chosen.rooms)}-{chosen.seed}.jsonl")
    tests = sorted({path for room in chosen.rooms for path in TESTS[room]})
    if chosen.again or chosen.count:
        with tempfile.TemporaryDirectory() as folder, Bench(ROOT, Path(folder), tests) as bench:
            trial = Trial(bench, tests, records)
            if chosen.again:
                trial.again(first, step)
            else:
                trial.all(draw(bench.source, chosen.rooms, chosen.count, chosen.seed)[first::step])
    if chosen.write:
        _write(records)
    ends = records.counts()
    living = sum(count for (_, end), count in ends.items() if end == "lives")
    return int(living > 0.1 * ends.total())


class Trial:
    """Mutants on a bench, and what is written down of them."""

    def __init__(self, bench: Bench, tests: list[str], records: Records) -> None:
        self.bench, self.records = bench, records
        kept = _kept(tests)
        new = {file: path for file, path in kept.items() if not path.exists()}
        if new:
            bench.measure(new)
        self.covering = Covering(kept.values())

    def all(self, mutants: list[Mutant]) -> None:
        """Try all mutants that have not been tried."""
        for number, mutant in enumerate(mutants, 1):
            if mutant not in self.records:
                end = self._end(mutant)
                self.records.add(Record(mutant, mutant.difference(self.bench.source), end))
            if number % 20 == 0 or number == len(mutants):
                print(f"{number} of {len(mutants)}: {dict(self.records.counts())}", flush=True)

    def again(self, first: int, step: int) -> None:
        """Try those that live, as the sources and tests are now."""
        for old in self.records.living()[first::step]:
            mutant = found_again(self.bench.source, old.mutant, old.difference)
            end = "gone" if mutant is None else self._end(mutant, again=True)
            if end != "lives":
                self.records.add(Record(old.mutant, old.difference, "found since"))
            print(f"{old.mutant}: {end}", flush=True)

    def _end(self, mutant: Mutant, *, again: bool = False) -> str:
        covering = self.covering
        names = covering.tests(mutant.path, mutant.line)
        if again:
            names = [*dict.fromkeys([*names, *covering.folder(mutant.path)])]
        names = covering.within(names, MOST if again else ENOUGH)
        return self.bench.ends(mutant, names, covering.needed(names), fresh=again)


def _kept(names: list[str]) -> dict[str, Path]:
    """Return for each file of tests where it is kept which lines they run, as all is now."""
    files = {path for name in names for path in (Path(name), *Path(name).rglob("*"))}
    helpers = {path for path in Path("tests").rglob("*.py") if not path.name.startswith("test_")}
    common = _digest({*Path("src").rglob("*.py"), *helpers} - {*Path("tests/mutants").iterdir()})
    return {
        str(path): KEPT / f"{path.stem}-{hashlib.sha256(common + _digest({path})).hexdigest()}.json"
        for path in sorted(files)
        if path.name.startswith("test_") and path.suffix == ".py"
    }


def _digest(paths: set[Path]) -> bytes:
    made = hashlib.sha256()
    for path in sorted(paths):
        made.update(str(path).encode() + path.read_bytes())
    return made.digest()


def _write(records: Records) -> None:
    """Put the counts, and why some live, into the page."""
    ends = records.counts()
    rows = [
        [room, *(str(count) for count in (sum(own), *own))]
        for name in sorted({room for room, _ in ends})
        for room, own in [(f"`{name}/`", [ends[name, end] for end in ENDS])]
    ]
    lines = [["room", "tried", *ENDS.values()], ["---"] * (2 + len(ENDS)), *rows]
    made = "".join(f"| {' | '.join(line)} |\n" for line in lines) + f"\n{_shares(ends)}\n"
    for equal, words in ((True, "Equal are:"), (False, "Open are:")):
        kinds = [kind for kind in records.kinds().items() if kind[0].equal == equal]
        items = [f"- {kind.reason} ({count})\n" for kind, count in sorted(kinds, key=_most_first)]
        made += "".join(["\n", words, "\n\n", *items])
    pattern = re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1])
    text = PAGE.read_text("utf-8")
    changed = re.sub(pattern, lambda _: MARKS[0] + made + MARKS[1], text, flags=re.DOTALL)
    PAGE.write_text(changed, encoding="utf-8")


def _shares(ends: Counter[tuple[str, str]]) -> str:
    """Return how many are found of all, and of those that do not do what the original does."""
    by_end = Counter({end: sum(ends[room, end] for room, e in ends if e == end) for _, end in ends})
    found = by_end.total() - by_end["equal"] - by_end["lives"]
    different = by_end.total() - by_end["equal"]
    return (
        f"{found} of {by_end.total()} are found, {100 * found / by_end.total():.1f} %; of the "
        f"{different} that are not equal, {100 * found / different:.1f} %."
    )


def _most_first(kind: tuple[Kind, int]) -> tuple[int, str]:
    return -kind[1], kind[0].reason


if __name__ == "__main__":
    sys.exit(main())
