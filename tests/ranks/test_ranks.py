"""One process alone is all ranks, and hears what it said."""

from __future__ import annotations

import numpy as np

from mlpcli.ranks import ALONE


def test_maps_in_order_and_stops() -> None:
    assert list(ALONE.map(abs, iter([-1, 2, -3]))) == [1, 2, 3]
    seen: list[int] = []
    for value in ALONE.map(abs, iter(range(9)), lambda: len(seen) == 3):
        seen.append(value)
    assert seen == [0, 1, 2]


def test_hears_itself() -> None:
    array = np.arange(4.0)
    assert (ALONE.rank, ALONE.size) == (0, 1)
    assert ALONE.broadcast("a") == ALONE.share("a") == "a"
    assert ALONE.gather("a") == ["a"]
    assert ALONE.largest(3, 1) == (3, 1)
    assert ALONE.agree(None) is None
    assert ALONE.notes() == []
    for adding in ALONE.adding.values():
        adding.begin(array, 1)
        adding.get_on()
        adding.add(array, 1)
    assert ALONE.said(1.0, 2.0) == [(1.0, 2.0)]
    assert array.tolist() == [0, 1, 2, 3]


def test_asks_nobody_and_ends_quietly() -> None:
    with ALONE.together(lambda ranks: 1 / 0):
        pass
    ALONE.serve()
    ALONE.end(3)
