"""What a piecewise linear activation may be taken for where H lies on its kink, or near it.

At H = 0 exactly f' is whatever the user takes it for, the same in the whole network: 0 (h > 0), 1
(h >= 0) or 1/2 (autodiff of a maximum). Near it, where abs(H) is below its own rounding, a sum in
another order may come out on the other side. Such a gradient is right for another pattern of
branches: the cells near a kink are tried one after the other, on whichever side is nearer to what
was given, and the gradient is judged at that pattern.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.result import Kinks
from mlpcli.check.verdict.bounds import near_kinks
from mlpcli.check.verdict.precision import single_precision
from mlpcli.check.verdict.rule import judge, overall, summarise
from mlpcli.nn.backprop import RIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.check.case import Case
    from mlpcli.check.result import CheckResult
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["at_kinks", "other_side"]

MOST_CELLS = 64
Cell: TypeAlias = tuple[int, int, int]


def at_kinks(case: Case, of: Callable[[Case], CheckResult]) -> tuple[Case, CheckResult, Kinks]:
    """Return the check of the case, and the case as it was taken where some H is 0 at a kink.

    The first choice that passes is the user's.
    """
    checked = []
    for activation in case.network.activation.kinks if case.on_a_kink else (None,):
        taken = case if activation is None else case.with_activation(activation)
        at_zero = getattr(activation, "at_zero", None)
        checked.append((taken, of(taken), Kinks(at_zero=at_zero)))
        if checked[-1][1].verdict == "pass":
            return checked[-1]
    return checked[0]


def other_side(
    case: Case, gradient: Parameters, result: CheckResult, tolerance: float
) -> tuple[CheckResult, Kinks]:
    """Return the check at the pattern of branches that a gradient has, if it passes there.

    `result` is the check at the case's own pattern, which is returned where no cell is near a kink,
    where there are more than 64, or where the gradient is right at none of the patterns tried.
    """
    cells = near_kinks(case, single=bool(single_precision(gradient).all()))
    undecided = result, Kinks(near=len(cells))
    if not 0 < len(cells) <= MOST_CELLS:
        return undecided
    scene, flipped = scene_of(case), set[Cell]()
    given = gradient.theta.astype(np.float64)
    best = _apart(given, _gradient_at(scene, flipped))
    for cell in sorted(cells, reverse=True):  # from the output, as delta runs
        apart = _apart(given, _gradient_at(scene, flipped | {cell}))
        if apart < best:
            flipped.add(cell)
            best = apart
    values = _gradient_at(scene, flipped)
    bounds = replace(result.bounds, G=0.0)
    entries = judge(gradient, values, bounds, tolerance, result.numeric.doubt)
    layers = summarise(gradient, values, entries)
    if not flipped or overall([tensor.verdict for tensor in layers]) != "pass":
        return undecided
    numeric = replace(result.numeric, values=values)
    passed = replace(result, verdict="pass", layers=layers, numeric=numeric, bounds=bounds)
    return passed, Kinks(flipped=len(flipped), near=len(cells))


def _gradient_at(scene: Scene, flipped: set[Cell]) -> FloatArray:
    """Return the gradient with the slope of the other branch in some cells.

    Branches are frozen in a check, so that this is what a difference at that pattern comes to; our
    own gradient was held to it at the case's.
    """
    act = scene.case.network.activation
    slopes = {}
    for layer in {layer for layer, _, _ in flipped}:
        slopes[layer] = scene.s[layer].copy()
        for of, row, unit in flipped:
            if of == layer:
                slopes[layer][row, unit] = act.steepest + act.least - slopes[layer][row, unit]
    return scene.gradient(RIGHT.also("slope", slopes)).theta


def _apart(given: FloatArray, right: FloatArray) -> float:
    return float(np.abs(given - right).sum())
