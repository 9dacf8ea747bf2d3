"""Ranks in step come to the bytes of as many threads, and what does not fit is refused."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.config import to_portable_document
from mlpcli.data.material import load_dataset
from mlpcli.data.rows import Place, RowFile
from mlpcli.errors import UsageError
from mlpcli.nn.kernel import stretches
from mlpcli.parallel import Team, limit_blas
from mlpcli.ranks import ALONE, Ranks
from mlpcli.training.build import new_loop
from mlpcli.training.joint import _follow, in_step, team_for
from mlpcli.training.part_metrics import part_logits
from threads_as_ranks import run_together
from training_workshop import leave_room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.config import Config
    from mlpcli.data.dataset import Dataset
    from training_workshop import Workshop

_OPTIONS = ("training.epochs=2", "training.batch_size=200", "data.validation=0.2")
_LARGE = ("network.hidden=[700, 900]", "training.epochs=1", "loss.l2=0.01")
CASES: dict[str, tuple[tuple[str, ...], str]] = {
    "kernel": ((), ""),
    "numpy": ((), "numpy"),
    "large": (_LARGE, ""),
    "crumbs": (("training.batch_size=20",), ""),
    "double": (("training.dtype=float64", "loss.class_weight=balanced"), ""),
    "file": (("data.test=0.1",), ""),
    "file of crumbs": (("training.batch_size=20",), ""),
    "meanwhile": (("network.hidden=[30, 20]", "loss.l2=0.01"), ""),
    "meanwhile by numpy": ((), "numpy"),
}
ROOM = {"file": 2000, "file of crumbs": 300}  # bytes of rows in memory


def made(workshop: Workshop, *overrides: str) -> tuple[Config, Dataset]:
    workshop.table(rows=430)
    config = workshop.config(*_OPTIONS, "training.threads=null", *overrides)
    dataset = load_dataset(config)
    return dataset.config, dataset


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limit_blas(1):
        yield


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ranks", [2, 3])
def test_same_bytes_as_threads(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, case: str, ranks: int
) -> None:
    overrides, kernel = CASES[case]
    monkeypatch.setenv("MLP_KERNEL", kernel)
    monkeypatch.setattr(stretches, "_WORTH_ADDING", 20)
    if case in ROOM:
        leave_room(monkeypatch, ROOM[case])
    config, dataset = made(workshop, *overrides)
    assert dataset.in_file is (case in ROOM)
    with closing(Team(ranks)) as team:
        loop = new_loop(config, dataset, team)
        records = [replace(record, seconds=0) for record in loop.records()]
        loop.network.theta[:] = loop.position.best_theta
        logits = part_logits(loop.network, dataset.parts())

    def work(here: Ranks) -> Any:
        here.overlaps = case.startswith("meanwhile")
        if here.rank:
            return _follow(here)
        theirs = new_loop(config, dataset, team_for(here, config, 1))
        document = to_portable_document(config)
        with in_step(here, theirs, dataset, None, document, often=False) as shared:
            found = [replace(record, seconds=0) for record in theirs.records()]
            theirs.network.theta[:] = theirs.position.best_theta
            return theirs, found, part_logits(theirs.network, shared.parts(), theirs.team)

    (theirs, found, looked), *_ = run_together(ranks, work)
    assert found == records
    assert theirs.network.theta.tobytes() == loop.network.theta.tobytes()
    assert all(theirs.state[name].tobytes() == loop.state[name].tobytes() for name in loop.state)
    assert {k: None if h is None else h.tobytes() for k, h in looked.items()} == {
        k: None if h is None else h.tobytes() for k, h in logits.items()
    }


def test_alone_it_changes_nothing(workshop: Workshop) -> None:
    config, dataset = made(workshop)
    with closing(team_for(ALONE, config, 2)) as team:
        assert (team.size, team.word) == (2, "threads")
        loop = new_loop(config, dataset, team)
        with in_step(ALONE, loop, dataset, None, {}, often=True) as shared:
            assert shared is dataset


def test_other_threads_are_refused(workshop: Workshop) -> None:
    config, _ = made(workshop, "training.threads=3")

    def work(here: Ranks) -> None:
        team_for(here, config, 1)

    with pytest.raises(UsageError, match=r"training\.threads is 3, and 2 ranks were started"):
        run_together(2, work)


def test_rows_in_a_file_of_another_machine_are_refused(workshop: Workshop) -> None:
    config, dataset = made(workshop)
    place = Place(1000, workshop.path)
    rows = RowFile(2, np.zeros((3, 1), np.float32), None, place)

    def work(here: Ranks) -> None:
        here.on_one_machine = False
        loop = new_loop(config, dataset)
        with in_step(here, loop, replace(dataset, train=rows), None, {}, often=True):
            pass

    with pytest.raises(UsageError, match=r"data\.memory_limit: the rows do not fit"):
        run_together(2, work)
