"""How changes of H_i so small that a cubic says all of them travel to the loss.

What `change.py` carries probe by probe is here, where no abs(D) exceeds 2^-26 in any layer, a cubic
in half of dZ of the unit that it begins at (`Cubic`). One pass up the layers serves all probes of
many units of a layer, and what is left of a probe is

    u+- = s g / (lean g +- 1),  g = h Z / 2             sum over rows of c(u+) - c(u-)

with the cubic c of unit and row. The compiled kernel sums that up where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.cubic import Cubic
from mlpcli.nn.kernel.differences import Probes, differences

if TYPE_CHECKING:
    from mlpcli.check.numeric.change import Base
    from mlpcli.check.numeric.units import Block
    from mlpcli.nn.losses import Curve
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["TINY", "block_change", "block_size", "most_units"]

# Below this |D| g(D/2) is D/2 to half a unit: the next term is D^2/12 < 2^-55 of it for sigmoid,
# and D^2/3 < 2^-53 for tanh.
TINY = 2.0**-26
BLOCK = 2**16  # numbers in the widest array on the way up (0.5 MB)
PROBED = 2**21  # numbers that a block's probes come to: enough blocks for every core
_MOST_ROWS = 1024


def block_change(base: Base, curve: Curve, block: Block, steps: FloatArray) -> FloatArray:
    """Return sum omega (l(theta + h e) - l(theta - h e)) for every input of each unit (units, B).

    `steps` are the h of all inputs of the layer.
    """
    Z = base.Z[block.layer]
    change = np.zeros((len(block.units), len(steps)))
    size = _rows_at_once(base, block.layer)
    for start in range(0, Z.shape[1], size):
        rows = slice(start, start + size)
        way_up = _way_up(base, curve, block, rows)
        change += differences(Probes(Z[:, rows], steps / 2, *way_up))
    return change


def most_units(base: Base, layer: int) -> int:
    """Return how many units of a layer make a block."""
    rows, inputs = _rows_at_once(base, layer), len(base.Z[layer])
    return max(1, min(BLOCK // (rows * _widest(base, layer)), PROBED // (rows * inputs)))


def block_size(base: Base, block: Block) -> int:
    """Return about how many numbers are computed for a block."""
    above = sum(map(len, base.W[block.layer + 1 :]))
    return (2 * block.size + len(block.units) * above) * base.case.rows


def _rows_at_once(base: Base, layer: int) -> int:
    most = max(64, min(_MOST_ROWS, BLOCK // _widest(base, layer)))
    return -(-base.case.rows // -(-base.case.rows // most))  # pieces of like size


def _widest(base: Base, layer: int) -> int:
    return max(map(len, base.W[layer + 1 :]), default=len(base.W[-1]))


def _way_up(
    base: Base, curve: Curve, block: Block, rows: slice
) -> tuple[FloatArray, FloatArray, Cubic]:
    """Return s and lean of the units, and the cubics from half of dZ to the loss, (units, R) each.

    The outputs have no activation, and their own D is where it begins.
    """
    first, last = block.layer + 1, len(base.W)
    shape = (len(block.units), len(range(base.case.rows)[rows]))
    s: FloatArray = np.ones(shape)
    lean: FloatArray = np.zeros(shape)
    columns: FloatArray = np.eye(len(base.W[-1]))
    if first < last:
        s, lean = (a[block.layer][block.rows, rows] for a in (base.s, base.lean))
        columns = base.W[first]
    P = np.broadcast_to(columns[:, block.rows, None], (len(columns), *shape))
    zero = np.broadcast_to(0.0, P.shape)
    scale = 2.0 ** min(1000, int(np.frexp(base.growth[block.layer])[1]))
    cubic = Cubic(P, zero, zero, scale)
    for above in range(first + 1, last):
        a, b, c = (term[:, None, rows] for term in base.bends[above - 1])
        cubic = cubic.through(a, b, c).mixed(base.W[above])
    return s, lean, curve.along(cubic, rows)
