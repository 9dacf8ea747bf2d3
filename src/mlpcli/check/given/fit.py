"""Which other layout a function takes, where it fails in the one that was said.

A product of matrices that do not fit ends in NumPy's own error. So the function is called in every
other layout, in a process of its own, as foreign code may crash; the nearest that runs is told.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from mlpcli.check.given.call import CALLS
from mlpcli.check.given.caller import Caller
from mlpcli.check.given.returned import apart
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mlpcli.check.case import Case
    from mlpcli.check.given.host import Host
    from mlpcli.check.given.layout import Layout

__all__ = ["fitting_layout", "told_of_other_layouts"]

_TOLD = "add that"  # the end of a message that names options already


@contextmanager
def told_of_other_layouts(
    opened: Callable[[], AbstractContextManager[Host]], case: Case, call: str, layout: Layout
) -> Iterator[None]:
    """Add to a CaseError in the block the options with which the function runs, if there are any.

    `opened` gives the function a new place to run.
    """
    try:
        yield
    except CaseError as error:
        told = any(_TOLD in line for line in error.lines)
        other = None if told else fitting_layout(opened, case, call, layout)
        if other is None:
            raise
        options = layout.options(other)
        line = f"{error.lines[0]}; it runs with {options}: {_TOLD}"
        raise CaseError(line, *error.lines[1:]) from error


def fitting_layout(
    opened: Callable[[], AbstractContextManager[Host]], case: Case, call: str, layout: Layout
) -> Layout | None:
    """Return the layout of the fewest options in which the function returns what may be a gradient.

    Among several it has to come as near to our gradient as any.
    """
    found = [*_fits(opened, case, call, layout)]
    nearest = min((distance for distance, _ in found), default=0.0)
    return next((other for distance, other in found if distance <= 2 * nearest + 1e-6), None)


def _fits(
    opened: Callable[[], AbstractContextManager[Host]], case: Case, call: str, layout: Layout
) -> Iterator[tuple[float, Layout]]:
    with suppress(CaseError), opened() as host:
        for other in layout.others():
            taken = other.of(case)
            with suppress(CaseError):
                host.begin(taken.network.sizes)
                made = Caller(host, CALLS[call], other).made(taken)
                yield apart(made.gradient, taken.gradient()), other
