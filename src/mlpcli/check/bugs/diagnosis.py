"""An explanation of a wrong gradient, put into a sentence: which layers, and which number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import recognised
from mlpcli.check.bugs.letters import AS_OURS, in_letters, letters_of
from mlpcli.check.bugs.record import Bug
from mlpcli.records import dataclass
from mlpcli.text import show_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.letters import Writing
    from mlpcli.check.bugs.likeness import Tensor
    from mlpcli.check.bugs.record import Mutant
    from mlpcli.check.bugs.scene import Scene

__all__ = [
    "NON_FINITE",
    "Diagnosis",
    "diagnosis",
    "finding",
    "is_slight",
    "merged",
    "non_finite",
    "unknown",
]

_NEAR = 1e-6
_OWN_WORDS = ("slope", "l2")  # notes that say what the factor is
_SMALL = 0.01  # the relative error of a float16 gradient is at most about so much

NON_FINITE = Bug(
    "non-finite",
    "the gradient holds nan or inf",
    "look for 0/0 or overflow: log(0), division by p(1-p), exp of a large number",
    "given is nan or inf",
)
_UNKNOWN = Bug(
    "unknown",
    "no known bug explains it",
    "compare delta of the first wrong layer with the formula by hand",
    "no known bug computes these numbers",
)


@dataclass(frozen=True)
class Diagnosis:
    """One explanation; `layers` count from 1, numbers are None where the bug has none.

    `parameters` names the tensors of those layers in which the bug is made, W1, b1 and so on.
    `match_error` is the largest relative distance of a tensor between the given gradient and the
    one that this bug (with the others found beside it, if it takes several) computes.
    """

    bug: str
    layers: tuple[int, ...]
    parameters: tuple[str, ...]
    explanation: str
    fix: str
    match_error: float | None = None
    factor: float | None = None
    epsilon: float | None = None
    learning_rate: float | None = None


def finding(bug: Bug, layers: tuple[int, ...], facts: str, *names: str) -> Diagnosis:
    """Return a bug that was seen and not searched for, with what was seen of it and in which."""
    return Diagnosis(bug.name, layers, names, f"{bug.explanation}: {facts}", bug.fix)


def diagnosis(
    scene: Scene, bug: Bug, mutant: Mutant, error: float | None, writing: Writing = AS_OURS
) -> Diagnosis:
    """Return the bug that a search has found, as this mutant, in the formulas of such code."""
    letters = letters_of(scene.case, writing, output=mutant.layers == (scene.depth,))
    return Diagnosis(
        bug=bug.name,
        layers=mutant.layers,
        parameters=tuple(_names(scene, mutant)),
        explanation=in_letters(bug.explanation, letters) + _noted(scene, mutant),
        fix="; ".join(in_letters(fix, letters) for fix in _fixes(scene, bug, mutant)),
        match_error=None if error is None or not np.isfinite(error) else error,
        factor=mutant.factor,
        epsilon=mutant.epsilon,
        learning_rate=mutant.learning_rate,
    )


def _fixes(scene: Scene, bug: Bug, mutant: Mutant) -> Iterator[str]:
    """Yield how to mend it in the hidden layers, at the output layer, or in both."""
    at_output = bool(bug.fix_at_output) and scene.depth in mutant.layers
    at_output &= mutant.letters == "Wb"  # else delta_L is right
    if not at_output or len(mutant.layers) > 1:
        yield bug.fix
    if at_output:
        yield bug.fix_at_output


def merged(found: Sequence[tuple[Bug, Mutant]]) -> list[tuple[Bug, Mutant]]:
    """Return the same with one mutant for what is made alike in several layers, lowest first."""
    alike: dict[tuple[object, ...], tuple[Bug, Mutant]] = {}
    for bug, mutant in found:
        numbers = (mutant.factor, mutant.epsilon, mutant.learning_rate)
        same = bug.name, mutant.letters, mutant.note, *(n and f"{n:.5g}" for n in numbers)
        layers = alike[same][1].layers if same in alike else ()
        whole = tuple(sorted({*layers, *mutant.layers}))
        alike[same] = bug, replace(mutant, layers=whole)
    return [*alike.values()]


def _names(scene: Scene, mutant: Mutant) -> Iterator[str]:
    for i in mutant.layers:
        for letter in mutant.letters if scene.bias else "W":
            yield f"{letter}{i}"


def _noted(scene: Scene, mutant: Mutant) -> str:
    """Return the numbers and the places of a mutant in brackets, if there are any."""
    notes = [mutant.note] if mutant.note else []
    if mutant.factor is not None and not mutant.note.startswith(_OWN_WORDS):
        names = [f" = {name}" for name in recognised(scene, mutant.factor)]
        shown = f"{mutant.factor:.8g}"
        notes.append(f"factor {shown}{''.join(n for n in names if n != f' = {shown}')}")
    if mutant.epsilon is not None:
        notes.append(f"epsilon {mutant.epsilon:.3g}")
    if mutant.learning_rate is not None:
        rate = scene.case.learning_rate
        same = rate is not None and abs(mutant.learning_rate / rate - 1) < _NEAR
        notes.append(
            f"learning rate {mutant.learning_rate:.6g}" + (", the one given" if same else "")
        )
    if not mutant.note.startswith("entry"):
        notes += _place(scene, mutant)
    return f" ({'; '.join(notes)})" if notes else ""


def _place(scene: Scene, mutant: Mutant) -> list[str]:
    """Return where a bug is made: in W2, or in layers 1-3; nothing where that is everywhere."""
    layers = mutant.layers
    if mutant.letters in {"W", "b"} and scene.bias:
        return [show_ranges(layers, mutant.letters)]
    if len(layers) == scene.depth:
        return []
    return [f"layer{'s' if len(layers) > 1 else ''} {show_ranges(layers)}"]


def non_finite(bad: list[Tensor]) -> list[Diagnosis]:
    """Return the finding that these tensors of a gradient, if any, hold nan or inf."""
    layers = tuple(sorted({tensor.layer for tensor in bad}))
    names = ", ".join(tensor.name for tensor in bad)
    return [finding(NON_FINITE, layers, names, *(t.name for t in bad))] if bad else []


def unknown(depth: int, given: Tensor, expected: Tensor, *, slight: bool = False) -> Diagnosis:
    """Return where the first unexplained tensor is, how it departs, and what that rules out.

    `slight` is where every tensor is off by no more than rounding could explain.
    """
    layer = given.layer
    where = "the output layer" if layer == depth else f"layer {layer} of {depth}"
    text = (
        f"counted from the output the first wrong tensor is {given.name} ({where})"
        f"{_departure(given, expected)}"
    )
    if slight:
        text += ", and so near to 1 that rounding or a finite difference may be all it is"
    if layer < depth:
        above = f"layer {depth} is" if layer + 1 == depth else f"layers {layer + 1} to {depth} are"
        text += f"; {above} right or explained, so delta_{layer + 1} is"
    return finding(_UNKNOWN, (layer,), text, given.name)


def is_slight(given: Tensor, expected: Tensor) -> bool:
    """Whether no entry, but those near 0, is off by more than a gradient in few digits may be."""
    A, B = given.array, expected.array
    large = np.abs(B) > _SMALL * np.abs(B).max(initial=0.0)
    return bool((np.abs(A - B)[large] < _SMALL * np.abs(B[large])).all())


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
    return text
