"""A listener that keeps what long work tells of itself."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.counting import Count


class Told:
    """By the word for a piece: how many there were to be, and how many were done."""

    def __init__(self) -> None:
        self.totals, self.done = Counter[str](), Counter[str]()

    @contextmanager
    def __call__(self, word: str, total: int) -> Iterator[Count]:
        self.totals[word] += total
        yield lambda pieces: self.done.update({word: pieces})
