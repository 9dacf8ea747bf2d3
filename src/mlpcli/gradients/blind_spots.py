"""Says which known bugs a case cannot reveal, by running each of them on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlpcli.gradients.backprop import RIGHT, Forward, backward, forward
from mlpcli.gradients.mutants import Mutant, variants
from mlpcli.gradients.verdict import EntryVerdict, judge

if TYPE_CHECKING:
    from mlpcli.gradients.bounds import Bounds
    from mlpcli.gradients.case import Case
    from mlpcli.nn.activations import FloatArray

__all__ = ["BlindSpot", "blind_spots"]

_COMMON_EPSILON = 1e-8  # that a smaller one changes nothing is no news


@dataclass(frozen=True)
class BlindSpot:
    """A bug that would pass, at these layers (counted from 1), and why."""

    bug: str
    layers: tuple[int, ...]
    reason: str


def blind_spots(
    case: Case, numeric: FloatArray, bounds: Bounds, tolerance: float
) -> tuple[BlindSpot, ...]:
    """Return the bugs of which some variant gives no entry that mismatches `numeric`.

    A bug that the shapes do not allow is not listed: it cannot be made.
    """
    f = forward(case)
    hidden: dict[str, list[Mutant]] = {}
    for mutant in variants(f):
        if mutant.epsilon is not None and mutant.epsilon < _COMMON_EPSILON:
            continue
        entries = judge(backward(f, mutant.bend(RIGHT)), numeric, bounds, tolerance)
        if not (entries.verdict == EntryVerdict.MISMATCH).any():
            hidden.setdefault(mutant.bug, []).append(mutant)
    return tuple(
        BlindSpot(bug, tuple(sorted({i for m in found for i in m.layers})), _reason(f, found))
        for bug, found in hidden.items()
    )


def _reason(f: Forward, found: list[Mutant]) -> str:
    bug = found[0].bug
    network = f.case.network
    one_row = {"sum-instead-of-mean", "mean-twice", "bias-averaged", "bias-not-summed"}
    reasons = (
        (f.rows == 1 and bug in one_row, "there is one row: its mean and its sum are the same"),
        (bug == "mean-over-outputs" and f.outputs == 1, "there is one output"),
        (bug in {"missing-l2", "l2-on-bias"} and not f.case.l2, "there is no L2 penalty"),
        (bug == "l2-on-bias" and not any(b.any() for b in network.b), "all biases are zero"),
        (not f.W[-1].any(), "the output weights are zero, so no delta reaches a hidden layer"),
        (bug == "clamped-loss", "no probability lies outside [epsilon, 1 - epsilon]"),
        (bug == "naive-derivative", "no probability rounds to 0 or 1"),
    )
    for holds, reason in reasons:
        if holds:
            return reason
    epsilons = [m.epsilon for m in found if m.epsilon is not None]
    if epsilons:
        return f"an epsilon up to {max(epsilons):g} changes less than the tolerance on these rows"
    return "on these rows it changes less than the tolerance, or vanishes in rounding"
