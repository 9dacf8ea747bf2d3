"""Bugs made in the gradient of the L2 penalty, l2 W_i, which belongs to dJ/dW_i alone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.record import Bug, Hiding, Mutant, done, one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import OnArray, Rules
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_RIGHT = "add l2 W_i to dJ/dW_i, nothing to dJ/db_i (l2 is not divided by N)"
_ADDED = "W is off by the same amount whatever the rows are, b is right"
_NEAREST_TO_ONE = 1e-5
_OTHER_NAMES = (1.0, 0.0)  # strengths: the right one, and that of missing-l2
_EXAMPLE = 0.1  # a usual l2

_NO_PENALTY = Hiding("there is no L2 penalty", lambda scene, _found: not scene.case.objective.l2)
_ZERO_BIASES = Hiding(
    "all biases are zero", lambda scene, _found: not any(b.any() for b in scene.case.network.b)
)


def _added(to_weights: OnArray) -> Bend:
    return lambda rules: replace(rules, penalty=to_weights)


def _mutant(scene: Scene, bend: Bend, letters: str = "W") -> Mutant:
    return Mutant(scene.layers, bend, letters)


def _of_one(scene: Scene, layer: int, c: float, letter: str = "W") -> Bend:
    """Return a bend that adds c times the parameter to what is made of one tensor."""
    parameter = (scene.W if letter == "W" else scene.b)[layer]
    return done([f"{letter}{layer}"], lambda finished: finished + c * parameter)


def _single(scene: Scene) -> Iterator[int]:
    """Yield each of several layers; the one of a single layer is the whole network."""
    yield from scene.layers if scene.depth > 1 else ()


def _missing(scene: Scene) -> Iterator[Mutant]:
    yield _mutant(scene, _added(np.zeros_like))
    for i in _single(scene):
        yield Mutant((i,), _of_one(scene, i, -scene.case.objective.l2), "W")


def _on_bias(scene: Scene) -> Iterator[Mutant]:
    l2 = scene.case.objective.l2
    if scene.bias:
        yield _mutant(scene, lambda rules: replace(rules, bias_penalty=lambda b: l2 * b), "b")
        for i in _single(scene):
            yield Mutant((i,), _of_one(scene, i, l2, "b"), "b")


def _strong(scene: Scene, c: float) -> Mutant:
    """Return c l2 W in the place of l2 W."""
    l2 = scene.case.objective.l2
    bend = _added(lambda W: c * l2 * W)
    return Mutant(scene.layers, bend, "W", factor=c, note=f"l2 times {c:.6g}")


def _strong_in(scene: Scene, layer: int, c: float) -> Mutant:
    """Return the same in one layer."""
    bend = _of_one(scene, layer, (c - 1) * scene.case.objective.l2)
    return Mutant((layer,), bend, "W", factor=c, note=f"l2 times {c:.6g}")


def _strengths(scene: Scene) -> Iterator[Mutant]:
    for c in (1 / 2, 2.0, 1 / scene.rows, float(scene.rows), -1.0):
        if c != 1:
            yield _strong(scene, c)


def _fit_strength(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the strength in one layer; that of the last is tried for all, which must verify it."""
    makers = [partial(_strong_in, scene, layer)] if scene.depth > 1 else []
    if layer == scene.depth:
        makers.append(partial(_strong, scene))
    for make in makers if scene.case.objective.l2 else ():
        c = linear(scene, rules, given, layer, partial(_bend_of, make))
        if c and min(abs(c - own) for own in _OTHER_NAMES) > _NEAREST_TO_ONE:
            yield make(c)


def _bend_of(make: Callable[[float], Mutant], c: float) -> Bend:
    return make(c).bend


def _extra(scene: Scene, layers: tuple[int, ...], l2: float) -> Mutant:
    """Return l2 W added in these layers where J has no penalty."""
    bends = [_of_one(scene, i, l2) for i in layers]

    def bend(rules: Rules) -> Rules:
        for each in bends:
            rules = each(rules)
        return rules

    return Mutant(layers, bend, "W", factor=l2, note=f"l2 {_strength(scene, l2)}")


