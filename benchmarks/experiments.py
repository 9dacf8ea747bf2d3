"""What is measured, beside whom, and how far ahead we mean to be."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from benchmarks import commands
from benchmarks.measure import Experiment, Sample, Subject, module
from benchmarks.steps import SHAPES, title

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["every_experiment"]

PEERS = ("sklearn", "torch", "jax")
AT_MOST = {"medium": 0.95, "large": 1.0}  # of each peer's time
AT_MOST_OF_JAX = {"float32": 0.35, "float64": 0.5}  # at the small shape


def every_experiment(folder: Path, *, quick: bool) -> Iterator[Experiment]:
    """Yield the experiments; files that they need are made in the folder."""
    rows = 100_000 if quick else 1_000_000
    yield from commands.whole_processes(folder, rows)
    yield from commands.starts()
    yield from commands.steps(folder, quick=quick)
    yield from steps(quick=quick)
    yield from optimizers(quick=quick)
    yield from commands.gradchecks(folder, quick=quick)
    yield from commands.tables(folder, rows)
    if not quick:
        yield commands.larger_than_memory(folder, rows)


def steps(*, quick: bool) -> Iterator[Experiment]:
    """Yield steps in a process that is warm."""
    epochs = {"small": 100, "medium": 10, "large": 4}
    for shape, dtype, optimizer in product(SHAPES, ("float32", "float64"), ("sgd", "adam")):
        words = (shape, dtype, optimizer, str(epochs[shape] // (2 if quick else 1)))
        subjects = [Subject("ours", partial(_step, "ours", *words))]
        for peer in PEERS:
            small = AT_MOST_OF_JAX[dtype] if peer == "jax" else 0.1
            subjects.append(Subject(peer, partial(_step, peer, *words), AT_MOST.get(shape, small)))
        exact = dtype == "float64" and optimizer == "sgd"  # Adam's epsilon is not one place
        yield Experiment(
            f"Step: {title(shape, dtype, optimizer)}", subjects, 1e-6 if exact else 1e-3
        )


def _step(subject: str, *words: str) -> Sample:
    return module("benchmarks.steps", subject, *words)


def optimizers(*, quick: bool) -> Iterator[Experiment]:
    """Yield Adam over SGD once the moments of vanished gradients would be subnormal."""
    epochs = {"small": "60", "medium": "52"} | ({} if quick else {"large": "66"})
    for shape, count in epochs.items():
        subjects = [
            Subject("adam", partial(_step, "ours", shape, "float32", "adam", count)),
            Subject("sgd", partial(_step, "ours", shape, "float32", "sgd", count), 1.1),
        ]
        yield Experiment(f"Adam beside SGD, 500 steps in: {shape} shape, float32", subjects)
