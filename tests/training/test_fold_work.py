"""What a cross-validation is about to do; how it does it is in the tests of `crossval`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.material import open_material
from mlpcli.training.fold_folder import FoldFolder
from mlpcli.training.fold_work import FoldObserver, FoldWork, Plan

if TYPE_CHECKING:
    from training_workshop import Workshop


def test_the_plan(workshop: Workshop) -> None:
    config = workshop.config("data.test=0.2")
    with open_material(config) as material:
        work = FoldWork(config, material, 4, FoldFolder(workshop.path / "cv"))
        work.prepare([3, 4], force=False)
        plan = work.plan([3, 4])
    note = "data.test is not used: each fold is the test of its model"
    assert plan == Plan(40, 4, (3, 4), 0, note)
    assert plan.total == 8
    assert [*work.fold_of] == [3, 4]
    assert (work.fold_of[3] != work.fold_of[4]).any()


def test_an_observer_that_does_nothing_asks_for_nothing() -> None:
    assert FoldObserver().batch_done(3) is None
