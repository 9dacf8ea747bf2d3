"""All known bugs by name, the specific before the general where they are made alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.bugs import (
    bias,
    carried,
    factors,
    forms,
    forward,
    lists,
    output,
    penalty,
    rows,
    slopes,
    weights,
)

if TYPE_CHECKING:
    from mlpcli.check.bugs.record import Bug

__all__ = ["BUGS"]

_FILES = (
    rows, output, forms, slopes, carried, forward, bias, weights, penalty, lists, factors
)  # fmt: skip
BUGS: dict[str, Bug] = {bug.name: bug for related in _FILES for bug in related.BUGS}
