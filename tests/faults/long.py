"""`make trust`: every call of every command that writes, every kind of fault, and 50 kills.

Prints what is wrong, and writes the counts to docs/reliability.md. Named commands are the only ones
that are tried, and written about.
"""

from __future__ import annotations

import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faults.injector import FAULTS, WRITERS, Bench, Fault, build_shim

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
KILLS = 50
MARKS = "<!-- faults: made by make trust -->\n", "<!-- end of faults -->"


def main() -> int:
    """Run it all; exit status 1 if anything is wrong."""
    with tempfile.TemporaryDirectory() as name:
        shim = build_shim(Path(name))
        if shim is None:
            print("needs a C compiler, on Linux", file=sys.stderr)
            return 2
        with ThreadPoolExecutor(2) as pool:
            chosen = sys.argv[1:] or list(WRITERS)
            done = list(pool.map(lambda c: _command(Path(name), shim, c), chosen))
    wrong = [line for _, lines in done for line in lines]
    print("\n".join(wrong))
    _write([row for row, _ in done])
    return int(bool(wrong))


def _command(folder: Path, shim: Path, command: str) -> tuple[list[str], list[str]]:
    """Return the row of a command, and what is wrong."""
    bench = Bench(folder / command, shim, WRITERS[command])
    counts, wrong = [], []
    for fault in FAULTS:
        calls = bench.calls(fault.kinds)
        counts.append(calls)
        wrong += _wrong(bench, fault, command, range(1, calls + 1))
        print(f"{command}: {fault.name}: {calls} calls", flush=True)
    kills = 0
    if command == "train":
        kills = KILLS
        calls = bench.calls("owsrumtc")
        for n in random.Random(1).choices(range(1, calls + 1), k=KILLS):
            if found := bench.kill(n):
                wrong.append(f"{command}: killed at call {n}: {found}")
    return [f"`{command}`", *map(str, counts), str(kills or ""), str(len(wrong))], wrong


def _wrong(bench: Bench, fault: Fault, command: str, calls: range) -> list[str]:
    found = ((n, bench.fail(fault, n)) for n in calls)
    return [f"{command}: {fault.name} at call {n}: {what}" for n, what in found if what]


def _write(rows: list[list[str]]) -> None:
    head = ["command", *(fault.name for fault in FAULTS), "kills", "wrong"]
    lines = [head, ["---"] * len(head), *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    text = PAGE.read_text()
    before, rest = text.split(MARKS[0])
    PAGE.write_text(before + MARKS[0] + table + MARKS[1] + rest.partition(MARKS[1])[2])


if __name__ == "__main__":
    sys.exit(main())
