"""The ways in which a function may be called, and which of them it takes: each is tried.

What comes out is looked at. A way is told where the gradient is right, or wrong as is known, so
that whoever adds its options learns more; that a function runs somehow proves nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias, get_args

import numpy as np

from mlpcli.check.bugs.search import diagnose
from mlpcli.check.given.angle import apart
from mlpcli.check.given.call import CALLS
from mlpcli.check.given.caller import Caller
from mlpcli.check.given.layout import Labels, Layout, Samples
from mlpcli.check.given.other_cases import fewer_rows
from mlpcli.check.given.rate import fitted
from mlpcli.check.options import DEFAULTS
from mlpcli.check.suggestion import suggest
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.errors import CaseError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from mlpcli.check.case import Case
    from mlpcli.check.given.caller import Made
    from mlpcli.check.given.host import Host
    from mlpcli.nn.network import Parameters

    Opened: TypeAlias = Callable[..., AbstractContextManager[Host]]
    """Gives the function a new place to run."""

__all__ = ["Way", "fitting_way", "is_told", "right_with", "tried"]

_NEAR = 1e-6
_RIGHT = 1e-4  # of the sine of an angle: a float32 gradient comes so near


@dataclass(frozen=True)
class Way:
    """A call and a layout."""

    call: str
    layout: Layout

    def options(self, call: str, layout: Layout) -> str:
        """Return the options that turn this call and this layout into the way."""
        own = f"--call {self.call} " if self.call != call else ""
        return f"{own}{layout.options(self.layout)}".strip()


def fitting_way(
    opened: Opened,
    case: Case,
    call: str,
    layout: Layout,
    *,
    as_it_is: bool = False,
) -> Way | None:
    """Return the way of the fewest options in which the function is right, or wrong as is known.

    Among several that run it has to come as near to our gradient as any. The way that was
    said is tried too where it has not failed on this case, `as_it_is`. Where it has, and runs all
    the same, it did not fail for the way: others have to get farther, else this one is returned.
    """
    said, right = Way(call, layout), False

    def ways() -> Iterator[Way]:
        yield from [said] if as_it_is else []
        yield from takewhile(lambda _: not right, _ways(call, layout))
        yield from [] if as_it_is else [said]  # at last: it may crash

    found = []
    for distance, way, made in tried(opened, case, ways()):
        found.append((distance, way, made))  # none comes nearer than right, with fewer options
        right = right or (distance <= _NEAR and is_told(made, way.layout.of(case), call))
    if not as_it_is and said in {way for _, way, _ in found}:
        farther = _farther(opened, case, [way for _, way, _ in found])
        if said in farther or not farther:
            return said
        found = [each for each in found if each[1] in farther]
    nearest = min((distance for distance, _, _ in found), default=0.0)
    near = [(way, made) for distance, way, made in found if distance <= 2 * nearest + _NEAR]
    return next((w for w, made in near if is_told(made, w.layout.of(case), call)), None)


def _farther(opened: Opened, case: Case, ways: Iterable[Way]) -> set[Way]:
    """Return the ways in which it runs on fewer rows, too, on which it is called next."""
    return {way for _, way, _ in tried(opened, fewer_rows(case), ways)}


def is_told(made: Made, case: Case, call: str) -> bool:
    """Whether a gradient is right, or right with options, or wrong in a way that has a name."""
    gradient = made.gradient
    if CALLS[call].step:
        gradient = gradient.like(gradient.theta / fitted(made, case.gradient()).value)
    if not gradient.theta.any() or not np.isfinite(gradient.theta).all():
        return False
    if right_with(gradient, case) is not None:
        return True
    bugs = diagnose(case, gradient, rounding_bounds(case), DEFAULTS.tolerance)
    return all(each.bug != "unknown" for each in bugs)


def right_with(gradient: Parameters, case: Case) -> str | None:
    """Return the options of another J under which it is right, none if it is so, None if not."""
    if apart(gradient, case.gradient()) <= _RIGHT:
        return ""
    return suggest(case, gradient, DEFAULTS.tolerance)


def tried(opened: Opened, case: Case, ways: Iterable[Way]) -> Iterator[tuple[float, Way, Made]]:
    """Yield the ways in which the function returns a gradient, how far from ours, and it."""
    with suppress(CaseError), opened() as host:
        for way in ways:
            taken = way.layout.of(case)
            with suppress(CaseError):
                host.begin(taken.network.sizes)
                made = Caller(host, CALLS[way.call], way.layout).made(taken)
                yield apart(made.gradient, taken.gradient()), way, made


def _ways(call: str, layout: Layout) -> Iterator[Way]:
    """Yield all other layouts, then all of them row by row, those of the fewest options first."""
    yield from _sorted([Way(call, other) for other in _laid(layout)], call, layout)[1:]
    if not CALLS[call].rows:
        by_rows = CALLS[call].by_rows
        alone = [replace(layout, samples=samples) for samples in get_args(Samples)]
        every = [Way(by_rows, other) for one in alone for other in _laid(one)]
        yield from _sorted(every, call, layout)


def _laid(layout: Layout) -> Iterator[Layout]:
    """Yield the layout and all others, with labels of either kind."""
    for labels in get_args(Labels):
        one = replace(layout, labels=labels)
        yield from (one, *one.others())


def _sorted(ways: Iterable[Way], call: str, layout: Layout) -> list[Way]:
    return sorted(dict.fromkeys(ways), key=lambda way: way.options(call, layout).count("--"))
