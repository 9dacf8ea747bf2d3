"""How a change of one column of H_i travels to the loss, as a change all the way.

    g = bend(D/2);  dZ = 2 s g / (1 + lean g)           D' = dZ W^T          (next layer)

is f(H + D) - f(H), exact for every D, with no subtraction of close numbers (`Activation`).

Both signs of a step, and many k of the same W_i[j, k], travel together. Samples come last, so that
the inner loops are long however narrow the layer:

    (units, 2, B, R)     units of the layer, the signs + and -, probes k, rows

D starts in one column and is rank one in the next layer. For steps as small as ours it stays, on
its whole way, a cubic in dZ/2 of its unit (`_series`), and no probe needs a matrix product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.nn.activations import shifted
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.units import Unit
    from mlpcli.nn.activations import Activation
    from mlpcli.nn.losses import Change
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["TINY", "Base", "base_point", "growth_above", "unit_change", "unit_size"]

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
    (n_i, N) belong to its own H in hidden layers. On its way up a change of H grows by `growth` at
    most. Where `tiny`, no change exceeds TINY.
    """

    W: list[FloatArray]
    Z: list[FloatArray]
    s: list[FloatArray]
    lean: list[FloatArray]
    loss: Change
    activation: Activation
    growth: list[float]
    tiny: bool

    def bend(self, half: FloatArray) -> FloatArray:
        """Return g for half of D."""
        return half if self.tiny else self.activation.bend(half)


@np.errstate(all="ignore")
def growth_above(case: Case) -> list[float]:
    """Return, per layer, by how much a change of its H can grow on its way up, at least 1.

    |dZ| <= max f' |D|, so layer m multiplies the largest change by max f' ||W_m||_inf at most.
    """
    growth, steepest = [1.0], case.network.activation.steepest
    for W in reversed(case.network.W[1:]):
        growth.append(max(1.0, growth[-1] * float(np.abs(W).sum(axis=1).max()) * steepest))
    return growth[::-1]


@np.errstate(all="ignore")  # extreme weights: what comes of them is judged, not hidden
def base_point(case: Case, *, tiny: bool) -> Base:
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
        growth=growth_above(case),
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
    """Return the units of the widest layer that holds a change for each probe by itself."""
    above = base.W[unit.layer + 1 :]
    return max([1, *(len(W) for W in (above[-1:] if base.tiny else above))])


def _way_up(base: Base, unit: Unit, rows: slice) -> Lift:
    """Return the function from D/2 (B, R) at the unit to D/2 (n_L or 1, 2, B, R) at the outputs."""
    i, j = unit.layer, unit.row
    if i == len(base.W) - 1:
        return lambda half: np.stack([half, -half])[None]
    s, lean, column = base.s[i][j, rows], base.lean[i][j, rows], base.W[i + 1][:, j]
    lift = (_series if base.tiny else _layers)(base, i + 1, column, rows)
    return lambda half: lift(_both_signs(base.bend(half), s, lean))


def _both_signs(g: FloatArray, s: FloatArray, lean: FloatArray) -> FloatArray:
    """Return half of dZ for +g and -g, (2, B, R)."""
    turn, top = lean * g, s * g
    half = np.empty((2, *g.shape))
    np.divide(top, turn + 1, out=half[0])
    np.divide(top, turn - 1, out=half[1])
    return half


def _series(base: Base, i: int, column: FloatArray, rows: slice) -> Lift:
    """Return the function from u, half of dZ at one unit (2, B, R), to half of D at the outputs.

    In layer i half of D is column u. While g(D/2) = D/2, and t = lean D/2 is below TINY,
    s g / (1 + lean g) = s D/2 (1 - t + t^2) to t^3 < 2^-78 of it. So half of D is, in every layer,

        u (P + Q x + R x^2),  x = u c

    and its coefficients serve all probes. The power of two c is about the growth from there on, so
    that P/c is about 1 and no square overflows.
    """
    c = 2.0 ** min(1000, int(np.frexp(base.growth[i - 1])[1]))
    P = column[:, None]
    Q = R = np.zeros_like(P)
    for above in range(i + 1, len(base.W)):
        s, t = base.s[above - 1][:, rows], base.lean[above - 1][:, rows] * (P / c)
        bent = t * P
        P, Q, R = (base.W[above] @ (s * k) for k in (P, Q - bent, R - t * (2 * Q - bent)))
    if i + 1 == len(base.W):
        return lambda u: P[:, None, None] * u
    P, Q, R = (k[:, None, None] for k in (P, Q, R))

    def lift(u: FloatArray) -> FloatArray:
        x = u * c
        half = R * x
        half += Q
        half *= x
        half += P
        half *= u
        return half

    return lift


def _layers(base: Base, i: int, column: FloatArray, rows: slice) -> Lift:
    """Return what `_series` does, for steps of any size: layer by layer, every probe by itself."""

    def lift(u: FloatArray) -> FloatArray:
        half = np.multiply.outer(column, u)
        for above in range(i + 1, len(base.W)):
            s, lean = (a[above - 1][:, None, None, rows] for a in (base.s, base.lean))
            bent = shifted(base.bend(half), s, lean)
            product = base.W[above] @ bent.reshape(len(bent), -1)
            half = product.reshape(len(product), *bent.shape[1:])
        return half

    return lift


def _slices(length: int, size: int) -> Iterator[slice]:
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
