"""The learning rate of each epoch against its formula."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config import TrainingConfig
from mlpcli.training.build import schedule_from

if TYPE_CHECKING:
    from mlpcli.nn.schedule import Schedule


def schedule(epochs: int = 10, **settings: object) -> Schedule:
    return schedule_from(
        TrainingConfig.model_validate(
            {
                "epochs": epochs,
                "schedule": settings,
                "optimizer": {"name": "sgd", "learning_rate": 0.5},
            }
        )
    )


def rates(schedule: Schedule, epochs: int = 10) -> list[float]:
    return [schedule.rate(epoch) for epoch in range(1, epochs + 1)]


def test_constant_is_the_default() -> None:
    assert rates(schedule_from(TrainingConfig())) == [0.001] * 10
    assert rates(schedule(name="constant")) == [0.5] * 10


def test_step() -> None:
    got = rates(schedule(name="step", every=3, factor=0.1))
    assert got == pytest.approx([0.5] * 3 + [0.05] * 3 + [0.005] * 3 + [0.0005], rel=1e-14)


@given(epochs=st.integers(2, 300), floor=st.floats(0, 0.5))
def test_cosine_goes_from_the_rate_to_the_floor(epochs: int, floor: float) -> None:
    got = rates(schedule(epochs, name="cosine", floor=floor), epochs)
    assert got[0] == 0.5
    assert got[-1] == floor
    for t, rate in enumerate(got):
        wave = math.cos(math.pi * t / (epochs - 1))
        assert rate == pytest.approx(floor + (0.5 - floor) * (1 + wave) / 2, rel=1e-12)
    assert all(a >= b for a, b in pairwise(got))


def test_cosine_of_one_epoch() -> None:
    assert schedule(1, name="cosine", floor=0.1).rate(1) == 0.5


def test_plateau_counts_epochs_without_a_new_best() -> None:
    plateau = schedule(name="plateau", factor=0.5, patience=2)
    seen = []
    for improved in (True, False, False, True, False, True, False, False, False, False):
        seen.append(plateau.rate(1))
        plateau.observe(improved=improved)
    assert seen == [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125]
    assert (plateau.scale, plateau.waited) == (0.125, 0)


@pytest.mark.parametrize("name", ["constant", "step", "cosine"])
def test_only_plateau_listens(name: str) -> None:
    deaf = schedule(name=name)
    before = rates(deaf)
    for _ in range(50):
        deaf.observe(improved=False)
    assert rates(deaf) == before
    assert (deaf.scale, deaf.waited) == (1.0, 0)
