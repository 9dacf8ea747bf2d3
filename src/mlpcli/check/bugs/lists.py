"""Bugs made in the lists of finished gradients: right tensors at wrong places."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlpcli.check.bugs.record import Bug, Mutant, finish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.network import Parameters

__all__ = ["BUGS"]

_FIX = "reverse the list: layer 1 is the one next to X"


def _reversed(scene: Scene, letters: str) -> Iterator[Mutant]:
    """Yield the lists of gradients in reverse order, where mirrored shapes are equal."""
    if scene.depth < 2 or ("b" in letters and not scene.bias):
        return
    shapes = [W.shape if "W" in letters else W.shape[:1] for W in scene.W[1:]]
    if shapes != shapes[::-1]:
        return

    def change(gradient: Parameters) -> None:
        for letter in letters:
            tensors = gradient.W if letter == "W" else gradient.b
            copies = [tensor.copy() for tensor in reversed(tensors)]
            for tensor, copied in zip(tensors, copies, strict=True):
                tensor[:] = copied

    yield Mutant(scene.layers, finish(change), letters)


def _all_reversed(scene: Scene) -> Iterator[Mutant]:
    yield from _reversed(scene, "Wb" if scene.bias else "W")


BUGS: Sequence[Bug] = (
    Bug(
        "layers-reversed",
        "the layers are listed from the output to the input",
        _FIX,
        "the numbers of the last layer stand at the first, and so on",
        _all_reversed,
    ),
    Bug(
        "weights-reversed",
        "the gradients of the weights are listed from the output to the input, those of the biases "
        "are not",
        _FIX,
        "every b is right; the numbers of the last W stand at the first, and so on",
        partial(_reversed, letters="W"),
    ),
    Bug(
        "biases-reversed",
        "the gradients of the biases are listed from the output to the input, those of the weights "
        "are not",
        _FIX,
        "every W is right; the numbers of the last b stand at the first, and so on",
        partial(_reversed, letters="b"),
    ),
)
