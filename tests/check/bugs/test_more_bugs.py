"""Programs with a bug, on the built-in cases: each fails, and is called by its name."""

from __future__ import annotations

from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.rule import judge, overall, summarise
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.backprop import RIGHT
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS
from more_bugs import EDITS, PAIRS, Edit, program

if TYPE_CHECKING:
    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.verdict.rule import Verdict
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

pytestmark = pytest.mark.usefixtures("unmeasured")

_LOSSES = (*LOSSES.values(), *OTHER_OUTPUTS.values())
CASES = {
    f"{name} {activation} {loss.name} {loss.output}": case
    for activation in ACTIVATIONS
    for loss in _LOSSES
    for name, case in built_in_cases(
        Convention(activation, loss=loss.name, output=loss.output, l2=0.1)
    ).items()
    if name != "B"
}
# Each activation and each loss, in both shapes; all pairs would take a minute more.
NAMED = [f"{name} {pair}" for name in "CA" for pair in (
    "sigmoid bce sigmoid", "tanh cross_entropy softmax", "relu mse sigmoid",
    "leaky_relu mse identity", "identity bce sigmoid",
)]  # fmt: skip
# Under leaky_relu the square of a slope of 0.01 is near to no slope.
_LEAST_DISTANCE = 3e-5


@cache
def numbers(name: str) -> FloatArray:
    return numeric_gradient(CASES[name]).values


def verdict(name: str, gradient: Parameters) -> Verdict:
    entries = judge(gradient, numbers(name), rounding_bounds(CASES[name]), 1e-6)
    return overall([t.verdict for t in summarise(gradient, numbers(name), entries)])


def diagnosed(case: Case, edit: Edit) -> tuple[Diagnosis, ...]:
    return diagnose(case, program(case, edit.words), rounding_bounds(case), 1e-6)


@pytest.mark.parametrize("name", CASES)
def test_the_program_is_right_and_fails_with_each_edit(name: str) -> None:
    case = CASES[name]
    assert verdict(name, program(case, ())) == "pass"
    for edit in (*EDITS, *PAIRS):
        if edit.fits(case):
            assert verdict(name, program(case, edit.words)) == "fail", edit


@pytest.mark.parametrize("name", NAMED)
def test_each_edit_is_named(name: str) -> None:
    case = CASES[name]
    for edit in EDITS:
        if edit.fits(case):
            found = [d.bug for d in diagnosed(case, edit)]
            assert edit.bug in found, edit
            assert "unknown" not in found


@pytest.mark.parametrize("name", NAMED)
def test_two_at_once_are_both_named(name: str) -> None:
    case = CASES[name]
    for pair in PAIRS:
        if pair.fits(case):
            found = {d.bug for d in diagnosed(case, pair)}
            assert {*pair.bug.split()} <= found, pair
            assert "unknown" not in found


def test_every_new_bug_is_among_the_edits() -> None:
    planted = {edit.bug for edit in EDITS}
    assert planted <= {*BUGS}
    assert len(planted) >= 40


def test_what_is_said_of_one_layer_names_its_tensors() -> None:
    case = CASES["A sigmoid bce sigmoid"]
    pair = next(pair for pair in PAIRS if pair.bug == "scaled zero-gradient")
    found = {d.bug: d for d in diagnosed(case, pair)}
    assert found["scaled"].parameters == ("W2",)
    assert found["scaled"].explanation.endswith("(factor 2; W2)")
    assert found["zero-gradient"].parameters == ("b2",)
    entry = next(edit for edit in EDITS if edit.bug == "one-entry")
    (one,) = diagnosed(case, entry)
    assert "(entry W2[0, 1]; factor" in one.explanation


def test_a_bug_of_all_layers_is_one_line_and_an_output_is_never_called_hidden() -> None:
    case = CASES["A relu mse sigmoid"]
    for edit in EDITS:
        if edit.fits(case):
            found = diagnosed(case, edit)
            assert len({(d.bug, d.factor, d.parameters) for d in found}) == len(found)
            assert not any("hidden" in d.explanation for d in found)


@pytest.mark.parametrize("name", CASES)
def test_every_mutant_fails_and_no_two_bugs_are_alike(name: str) -> None:
    """But those that are equal; what the last digits would tell apart, rounding could too."""
    scene, found = scene_of(CASES[name]), []
    for bug in BUGS.values():
        for mutant in chain(*made(scene, bug)) if not bug.at_saturation else ():
            gradient = scene.gradient(mutant.bend(RIGHT))
            hidden = bug.name == "softmax-overflow" or (
                bug.name == "mean-over-outputs" and scene.outputs == 1
            )
            if not hidden:
                assert verdict(name, gradient) == "fail", (bug.name, mutant.layers, mutant.note)
                found.append(gradient)
    apart = np.zeros((len(found), len(found)))
    for k, _ in enumerate(found[0].tensors()):
        M = np.array([[*gradient.tensors()][k][1].ravel() for gradient in found])
        size = np.linalg.norm(M, axis=1)
        away = np.linalg.norm(M[:, None] - M[None], axis=2)
        apart = np.maximum(apart, away / np.maximum(np.maximum.outer(size, size), 1e-300))
    assert apart[apart > 1e-9].min() > _LEAST_DISTANCE
