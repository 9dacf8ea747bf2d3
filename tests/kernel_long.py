"""The functions of the kernel at every float32 and at 10^8 float64 numbers, at every level.

    python -m kernel_long [--share 0.01] [--write]

Prints the largest errors in units in the last place, and writes them to docs/reliability.md; exit
status 1 where one is beyond its bound. What is true is computed once for all levels, in pieces that
stay in a cache of the processor: some ten minutes on an idle core.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from kernel_functions import BOUNDS, truth_at, worst_errors
from mlpcli.nn.kernel.library import Kernel, kernel_for
from reliability_page import table_of, write_between

if TYPE_CHECKING:
    from collections.abc import Iterator

    Worst = dict[str, float]

LEVELS = ("plain", "v2", "v3", "v4")
AT_A_TIME = 1 << 16
FLOATS = 1 << 32
DOUBLES = 100_000_000
TOLD = 10  # times


def main() -> int:
    """Try all; return the exit status."""
    options = argparse.ArgumentParser()
    options.add_argument("--share", type=float, default=1.0, help="of the numbers")
    options.add_argument("--write", action="store_true", help="the errors, to the page")
    chosen = options.parse_args()
    kernels = _kernels()
    rows, worst = [], {level: dict.fromkeys(BOUNDS, 0.0) for level in kernels}
    for dtype, count in (("float32", FLOATS), ("float64", DOUBLES)):
        tried, found = _tried(kernels, dtype, count, chosen.share)
        for level, errors in found.items():
            rows.append([level, f"{tried:,} {dtype}", *(f"{e:.2f}" for e in errors.values())])
            worst[level] = {name: max(worst[level][name], error) for name, error in errors.items()}
    if chosen.write and kernels:
        head = ["level", "numbers", *(f"{name} ({bound:g})" for name, bound in BOUNDS.items())]
        write_between("kernel", table_of(head, rows))
    within = (errors[name] <= bound for errors in worst.values() for name, bound in BOUNDS.items())
    return int(not all(within))


def _kernels() -> dict[str, Kernel]:
    """Return the levels of the kernel that this processor has."""
    found = ((level, kernel_for(f"c {level}")) for level in LEVELS)
    return {level: kernel for level, kernel in found if kernel and kernel.level == level}


def _tried(
    kernels: dict[str, Kernel], dtype: str, count: int, share: float
) -> tuple[int, dict[str, Worst]]:
    """Return how many numbers were tried, and the largest errors by level."""
    worst = {level: dict.fromkeys(BOUNDS, 0.0) for level in kernels}
    tried, told = 0, 0
    for x in _floats(share) if dtype == "float32" else _doubles(share):
        truth = truth_at(x)
        tried += len(x)
        for level, kernel in kernels.items():
            for name, error in worst_errors(kernel, x, truth).items():
                worst[level][name] = _larger(worst[level][name], error)
        if (now := int(tried * TOLD / (count * share))) > told:
            told = now
            _tell(dtype, tried, worst)
    return tried, worst


def _floats(share: float) -> Iterator[Any]:
    """Yield pieces of all float32 numbers but nan."""
    for start in range(0, FLOATS, AT_A_TIME)[:: max(1, round(1 / share))]:
        x = np.arange(start, start + AT_A_TIME, dtype=np.uint32).view(np.float32)
        if len(x := x[~np.isnan(x)]):
            yield x


def _doubles(share: float) -> Iterator[Any]:
    """Yield pieces of float64 numbers: any bits, and others that are not far from 0."""
    rng = np.random.default_rng(0)
    for _ in range(max(1, round(share * DOUBLES / AT_A_TIME))):
        bits = rng.integers(0, 1 << 64, AT_A_TIME // 2, dtype=np.uint64).view(np.float64)
        yield np.concatenate([bits[~np.isnan(bits)], rng.uniform(-750, 750, AT_A_TIME // 2)])


def _larger(a: float, b: float) -> float:
    """Return the larger one, nan if one is nan."""
    return b if b > a or np.isnan(b) else a


def _tell(dtype: str, tried: int, worst: dict[str, Worst]) -> None:
    for level, errors in worst.items():
        said = ", ".join(f"{name} {error:.2f}" for name, error in errors.items())
        print(f"{level} {dtype} {tried:,}: {said}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
