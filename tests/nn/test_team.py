"""Members share the work without overlap, and an error in one of them is not lost."""

from __future__ import annotations

import threading
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.nn.team import ALONE, Team


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_member_runs_in_its_own_thread(size: int) -> None:
    seen: dict[int, int] = {}
    with closing(Team(size)) as team:
        meeting = threading.Barrier(size, timeout=10)

        def task(member: int) -> None:
            meeting.wait()  # ends only if all of them are here at once
            seen[member] = threading.get_ident()

        for _ in range(20):
            team.run(task)
    assert sorted(seen) == list(range(size))
    assert len(set(seen.values())) == size
    assert seen[0] == threading.get_ident()


@given(size=st.integers(1, 9), total=st.integers(0, 50))
def test_shares_cover_everything_once(size: int, total: int) -> None:
    team = Team.__new__(Team)
    team.size = size
    parts = [range(total)[team.share(total, member)] for member in range(size)]
    assert [i for part in parts for i in part] == list(range(total))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("culprit", [0, 1])
def test_an_error_is_raised_after_all_have_finished(culprit: int) -> None:
    finished = []

    def task(member: int) -> None:
        if member == culprit:
            raise ValueError(f"member {member}")
        finished.append(member)

    with closing(Team(2)) as team:
        with pytest.raises(ValueError, match=f"member {culprit}"):
            team.run(task)
        assert finished == [1 - culprit]
        team.run(finished.append)  # it goes on working
        assert sorted(finished[1:]) == [0, 1]


def test_overflow_is_no_warning_in_any_member() -> None:
    with closing(Team(2)) as team:
        results = [0.0, 0.0]

        def task(member: int) -> None:
            results[member] = float(np.exp(np.array([1e4]))[0])

        team.run(task)
        assert results == [np.inf, np.inf]


def test_alone_has_one_member() -> None:
    assert ALONE.size == 1
    seen: list[int] = []
    ALONE.run(seen.append)
    assert seen == [0]
