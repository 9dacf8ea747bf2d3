"""An explanation of a wrong gradient, put into a sentence: which layers, and which number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import recognised
from mlpcli.check.bugs.record import Bug
from mlpcli.nn.activations import Sigmoid

if TYPE_CHECKING:
    from mlpcli.check.bugs.likeness import Tensor
    from mlpcli.check.bugs.record import Mutant
    from mlpcli.check.bugs.scene import Scene

__all__ = ["Diagnosis", "diagnosis", "finding", "non_finite", "unknown"]

_NEAR = 1e-6
_SMALL = 0.01  # the relative error of a float16 gradient is at most about so much

_NON_FINITE = Bug(
    "non-finite",
    "the gradient holds nan or inf",
    "look for 0/0 or overflow: log(0), division by p(1-p), exp of a large number",
)
_UNKNOWN = Bug(
    "unknown",
    "no known bug explains it",
    "compare delta of the first wrong layer with the formula by hand",
)


@dataclass(frozen=True)
class Diagnosis:
    """One explanation; `layers` count from 1, numbers are None where the bug has none.

    `match_error` is the largest relative distance of a tensor between the given gradient and the
    one that this bug (with the others found beside it, if it takes several) computes.
    """

    bug: str
    layers: tuple[int, ...]
    explanation: str
    fix: str
    match_error: float | None = None
    factor: float | None = None
    epsilon: float | None = None
    learning_rate: float | None = None


def finding(bug: Bug, layers: tuple[int, ...], facts: str) -> Diagnosis:
    """Return a bug that was seen and not searched for, with what was seen of it."""
    return Diagnosis(bug.name, layers, f"{bug.explanation}: {facts}", bug.fix)


def diagnosis(scene: Scene, bug: Bug, mutant: Mutant, error: float | None) -> Diagnosis:
    """Return the bug that a search has found, as this mutant."""
    return Diagnosis(
        bug=bug.name,
        layers=mutant.layers,
        explanation=_explained(scene, bug, mutant),
        fix=_in_letters_of(scene, bug.fix),
        match_error=None if error is None or not np.isfinite(error) else error,
        factor=mutant.factor,
        epsilon=mutant.epsilon,
        learning_rate=mutant.learning_rate,
    )


def _explained(scene: Scene, bug: Bug, mutant: Mutant) -> str:
    notes = []
    if mutant.factor is not None:
        names = [f" = {name}" for name in recognised(scene, mutant.factor)]
        shown = f"{mutant.factor:.8g}"
        notes.append(f"factor {shown}{''.join(n for n in names if n != f' = {shown}')}")
    if mutant.epsilon is not None:
        notes.append(f"epsilon {mutant.epsilon:.3g}")
    if mutant.learning_rate is not None:
        rate = scene.case.learning_rate
        same = rate is not None and abs(mutant.learning_rate / rate - 1) < _NEAR
        notes.append(
            f"learning rate {mutant.learning_rate:.6g}" + (", that of the config" if same else "")
        )
    if len(mutant.layers) < scene.depth:
        plural = "s" if len(mutant.layers) > 1 else ""
        notes.append(f"layer{plural} {', '.join(map(str, mutant.layers))}")
    text = _in_letters_of(scene, bug.explanation)
    return f"{text} ({'; '.join(notes)})" if notes else text


def _in_letters_of(scene: Scene, text: str) -> str:
    """Return the words of a bug, which are those of a sigmoid network, for another activation."""
    act = scene.case.network.activation
    return text.replace(Sigmoid.written, act.written).replace("sigma'", f"{act.letter}'")


def non_finite(bad: list[Tensor]) -> list[Diagnosis]:
    """Return the finding that these tensors of a gradient, if any, hold nan or inf."""
    layers = tuple(sorted({tensor.layer for tensor in bad}))
    names = ", ".join(tensor.name for tensor in bad)
    return [finding(_NON_FINITE, layers, names)] if bad else []


def unknown(depth: int, given: Tensor, expected: Tensor) -> Diagnosis:
    """Return where the first unexplained tensor is, how it departs, and what that rules out."""
    layer = given.layer
    where = "the output layer" if layer == depth else f"layer {layer} of {depth}"
    text = (
        f"counted from the output the first wrong tensor is {given.name} ({where})"
        f"{_departure(given, expected)}"
    )
    if layer < depth:
        above = f"layer {depth} is" if layer + 1 == depth else f"layers {layer + 1} to {depth} are"
        text += f"; {above} right or explained, so delta_{layer + 1} is"
    return finding(_UNKNOWN, (layer,), text)


def _departure(given: Tensor, expected: Tensor) -> str:
    A, B = given.array, expected.array
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
