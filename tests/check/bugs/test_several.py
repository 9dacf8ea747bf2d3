"""Bugs are put together from the output down, whole layers before parts of one."""

from __future__ import annotations

import pytest

from mlpcli.check.bugs.plant import planted
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.bugs.several import Path
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.backprop import RIGHT
from planted import network_case


@pytest.mark.parametrize(
    ("agreement", "a_layer", "agreeing", "reach"),
    [
        ((True, True, False, True), 2, 2, 3),
        ((True, True, True, False), 2, 3, 3),
        ((False, True, True, True), 2, 0, 1),
        ((True, False, True, True), 2, 1, 1),
        ((True, True, True, True), 2, 4, 4),
        ((True, False, True), 1, 1, 1),
    ],
)
def test_a_path_reaches_as_far_as_what_agrees_in_its_first_wrong_layer(
    agreement: tuple[bool, ...], a_layer: int, agreeing: int, reach: int
) -> None:
    path = Path(RIGHT, (), agreement)
    assert path.agreeing == agreeing
    assert path.reach(a_layer) == reach


def test_a_factor_on_the_tensor_of_a_bug_alone_is_told_with_it() -> None:
    case = network_case((3, 4, 4, 2), 7)
    given = planted(case, "gradient-transposed", 2)
    given.W[1][:] *= 0.37
    found = {d.bug: d for d in diagnose(case, given, rounding_bounds(case), 1e-6)}
    assert {"gradient-transposed", "scaled"} <= {*found}
    assert found["scaled"].parameters == ("W2",)
    assert found["scaled"].factor == pytest.approx(0.37)


@pytest.mark.parametrize("bias", [True, False])
def test_two_bugs_of_two_layers_are_both_told(bias: bool) -> None:
    case = network_case((3, 4, 4, 2), 7, activation="tanh", bias=bias)
    given = planted(case, "missing-sigma-prime", 1)
    given.W[2][:] *= -1
    found = {d.bug: d.parameters for d in diagnose(case, given, rounding_bounds(case), 1e-6)}
    hidden = ("W1", "b1") if bias else ("W1",)
    assert found == {"missing-sigma-prime": hidden, "sign-flipped": ("W3",)}
