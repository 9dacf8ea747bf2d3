"""Right gradients as people compute them: stable or as a textbook has it, in either precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.scene import scene_of
from mlpcli.nn.backprop import Rules

if TYPE_CHECKING:
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.check.case import Case
    from mlpcli.nn.network import Parameters

__all__ = ["right_passes"]


def right_passes(case: Case, dtype: str = "float64") -> list[Parameters]:
    """Return right gradients whose forward pass is in `dtype`, stable ones before textbook ones.

    float32 computes the backward pass in float32, too, where it is stable; a textbook's 1 - z and
    z - y lose what they lose in the forward pass.
    """
    scene = scene_of(case, dtype)
    return [case.gradient(dtype=dtype), scene.gradient(_textbook(scene))]


@np.errstate(all="ignore")  # what overflows is what a right pass makes of it
def _textbook(scene: Scene) -> Rules:
    """Return the rules of a right but textbook pass: its slopes, and z - y by subtraction."""
    write, f = scene.case.network.activation.textbook_slope, scene.forward
    slopes = {k: write(f.H[k - 1], f.Z[k]) for k in scene.hidden}
    derivative = scene.loss.textbook(scene.logits, scene.case.y)
    return Rules(output=lambda _right: derivative, slope=slopes)
