"""Puts an array in the place of f'(H_k), and knows the arrays that people take for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mlpcli.check.bugs.record import Mutant, at, instead, one_or_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.activation import Activation
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Reading", "Slope", "of_layers", "readings", "replaced"]

Slope: TypeAlias = "Callable[[Scene, int], FloatArray]"


class Reading(NamedTuple):
    """What is taken for f', a function of h and z, and what is to be said of it."""

    of: Callable[[FloatArray, FloatArray], FloatArray]
    note: str = ""

    def at(self, scene: Scene, layer: int) -> FloatArray:
        """Return it at a layer."""
        return self.of(scene.H[layer], scene.Z[layer])


def readings(f: Activation) -> tuple[Reading, ...]:
    """Return f' as people write it, by h and z, and in other ways, right or wrong, of h or of z."""
    return (
        Reading(f.textbook_slope),
        Reading(lambda h, _z: f.slope(h, f.value(h)), "taken of H_i"),
        Reading(lambda _h, z: f.slope(z, f.value(z)), "taken of Z_i"),
        Reading(lambda h, _z: f.textbook_slope(h, h), "written for Z_i and fed with H_i"),
    )


def of_layers(scene: Scene, wrong: dict[int, FloatArray], note: str = "") -> Iterator[Mutant]:
    """Yield f'_k replaced, at one or all hidden layers where that makes a difference."""
    differ = [k for k in wrong if (wrong[k] != scene.s[k]).any()]  # else it is no bug
    for layers in one_or_all(differ):
        yield Mutant(layers, at("slope", {k: wrong[k] for k in layers}), note=note)


def replaced(
    make: Slope, scene: Scene, layers: Sequence[int] | None = None, note: str = ""
) -> Iterator[Mutant]:
    """Yield f'_k replaced, at one or all of these layers (None: of all that there are).

    At the output it is replaced where l' has its slope in it.
    """
    layers = scene.layers if layers is None else layers
    hidden = [*of_layers(scene, {k: make(scene, k) for k in layers if k < scene.depth}, note)]
    yield from hidden
    if scene.depth not in layers:
        return
    bent = scene.loss.with_output_slope(scene.logits, scene.case.y, make(scene, scene.depth))
    if bent is None or not (bent != scene.derivative(scene.case.y)).any():
        return
    top = Mutant((scene.depth,), instead(bent), note=note)
    yield top
    if hidden:
        below = hidden[-1]
        both = (*below.layers, scene.depth)
        yield Mutant(both, lambda rules: below.bend(top.bend(rules)), note=note)
