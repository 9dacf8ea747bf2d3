"""Where rounding hides what is wrong the bug that computes the numbers is named, and no other."""

from __future__ import annotations

import pytest

from mlpcli.check.bugs.candidates import explained, mutants, tells
from mlpcli.check.bugs.likeness import Likeness
from mlpcli.check.bugs.plant import planted
from mlpcli.check.bugs.record import Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.run import gradcheck
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.backprop import RIGHT
from planted import CASES, network_case


@pytest.mark.usefixtures("unmeasured")
def test_a_deep_network() -> None:
    case = network_case((4, *[4] * 59, 1), 7, seed=3, activation="tanh")
    result = gradcheck(case, planted(case, "missing-sigma-prime", 30))
    assert {tensor.verdict for tensor in result.check.layers} == {"inconclusive", "pass"}
    assert result.verdict == "fail"
    assert [(named.bug, named.layers) for named in result.diagnosis] == [
        ("missing-sigma-prime", (30,))
    ]


@pytest.mark.parametrize(
    ("numbers", "bias", "tensors", "told"),
    [
        ({}, True, (0,), True),
        ({"factor": 0.37}, True, (0,), False),  # fits any number
        ({"factor": 2.0}, True, (0,), True),  # is one that people use
        ({"factor": 0.37}, True, (0, 1), True),
        ({"epsilon": 1e-7}, True, (0,), False),
        ({"epsilon": 1e-7}, True, (0, 1), True),  # the whole layer
        ({"epsilon": 1e-7}, False, (0,), False),  # the whole layer, and one number
    ],
)
def test_a_free_number_has_to_explain_more_than_one_entry(
    numbers: dict[str, float], bias: bool, tensors: tuple[int, ...], told: bool
) -> None:
    """Of a network of one weight, with a bias or without."""
    case = network_case((1, 1), 5, bias=bias)
    scene, right = scene_of(case), case.gradient()
    likeness = Likeness(right, right, rounding_bounds(case), 1e-6)
    mutant = Mutant((1,), lambda rules: rules, **numbers)  # type: ignore[arg-type]
    assert tells(scene, likeness, mutant, tensors) == told


def test_of_two_that_explain_it_the_specific_comes_first() -> None:
    """With p near 1/2 twice the slope is half of everything, to some digits."""
    case = CASES["weights of 1e-6"]
    scene, right = scene_of(case), case.gradient()
    half = right.like(right.theta / 2)
    likeness = Likeness(half, right, rounding_bounds(case), 1e-5)
    found = [*mutants(scene), *((BUGS["scaled"], m) for m in
             BUGS["scaled"].fit(scene, RIGHT, half, scene.depth))]  # fmt: skip
    errors = {bug.name: error for bug, _, error in explained(scene, likeness, found)}
    assert [*errors].index("squared-error-loss") < [*errors].index("scaled")
    assert errors["squared-error-loss"] > errors["scaled"]
