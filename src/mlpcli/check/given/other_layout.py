"""The options of another layout, whose shapes the arrays have that do not fit the layout said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.check.given.angle import apart
from mlpcli.check.given.candidate import Candidate, Expected
from mlpcli.check.given.readings import candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout

__all__ = ["other_layout"]

_RIGHT = 1e-3  # of the sine of an angle: printed digits come so near


def other_layout(tree: Any, case: Case, layout: Layout) -> str | None:
    """Return a hint at the nearest layout in which the arrays have the numbers of our gradient.

    Where they have them in none, matrices that are turned round may still be so because all are;
    no shape says that biases are missing, or where they are folded in. None: there is no such one.
    """
    fitting = [(other, found) for other in layout.others() if other.samples == layout.samples
               for found in _whole(tree, case, other)]  # fmt: skip
    right = [other for other, found in fitting if _is_right(found, case, other)]
    turned = [other for other, _ in fitting if other.bias == layout.bias]
    for other in (*right, *turned):
        also = other.weights != layout.weights and other.bias == layout.bias
        maybe = "or, if W_i is so too, " if also else ""
        return f"{maybe}the arrays fit {layout.options(other)}: add that"
    return None


def _whole(tree: Any, case: Case, layout: Layout) -> Iterator[Candidate]:
    """Yield the readings that fit and leave out no array without a name."""
    expected = Expected(*map(tuple, layout.shapes(layout.of(case).network)))
    for found in candidates(tree, expected):
        named = all(not name.startswith("[") for name in found.beside)
        if found.fits(expected) and not found.packed and named:
            yield found


def _is_right(found: Candidate, case: Case, layout: Layout) -> bool:
    """Whether the numbers are ours in this layout, up to one factor for all."""
    taken = layout.of(case)
    gradient = layout.parameters(found.weights, found.biases, taken.network)
    return apart(gradient, taken.gradient()) <= _RIGHT
