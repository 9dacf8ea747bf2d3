"""Runs subjects side by side: each in a process of its own, in turn, round after round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Experiment", "Sample", "Subject", "command", "measured", "module", "run_rounds"]


@dataclass(frozen=True)
class Sample:
    """One run: seconds, peak resident memory in MB, and the loss it ended with, if it trains."""

    seconds: float
    peak: float
    loss: float | None = None


@dataclass(frozen=True)
class Subject:
    """Something to time; `most` is the largest ratio of our time to its that we aim for."""

    name: str
    run: Callable[[], Sample]
    most: float | None = None


@dataclass(frozen=True)
class Experiment:
    """Subjects that do equal work, ours first; final losses must agree to `tolerance`, relative."""

    title: str
    subjects: Sequence[Subject]
    tolerance: float | None = None
    note: str = ""


def command(
    words: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[Sample, str]:
    """Run a program to its end; return time and memory of the process, and what it printed."""
    inherited = dict(os.environ)
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled once
    start = perf_counter()
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**inherited, **(environment or {})},
    )
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit status {process.returncode} of {' '.join(words)}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Sample(seconds, usage.ru_maxrss / unit), output


def module(*words: str) -> Sample:
    """Run a module of this package, which prints its own seconds and loss as JSON."""
    sample, output = command([sys.executable, "-W", "ignore", "-m", *words])
    own = json.loads(output)
    return Sample(own["seconds"], sample.peak, own.get("loss"))


def run_rounds(experiment: Experiment, rounds: int) -> list[list[Sample]]:
    """Return the samples of every subject, taken in turn; raises where the work was not equal."""
    samples: list[list[Sample]] = [[] for _ in experiment.subjects]
    for _ in range(rounds):
        for subject, mine in zip(experiment.subjects, samples, strict=True):
            mine.append(subject.run())
            print(f"  {subject.name}: {mine[-1].seconds:.4g} s", file=sys.stderr, flush=True)
    losses = [one.loss for mine in samples for one in mine if one.loss is not None]
    if experiment.tolerance is not None:
        spread = max(losses) - min(losses)
        if not spread <= experiment.tolerance * abs(losses[0]):
            raise RuntimeError(f"{experiment.title}: unequal work, final losses {losses}")
    return samples


def measured(experiment: Experiment, samples: list[list[Sample]]) -> str:
    """Return the experiment as a Markdown section: medians, spread, and ratios round by round."""
    lines = [
        f"### {experiment.title}",
        "",
        *([experiment.note, ""] if experiment.note else []),
        "| subject | median | lowest to highest | peak memory | ours / this (spread) | at most |",
        "|---|---|---|---|---|---|",
    ]
    for subject, mine in zip(experiment.subjects, samples, strict=True):
        times = sorted(one.seconds for one in mine)
        ratios = sorted(a.seconds / b.seconds for a, b in zip(samples[0], mine, strict=True))
        against = "" if mine is samples[0] else f"**{median(ratios):.3g}** ({_range(ratios)})"
        most = "" if subject.most is None else f"{subject.most:g}"
        peak = median(one.peak for one in mine)
        lines.append(
            f"| {subject.name} | {_time(median(times))} | {_time(times[0])} to {_time(times[-1])} "
            f"| {peak:.0f} MB | {against} | {most} |"
        )
    losses = [one.loss for mine in samples for one in mine if one.loss is not None]
    if losses and experiment.tolerance is not None:
        lines += ["", f"Final losses {min(losses):.6g} to {max(losses):.6g}"]
        lines[-1] += f", equal to the tolerance of {experiment.tolerance:g}."
    return "\n".join([*lines, ""])


def _range(ratios: list[float]) -> str:
    return f"{ratios[0]:.3g} to {ratios[-1]:.3g}"


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
