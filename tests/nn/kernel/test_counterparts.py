"""All records that are shipped have a counterpart in C, others none."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mlpcli.nn.activations import ACTIVATIONS, Relu, activation_by
from mlpcli.nn.answers import each_output
from mlpcli.nn.kernel.counterparts import counterparts
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS
from mlpcli.nn.objective import Objective
from mlpcli.nn.optimizers import OPTIMIZERS, Adam, Sgd


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("loss", [*LOSSES.values(), *OTHER_OUTPUTS.values()])
@pytest.mark.parametrize("rule", list(OPTIMIZERS))
def test_all_that_is_shipped(activation: str, loss: object, rule: str) -> None:
    objective = Objective(loss, loss.truth)  # type: ignore[arg-type, attr-defined]  # a loss
    found = counterparts(activation_by(activation), objective, OPTIMIZERS[rule](), each_output)
    assert not isinstance(found, str)
    kinds = ("activation", "loss", "rule", "answers")
    assert all(found[kind] >= 0 for kind in kinds)


def test_constants_in_their_order() -> None:
    found = counterparts(activation_by("relu"), optimizer=Adam(0.1, 0.2, 0.3))
    assert not isinstance(found, str)
    assert found["constants"] == (0.1, 0.2, 0.3)


def test_what_is_made_of_ours_is_another() -> None:
    @dataclass(frozen=True)
    class Cut(Relu):
        pass

    class Slow(Sgd):
        pass

    truth = Objective.exact("bce")
    naive = Objective(truth.loss, truth.loss.form("naive"))
    found = counterparts(Cut(), naive, Slow(), lambda h, _y: h > 0)
    assert isinstance(found, str)
    for words in ("activation Cut", "rule Slow", "answers <lambda>", "derivative naive"):
        assert words in found
