"""Cuts the way back through the layers, so that some of the gradient is added while more is made.

The kernel goes back unit by unit, from the first one of the output layer down: see `part` in
kernel.c. Once it is through with a layer, the numbers of that layer are ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mlpcli.nn.network import Network

__all__ = ["Stretch", "stretches"]

_WORTH_ADDING = 1 << 18  # numbers; fewer are added in less time than it takes to begin and look
_AT_ONCE = 1e8  # multiplications of a call, a millisecond: then MPI may have to get on
_TILE = 24  # units; the kernel takes 4, 6 or 8 together


class Stretch(NamedTuple):
    """Units from `start` to `stop`, and numbers of theta that are `ready` once they are done."""

    start: int
    stop: int
    ready: slice


def stretches(network: Network, rows: int, *, overlaps: bool) -> tuple[list[Stretch], slice]:
    """Return the stretches of the way back of so many rows, and the numbers left after the last.

    It is one, after which all are left, unless what is added `overlaps` with what is computed and
    there are many numbers above a cut and below it. Upper layers with few wait for the next one.
    """
    sizes, size = network.sizes, network.theta.size
    found, unit, below, stop, above = list[Stretch](), 0, size, size, 0
    for width, fan_in, layer in zip(sizes[:0:-1], sizes[-2::-1], network.layers[::-1], strict=True):
        step = int(_AT_ONCE / (rows * (fan_in + above))) // _TILE * _TILE
        step = width if stop == size else max(_TILE, step)  # at first nothing is under way
        starts = range(unit, unit + width, step)
        unit, below, above = unit + width, below - layer.size, width
        found += [Stretch(start, min(start + step, unit), slice(0)) for start in starts]
        if min(stop - below, below) >= _WORTH_ADDING:
            found[-1] = found[-1]._replace(ready=slice(below, stop))
            stop = below
    if not overlaps or stop == size:
        return [Stretch(0, unit, slice(0))], slice(size)
    return found, slice(stop)
