"""Work in threads comes out as from `map`: in order, not far ahead, errors in their turn."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli import parallel
from mlpcli.parallel import core_count, map_ahead

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


def test_cores_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= core_count() <= (os.cpu_count() or 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {1, 5}, raising=False)
    assert core_count() == 2
    monkeypatch.delattr("os.sched_getaffinity")
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert core_count() == 1
