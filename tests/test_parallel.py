"""Work in threads comes out as from `map`: in order, not far ahead, errors in their turn."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
import threadpoolctl
from hypothesis import given
from hypothesis import strategies as st

from mlpcli import parallel
from mlpcli.parallel import ALONE, WORTH_THREADS, Team, core_count, limit_blas, map_ahead, meanwhile

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[1, 2, 5])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(parallel, "core_count", lambda: request.param)
    return int(request.param)


def results_until(error: type[Exception], results: Iterator[int]) -> list[int]:
    """Return the results before the error."""
    got: list[int] = []
    with pytest.raises(error):
        got.extend(results)
    return got


def counted(taken: list[int]) -> Iterator[int]:
    """Yield 30 items, and note which have been taken."""
    for i in range(30):
        taken.append(i)
        yield i


@given(st.lists(st.integers(-9, 9), max_size=30))
def test_as_map(items: list[int]) -> None:
    assert list(map_ahead(abs, items)) == list(map(abs, items))


def test_late_ones_keep_their_place(count: int) -> None:
    """The first item is done last: it waits for the one after it, where there are threads."""
    second = threading.Event()

    def work(item: int) -> int:
        if item == 0 and count > 1:
            assert second.wait(10)
        if item == 1:
            second.set()
        return -item

    assert list(map_ahead(work, range(9))) == [-item for item in range(9)]


def test_a_few_ahead_and_no_more(count: int) -> None:
    taken: list[int] = []
    results = map_ahead(abs, counted(taken))
    assert taken == []
    for i, result in enumerate(results):
        assert result == i
        assert len(taken) == min(30, i + 1 + count)


def test_an_error_of_the_work_comes_in_its_turn(count: int) -> None:
    def inverse(item: int) -> int:
        return 60 // (item - 4)

    assert results_until(ZeroDivisionError, map_ahead(inverse, range(30))) == [-15, -20, -30, -60]


def test_an_error_of_the_items_comes_in_its_turn(count: int) -> None:
    """What was taken before it comes first, however many threads there are."""

    def items() -> Iterator[int]:
        yield from range(4)
        raise KeyError

    assert results_until(KeyError, map_ahead(abs, items())) == [0, 1, 2, 3]


def test_the_first_of_two_errors_counts(count: int) -> None:
    def items() -> Iterator[int]:
        yield from (1, 0)
        raise KeyError

    assert results_until(ZeroDivisionError, map_ahead(lambda i: 1 // i, items())) == [1]


def test_closing_ends_the_threads(count: int) -> None:
    before = threading.active_count()
    taken: list[int] = []
    results = map_ahead(abs, counted(taken))
    next(results)
    assert threading.active_count() > before
    results.close()  # type: ignore[attr-defined]  # a generator
    assert threading.active_count() == before
    assert len(taken) == 1 + count


@pytest.mark.parametrize(("size", "threads"), [(WORTH_THREADS, 2), (WORTH_THREADS - 1, 1)])
def test_what_is_large_is_worked_out_meanwhile(size: int, threads: int) -> None:
    with meanwhile(threading.get_ident, size) as found:
        pass
    assert len({found(), threading.get_ident()}) == threads


def test_an_error_of_what_is_worked_out_meanwhile_is_raised_where_it_is_asked_for() -> None:
    with meanwhile(lambda: 1 // 0, WORTH_THREADS) as found:
        pass
    with pytest.raises(ZeroDivisionError):
        found()


def test_cores_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= core_count() <= (os.cpu_count() or 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {1, 5}, raising=False)
    assert core_count() == 2
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert core_count() == 1


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_member_runs_in_its_own_thread(size: int) -> None:
    seen: dict[int, int] = {}
    with closing(Team(size)) as team:
        meeting = threading.Barrier(size, timeout=60)

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


@pytest.mark.parametrize(("size", "count"), [(1, 1), (3, 1), (3, 2), (3, 3)])
def test_parts_come_in_the_order_of_the_members(size: int, count: int) -> None:
    with closing(Team(size)) as team:
        assert team.parts(lambda member: (member, -member), count) == [
            (member, -member) for member in range(count)
        ]
        array = np.arange(3.0)
        team.add(array, count)
        assert array.tolist() == [0, 1, 2]
        assert team.here is team


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


def test_blas_is_held_to_the_number_and_let_go() -> None:
    def counts() -> set[int]:
        pools = threadpoolctl.threadpool_info()
        return {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"}

    before = counts()
    with limit_blas(1):
        assert counts() <= {1}
        with limit_blas(1):
            assert counts() <= {1}
        assert counts() <= {1}
        with limit_blas(2):
            assert counts() <= {2}
        assert counts() <= {1}
    assert counts() == before
