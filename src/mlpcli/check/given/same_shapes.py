"""The layout that a function seems to be made for, where its arrays fit in several.

Where every layer is as wide as the next, W_i and its transpose have one shape, and nothing but the
numbers tells which of them was meant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlpcli.check.given.other_call import OtherCall, along
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Caller, Made
    from mlpcli.check.given.layout import Layout

__all__ = ["same_shapes"]


def same_shapes(
    caller: Caller, made: Made, case: Case, rate: float, *, fitted: bool = False
) -> OtherCall | None:
    """Return the layout of the same shapes in which the function is right, up to a factor.

    None where there is none, or where it is right as it was called. A `fitted` rate has no factor.
    """
    layouts = [*_alike(caller.layout, caller.cases(case)[0])]
    if not layouts:
        return None
    right = case.gradient()
    if along(made.gradient.theta, right.theta):
        return None
    for layout in layouts:
        caller.host.begin(case.network.sizes)
        try:
            other = replace(caller, layout=layout).made(case, rate)
        except CaseError:
            continue
        c = along(other.gradient.theta, right.theta)
        if c:
            factor = 1.0 if fitted else c
            return OtherCall(caller.layout.options(layout), right.like(factor * right.theta))
    return None


def _alike(layout: Layout, case: Case) -> Iterator[Layout]:
    """Yield the other layouts in which the arguments have the same shapes."""
    shapes = _shapes(layout, case)
    for other in layout.others():
        same_network = (other.bias == "none") == (layout.bias == "none")
        if same_network and _shapes(other, case) == shapes:
            yield other


def _shapes(layout: Layout, case: Case) -> tuple[object, ...]:
    """Return the shapes of weights, biases, X and y, copying nothing."""
    y = case.y if layout.labels == "columns" else case.X
    ends = [
        array.shape[::-1] if layout.samples == "columns" else array.shape for array in (case.X, y)
    ]
    return (*layout.shapes(case.network), *ends)
