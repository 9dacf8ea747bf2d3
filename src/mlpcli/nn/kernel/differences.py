"""What remains of the check's probes when their way up is known, by the kernel or by NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlpcli.nn.cubic import Cubic
from mlpcli.nn.kernel.library import kernel_for
from mlpcli.nn.kernel.work import address

if TYPE_CHECKING:
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Probes", "differences"]


class Probes(NamedTuple):
    """B probes of each of some units over R rows; Z is (B x R), `half` (B,), the rest (units x R).

    The change g = half Z of a unit becomes u = s g / (1 + lean g), and the cubic of that at the
    loss. All are float64, and numbers of a row of Z lie one after the other.
    """

    Z: FloatArray
    half: FloatArray
    s: FloatArray
    lean: FloatArray
    cubic: Cubic


def differences(probes: Probes) -> FloatArray:
    """Return what +g and -g differ by at the loss, summed over rows (units x B)."""
    kernel = kernel_for()
    return _by_numpy(probes) if kernel is None else _by_kernel(kernel, probes)


def _by_kernel(kernel: Kernel, probes: Probes) -> FloatArray:
    Z, *arrays, cubic = probes
    assert Z.strides[1] == Z.itemsize, "the kernel reads rows from end to end"
    arrays = [np.ascontiguousarray(a) for a in (*arrays, cubic.P, cubic.Q, cubic.R)]
    out = np.empty((len(probes.s), len(Z)))
    places = (Z.ctypes.data, *map(address, arrays), address(out))
    call = kernel.call("differences", out.dtype)
    call(*out.shape, Z.shape[1], Z.strides[0] // Z.itemsize, cubic.scale, *places)
    return out


def _by_numpy(probes: Probes) -> FloatArray:
    Z, half, s, lean, cubic = probes
    g, out = Z * half[:, None], np.empty((len(s), len(Z)))
    for j, change in enumerate(out):
        top, turn = s[j] * g, lean[j] * g
        own = Cubic(cubic.P[j], cubic.Q[j], cubic.R[j], cubic.scale)
        change[:] = (own.at(top / (turn + 1)) - own.at(top / (turn - 1))).sum(axis=1)
    return out
