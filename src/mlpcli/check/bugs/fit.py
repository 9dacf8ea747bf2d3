"""Finds the number in a bug that brings it nearest to a given gradient.

A factor and a learning rate enter the first wrong layer linearly, so that one projection finds
them; an epsilon is scanned for. All entries of the layer take part in the fit, so that the number
explains nothing unless it explains more numbers than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.network import Parameters

__all__ = ["linear", "nearest_exponent", "recognised"]

_NEAR = 1e-5  # what float32 leaves of a factor
_SPACING = 0.25  # of the grid of log10 epsilon
_GRID = np.arange(-1, -16.1, -_SPACING)
_GOLDEN = (5**0.5 - 1) / 2
_REFINEMENTS = 30  # of the bracket of 1/2: 3e-7 of log10 epsilon is left


def linear(
    scene: Scene, rules: Rules, given: Parameters, layer: int, bend: Callable[[float], Bend]
) -> float | None:
    """Return the number whose bend brings the layer nearest to `given`, which it does linearly.

    None where it cannot be told: where it plays no part, or fits a single entry, to which any
    number could be fitted, and is not one of the numbers that people multiply with.
    """
    zero, one = (
        scene.gradient(bend(number)(rules), lowest=layer).layers[layer - 1] for number in (0.0, 1.0)
    )
    with np.errstate(all="ignore"):
        slope, target = one - zero, given.layers[layer - 1] - zero
    unit = float(np.abs(slope).max(initial=0.0))
    if not unit or not (np.isfinite(slope).all() and np.isfinite(target).all()):
        return None
    slope = slope / unit  # squares of tiny entries would vanish
    with np.errstate(all="ignore"):
        number = float(target @ slope / (slope @ slope)) / unit
    telling = np.count_nonzero(slope) > 1 or recognised(scene, number)
    return number if telling and np.isfinite(number) else None


def recognised(scene: Scene, c: float) -> list[str]:
    """Return what a factor is: N, a learning rate, and the like; empty where it is no such number.

    N, 1/N and so on are told from the numbers of the case.
    """
    N, K = float(scene.rows), float(scene.outputs)
    eta = scene.case.learning_rate or np.inf
    known = {"2": 2.0, "1/2": 0.5, "the learning rate": eta}
    if np.isfinite(eta):  # of a step without its rate, or divided by it
        told = f", eta the learning rate {eta:.6g}"
        known |= {f"1/eta{told}": 1 / eta, f"1/eta^2{told}": eta**-2}
    known["N, the number of rows"] = N
    of_rows = {"1/N": 1 / N, "N/2": N / 2, "1/(2N)": 1 / (2 * N), "2N": 2 * N, "2/N": 2 / N}
    known |= {f"{name}, N the number of rows": value for name, value in of_rows.items()}
    if K > 1:
        known["K, the number of outputs"] = K
        of_outputs = {"1/K": 1 / K, "1/(2K)": 1 / (2 * K)}
        known |= {f"{name}, K the number of outputs": value for name, value in of_outputs.items()}
        of_both = {"N/K": N / K, "N/(2K)": N / (2 * K), "1/(N K)": 1 / (N * K)}
        known |= {f"{name}, N rows and K outputs": value for name, value in of_both.items()}
    signed = known | {f"-{name}": -value for name, value in known.items()}
    return [name for name, value in signed.items() if abs(c / value - 1) < _NEAR]


def nearest_exponent(distance: Callable[[float], float]) -> float:
    """Return the exponent of least distance: the best of a grid, refined by golden section.

    An epsilon too small to matter makes no difference, so that ties are decided upwards.
    """
    best = float(_GRID[np.argmin([distance(x) for x in _GRID])])
    low, high = best - _SPACING, best + _SPACING
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = distance(a), distance(b)
    for _ in range(_REFINEMENTS):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = distance(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = distance(b)
    return (low + high) / 2
