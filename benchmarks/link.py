"""A network between ranks that have none: what they send takes as long as a link would need.

It goes through memory all the same, so that moving it costs the cores what it did; the rest of the
time they would wait, and can compute instead.
"""

from __future__ import annotations

import os
import time
from typing import Any

__all__ = ["GB_PER_S", "Link", "Sending"]

GB_PER_S = float(os.environ.get("GB_PER_S", "1.25"))  # Ethernet at 10 Gb/s


class Sending:
    """A call whose data is there at a time to come."""

    def __init__(self, request: Any, there: float) -> None:
        self._request, self._there = request, there

    def Test(self) -> bool:
        """Return whether it is done."""
        return self._request.Test() and time.perf_counter() >= self._there

    def Wait(self) -> None:
        """Wait until it is done."""
        self._request.Wait()
        time.sleep(max(0.0, self._there - time.perf_counter()))


class Link:
    """A communicator of mpi4py by which a rank sends one thing after the other.

    `free` is when all will have arrived that it has sent, also on copies of this communicator.
    """

    def __init__(self, comm: Any, free: list[float] | None = None) -> None:
        self._comm, self.rank, self.size = comm, comm.rank, comm.size
        self._free = [0.0] if free is None else free

    def Dup(self) -> Link:
        """Return a copy."""
        return Link(self._comm.Dup(), self._free)

    def Ialltoallv(self, sent: Any, heard: Any) -> Sending:
        """Begin to send each rank its part."""
        return self._sending(self._comm.Ialltoallv(sent, heard), sent[0])

    def Iallgatherv(self, place: None, heard: Any) -> Sending:
        """Begin to send all ranks this one's part."""
        return self._sending(self._comm.Iallgatherv(place, heard), heard[0])

    def _sending(self, request: Any, array: Any) -> Sending:
        seconds = array.nbytes * (1 - 1 / self.size) / (1e9 * GB_PER_S)
        self._free[0] = max(self._free[0], time.perf_counter()) + seconds
        return Sending(request, self._free[0])
