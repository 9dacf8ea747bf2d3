"""How long work tells how far it is: so many pieces, and each count of them once it is done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ROW_READ", "Count", "Counting", "counted", "in_silence"]

T = TypeVar("T")

Count: TypeAlias = Callable[[int], object]
"""Called with how many more pieces are done."""

Counting: TypeAlias = Callable[[str, int], AbstractContextManager[Count]]
"""Called with a word for one piece and with how many there are, or about how many."""

ROW_READ = "row read"
"""The word for a row of a table that is read, or read and done with."""


@contextmanager
def in_silence(_word: str, _total: int) -> Iterator[Count]:
    """Tell nobody."""
    yield lambda _pieces: None


def counted(items: Iterable[T], count: Count) -> Iterator[T]:
    """Yield the items, and count each once its consumer is done with it."""
    for item in items:
        yield item
        count(1)
