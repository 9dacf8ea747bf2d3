"""A pass that begins where a bug is made comes to the same bits as one from the output on."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.nn.backprop import RIGHT
from planted import network_case

DEEP = {
    "bce": network_case((3, 3, 3, 3, 3, 2), 7, seed=4, scale=2, l2=0.1),
    "softmax": network_case((3, 4, 4, 4, 3), 7, seed=4, activation="relu", loss="cross_entropy"),
    "mse": network_case((3, 4, 4, 4, 2), 5, seed=4, loss="mse", activation="tanh"),
}


@pytest.mark.parametrize("name", DEEP)
def test_every_mutant(name: str) -> None:
    scene, below = scene_of(DEEP[name]), 0
    for mutant in (m for bug in BUGS.values() for m in chain(*made(scene, bug))):
        rules = mutant.bend(RIGHT)
        with np.errstate(all="ignore"):
            whole = scene._whole(rules)
        assert 1 <= rules.lowest <= rules.highest
        assert np.array_equal(scene.theta(rules), whole.theta, equal_nan=True)
        below += rules.highest + 1 < scene.depth
        lowest = rules.lowest if rules.highest < scene.depth else 1
        untouched = sum(layer.size for layer in whole.layers[: lowest - 1])
        right = scene.gradient().theta[:untouched]
        assert np.array_equal(whole.theta[:untouched], right)
    assert below > 50  # so many begin further down
