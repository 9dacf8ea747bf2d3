"""Ranks as a team: each works for itself, and hears of the others."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from mlpcli.ranks import ALONE, Ranks
from mlpcli.ranks.team import RankTeam
from threads_as_ranks import run_together


def test_each_does_its_own() -> None:
    def work(ranks: Ranks) -> tuple[list[int], list[tuple[float, ...]], int | None]:
        team, done = RankTeam(ranks), [0] * ranks.size
        team.run(lambda member: done.__setitem__(member, 10 + member))
        assert sum(done) == 10 + ranks.rank
        told = signal.SIGTERM if ranks.rank == 1 else None
        return team.gathered(done), team.said(0.5, ranks.rank), team.agree(told)

    for done, said, told in run_together(3, work):
        assert done == [10, 11, 12]
        assert said == [(0.5, 0), (0.5, 1), (0.5, 2)]
        assert told == signal.SIGTERM


@pytest.mark.parametrize("count", [1, 2, 3])
def test_parts_are_known_to_all(count: int) -> None:
    """Of one member alone, each rank works out that one's; else those beyond go through it too."""

    def work(ranks: Ranks) -> tuple[list[int], list[tuple[float, ...]]]:
        asked: list[int] = []

        def part(member: int) -> tuple[float, float]:
            asked.append(member)
            return member, member / 2

        return asked, RankTeam(ranks).parts(part, count)

    for rank, (asked, parts) in enumerate(run_together(3, work)):
        assert parts == [(member, member / 2) for member in range(count)]
        assert asked == [0 if count == 1 else rank]


def test_work_that_each_does_in_whole() -> None:
    def work(ranks: Ranks) -> list[int]:
        done: list[int] = []
        RankTeam(ranks).here.run(done.append)
        return done

    assert run_together(3, work) == [[0, 1, 2]] * 3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_adds_in_the_order_of_the_ranks(count: int) -> None:
    """1 + 1e20 - 1e20 is 0 in this order, and 1 in another."""

    def work(ranks: Ranks) -> float:
        array = np.array([(1.0, 1e20, -1e20)[ranks.rank]])
        RankTeam(ranks).add(array, count)
        return float(array[0])

    assert run_together(3, work) == [(1.0, 1e20, 0.0)[count - 1]] * 3


def test_says_who_is_idle() -> None:
    def work(ranks: Ranks) -> list[str]:
        return RankTeam(ranks, "fast").notes(100)

    ((note,), *_) = run_together(2, work)
    assert note.startswith("a batch of 100 rows has work for 1 of 2 ranks, at least 64 rows each")
    assert RankTeam(ALONE).notes(100) == []
