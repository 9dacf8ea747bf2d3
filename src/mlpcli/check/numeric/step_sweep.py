"""How far a difference is off at every step: the textbook's, and the one that does not cancel.

    D(h) = (J(theta + h e) - J(theta - h e)) / 2h

has an error of c h^2 by truncation and of about eps |J| / h by rounding. With the change carried
through the network (`change.py`) the second is gone, so that every small step serves. Here h is
the change of the parameter itself, as a usual checker takes it. The truth is the complex step's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.numeric.change import base_point, unit_change
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.numeric.plain import quotient
from mlpcli.check.numeric.probe import first_pass, parts
from mlpcli.check.numeric.units import Unit, units
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.change import Base
    from mlpcli.check.numeric.probe import Pass
    from mlpcli.check.numeric.units import IntArray, Mask
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["STEPS", "USUAL_STEP", "StepSweep", "relative_error", "some_entries", "sweep_steps"]

USUAL_STEP = 1e-5
STEPS = tuple(10.0 ** (-k / 2) for k in range(2, 25))  # 1e-1 .. 1e-12, USUAL_STEP among them
_ENTRIES = 48


@dataclass(frozen=True)
class StepSweep:
    """Relative errors of E `entries` (places in theta) at S `steps`.

    `plain` and `carried` (S x E) are those of the two differences against the complex step, `seen`
    (S x E) what a checker by the plain difference takes for the error of the given gradient.
    """

    steps: FloatArray
    entries: IntArray
    plain: FloatArray
    carried: FloatArray
    seen: FloatArray


def some_entries(case: Case, worst: int | None = None, *, seed: int = 0) -> Mask:
    """Return a mask over theta: about 48 entries, one of every tensor at least, and the `worst`."""
    rng, mask = np.random.default_rng(seed), np.zeros(case.network.theta.size, np.bool_)
    sizes = [tensor.size for _, tensor in case.network.tensors()]
    each, start = max(1, _ENTRIES // len(sizes)), 0
    for size in sizes:
        mask[start + rng.choice(size, min(size, each), replace=False)] = True
        start += size
    if worst is not None:
        mask[worst] = True
    return mask


@np.errstate(all="ignore")  # extreme weights, and nan in what was given: shown, not hidden
def sweep_steps(
    case: Case, gradient: Parameters, mask: Mask, steps: tuple[float, ...] = STEPS
) -> StepSweep:
    """Return how far both differences are off where `mask` says, and what they make of `gradient`.

    No step is shrunk at a kink: a usual checker does not know of it.
    """
    entries = np.flatnonzero(mask)
    plain, carried = np.full((2, len(steps), case.network.theta.size), np.nan)
    first, base = first_pass(case), base_point(case)
    for unit in units(case.network, mask):
        plain[:, unit.entries] = _textbook(first, unit, np.array(steps))
        carried[:, unit.entries] = _change(base, unit, np.array(steps))
    carried += _penalty(case)
    truth = numeric_gradient(case, "complex-step", mask).values[entries]
    plain, carried = plain[:, entries], carried[:, entries]
    return StepSweep(
        steps=np.array(steps),
        entries=entries,
        plain=relative_error(plain, truth),
        carried=relative_error(carried, truth),
        seen=relative_error(plain, gradient.theta.astype(np.float64)[entries]),
    )


def relative_error(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return |a - b| / max(|a|, |b|), with 0/0 = 0; inf where one is no number."""
    error = np.abs(a - b)
    ratio = np.where(error == 0, 0, error / np.maximum(np.abs(a), np.abs(b)))
    return np.where(np.isnan(ratio), np.inf, ratio)


def _repeated(case: Case, unit: Unit, count: int) -> Iterator[Unit]:
    """Yield a unit that visits each input `count` times, in pieces; `entries` number its visits."""
    inputs = np.tile(unit.inputs, count)
    yield from parts(case, Unit(unit.layer, unit.row, inputs, np.arange(inputs.size)))


def _textbook(first: Pass, unit: Unit, steps: FloatArray) -> FloatArray:
    h = np.repeat(steps, unit.inputs.size)
    found = [
        quotient(first, piece, h[piece.entries])[0]
        for piece in _repeated(first.case, unit, steps.size)
    ]
    return np.concatenate(found).reshape(steps.size, -1)


def _change(base: Base, unit: Unit, steps: FloatArray) -> FloatArray:
    h = np.repeat(steps, unit.inputs.size)
    changes = [
        unit_change(base, piece, h[piece.entries])
        for piece in _repeated(base.case, unit, steps.size)
    ]
    quotients: FloatArray = np.concatenate(changes) / (2 * h) / base.case.divisor
    return quotients.reshape(steps.size, -1)


def _penalty(case: Case) -> FloatArray:
    """Return the gradient of the penalty over theta: a square, whose difference has no error."""
    penalty = case.network.like(np.zeros_like(case.network.theta))
    for dW, W in zip(penalty.W, case.network.W, strict=True):
        dW[...] = case.objective.penalty_gradient(W)
    return penalty.theta
