"""Trains by several configs in one job: to start one takes longer than to train a tiny network.

mpirun -n R python program.py NAME..      NAME.yaml is trained into the folder NAME-R

Tables are read and encoded in small pieces; each rank prints how many of them it has read.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mlpcli import train
from mlpcli.data import encoder
from mlpcli.data.table import cut, shares
from mlpcli.ranks import joined

if TYPE_CHECKING:
    from mlpcli.data.table.cut import Piece

cut.LEAST, encoder._WORTH_THREADS = 8000, 100


class Counting(shares.Reader):
    """Counts the pieces of this process."""

    count = 0

    def read(self, item: tuple[Piece, int]) -> Any:
        Counting.count += 1
        return super().read(item)


def main(names: list[str]) -> None:
    ranks = joined()
    shares.Reader = Counting  # type: ignore[misc]
    status = 1
    try:
        ranks.serve()
        for name in names if not ranks.rank else ():
            train(f"{name}.yaml", out=f"{name}-{ranks.size}")
        status = 0
    finally:
        print(f"rank {ranks.rank} read {Counting.count} pieces", flush=True)
        ranks.end(status)


if __name__ == "__main__":
    main(sys.argv[1:])
