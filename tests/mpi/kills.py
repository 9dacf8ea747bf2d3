"""Kills a random rank of a training job at a random time, and goes on with other ranks.

    cd tests && python -m mpi.kills 30        prints a line a kill; ends with 1 at the first fault

Every other job adds gradients while more are computed, as jobs on several machines do. Each has to
end within 10 seconds, and to go on to the bytes that its new number of ranks demands: those of as
many threads from the same checkpoint.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from mlp_runs import COMMAND
from mpi.launch import ended
from mpi.test_ends import OVERLAPPING, SOON, begun, epochs_kept, goes_on, ranks_of, write_long


def main(count: int) -> None:
    rng = random.Random(0)
    for number in range(1, count + 1):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_long(folder)
            os.chdir(folder)
            ranks, others = rng.randint(2, 4), rng.randint(1, 4)
            job = begun(ranks, folder, (COMMAND, OVERLAPPING)[number % 2])
            time.sleep(rng.uniform(0, 2))
            victim = rng.randrange(ranks)
            os.kill(ranks_of(job)[victim], signal.SIGKILL)
            killed = time.monotonic()
            status = ended(job).status
            took = time.monotonic() - killed
            kept = epochs_kept(folder)
            assert took < SOON, took
            assert status == 128 + signal.SIGKILL, status
            goes_on(others, folder)
        print(f"{number}: rank {victim} of {ranks}, {took:.1f} s; {kept} epochs, on with {others}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
