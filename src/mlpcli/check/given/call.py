"""The ways in which a function is called, and what each takes its answer for.

batch       f(weights, biases, X, y) returns dJ/dtheta
row         the same, one row at a time: the mean of what it returns, or the sum
step        f returns, or leaves behind, theta' = theta - eta dJ/dtheta
row-step    the same, one row at a time; theta is theta again for each
"""

from __future__ import annotations

from mlpcli.records import dataclass

__all__ = ["CALLS", "Call"]


@dataclass(frozen=True)
class Call:
    """Whether rows come one at a time, and whether a step is made of them."""

    name: str
    rows: bool = False
    step: bool = False

    @property
    def by_rows(self) -> str:
        """The name of the same call one row at a time."""
        return next(c.name for c in CALLS.values() if c.rows and c.step == self.step)


CALLS = {
    call.name: call
    for call in (
        Call("batch"),
        Call("row", rows=True),
        Call("step", step=True),
        Call("row-step", rows=True, step=True),
    )
}
