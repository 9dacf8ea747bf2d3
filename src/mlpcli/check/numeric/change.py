"""How a change of one column of H_i travels to the loss, as a change all the way.

    g = bend(D/2);  dZ = 2 s g / (1 + lean g)           D' = dZ W^T          (next layer)

is f(H + D) - f(H), exact for every D, with no subtraction of close numbers (`Activation`).

Both signs of a step, and many k of the same W_i[j, k], travel together. Samples come last, so that
the inner loops are long however narrow the layer:

    (units, 2, B, R)     units of the layer, the signs + and -, probes k, rows

D starts in one column and is rank one in the next layer. Steps as small as the check's own go by
`small.py`, which needs no matrix product of any probe.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.nn.activation import shifted
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Unit
    from mlpcli.nn.losses import Change, Curve
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Base", "base_point", "unit_change", "unit_size"]

# Numbers in the widest array of a block (2 MB): so long that threads seldom meet between calls.
BLOCK = 2**18
Lift: TypeAlias = Callable[["FloatArray"], "FloatArray"]


@dataclass(frozen=True)
class Base:
    """The point that is left: index i holds layer i+1, samples along the last axis.

    `Z` (n_i + 1, N) are the inputs of that layer with a row of ones for the bias, `s` and `lean`
    (n_i, N) belong to its own H in hidden layers.
    """

    case: Case
    logits: FloatArray
    Z: list[FloatArray]
    s: list[FloatArray]
    lean: list[FloatArray]

    @property
    def W(self) -> list[FloatArray]:
        """W_1 .. W_L."""
        return self.case.network.W

    @cached_property
    def bends(self) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """What D/2, its square and its cube count in half of dZ, while g(D/2) is D/2."""
        return [(s, -s * lean, s * lean * lean) for s, lean in zip(self.s, self.lean, strict=True)]

    @cached_property
    def change(self) -> Change:
        """How the loss changes, for changes of any size."""
        return self.case.objective.loss.change(*self._outputs)

    @cached_property
    def curve(self) -> Curve | None:
        """How it changes along a cubic, None where the loss does not say."""
        return self.case.objective.loss.curve(*self._outputs)

    @property
    def _outputs(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        y, omega = self.case.y, self.case.omega
        return self.logits, y, np.ones_like(y) if omega is None else omega

    @cached_property
    def growth(self) -> list[float]:
        """Per layer, by how much a change of its H can grow on its way up, at least 1.

        |dZ| <= max f' |D|, so layer m multiplies the largest change by max f' ||W_m||_inf at most.
        """
        growth, steepest = [1.0], self.case.network.activation.steepest
        for W in reversed(self.W[1:]):
            growth.append(max(1.0, growth[-1] * float(np.abs(W).sum(axis=1).max()) * steepest))
        return growth[::-1]


@np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
def base_point(case: Case) -> Base:
    """Return what the changes of a case start from."""
    f, ones, lean = case.forward(), np.ones((1, case.rows)), case.network.activation.lean
    return Base(
        case=case,
        logits=f.logits,
        Z=[np.ascontiguousarray(np.concatenate([z.T, ones])) for z in f.Z],
        s=[np.ascontiguousarray(s.T) for s in f.slopes],
        lean=[np.ascontiguousarray(lean(h, z).T) for h, z in zip(f.H, f.Z[1:], strict=False)],
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
            change[probes] += base.change.between(arrive(half), outputs, rows)
    return change


def unit_size(base: Base, unit: Unit) -> int:
    """Return how many numbers the widest arrays of all blocks of `unit_change` hold."""
    return 2 * unit.inputs.size * len(base.Z[0].T) * _widest(base, unit)


def _widest(base: Base, unit: Unit) -> int:
    """Return the units of the widest layer that holds a change for each probe by itself."""
    return max([1, *map(len, base.W[unit.layer + 1 :])])


def _way_up(base: Base, unit: Unit, rows: slice) -> Lift:
    """Return the function from D/2 (B, R) at the unit to D/2 (n_L or 1, 2, B, R) at the outputs."""
    i, j = unit.layer, unit.row
    if i == len(base.W) - 1:
        return lambda half: np.stack([half, -half])[None]
    s, lean, column = base.s[i][j, rows], base.lean[i][j, rows], base.W[i + 1][:, j]
    lift = _layers(base, i + 1, column, rows)
    return lambda half: lift(_both_signs(base.case.network.activation.bend(half), s, lean))


def _both_signs(g: FloatArray, s: FloatArray, lean: FloatArray) -> FloatArray:
    """Return half of dZ for +g and -g, (2, B, R)."""
    turn, top = lean * g, s * g
    half = np.empty((2, *g.shape))
    np.divide(top, turn + 1, out=half[0])
    np.divide(top, turn - 1, out=half[1])
    return half


def _layers(base: Base, i: int, column: FloatArray, rows: slice) -> Lift:
    """Return the function from half of dZ at one unit (2, B, R) to half of D at the outputs.

    In layer i half of D is that times `column`.
    """

    def lift(u: FloatArray) -> FloatArray:
        half = np.multiply.outer(column, u)
        for above in range(i + 1, len(base.W)):
            s, lean = (a[above - 1][:, None, None, rows] for a in (base.s, base.lean))
            bent = shifted(base.case.network.activation.bend(half), s, lean)
            product = base.W[above] @ bent.reshape(len(bent), -1)
            half = product.reshape(len(product), *bent.shape[1:])
        return half

    return lift


def _slices(length: int, size: int) -> Iterator[slice]:
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
