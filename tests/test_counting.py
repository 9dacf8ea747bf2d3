"""Work that tells nobody how far it is goes on all the same, and counts what is done with."""

from __future__ import annotations

from mlpcli.counting import counted, in_silence


def test_an_item_counts_once_its_consumer_is_done_with_it() -> None:
    done: list[int] = []
    seen = [(item, sum(done)) for item in counted("abc", done.append)]
    assert seen == [("a", 0), ("b", 1), ("c", 2)]
    assert sum(done) == 3


def test_in_silence() -> None:
    with in_silence("row", 3) as count:
        assert count(3) is None
