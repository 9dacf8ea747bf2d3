"""Lists in reverse order are a bug where they differ, and where shapes let it pass."""

from __future__ import annotations

import pytest

from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from planted import network_case

LISTS = ("layers-reversed", "weights-reversed", "biases-reversed")


@pytest.mark.parametrize(
    ("sizes", "bias", "made"),
    [
        ((3, 3, 3), True, {*LISTS}),
        ((3, 3, 3), False, {"layers-reversed", "weights-reversed"}),
        ((4, 3, 3), True, {"biases-reversed"}),
        ((4, 3, 3), False, set()),
        ((3, 4, 2), True, set()),
        ((3, 2), True, set()),  # of one layer it is the same list
        ((2, 2), False, set()),
    ],
)
def test_where_a_list_can_be_reversed(sizes: tuple[int, ...], bias: bool, made: set[str]) -> None:
    scene = scene_of(network_case(sizes, 5, bias=bias))
    assert {name for name in LISTS if [*BUGS[name].mutants(scene)]} == made
