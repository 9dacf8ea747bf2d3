"""Trains by several configs in one job: to start one takes longer than to train a tiny network.

mpirun -n R python program.py NAME..      NAME.yaml is trained into the folder NAME-R
"""

from __future__ import annotations

import sys

from mlpcli import train
from mlpcli.ranks import joined


def main(names: list[str]) -> None:
    ranks = joined()
    status = 1
    try:
        ranks.serve()
        for name in names if not ranks.rank else ():
            train(f"{name}.yaml", out=f"{name}-{ranks.size}")
        status = 0
    finally:
        ranks.end(status)


if __name__ == "__main__":
    main(sys.argv[1:])
