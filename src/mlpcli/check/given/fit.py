"""Which other layout or call a function takes, where it fails in the one that was said.

A product of matrices that do not fit ends in NumPy's own error. So the function is called in every
other layout, and row by row, in a process of its own, as foreign code may crash; the nearest that
runs is told. Nothing is told where a message names the cause: options would only hide the mistake.
The search takes no more than what is left of the time for all calls, and little of it; what the
function prints meanwhile is not shown.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias, get_args

from mlpcli.check.given.call import CALLS
from mlpcli.check.given.caller import Caller
from mlpcli.check.given.host import TIMEOUT, NoGradient
from mlpcli.check.given.layout import Labels, Layout, Samples
from mlpcli.check.given.misfit import WANTED, names_a_cause
from mlpcli.check.given.returned import apart
from mlpcli.errors import CaseError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from mlpcli.check.case import Case
    from mlpcli.check.given.host import Host

    Opened: TypeAlias = Callable[..., AbstractContextManager[Host]]

__all__ = ["Way", "fitting_way", "told_of_other_ways"]

_TOLD = "add that"  # the end of a message that names options already
_SEARCH = 6.0  # seconds at most, a tenth of what all calls may take
_TAKES_FEWER = ("unpack", *WANTED)  # of a function for one layer, on more


@contextmanager
def told_of_other_ways(
    opened: Opened,
    case: Case,
    call: str,
    layout: Layout,
    smaller: Mapping[str, Case],
    *,
    left: Callable[[], float] = lambda: TIMEOUT,
) -> Iterator[None]:
    """Add to a CaseError in the block the options with which the function runs, if there are any.

    `opened` gives the function a new place to run, for `timeout` seconds and `quiet`; `left` says
    how many seconds are left when the block has failed. `smaller` are cases of fewer layers, by
    their sizes as `--network` has them, for a function that is written for so many.
    """
    try:
        yield
    except CaseError as error:
        said_already = any(_TOLD in line or names_a_cause(line) for line in error.lines)
        if said_already or isinstance(error, NoGradient):
            raise
        opened = partial(_for_the_rest, opened, monotonic() + min(left(), _SEARCH))
        way = fitting_way(opened, case, call, layout)
        options = None if way is None else way.options(call, layout)
        said = f"it runs with {options}: {_TOLD}" if options else None
        if options is None:
            said = _of_fewer_layers(opened, call, layout, smaller, error)
        if said is None:
            raise
        raise type(error)(f"{error.lines[0]}; {said}", *error.lines[1:]) from error


def _for_the_rest(opened: Opened, until: float) -> AbstractContextManager[Host]:
    """Open a quiet place for the time that is left. Raises CaseError where none is."""
    timeout = until - monotonic()
    if timeout <= 0:
        raise CaseError("no time is left")
    return opened(timeout=timeout, quiet=True)


def _of_fewer_layers(
    opened: Opened,
    call: str,
    layout: Layout,
    smaller: Mapping[str, Case],
    error: CaseError,
) -> str | None:
    """Return what running on fewer layers says of a function, None where it runs on none.

    A function that is written for so many layers runs on no other number. One that runs on several,
    or on a single layer without saying that it takes one, has its mistake in a line that only more
    layers reach: to check it without them would prove what is wrong.
    """
    ways = {
        sizes: fitting_way(opened, case, call, layout, as_it_is=True)
        for sizes, case in smaller.items()
    }
    run = {sizes: way for sizes, way in ways.items() if way is not None}
    if not run:
        return None
    sizes, way = next(iter(run.items()))
    takes_one = any(word in line for line in error.lines for word in _TAKES_FEWER)
    if len(run) > 1 or (len(smaller[sizes].network.W) == 1 and not takes_one):
        return "it runs with fewer layers: the mistake is in what only more of them reach"
    return f"it runs with {f'--network {sizes} {way.options(call, layout)}'.strip()}: {_TOLD}"


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
    """Return the way of the fewest options in which the function returns what may be a gradient.

    Among several it has to come as near to our gradient as any. The way that was said is tried too
    where it has not failed on this case, `as_it_is`.
    """
    ways = [*([Way(call, layout)] if as_it_is else []), *_ways(call, layout)]
    found = [*_fits(opened, case, ways)]
    nearest = min((distance for distance, _ in found), default=0.0)
    return next((way for distance, way in found if distance <= 2 * nearest + 1e-6), None)


def _fits(opened: Opened, case: Case, ways: Iterable[Way]) -> Iterator[tuple[float, Way]]:
    with suppress(CaseError), opened() as host:
        for way in ways:
            taken = way.layout.of(case)
            with suppress(CaseError):
                host.begin(taken.network.sizes)
                made = Caller(host, CALLS[way.call], way.layout).made(taken)
                yield apart(made.gradient, taken.gradient()), way


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
