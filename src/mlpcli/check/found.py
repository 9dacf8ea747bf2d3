"""Somebody's gradient of a case, from a file or a function, with all that is known of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mlpcli.check.given.provenance import UNTOLD, Provenance
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlpcli.check.case import Case
    from mlpcli.check.given.host import Host
    from mlpcli.check.given.layout import Layout
    from mlpcli.nn.network import Parameters

__all__ = ["Found", "Source", "found_by_function", "found_in_file"]


@dataclass(frozen=True)
class Found:
    """A gradient of the case, which its layout may have changed; None is our own."""

    case: Case
    gradient: Parameters | None = None
    known: Provenance = UNTOLD


class Source(Protocol):
    """Finds the gradient of a case; a function that fails is told which of the smaller it takes."""

    def __call__(self, case: Case, smaller: Mapping[str, Case]) -> Found:
        """Return the gradient. Raises CaseError where there is none of this case."""


def found_in_file(path: Path, layout: Layout, case: Case) -> Found:
    """Return the gradient of the case in a file in this layout.

    Raises CaseError as `read_returned` does.
    """
    from mlpcli.check.exchange import read_returned
    from mlpcli.check.given.intermediates import compare

    found = read_returned(path, case, layout)
    beside = compare(found.beside, case, layout)
    order = found.reading if found.packed else None
    return Found(case, found.gradient, Provenance(layout, beside, order))


def found_by_function(
    host: Host, case: Case, *, call: str, layout: Layout, learning_rate: float | None
) -> Found:
    """Return the gradient that a function has of the case, called so in this layout.

    Raises CaseError as `run_function` does.
    """
    from mlpcli.check.given.function import run_function

    taken = layout.of(case)
    run = run_function(host, taken, call=call, layout=layout, learning_rate=learning_rate)
    if run.rate is not None and not run.rate.fitted:
        taken = replace(taken, learning_rate=run.rate.value)
    return Found(taken, run.gradient, run.known)
