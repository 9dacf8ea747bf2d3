"""Bugs made in the gradient of the L2 penalty, l2 W_i, which belongs to dJ/dW_i alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import linear
from mlpcli.check.bugs.record import Bug, Hiding, Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.record import Bend
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import OnArray, Rules
    from mlpcli.nn.network import Parameters

__all__ = ["BUGS"]

_RIGHT = "add l2 W_i to dJ/dW_i, nothing to dJ/db_i (l2 is not divided by N)"
_ADDED = "W is off by the same amount whatever the rows are, b is right"
_NEAREST_TO_ONE = 1e-5

_NO_PENALTY = Hiding("there is no L2 penalty", lambda scene, _found: not scene.case.objective.l2)
_ZERO_BIASES = Hiding(
    "all biases are zero", lambda scene, _found: not any(b.any() for b in scene.case.network.b)
)


def _added(to_weights: OnArray) -> Bend:
    return lambda rules: replace(rules, penalty=to_weights)


def _mutant(scene: Scene, bend: Bend, letters: str = "W") -> Mutant:
    return Mutant(scene.layers, bend, letters)


def _missing(scene: Scene) -> Iterator[Mutant]:
    yield _mutant(scene, _added(np.zeros_like))


def _on_bias(scene: Scene) -> Iterator[Mutant]:
    l2 = scene.case.objective.l2
    if scene.bias:
        yield _mutant(scene, lambda rules: replace(rules, bias_penalty=lambda b: l2 * b), "b")


def _strong(scene: Scene, c: float) -> Mutant:
    """Return c l2 W in the place of l2 W."""
    l2 = scene.case.objective.l2
    bend = _added(lambda W: c * l2 * W)
    return Mutant(scene.layers, bend, "W", factor=c, note=f"l2 times {c:.6g}")


def _strengths(scene: Scene) -> Iterator[Mutant]:
    for c in (1 / 2, 2.0, 1 / scene.rows, float(scene.rows), -1.0):
        if c != 1:
            yield _strong(scene, c)


def _fit_strength(scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the strength fitted at the last layer; the layers below must verify it."""
    if layer == scene.depth and scene.case.objective.l2:
        c = linear(scene, rules, given, layer, lambda c: _strong(scene, c).bend)
        if c and abs(c - 1) > _NEAREST_TO_ONE:
            yield _strong(scene, c)


def _constant(scene: Scene) -> Iterator[Mutant]:
    """Yield l2 itself added to dJ/db, or to dJ/dW in the place of l2 W."""
    l2 = scene.case.objective.l2
    yield _mutant(scene, _added(lambda W: np.full_like(W, l2)))
    if scene.bias:
        on_bias: OnArray = lambda b: np.full_like(b, l2)  # noqa: E731  a rule, as the others
        yield _mutant(scene, lambda rules: replace(rules, bias_penalty=on_bias), "b")


def _sign(scene: Scene) -> Iterator[Mutant]:
    l2 = scene.case.objective.l2
    yield _mutant(scene, _added(lambda W: l2 * np.sign(W)))


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
        "l2-constant",
        "l2 itself is added, and not l2 times the parameter",
        _RIGHT,
        "all entries of W, or of b, are off by the same number",
        _constant,
        hidden_by=(_NO_PENALTY,),
    ),
    Bug(
        "l2-sign",
        "the penalty is that of the absolute weights: l2 times the sign of W_i",
        _RIGHT,
        "each entry of W is off by what its own weight says, b is right",
        _sign,
        hidden_by=(_NO_PENALTY,),
    ),
)
