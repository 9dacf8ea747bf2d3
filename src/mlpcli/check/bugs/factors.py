"""Bugs that multiply what is right by a number: whole gradients, tensors, and single entries."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.record import Bug, Mutant, at, done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import OnArray, Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_NOTICED = 1e-3  # of an entry; less may be rounding to float16, or truncation
_SAME_SIZE = 1e-6  # of entries that are clipped: a step tells them no better
_NEAREST_TO_ONE = 1e-5  # a ratio nearer to 1 may be truncation in disguise


def _scale(c: float, layers: Sequence[int], letters: str = "Wb") -> Bend:
    """Return a bend that multiplies the gradient of these layers' W, b or both by c."""
    return done([f"{letter}{i}" for i in layers for letter in letters], partial(np.multiply, c))


def _letters(scene: Scene) -> tuple[str, ...]:
    return ("Wb", "W", "b") if scene.bias else ("W",)


def _signs(scene: Scene) -> Iterator[Mutant]:
    """Yield -1 times the gradient, one delta_i, one layer, or one tensor."""
    yield Mutant(scene.layers, _scale(-1.0, scene.layers))
    for i in scene.layers:
        for rule in ("delta", "local"):
            yield Mutant((i,), at(rule, {i: np.negative}))
        for letters in _letters(scene):
            yield Mutant((i,), _scale(-1.0, (i,), letters), letters)


def _zeros(scene: Scene) -> Iterator[Mutant]:
    """Yield one tensor, one layer, the layers from one down, or everything zero."""
    for i in scene.layers:
        for letters in reversed(_letters(scene)):
            yield Mutant((i,), _scale(0.0, (i,), letters), letters)
        yield Mutant((i,), at("local", {i: np.zeros_like}))
        below = tuple(range(1, i + 1))
        if i > 1:
            yield Mutant(below, _scale(0.0, below))
            yield Mutant(below, at("delta", {i: np.zeros_like}))


def _fit_scaled(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield one factor on the network, on delta_i, on the layer alone, and on either tensor."""
    places: list[tuple[tuple[int, ...], Callable[[float], Bend], str]] = [
        ((layer,), partial(_times, layer, "delta"), "Wb"),
        ((layer,), partial(_times, layer, "local"), "Wb"),
        *(((layer,), _by_tensor((layer,), letters), letters) for letters in _letters(scene)),
    ]
    if layer == scene.depth:
        places.append((scene.layers, _by_tensor(scene.layers, "Wb"), "Wb"))
    for layers, bend, letters in places:
        c = linear(scene, rules, given, layer, bend)
        if c and abs(abs(c) - 1) > _NEAREST_TO_ONE:
            yield Mutant(layers, bend(c), letters, factor=c)


def _times(layer: int, rule: str, c: float) -> Bend:
    return at(rule, {layer: partial(np.multiply, c)})


def _by_tensor(layers: tuple[int, ...], letters: str) -> Callable[[float], Bend]:
    return lambda c: _scale(c, layers, letters)


def _doubled(scene: Scene) -> Iterator[Mutant]:
    for i in scene.layers:
        yield Mutant((i,), at("delta", {i: partial(np.multiply, 2)}), factor=2.0)
        for letter in ("W", "b") if scene.bias else ("W",):
            yield Mutant((i,), _scale(2.0, (i,), letter), letter, factor=2.0)


def _one_entry(
    layer: int, letter: str, index: tuple[int, ...], value: OnArray, factor: float | None
) -> Mutant:
    """Return one entry of a tensor replaced by this function of it."""

    def change(tensor: FloatArray) -> FloatArray:
        changed = tensor.copy()
        changed[index] = value(tensor[index])
        return changed

    place = f"{letter}{layer}[{', '.join(map(str, index))}]"
    return Mutant(
        (layer,), done([f"{letter}{layer}"], change), letter, factor, note=f"entry {place}"
    )


def _fit_entry(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the entry of each tensor that departs most, as it is given."""
    right = scene.gradient(rules, lowest=layer)
    for letter in ("W", "b") if scene.bias else ("W",):
        A, B = ((g.W if letter == "W" else g.b)[layer - 1] for g in (given, right))
        if A.size == 1 or not (np.isfinite(A).all() and np.isfinite(B).all()):
            continue
        away = np.abs(A - B)
        index = tuple(int(k) for k in np.unravel_index(int(np.argmax(away)), A.shape))
        if away[index] > _NOTICED * max(abs(A[index]), abs(B[index])):
            factor = float(A[index] / B[index]) if B[index] else None
            yield _one_entry(layer, letter, index, _constant(A[index]), factor)


def _constant(value: FloatArray) -> OnArray:
    return lambda _entry: value


def _first_entries(scene: Scene) -> Iterator[Mutant]:
    """Yield the first entry of each W doubled."""
    for i in scene.layers:
        if scene.W[i].size > 1:
            yield _one_entry(i, "W", (0, 0), partial(np.multiply, 2), 2.0)


def _clipped(scene: Scene, letters: str, c: float) -> Mutant:
    """Return every entry of W, of b or of both brought into [-c, c], as it is finished."""
    names = [f"{letter}{i}" for i in scene.layers for letter in letters]
    return Mutant(scene.layers, done(names, partial(np.clip, a_min=-c, a_max=c)), letters,
                  note=f"at {c:.6g}")  # fmt: skip


def _fit_clip(scene: Scene, _rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield a clip at the largest entry, if that is there more than once, or is a round number."""
    if layer < scene.depth or not np.isfinite(given.theta).all():
        return
    for letters in _letters(scene):
        arrays = [*(given.W if "W" in letters else ()), *(given.b if "b" in letters else ())]
        sizes = np.abs(np.concatenate([array.ravel() for array in arrays]).astype(np.float64))
        c = float(sizes.max())
        is_round = abs(float(f"{c:.2g}") - c) <= _SAME_SIZE * c
        if c and (is_round or np.count_nonzero(sizes >= c * (1 - _SAME_SIZE)) > 1):
            yield _clipped(scene, letters, c)


def _half_clipped(scene: Scene) -> Iterator[Mutant]:
    largest = float(np.abs(scene.gradient().theta).max(initial=0.0))
    if largest:
        yield _clipped(scene, _letters(scene)[0], largest / 2)


BUGS: Sequence[Bug] = (
    Bug(
        "sign-flipped",
        "the sign is wrong",
        "turn the sign of what is made there; it is the update that subtracts the gradient",
        "each entry is -1 times the right one",
        _signs,
        one_mistake=True,
        fix_at_output="delta_L is $delta",
    ),
    Bug(
        "zero-gradient",
        "the gradient is 0 where it should not be",
        "check that it is written at all, and not cut off above",
        "all entries of a tensor are 0",
        _zeros,
        generic=True,
        settles=False,
    ),
    Bug(
        "scaled",
        "the gradient is a constant multiple of the right one",
        "look for that factor where delta is made",
        "given / numeric is the same number everywhere in the wrong tensors",
        fit=_fit_scaled,
        examples=_doubled,
        generic=True,
        one_mistake=True,
    ),
    Bug(
        "clipped",
        "entries of the gradient are clipped, which is part of the update and not of the gradient",
        "check it without the clipping, and clip between gradient and step",
        "the largest entries are the same number but for the sign, all others are right",
        fit=_fit_clip,
        examples=_half_clipped,
    ),
    Bug(
        "one-entry",
        "one entry is wrong, and all others of its tensor are right",
        "look for what writes that entry alone: an index, the bounds of a loop",
        "one entry of a tensor mismatches",
        fit=_fit_entry,
        examples=_first_entries,
        generic=True,
    ),
)
