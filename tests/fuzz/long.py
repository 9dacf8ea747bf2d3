"""`make fuzz`: a million configs and what else there is; counts go to docs/reliability.md.

    python -m fuzz.long [--share 0.01] [--seed 0] [--minutes 5] [--write] [FORMAT]..

Feeds each format in a process of its own, so that a crash is counted, too; the first tenth is
guided by the lines that it runs, where Atheris is installed (the extra `fuzz`). What is wrong is
printed and kept in runs/fuzz/; once mended it belongs into tests/fuzz/corpus, which the tests feed.
A run goes on where one that was given fewer minutes ended, if the sources are the same.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import multiprocessing
import pickle
import random
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz.engine import COMMAND_EVERY, Tally, feed, inputs
from fuzz.formats import FORMATS, WANTED, slug
from fuzz.kept import KEPT, fed_before, keep
from fuzz.stage import build_stage
from reliability_page import read_rows, table_of, write_between

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

HEAD = ["input", "fed", "taken", "ways to refuse", "whole commands", "slowest, s", "wrong"]
AT_A_TIME = 20_000  # inputs of a process
GUIDED = 0.1  # of the inputs
_SLOWEST_GUIDE = 3600.0  # seconds


def main() -> int:
    """Feed all formats, or those that are named; exit status 1 if anything is wrong."""
    options = argparse.ArgumentParser()
    options.add_argument("formats", nargs="*", default=list(FORMATS))
    options.add_argument("--share", type=float, default=1.0, help="of the inputs")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--minutes", type=float, default=1e9, help="for each format")
    options.add_argument("--write", action="store_true", help="counts, to the page")
    chosen = options.parse_args()
    failed = False
    for name in chosen.formats:
        count = max(1, round(WANTED[name] * chosen.share))
        tally = _fed(name, count, chosen.seed, time.monotonic() + 60 * chosen.minutes)
        failed |= bool(tally.failures)
        _keep(name, tally)
        if chosen.write:
            _write(name, tally)
    return int(failed)


def _fed(name: str, count: int, seed: int, end: float) -> Tally:
    """Feed so many inputs, or until it is time to end."""
    tally = fed_before(name)
    if not tally.inputs and find_spec("atheris"):
        tally = _guided(name, count, seed, end)
    context = multiprocessing.get_context("fork")
    while tally.inputs < count and time.monotonic() < end:
        some = min(AT_A_TIME, count - tally.inputs)
        ours, theirs = context.Pipe(duplex=False)
        work = (theirs, name, some, f"{seed} {tally.inputs}", end, tally)
        process = context.Process(target=_work, args=work)
        process.start()
        theirs.close()
        with contextlib.suppress(EOFError):
            while True:
                tally.add(ours.recv())
        process.join()
        if process.exitcode == 1:
            raise RuntimeError("the mutator failed, or the judge")
        if process.exitcode:
            tally.inputs += 1
            tally.fail(f"ended the process: {process.exitcode}", _last(name))
        keep(name, tally)
        print(f"{name}: {tally.inputs:,} of {count:,}, {sum(tally.failures.values())} wrong "
              f"{dict(tally.failures.most_common(8)) or ''}", flush=True)  # fmt: skip
    return tally


def _guided(name: str, count: int, seed: int, end: float) -> Tally:
    """Feed the first share of the inputs by way of Atheris, a third of the time at most."""
    seconds = min(_SLOWEST_GUIDE, (end - time.monotonic()) / 3)
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        target = Path(folder, "tally")
        given = [name, str(round(GUIDED * count)), str(seconds), str(seed), str(target)]
        ran = subprocess.run([sys.executable, "-m", "fuzz.guided", *given],
                             capture_output=True, check=False)  # fmt: skip
        if not target.exists():
            crashed = Tally(inputs=1)
            crashed.fail(f"ended Atheris: {ran.returncode} {ran.stderr[-300:]!r}", b"")
            return crashed
        tally: Tally = pickle.loads(target.read_bytes())
    print(f"{name}: {tally.inputs:,} guided by Atheris", flush=True)
    return tally


def _work(pipe: Connection, name: str, count: int, seed: str, end: float, before: Tally) -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        tempfile.tempdir = folder
        build_stage(Path(folder))
        form, rng = FORMATS[name](Path(folder)), random.Random(seed)
        form.pool += before.fresh
        form.known |= {*before.answers}
        tally = Tally()
        for number, content in enumerate(islice(inputs(form, rng), count)):
            _path(name).write_bytes(content)
            feed(form, content, tally, command=number % COMMAND_EVERY == COMMAND_EVERY - 1)
            if number % 100 == 99 or number == count - 1:
                pipe.send(tally)
                tally = Tally()
                if time.monotonic() > end:
                    return


def _memory() -> str | None:
    """Return a folder that lies in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _path(name: str) -> Path:
    """Return where the input lies that is being fed: what is left of a process that crashed."""
    return Path(_memory() or tempfile.gettempdir()) / f"fuzz-{slug(name)}"


def _last(name: str) -> bytes:
    return _path(name).read_bytes()


def _keep(name: str, tally: Tally) -> None:
    _path(name).unlink(missing_ok=True)
    for what, content in tally.wrong.items():
        KEPT.mkdir(parents=True, exist_ok=True)
        path = KEPT / f"{slug(name)}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"
        path.write_bytes(content)
        print(f"{tally.failures[what]:,} x {what}: {path}", file=sys.stderr)


def _write(name: str, tally: Tally) -> None:
    """Put the row of a format into the page, in the order of the formats."""
    rows = {row[0]: row for row in read_rows("fuzz")}
    numbers = tally.inputs, tally.taken, len(tally.answers) - 1, tally.commands
    cells = [f"{number:,}" for number in numbers]
    rows[name] = [name, *cells, f"{tally.slowest:.2f}", str(tally.failures.total())]
    write_between("fuzz", table_of(HEAD, (rows[name] for name in FORMATS if name in rows)))


if __name__ == "__main__":
    sys.exit(main())