def _strength(scene: Scene, l2: float) -> str:
    """Return l2 in the digits in which people write it, by itself or divided by N."""
    times = l2 * scene.rows
    divided = abs(float(f"{times:.3g}") / times - 1) < _NEAREST_TO_ONE
    own = abs(float(f"{l2:.3g}") / l2 - 1) < _NEAREST_TO_ONE
    return f"{times:.3g}/N" if divided and not own else f"{l2:.6g}"


def _extras(scene: Scene) -> Iterator[Mutant]:
    if not scene.case.objective.l2:
        for layers in one_or_all(scene.layers):
            yield _extra(scene, layers, _EXAMPLE)


def _fit_extra(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the penalty that one layer has too much; that of the last is tried for all."""
    if scene.case.objective.l2 or scene.W[layer].size == 1:  # any number could be fitted to one
        return
    l2 = linear(scene, rules, given, layer, partial(_of_one, scene, layer))
    if l2 is not None and l2 > 0:
        for layers in {(layer,), scene.layers if layer == scene.depth else (layer,)}:
            yield _extra(scene, layers, l2)


def _constant(scene: Scene) -> Iterator[Mutant]:
    """Yield l2 itself added to dJ/db, or to dJ/dW in the place of l2 W."""
    l2 = scene.case.objective.l2
    yield _mutant(scene, _added(lambda W: np.full_like(W, l2)))
    if scene.bias:
        on_bias: OnArray = lambda b: np.full_like(b, l2)  # noqa: E731  a rule, as the others
        yield _mutant(scene, lambda rules: replace(rules, bias_penalty=on_bias), "b")


def _constant_in_one(scene: Scene) -> Iterator[Mutant]:
    """Yield the same in one W, or in one b."""
    l2 = scene.case.objective.l2
    for i in _single(scene) if l2 else ():
        yield Mutant((i,), _in_place(scene, i, np.full_like(scene.W[i], l2)), "W")
        if scene.bias:
            yield Mutant((i,), done([f"b{i}"], partial(np.add, l2)), "b")


def _in_place(scene: Scene, layer: int, gradient: FloatArray) -> Bend:
    """Return a bend that puts this in the place of l2 W in what is made of one W."""
    change = gradient - scene.case.objective.penalty_gradient(scene.W[layer])
    return done([f"W{layer}"], partial(np.add, change))


def _sign(scene: Scene) -> Iterator[Mutant]:
    l2 = scene.case.objective.l2
    yield _mutant(scene, _added(lambda W: l2 * np.sign(W)))


def _sign_in_one(scene: Scene) -> Iterator[Mutant]:
    """Yield the same in one layer."""
    l2 = scene.case.objective.l2
    for i in _single(scene) if l2 else ():
        yield Mutant((i,), _in_place(scene, i, l2 * np.sign(scene.W[i])), "W")


BUGS: Sequence[Bug] = (
    Bug(
        "missing-l2",
        "the gradient of the L2 penalty is missing",
        "add l2 W_i to dJ/dW_i (l2 is not divided by N)",
        _ADDED,
        _missing,
        hidden_by=(_NO_PENALTY,),
    ),
    Bug(
        "l2-on-bias",
        "the L2 penalty's gradient is added to the biases, which are not penalised",
        "add l2 times the parameter to the weights only",
        "every W is right, and b is off by l2 times itself",
        _on_bias,
        hidden_by=(_NO_PENALTY, _ZERO_BIASES),
    ),
    Bug(
        "l2-strength",
        "the L2 penalty has another strength than in J",
        _RIGHT,
        _ADDED,
        _strengths,
        fit=_fit_strength,
        hidden_by=(_NO_PENALTY,),
    ),
    Bug(
        "extra-l2",
        "the gradient of an L2 penalty is added, which J does not have",
        "check with --l2 if it is meant, for all layers alike; else leave it out",
        _ADDED,
        fit=_fit_extra,
        examples=_extras,
    ),
    Bug(
        "l2-constant",
        "l2 itself is added, and not l2 times the parameter",
        _RIGHT,
        "all entries of W, or of b, are off by the same number",
        _constant,
        ways=_constant_in_one,
        hidden_by=(_NO_PENALTY,),
    ),
    Bug(
        "l2-sign",
        "the penalty is that of the absolute weights: l2 times the sign of W_i",
        _RIGHT,
        "each entry of W is off by what its own weight says, b is right",
        _sign,
        ways=_sign_in_one,
        hidden_by=(_NO_PENALTY,),
    ),
)
