"""Numbers that multiply what is right: each mutant does what its number says."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.bugs.search import diagnose, reproduces_a_bug
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.backprop import RIGHT
from planted import network_case

CASE = network_case((3, 4, 4, 2), 7)
SCENE = scene_of(CASE)
RIGHTS = CASE.gradient()


def test_an_example_of_a_factor_has_that_factor_in_every_tensor_by_itself_and_on_delta() -> None:
    made = [*BUGS["scaled"].examples(SCENE)]
    for mutant in made:
        (layer,), c = mutant.layers, mutant.factor or 0.0
        found = SCENE.gradient(mutant.bend(RIGHT))
        for name, tensor in found.tensors():
            right = dict(RIGHTS.tensors())[name]
            here = name[0] in mutant.letters and int(name[1:]) == layer
            if here:
                np.testing.assert_allclose(tensor, c * right, rtol=1e-12)
            elif mutant.letters != "Wb" or int(name[1:]) > layer:
                np.testing.assert_array_equal(tensor, right)
    assert sorted((m.layers[0], m.letters) for m in made) == [
        (i, letters) for i in (1, 2, 3) for letters in ("W", "Wb", "b")
    ]


@pytest.mark.parametrize("bias", [True, False])
def test_a_zero_is_made_in_each_tensor_in_each_layer_and_from_each_layer_down(bias: bool) -> None:
    scene = scene_of(network_case((3, 4, 2), 7, bias=bias))
    zeros = set()
    for mutant in BUGS["zero-gradient"].mutants(scene):
        found = scene.gradient(mutant.bend(RIGHT))
        zeros.add(" ".join(name for name, tensor in found.tensors() if not tensor.any()))
    if bias:
        assert zeros == {"W1", "b1", "W1 b1", "W2", "b2", "W2 b2", "W1 b1 W2 b2"}
    else:
        assert zeros == {"W1", "W2", "W1 W2"}


def diagnosed(theta: np.ndarray) -> dict[str, str]:
    found = diagnose(CASE, RIGHTS.like(theta), rounding_bounds(CASE), 1e-6)
    return {each.bug: each.explanation for each in found}


def test_one_entry_is_told_with_its_place_and_by_how_much() -> None:
    given = RIGHTS.like(RIGHTS.theta.copy())
    given.W[1][2, 3] *= -1.7
    found = diagnosed(given.theta)
    assert [*found] == ["one-entry"]
    assert found["one-entry"].endswith(" (entry W2[2, 3]; factor -1.7)")


def test_one_entry_of_b_is_found_beside_a_W_that_is_nan() -> None:
    given = RIGHTS.like(RIGHTS.theta.copy())
    given.W[2][:] = np.nan
    given.b[2][1] *= 3.3
    found = diagnosed(given.theta)
    assert [*found] == ["one-entry", "non-finite"]
    assert found["one-entry"].endswith(" (entry b3[1]; factor 3.3)")


@pytest.mark.parametrize("name", ["W2", "b3"])
def test_zeros_do_not_refute_what_rounding_leaves_open(name: str) -> None:
    """What vanishes in float32 is zero without any bug."""
    given = RIGHTS.like(RIGHTS.theta.copy())
    dict(given.tensors())[name][:] = 0
    assert not reproduces_a_bug(CASE, given, 1e-6)
    dict(given.tensors())[name][:] = -dict(RIGHTS.tensors())[name]
    assert reproduces_a_bug(CASE, given, 1e-6)
