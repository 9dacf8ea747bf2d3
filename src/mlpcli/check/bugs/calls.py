"""What is wrong with a function rather than with the gradient that it returns first."""

from __future__ import annotations

from mlpcli.check.bugs.record import Bug

__all__ = [
    "ACCUMULATES_OVER_CALLS",
    "CHANGES_INPUTS",
    "DEPENDS_ON_EARLIER_ROWS",
    "NOT_DETERMINISTIC",
]

CHANGES_INPUTS = Bug("changes-inputs", "the function changes its inputs in place", "work on copies")
NOT_DETERMINISTIC = Bug(
    "not-deterministic",
    "two calls on the same input give different gradients",
    "remove what is random, such as dropout, or fix its seed in every call",
)
DEPENDS_ON_EARLIER_ROWS = Bug(
    "depends-on-earlier-rows",
    "after a call on other rows the same input gives another gradient",
    "reset what is kept between calls: accumulated gradients, running statistics, caches",
)
ACCUMULATES_OVER_CALLS = Bug(
    "accumulates-over-calls",
    "call k gives k times the gradient of the first",
    "set the sums that are kept between calls to zero at the start of each",
)
