"""Measure mlpcli beside scikit-learn, torch, jax and DuckDB, and write benchmarks/RESULTS.md.

    python -m benchmarks [--quick] [--rounds N] [--only WORD] [--output FILE]

Subjects run in processes of their own, in turn, so that a busy moment of the machine meets all of
them; compare ratios, not times. --quick takes fewer and smaller runs and writes to stdout.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.experiments import every_experiment
from benchmarks.measure import measured, run_rounds
from mlpcli.parallel import core_count

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("numpy", "duckdb", "scikit-learn", "torch", "jax", "scipy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", default="", help="experiments whose title has this word")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    rounds = options.rounds or (1 if options.quick else 3)
    output = options.output or (None if options.quick or options.only else RESULTS)
    sections = [heading(rounds)]
    with tempfile.TemporaryDirectory() as folder:
        for experiment in every_experiment(Path(folder), quick=options.quick):
            if options.only in experiment.title:
                print(experiment.title, file=sys.stderr, flush=True)
                sections.append(measured(experiment, run_rounds(experiment, rounds)))
                if output is None:
                    print(sections[-1], flush=True)
                else:
                    output.write_text("\n".join(sections))


def heading(rounds: int) -> str:
    load = os.getloadavg()[0]
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"""# Results

Written by `make bench`. {processor()}, {core_count()} cores, load {load:.1f} at the start;
Python {platform.python_version()}, {versions}. Rounds: {rounds}.

Every subject runs in a process of its own, in turn with the others. The ratio is our time over
theirs in the same round, the median of the rounds; below 1 we are faster. "At most" is what
we aim for. No peak memory is told that is less than what the measuring program had by then. torch
and jax use all cores; ours takes one thread for the small shape and all cores, each with a
single-threaded BLAS, for the others.
"""


def processor() -> str:
    """Return the processor's model."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
