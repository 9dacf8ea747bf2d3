"""What is added while ranks do something else is added in their order, whoever gets on first."""

from __future__ import annotations

import random
import threading
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from threads_as_ranks import run_together

if TYPE_CHECKING:
    from mlpcli.ranks import Ranks
    from threads_as_ranks import ThreadRanks

SIZES = (7, 7, 7, 1, 40, 7)  # several of one size, and fewer numbers than ranks


def arrays_of(rank: int, turn: int) -> list[Any]:
    """Return the arrays of a rank: numbers whose sum depends on the order."""
    rng = np.random.default_rng((rank, turn))
    return [rng.standard_normal(size) * 10.0 ** rng.integers(-9, 9, size) for size in SIZES]


def added(here: Ranks, by: Any, count: int) -> list[Any]:
    """Return what comes of adding all arrays three times over, with looks in between at random."""
    looks, found, adding = random.Random(here.rank), list[Any](), here.adding[by]
    for turn in range(3):
        *most, last = arrays = arrays_of(here.rank, turn)
        for array in most:
            adding.begin(array, count)
            for _ in range(looks.randrange(4)):
                adding.get_on()
        adding.add(last, count)
        found += arrays
    return found


@pytest.mark.parametrize(("ranks", "count"), [(1, 1), (2, 2), (2, 1), (3, 3), (4, 2), (4, 4)])
def test_in_order(ranks: int, count: int) -> None:
    expected = [
        reduce(np.add, parts)
        for turn in range(3)
        for parts in zip(*(arrays_of(rank, turn) for rank in range(count)), strict=True)
    ]
    for found in run_together(ranks, lambda here: added(here, "fixed", count)):
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("ranks", "count"), [(1, 1), (3, 3), (4, 2)])
def test_fast(ranks: int, count: int) -> None:
    fixed, *_ = run_together(ranks, lambda here: added(here, "fixed", count))
    first, *others = run_together(ranks, lambda here: added(here, "fast", count))
    for number, (ours, theirs) in enumerate(zip(first, fixed, strict=True)):
        turn, place = divmod(number, len(SIZES))
        largest = sum(np.abs(arrays_of(rank, turn)[place]) for rank in range(count))
        assert (np.abs(ours - theirs) <= 1e-15 * largest).all()
    for found in others:
        for ours, theirs in zip(found, first, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_numbers_may_be_cut_anyhow() -> None:
    whole = arrays_of(0, 0)[4]

    def work(here: Ranks) -> Any:
        array = arrays_of(here.rank, 0)[4]
        for start in range(0, 40, 9):
            here.adding["fixed"].begin(array[start : start + 9], 3)
        here.adding["fixed"].add(array[:0], 3)
        return array

    expected = reduce(np.add, (arrays_of(rank, 0)[4] for rank in range(3)))
    assert len(whole) == 40
    for found in run_together(3, work):
        np.testing.assert_array_equal(found, expected)


def test_calls_on_a_communicator_are_in_the_same_order() -> None:
    """Though altogether they are not: some rank is further on with what was begun first."""

    def work(here: ThreadRanks) -> Any:
        added(here, "fixed", here.size)
        return here.log

    logs = run_together(4, work)
    numbers = {number for _, number in logs[0]}
    assert len(numbers) == 2
    for number in numbers:
        calls = [[call for call in log if call[1] == number] for log in logs]
        assert calls[1:] == calls[:-1]
        assert len(calls[0]) == 3 * len(SIZES)


def test_an_error_on_the_way_is_raised() -> None:
    def broken(_total: Any, _parts: Any) -> None:
        raise MemoryError

    def work(here: Ranks) -> None:
        how = {"sum_up": broken} if here.rank == 1 else {}
        here.adding["fixed"].begin(np.zeros(5), 3, **how)
        here.adding["fixed"].add(np.zeros(5), 3)

    before = threading.active_count()
    with pytest.raises(MemoryError):
        run_together(3, work)
    assert threading.active_count() == before
