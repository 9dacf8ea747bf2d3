"""Puts a diagnosis into a sentence: which layers, which number, and what that number is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.catalogue import CATALOGUE
from mlpcli.check.bugs.fitted import recognised

if TYPE_CHECKING:
    from mlpcli.check.bugs.backprop import Array, Forward
    from mlpcli.check.bugs.mutant import Mutant

__all__ = ["explain", "unknown"]

_NEAR = 1e-6
_SMALL = 0.01  # the relative error of a float16 gradient is at most about so much


def explain(f: Forward, mutant: Mutant) -> str:
    """Return what the mutant does, for this network."""
    text = CATALOGUE[mutant.bug].explanation
    notes = []
    if mutant.factor is not None:
        notes.append(f"factor {mutant.factor:.8g}{_known_factor(f, mutant.factor)}")
    if mutant.epsilon is not None:
        notes.append(f"epsilon {mutant.epsilon:.3g}")
    if mutant.learning_rate is not None:
        rate = f.case.learning_rate
        same = rate is not None and abs(mutant.learning_rate / rate - 1) < _NEAR
        notes.append(
            f"learning rate {mutant.learning_rate:.6g}" + (", that of the config" if same else "")
        )
    if len(mutant.layers) < f.depth:
        notes.append(_layers(mutant.layers))
    return f"{text} ({'; '.join(notes)})" if notes else text


def _layers(layers: tuple[int, ...]) -> str:
    return f"layer{'s' if len(layers) > 1 else ''} {', '.join(map(str, layers))}"


def _known_factor(f: Forward, c: float) -> str:
    """Return " = N" and the like where the factor is a number of the case."""
    names = [name for name in recognised(f, c) if name != f"{c:.8g}"]
    return f" = {' = '.join(names)}" if names else ""


def unknown(depth: int, given: tuple[int, str, Array], expected: tuple[int, str, Array]) -> str:
    """Return where the first unexplained tensor is, how it departs, and what that rules out.

    Both are (layer, parameter, tensor).
    """
    layer, parameter, A = given
    where = "the output layer" if layer == depth else f"layer {layer} of {depth}"
    text = (
        f"{CATALOGUE['unknown'].explanation}: counted from the output the first wrong tensor is "
        f"{parameter}{layer} ({where}){_departure(A, expected[2])}"
    )
    if layer == depth:
        return text
    above = f"layer {depth} is" if layer + 1 == depth else f"layers {layer + 1} to {depth} are"
    return f"{text}; {above} right or explained, so delta_{layer + 1} is"


def _departure(A: Array, B: Array) -> str:
    """Return how the given tensor A departs from the expected B."""
    told = np.isfinite(A) & np.isfinite(B) & (B != 0)
    if not told.any():
        return ""
    ratio = A[told] / B[told]
    if ratio.size == 1:
        return f"; given / right is {ratio[0]:.6g} in its one entry"
    low, middle, high = np.quantile(ratio, (0.05, 0.5, 0.95))
    text = f"; given / right is {middle:.6g} in the median, 90 % from {low:.6g} to {high:.6g}"
    if high - low > _NEAR * abs(middle):
        text += ", so it is no constant factor"
    if max(abs(low - 1), abs(high - 1)) < _SMALL:
        text += ", and so near to 1 that rounding or a finite difference may be all it is"
    return text
