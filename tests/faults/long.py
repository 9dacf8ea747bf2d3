"""`make trust`: every call of every command that writes, every kind of fault, and 200 kills.

Prints what is wrong, and writes the counts to docs/reliability.md. Named commands are the only ones
that are tried; then nothing is written.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from faults.injector import ALL, FAULTS, WRITERS, Bench, Fault, build_shim
from mlpcli.nn.kernel.library import kernel_for
from reliability_page import table_of, write_between

KILLS = 200  # of a longer run, at any time
LONGER = [*WRITERS["train"], "--epochs", "60"]


def main() -> int:
    """Run it all; exit status 1 if anything is wrong."""
    with tempfile.TemporaryDirectory() as name:
        shim = build_shim(Path(name))
        if shim is None:
            print("needs a C compiler, on Linux", file=sys.stderr)
            return 2
        with ThreadPoolExecutor(2) as pool:
            kills = pool.submit(_kills, Path(name) / "kills", shim)
            folders = (Path(name) / str(i) for i in range(len(WRITERS)))
            chosen = sys.argv[1:] or list(WRITERS)
            done = list(pool.map(lambda c, f: _command(f, shim, c), chosen, folders))
    if not sys.argv[1:]:
        _write([row for row, _ in done], len(kills.result()))
    return int(bool(kills.result() or any(wrong for _, wrong in done)))


def _kills(folder: Path, shim: Path) -> list[str]:
    """Kill a run at any time; return what is wrong."""
    with Bench(folder, shim, LONGER) as bench:
        started = time.monotonic()
        bench.calls(ALL)
        whole = time.monotonic() - started
        times = [random.Random(seed).uniform(0, whole) for seed in range(KILLS)]
        found = ((seconds, bench.kill_after(seconds)) for seconds in times)
        wrong = [f"killed after {seconds:.3f} s: {what}" for seconds, what in found if what]
        print(
            f"{KILLS} kills within {whole:.2f} s: {len(wrong)} wrong", *wrong, sep="\n", flush=True
        )
        return wrong


def _command(folder: Path, shim: Path, command: str) -> tuple[list[str], list[str]]:
    """Return the row of a command, and what is wrong."""
    with Bench(folder, shim, WRITERS[command]) as bench:
        counts, wrong = [], []
        for fault in FAULTS:
            calls = bench.calls(fault.kinds)
            counts.append(calls)
            wrong += _wrong(bench, fault, command, range(1, calls + 1))
        calls = bench.calls(ALL)
        killed = ((n, bench.kill(n)) for n in range(1, calls + 1))
        wrong += [f"{command}: killed at call {n}: {what}" for n, what in killed if what]
    row = [f"`{command}`", *map(str, [*counts, calls, len(wrong)])]
    print(" | ".join(row), *wrong, sep="\n", flush=True)
    return row, wrong


def _wrong(bench: Bench, fault: Fault, command: str, calls: range) -> list[str]:
    found = ((n, bench.fail(fault, n)) for n in calls)
    return [f"{command}: {fault.name} at call {n}: {what}" for n, what in found if what]


def _write(rows: list[list[str]], killed: int) -> None:
    head = ["command", *(fault.name for fault in FAULTS), "kill", "wrong"]
    kernel = kernel_for()
    used = f"in use ({kernel.identity})" if kernel else "not in use"
    kills = (
        f"\nOf {KILLS} kills of a run of 60 epochs, at any time, {killed} were wrong: "
        f"{KILLS - killed} of {KILLS} went on to the same bytes. The kernel in C was {used}.\n"
    )
    write_between("faults", table_of(head, rows) + kills)


if __name__ == "__main__":
    sys.exit(main())
