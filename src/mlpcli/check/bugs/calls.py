"""What is wrong with a function rather than with the gradient that it returns first."""

from __future__ import annotations

from mlpcli.check.bugs.record import Bug

__all__ = [
    "ACCUMULATES_OVER_CALLS",
    "BUGS",
    "CHANGES_INPUTS",
    "DEPENDS_ON_EARLIER_ROWS",
    "NOT_DETERMINISTIC",
    "WRONG_ON_MANY_ROWS",
]

CHANGES_INPUTS = Bug(
    "changes-inputs",
    "the function changes its inputs in place",
    "work on copies",
    "the arrays that the function was called with are other ones after it",
)
NOT_DETERMINISTIC = Bug(
    "not-deterministic",
    "two calls on the same input give different gradients",
    "remove what is random, such as dropout, or fix its seed in every call",
    "a second call with the same arrays returns other numbers",
)
ACCUMULATES_OVER_CALLS = Bug(
    "accumulates-over-calls",
    "call k gives k times the gradient of the first",
    "set the sums that are kept between calls to zero at the start of each",
    "the first call is right, the second returns twice as much, the third three times",
)
DEPENDS_ON_EARLIER_ROWS = Bug(
    "depends-on-earlier-rows",
    "after a call on other rows, labels or weights the same input gives another gradient",
    "reset what is kept between calls: accumulated gradients, running statistics, caches",
    "the same arrays give other numbers after a call with others, of the same shapes or not",
)
WRONG_ON_MANY_ROWS = Bug(
    "wrong-on-many-rows",
    "the gradient of few rows is right, and that of many is not",
    "where it goes over rows in batches: add up all, the last one too, and divide once by N",
    "rows of one batch are right, those of several are not",
)

BUGS = (
    CHANGES_INPUTS,
    NOT_DETERMINISTIC,
    ACCUMULATES_OVER_CALLS,
    DEPENDS_ON_EARLIER_ROWS,
    WRONG_ON_MANY_ROWS,
)
