"""What the processes of a job can say to each other; one that is alone says it to itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ALONE", "Adding", "Allreduce", "FloatArray", "Ranks", "SumUp", "add_up"]

Allreduce: TypeAlias = Literal["fixed", "fast"]
FloatArray: TypeAlias = "NDArray[np.floating[Any]]"
SumUp: TypeAlias = "Callable[[FloatArray, FloatArray], None]"


def add_up(total: FloatArray, parts: FloatArray) -> None:
    """Write the sum of the rows of `parts` (ranks x numbers), added in their order, to `total`."""
    total[:] = parts[0]
    for part in parts[1:]:
        total += part


T = TypeVar("T")
R = TypeVar("R")


class Adding:
    """Sets arrays, on all ranks, to the sum of those of the first ranks; there are no others here.

    All ranks make the same additions in the same order, also those with nothing to add. Nobody
    touches an array that is being added.
    """

    def begin(self, array: FloatArray, count: int, sum_up: SumUp = add_up) -> None:
        """Begin to add the arrays of ranks 0 to count - 1, each number by `sum_up`.

        That is called with some of the numbers, and with these numbers of each of the ranks.
        """

    def get_on(self) -> None:
        """Let what was begun get on: MPI may move nothing unless it is called."""

    def add(self, array: FloatArray, count: int, sum_up: SumUp = add_up) -> None:
        """Add the arrays, and wait for all additions that were begun."""


class Ranks:
    """The ranks of a job as one of them sees it; this one is alone, number 0 of 1.

    `map` and `together` are rank 0's. All that follows them is said within a function that runs on
    all ranks together, by all of them in the same order.
    """

    rank = 0
    size = 1
    on_one_machine = True
    overlaps = False  # whether arrays are better added while these processes compute
    adding: Mapping[Allreduce, Adding] = dict.fromkeys(("fixed", "fast"), Adding())
    """`fixed` adds in the order of the ranks, as one process would, to the last bit; `fast` in the
    order that MPI finds quickest."""

    @property
    def busy(self) -> bool:
        """Whether another rank has work; what is asked for meanwhile may have to wait for it."""
        return False

    def map(
        self,
        function: Callable[[T], R],
        items: Iterator[T],
        stop: Callable[[], object] = lambda: False,
    ) -> Iterator[R]:
        """Yield function(item) for every item, as they are done, worked out on all ranks.

        The function is one of a module, items and results can be pickled. Items are taken as they
        are needed. It ends early once `stop` says so. Raises what the function raises.
        """
        for item in items:
            if stop():
                return
            yield function(item)

    def in_order(
        self, function: Callable[[T], R], items: Iterator[T], *, nearby: bool = False
    ) -> Iterator[tuple[T, R]]:
        """Yield each item with function(item), in their order, worked out on all ranks.

        Or on those of this machine alone, if they are to be `nearby`. Items are taken a few ahead
        of the consumer, and no more: they may be large. One process alone has threads for it.
        """
        del nearby
        from mlpcli.parallel import map_ahead

        yield from map_ahead(lambda item: (item, function(item)), items)

    @contextmanager
    def together(self, function: Callable[[Ranks], object]) -> Iterator[None]:
        """Let each other rank run function(its ranks) while the context lasts.

        Where that ends by an exception they are taken to wait for this rank, and end with the job.
        """
        del function
        yield

    def broadcast(self, value: T) -> T:
        """Return what rank 0 said."""
        return value

    def share(self, value: T) -> T:
        """Return what rank 0 said, its arrays in memory that the ranks of one machine share.

        They cannot be written to.
        """
        return value

    def gather(self, value: T) -> list[T]:
        """Return what every rank said, in their order, on all of them."""
        return [value]

    def agree(self, signal: int | None) -> int | None:
        """Return the signal that any rank has received, on all of them."""
        return signal

    def largest(self, *numbers: int) -> tuple[int, ...]:
        """Return, in each place, the largest number that any rank said."""
        return numbers

    def said(self, *numbers: float) -> list[tuple[float, ...]]:
        """Return the numbers that each rank says, in their order, on all of them."""
        return [numbers]

    def notes(self) -> list[str]:
        """Return what is worth knowing of where the ranks run."""
        return []

    def serve(self) -> None:
        """Run what rank 0 asks for until the job is over; rank 0 itself does nothing here."""

    def end(self, status: int) -> None:
        """End the job; at once, with this exit status, where the ranks cannot do so together."""


ALONE = Ranks()
