"""Bugs made in the forward pass: the backward pass is right, for another network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlpcli.check.bugs.record import Bug, Hiding, Mutant, one_or_all
from mlpcli.nn.network import Forward

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["BUGS"]

_BIASES = {-1.0: "- b", 0.0: "without b", 2.0: "+ 2 b"}
_LOOKS = "every tensor is off, and so is the value of J"


def _misused_biases(scene: Scene) -> Iterator[Mutant]:
    """Yield -b, 0 and 2 b for b in the forward pass, at one or all layers."""
    for layers in one_or_all([i for i in scene.layers if scene.bias]):
        for c, words in _BIASES.items():
            yield _passing(layers, _with_biases(scene, layers, c), note=f"Z W^T {words}")


def _passing(layers: tuple[int, ...], forward: Forward, note: str = "") -> Mutant:
    return Mutant(layers, lambda rules: replace(rules, forward=forward), note=note)


def _with_biases(scene: Scene, layers: Sequence[int], c: float) -> Forward:
    """Return the forward pass with c times the biases of these layers."""
    Z, H = _below(scene, min(layers))
    act, network = scene.case.network.activation, scene.forward.network
    for i in range(min(layers), scene.depth + 1):
        H.append(Z[-1] @ scene.W[i].T + (c if i in layers else 1) * scene.b[i])
        Z.append(act.value(H[-1]))
    return Forward(network, Z[:-1], H)


def _below(scene: Scene, layer: int) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return Z_0 .. and H_1 .. of the layers below one, which are right."""
    return scene.forward.Z[:layer], scene.forward.H[: layer - 1]


def _twice(scene: Scene) -> Iterator[Mutant]:
    """Yield f(f(H_i)) for Z_i, with the slope that people write by the Z_i that is kept.

    At the output of a loss that reads the logit, f(H_L) stands where H_L belongs.
    """
    act = scene.case.network.activation
    changed = [k for k in scene.hidden if (act.value(scene.Z[k]) != scene.Z[k]).any()]
    top = [] if scene.linear_output else [scene.depth]
    for layers in (*one_or_all(changed), *((i,) for i in top)):
        yield _twice_at(scene, layers)
    if changed and top:
        yield _twice_at(scene, (*changed, *top))


def _twice_at(scene: Scene, layers: tuple[int, ...]) -> Mutant:
    network, act = scene.forward.network, scene.case.network.activation
    Z, H = _below(scene, min(layers))
    slopes: dict[int, FloatArray] = {}
    for i in range(min(layers), scene.depth + 1):
        H.append(Z[-1] @ scene.W[i].T + (scene.b[i] if scene.bias else 0))
        z = act.value(H[-1])
        if i in layers and i < scene.depth:
            z = act.value(z)
            slopes[i] = act.textbook_slope(z, z)
        Z.append(z)
    if scene.depth in layers:
        H[-1] = scene.loss.predict(H[-1])
    forward = Forward(network, Z[:-1], H)

    def bend(rules: Rules) -> Rules:
        return replace(rules, forward=forward).also("slope", slopes)

    return Mutant(layers, bend)


BUGS: Sequence[Bug] = (
    Bug(
        "bias-misused-in-forward",
        "the forward pass has another bias: it subtracts b, leaves it out, or adds it twice",
        "compute H_i = $forward",
        _LOOKS,
        _misused_biases,
        hidden_by=(
            Hiding(
                "all biases are zero",
                lambda scene, _found: not any(b.any() for b in scene.case.network.b),
            ),
        ),
    ),
    Bug(
        "activation-twice",
        "the forward pass applies $f twice",
        "keep H_i and Z_i = $f(H_i) under two names, and apply $f once",
        _LOOKS,
        _twice,
    ),
)
