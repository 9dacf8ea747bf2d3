"""The catalogue makes the numbers of bugs that others planted: each variant, at each layer."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pytest

from buggy_backprop import buggy, plants_for
from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.nn.backprop import RIGHT
from more_bugs import EDITS, program
from planted import CASES

if TYPE_CHECKING:
    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

# Where rounding has its part in the numbers, they are compared by the search, in test_planted.py.
EXACT = [name for name in CASES if not name.startswith(("saturated", "features", "weights"))]
CONVENTIONS = [
    Convention("sigmoid", l2=0.1),
    Convention("tanh", loss="cross_entropy", l2=0.1),
    Convention("relu", l2=0.1),
    Convention("leaky_relu", loss="mse", output="identity", l2=0.1),
    Convention("identity", l2=0.1),
]


def near(a: FloatArray, b: FloatArray, rtol: float) -> bool:
    least = 1e-12 * np.abs(b[np.isfinite(b)]).max(initial=0)
    return bool(np.allclose(a, b, rtol=rtol, atol=least, equal_nan=True))


def reproduced(scene: Scene, bug: str, given: Parameters) -> bool:
    """Whether a mutant has these numbers; or one whose number is fitted at a layer, those of it."""
    with np.errstate(all="ignore"):
        every = chain(*made(scene, BUGS[bug]))
        if any(near(scene.theta(m.bend(RIGHT)), given.theta, 1e-9) for m in every):
            return True
        return any(
            near(scene.gradient(m.bend(RIGHT)).layers[i - 1], given.layers[i - 1], 1e-6)
            for i in scene.layers
            for m in BUGS[bug].fit(scene, RIGHT, given, i)
        )


@pytest.mark.parametrize("name", EXACT)
def test_each_planted_bug_is_made_by_a_mutant_of_its_name(name: str) -> None:
    scene = scene_of(CASES[name])
    plants = [plant for plant in plants_for(scene.case) if plant.bug in BUGS]
    with np.errstate(all="ignore"):
        missing = [p for p in plants if not reproduced(scene, p.bug, buggy(scene.case, (p,)))]
    assert missing == []
    assert len(plants) >= 20


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda c: f"{c.activation} {c.loss}")
def test_each_edit_of_a_program_is_made_by_a_mutant_of_its_name(convention: Convention) -> None:
    for name, case in built_in_cases(convention).items():
        if name != "B":
            scene, edits = scene_of(case), [edit for edit in EDITS if edit.fits(case)]
            missing = [e for e in edits if not reproduced(scene, e.bug, program(case, e.words))]
            assert missing == []
            assert len(edits) >= 20


def test_what_may_have_any_cause_is_general_and_nothing_else() -> None:
    """A constant factor, zeros and one wrong entry come after all that explains as much."""
    assert {bug.name for bug in BUGS.values() if bug.generic} == {
        "scaled", "zero-gradient", "one-entry",
    }  # fmt: skip
