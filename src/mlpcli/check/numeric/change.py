"""How a change of one column of H_i travels to the loss, as a change all the way.

    g = bend(D/2);  dZ = 2 s g / (1 + lean g)           D' = dZ W^T          (next layer)

is f(H + D) - f(H), exact for every D, with no subtraction of close numbers (`Activation`).

Both signs of a step, and many k of the same W_i[j, k], travel together. Samples come last, so that
the inner loops are long however narrow the layer:

    (units, 2, B, R)     units of the layer, the signs + and -, probes k, rows

D starts in one column, is rank one in the next layer, and needs matrix products only above that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.nn.activations import shifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Unit
    from mlpcli.nn.activations import Activation
    from mlpcli.nn.losses import Change
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["TINY", "Base", "base_point", "unit_change", "unit_size"]

# Below this |D| g(D/2) is D/2 to half a unit: the next term is D^2/12 < 2^-55 of it for sigmoid,
# and D^2/3 < 2^-53 for tanh.
TINY = 2.0**-26
# Numbers in the widest array of a block (2 MB): so long that threads seldom meet between calls.
BLOCK = 2**18
Lift: TypeAlias = Callable[["FloatArray"], "FloatArray"]


@dataclass(frozen=True)
class Base:
    """The point that is left: index i holds layer i+1, samples along the last axis.

    `Z` (n_i + 1, N) are the inputs of that layer with a row of ones for the bias, `s` and `lean`
    (n_i, N) belong to its own H in hidden layers. Where `tiny`, no change exceeds TINY.
    """

    W: list[FloatArray]
    Z: list[FloatArray]
    s: list[FloatArray]
    lean: list[FloatArray]
    loss: Change
    activation: Activation
    tiny: bool

    def bend(self, half: FloatArray) -> FloatArray:
        """Return g for half of D."""
        return half if self.tiny else self.activation.bend(half)


@np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
def base_point(case: Case, tiny: bool) -> Base:
    """Return what the changes of a case start from."""
    f, network, ones = case.forward(), case.network, np.ones((1, case.rows))
    lean = network.activation.lean
    omega = np.ones_like(case.y) if case.omega is None else case.omega
    return Base(
        W=network.W,
        Z=[np.concatenate([z.T, ones]) for z in f.Z],
        s=[np.ascontiguousarray(s.T) for s in f.slopes],
        lean=[np.ascontiguousarray(lean(h, z).T) for h, z in zip(f.H, f.Z[1:], strict=False)],
        loss=case.objective.loss.change(f.logits, case.y, omega, tiny=tiny),
        activation=network.activation,
        tiny=tiny,
    )


def unit_change(base: Base, unit: Unit, steps: FloatArray) -> FloatArray:
    """Return sum omega (l(theta + h e) - l(theta - h e)) for every input of the unit.

    `steps` are the h of these inputs.
    """
    change = np.zeros(len(steps))
    inputs = base.Z[unit.layer]
    outputs = slice(unit.row, unit.row + 1) if unit.layer == len(base.W) - 1 else slice(None)
    depth = max(1, BLOCK // (2 * _widest(base, unit)))
    for rows in _slices(inputs.shape[1], max(64, min(512, depth))):
        arrive = _way_up(base, unit, rows)
        for probes in _slices(len(steps), max(1, depth // (rows.stop - rows.start))):
            half = inputs[unit.inputs[probes], rows] * (steps[probes, None] / 2)
            change[probes] += base.loss.between(arrive(half), outputs, rows)
    return change


def unit_size(base: Base, unit: Unit) -> int:
    """Return how many numbers the widest arrays of all blocks of `unit_change` hold."""
    return 2 * unit.inputs.size * len(base.Z[0].T) * _widest(base, unit)


def _widest(base: Base, unit: Unit) -> int:
    widths = [len(W) for W in base.W[unit.layer + 1 :]]
    return max([1, *widths])


def _way_up(base: Base, unit: Unit, rows: slice) -> Lift:
    """Return the function from D/2 (B, R) at the unit to D/2 (n_L or 1, 2, B, R) at the outputs."""
    i, j, last = unit.layer, unit.row, len(base.W) - 1
    if i == last:
        return lambda half: np.stack([half, -half])[None]
    s, lean = base.s[i][j, rows], base.lean[i][j, rows]
    column = base.W[i + 1][:, j]
    if i + 1 == last:
        return lambda half: np.multiply.outer(column, _both_signs(base.bend(half), s, lean))
    second = _rank_one(base, i + 1, column, rows)
    return lambda half: _through(base, i + 2, second(_both_signs(base.bend(half), s, lean)), rows)


def _both_signs(g: FloatArray, s: FloatArray, lean: FloatArray) -> FloatArray:
    """Return half of dZ for +g and -g, (2, B, R)."""
    turn, top = lean * g, s * g
    half = np.empty((2, *g.shape))
    np.divide(top, turn + 1, out=half[0])
    np.divide(top, turn - 1, out=half[1])
    return half


def _rank_one(base: Base, i: int, column: FloatArray, rows: slice) -> Lift:
    """Return the function from half of dZ at one unit (2, B, R) to half of D two layers above.

    In layer i the change is D[q] = column[q] dZ. While g(D/2) = D/2, s g / (1 + lean g) =
    dZ/2 (s column) / (1 + dZ/2 (lean column)): the brackets serve all probes, and the factor dZ/2
    waits until the next layer, which may be narrower.
    """
    s, lean, above = (
        base.s[i][:, None, None, rows],
        base.lean[i][:, None, None, rows],
        base.W[i + 1],
    )
    w = column[:, None, None, None]
    if not base.tiny:
        return lambda half: _times(above, shifted(base.bend(w * half), s, lean))
    top, turn = w * s, w * lean

    def lift(half: FloatArray) -> FloatArray:
        share = turn * half
        share += 1
        np.divide(top, share, out=share)
        lifted = _times(above, share)
        lifted *= half
        return lifted

    return lift


def _through(base: Base, i: int, half: FloatArray, rows: slice) -> FloatArray:
    """Return half of D at the outputs, given half of D in layer i (n_i, 2, B, R)."""
    for above in range(i + 1, len(base.W)):
        s, lean = (a[above - 1][:, None, None, rows] for a in (base.s, base.lean))
        half = _times(base.W[above], shifted(base.bend(half), s, lean))
    return half


def _times(W: FloatArray, half: FloatArray) -> FloatArray:
    """Return W times the units of `half`, all else kept."""
    product: FloatArray = (W @ half.reshape(len(half), -1)).reshape(len(W), *half.shape[1:])
    return product


def _slices(length: int, size: int) -> Iterator[slice]:
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
