"""Trains by several configs in one job: to start one takes longer than to train a tiny network.

mpirun -n R python program.py [--overlap] NAME..      NAME.yaml is trained into the folder NAME-R

The rows of a config called "filed" lie in a file. Tables are read and encoded in small pieces; each
rank prints how many of them it has read, and how many additions it has begun before it had computed
all of a gradient: with --overlap those of small layers too.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mlpcli import train
from mlpcli.data import encoder
from mlpcli.data.table import cut, shares
from mlpcli.data.table.store import Store
from mlpcli.nn.kernel import stretches
from mlpcli.ranks import joined
from mlpcli.ranks.team import RankTeam
from mlpcli.training import joint

if TYPE_CHECKING:
    from mlpcli.data.table.cut import Piece

cut.LEAST, encoder._WORTH_THREADS = 8000, 100


class Counting(shares.Reader):
    """Counts the pieces of this process."""

    count = 0

    def read(self, item: tuple[Piece, int]) -> Any:
        Counting.count += 1
        return super().read(item)


class Beginning(RankTeam):
    """Counts the additions that are begun in this process."""

    count = 0

    def begin(self, *addition: Any) -> None:
        Beginning.count += 1
        super().begin(*addition)


def main(names: list[str]) -> None:
    ranks = joined()
    if names[0] == "--overlap":
        del names[0]
        ranks.overlaps, stretches._WORTH_ADDING = True, 8
    shares.Reader = Counting  # type: ignore[misc]
    joint.RankTeam = Beginning  # type: ignore[attr-defined]
    limits = Store.memory_limit, lambda _store: 6000
    status = 1
    try:
        ranks.serve()
        for name in names if not ranks.rank else ():
            Store.memory_limit = limits[name == "filed"]  # type: ignore[method-assign]
            train(f"{name}.yaml", out=f"{name}-{ranks.size}")
        status = 0
    finally:
        print(
            f"rank {ranks.rank} read {Counting.count} pieces, began {Beginning.count}", flush=True
        )
        ranks.end(status)


if __name__ == "__main__":
    main(sys.argv[1:])
