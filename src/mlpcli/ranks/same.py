"""What all ranks of a job must have in common for their numbers to fit together."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any, NamedTuple

from mlpcli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Facts", "cores", "crowding", "fair_share", "require_same", "this_process"]


class Facts(NamedTuple):
    """Where a rank runs: the machine's name and the cores that it may use; what it computes by."""

    machine: str
    cores: frozenset[int]
    software: Mapping[str, str]


def this_process() -> Facts:
    """Return the facts of this process; loads NumPy and finds its BLAS."""
    from threadpoolctl import threadpool_info

    from mlpcli.version import software

    kernels = {
        f"{found['internal_api']} {found['version']} for {found.get('architecture', '?')}"
        for found in threadpool_info()
        if found["user_api"] == "blas"
    }
    return Facts(
        platform.node(),
        frozenset(cores()),
        software() | {"BLAS": ", ".join(sorted(kernels)), "vector units": _vector_units()},
    )


def _vector_units() -> str:
    """Return the widest that NumPy's own loops use here: their last digits depend on it."""
    import numpy as np

    config: Any = np.show_config(mode="dicts")
    found: list[str] = config.get("SIMD Extensions", {}).get("found", [])
    return found[-1] if found else "baseline"


def cores() -> set[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def require_same(ranks: Sequence[Facts]) -> None:
    """Raise UsageError for the first rank that computes by something else than rank 0."""
    first = ranks[0]
    for number, facts in enumerate(ranks):
        for name, version in first.software.items():
            other = facts.software.get(name)
            if other != version:
                raise UsageError(
                    f"rank {number} on {facts.machine} has {name} {other}, rank 0 on "
                    f"{first.machine} {version}: their numbers would differ; start the job where "
                    "they are the same"
                )


def crowding(ranks: Sequence[Facts]) -> list[str]:
    """Return a note for each machine with more ranks than cores that they may use."""
    notes = []
    for machine in dict.fromkeys(facts.machine for facts in ranks):
        here = [facts.cores for facts in ranks if facts.machine == machine]
        room = len(set[int]().union(*here))
        if len(here) > room:
            notes.append(
                f"{len(here)} ranks share {room} {'core' if room == 1 else 'cores'} of {machine} "
                "and wait for each other; start no more ranks than there are cores"
            )
    return notes


def fair_share(ranks: Sequence[set[int]], place: int) -> set[int]:
    """Return the cores for the rank at `place` on a machine, where several may use the same.

    What mpirun has given to one of them alone stays as it is.
    """
    everyone = sorted(set[int]().union(*ranks))
    if sum(map(len, ranks)) == len(everyone):
        return set(ranks[place])
    start, stop = (len(everyone) * k // len(ranks) for k in (place, place + 1))
    return set(everyone[start : max(stop, start + 1)])
