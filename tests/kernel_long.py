"""The functions of the kernel at every float32 and at 10^8 float64 numbers, at every level.

    python -m kernel_long [--share 0.01] [--write]

Prints the largest errors in units in the last place; exit status 1 where one is beyond its bound.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from kernel_functions import BOUNDS, worst_errors
from mlpcli.nn.kernel.library import kernel_for

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = ("plain", "v2", "v3", "v4")
AT_A_TIME = 1 << 20
DOUBLES = 100_000_000


def numbers(dtype: str, share: float) -> Iterator[Any]:
    """Yield pieces of all float32 numbers, or of as many float64 ones as there are to be."""
    if dtype == "float32":
        pieces = range(0, 1 << 32, AT_A_TIME)
        for start in pieces[:: max(1, round(1 / share))]:
            yield np.arange(start, start + AT_A_TIME, dtype=np.uint32).view(np.float32)
        return
    rng = np.random.default_rng(0)
    for _ in range(max(1, round(share * DOUBLES / AT_A_TIME))):
        bits = rng.integers(0, 1 << 64, AT_A_TIME // 2, dtype=np.uint64)
        yield np.concatenate([bits.view(np.float64), rng.uniform(-750, 750, AT_A_TIME // 2)])


def main() -> int:
    """Try all; return the exit status."""
    options = argparse.ArgumentParser()
    options.add_argument("--share", type=float, default=1.0, help="of the numbers")
    options.add_argument("--write", action="store_true", help="as other long runs have it; ignored")
    share, failed = options.parse_args().share, False
    for level in LEVELS:
        kernel = kernel_for(f"c {level}")
        if kernel is None or kernel.level != level:
            print(f"{level}: no such kernel here")
            continue
        for dtype in ("float32", "float64"):
            worst = dict.fromkeys(BOUNDS, 0.0)
            for x in numbers(dtype, share):
                errors = worst_errors(kernel, x[~np.isnan(x)])
                worst = {name: np.fmax(worst[name], error) for name, error in errors.items()}
                failed |= any(np.isnan(error) for error in errors.values())
            failed |= any(worst[name] > bound for name, bound in BOUNDS.items())
            said = ", ".join(f"{name} {error:.2f}" for name, error in worst.items())
            print(f"{level} {dtype}: {said}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
