"""Says which known bugs a case cannot reveal, by running each of them on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.backprop import RIGHT, Array, Forward, backward, forward
from mlpcli.check.bugs.fitted import updated_too_early
from mlpcli.check.bugs.mutant import Mutant, all_layers, at, finish
from mlpcli.check.bugs.mutants import variants
from mlpcli.check.bugs.tensors import scale
from mlpcli.check.verdict.bounds import Bounds
from mlpcli.check.verdict.rule import EntryVerdict, judge
from mlpcli.nn.network import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.check.case import Case
    from mlpcli.nn.activations import FloatArray

__all__ = ["BlindSpot", "blind_spots"]

_ONE_ROW = {"sum-instead-of-mean", "mean-twice", "bias-averaged", "bias-not-summed"}
_USUAL_RATE = 0.01  # for a case that knows of no learning rate


@dataclass(frozen=True)
class BlindSpot:
    """A bug that would pass, at these layers (counted from 1), and why."""

    bug: str
    layers: tuple[int, ...]
    reason: str


def blind_spots(
    case: Case, numeric: FloatArray, bounds: Bounds, tolerance: float, dtype: str = "float64"
) -> tuple[BlindSpot, ...]:
    """Return the bugs of which some variant gives no entry that mismatches `numeric`.

    `dtype` is that of the gradient to be checked: in float32 less can be seen. A bug that the
    shapes do not allow is not listed: it cannot be made.
    """
    f = forward(case)

    def wrong(gradient: Parameters, start: int) -> bool:
        """Whether theta[start:] as given mismatches somewhere."""
        own = Bounds(bounds.K[start:], bounds.K_textbook[start:], bounds.Q[start:])
        entries = judge(gradient, numeric[start:], own, tolerance)
        return bool((entries.verdict == EntryVerdict.MISMATCH).any())

    hidden: dict[str, list[Mutant]] = {}
    for mutant in _all(f):
        if mutant.epsilon is not None and mutant.bug in hidden:
            continue  # epsilons descend, and a smaller one does less
        if not _seen(f, mutant, dtype, wrong):
            hidden.setdefault(mutant.bug, []).append(mutant)
    return tuple(
        BlindSpot(bug, tuple(sorted({i for m in found for i in m.layers})), _reason(f, found))
        for bug, found in hidden.items()
    )


def _seen(f: Forward, mutant: Mutant, dtype: str, wrong: Callable[[Parameters, int], bool]) -> bool:
    """Whether some entry is wrong; most bugs show at the output, and what is below stays undone."""
    rules, network = mutant.bend(RIGHT), f.case.network
    first = f.depth if not rules.finish else min(mutant.layers)
    for lowest in sorted({first, min(mutant.layers), 1}, reverse=True):
        gradient = backward(f, rules, lowest)
        start = sum(layer.size for layer in gradient.layers[: lowest - 1])
        theta = _rounded(gradient.theta[start:], dtype)
        if wrong(Parameters(network.sizes[lowest - 1 :], network.bias, theta), start):
            return True
    return False


def _all(f: Forward) -> Iterator[Mutant]:
    """Yield all variants, and of the bugs with a free number one that everybody would notice."""
    yield from variants(f)
    if f.depth > 1:
        yield updated_too_early(f, f.case.learning_rate or _USUAL_RATE)
    for i in all_layers(f):
        yield Mutant("scaled", (i,), at("delta", {i: lambda delta: 2 * delta}))
        for letter in ("W", "b") if f.case.network.bias else ("W",):
            yield Mutant("scaled", (i,), finish(scale(2.0, (i,), letter)))


def _rounded(theta: Array, dtype: str) -> Array:
    with np.errstate(over="ignore"):
        return theta.astype(dtype)


def _reason(f: Forward, found: list[Mutant]) -> str:
    bug, network = found[0].bug, f.case.network
    carried = bug == "weight-not-transposed" or max(max(m.layers) for m in found) < f.depth
    reasons = (
        (f.rows == 1 and bug in _ONE_ROW, "there is one row: its mean and its sum are the same"),
        (bug == "mean-over-outputs" and f.outputs == 1, "there is one output"),
        (bug in {"missing-l2", "l2-on-bias"} and not f.case.l2, "there is no L2 penalty"),
        (bug == "l2-on-bias" and not any(b.any() for b in network.b), "all biases are zero"),
        (
            carried and not f.W[-1].any(),
            "the output weights are zero, so no delta reaches a hidden layer",
        ),
        (bug == "naive-derivative", "no probability rounds to 0 or 1"),
        (bug == "torch-bce-derivative" and _inside(f, 1e-12), "every p (1-p) is above 1e-12"),
    )
    for holds, reason in reasons:
        if holds:
            return reason
    epsilons = [m.epsilon for m in found if m.epsilon is not None]
    if not epsilons:
        return "on these rows it changes less than the tolerance, or vanishes in rounding"
    largest = max(epsilons)
    if bug in {"clamped-derivative", "clamped-loss"} and _inside(f, largest):
        return f"no probability lies outside [epsilon, 1 - epsilon], epsilon up to {largest:.3g}"
    return f"an epsilon up to {largest:.3g} changes less than the tolerance on these rows"


def _inside(f: Forward, epsilon: float) -> bool:
    """Whether p and 1 - p of all outputs are at least epsilon, and so p (1-p) about that."""
    p = f.Z[-1]
    return bool((p >= epsilon).all() and (p <= 1 - epsilon).all())
