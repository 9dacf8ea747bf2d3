"""What a function that fails is told: the options with which it is right, or what they would hide.

A product of matrices that do not fit ends in NumPy's own error. So the function is called in every
other layout, and row by row, in a process of its own, as foreign code may crash (`way.py`). Where a
message names the cause options would only hide the mistake, and so they would where labels (N,)
meet outputs (N, 1), which one row at a time does not show. The search takes no more than what is
left of the time for all calls, and little of it; what the function prints meanwhile is not shown.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, get_args

from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.given.absent import WANTED
from mlpcli.check.given.call import CALLS
from mlpcli.check.given.host import TIMEOUT, NoAnswer, NoGradient, OtherShapes
from mlpcli.check.given.layout import Weights
from mlpcli.check.given.misfit import TRANSPOSED, names_a_cause
from mlpcli.check.given.way import Way, fitting_way, is_told, right_with, tried
from mlpcli.errors import CaseError
from mlpcli.records import dataclass
from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from mlpcli.check.case import Case
    from mlpcli.check.given.host import Host
    from mlpcli.check.given.layout import Layout
    from mlpcli.check.given.way import Opened

__all__ = ["told_of_other_ways"]

_SEARCH = 6.0  # seconds at most, a tenth of what all calls may take
_TAKES_FEWER = ("unpack", "'list' object", "inhomogeneous", "takes no biases", *WANTED)
"""What is said of a function for one layer, or for one array, on more."""


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
    """Add to a CaseError in the block the options with which the function is right, if there are.

    `opened` gives the function a new place to run, for `timeout` seconds and `quiet`; `left` says
    how many seconds are left when the block has failed. `smaller` are cases of fewer layers, by
    their sizes as `--network` has them, for a function that is written for so many.
    """
    try:
        yield
    except NoGradient:
        raise
    except CaseError as error:
        again = partial(_for_the_rest, opened, monotonic() + min(left(), _SEARCH))
        lines = error.plain if isinstance(error, OtherShapes) else error.lines
        said = _Failed(again, case, call, layout, tuple(lines)).said(smaller)
        told = [f"{lines[0]}; {said}" if said else lines[0], *lines[1:]]
        if told == [*error.lines]:
            raise
        kind = NoAnswer if isinstance(error, NoAnswer) else CaseError
        raise kind(*told) from error


def _for_the_rest(opened: Opened, until: float) -> AbstractContextManager[Host]:
    """Open a quiet place for the time that is left. Raises CaseError where none is."""
    timeout = until - monotonic()
    if timeout <= 0:
        raise CaseError("no time is left")
    return opened(timeout=timeout, quiet=True)


@dataclass(frozen=True)
class _Failed:
    """A function that failed on a case, called so, and the `lines` that said how."""

    opened: Opened
    case: Case
    call: str
    layout: Layout
    lines: tuple[str, ...]

    def said(self, smaller: Mapping[str, Case]) -> str | None:
        """Return what is to be said besides, None where that is nothing."""
        crossing = self._crossing()
        if crossing is not None:
            return crossing
        if any(map(names_a_cause, self.lines)):
            return self._turned() or self._by_rows()
        way = fitting_way(self.opened, self.case, self.call, self.layout)
        if way == Way(self.call, self.layout):
            return None  # it is not for them that it failed
        return self._of_fewer_layers(smaller) if way is None else self._runs_with(way)

    def _runs_with(self, way: Way, network: str = "") -> str:
        options = f"{network} {way.options(self.call, self.layout)}".strip()
        return f"it runs with {options}: add that"

    def _crossing(self) -> str | None:
        """Return that labels meet outputs in all pairs, where they do."""
        case = self.case
        if CALLS[self.call].rows or case.rows == 1 or case.y.shape[1] > 1:
            return None
        with suppress(CaseError), self.opened() as host:
            host.begin(case.network.sizes)
            *parameters, X, y = self.layout.arguments(case)
            met = host.crossing(tuple(parameters), (X, y))
            if met is not None:
                bug = BUGS["y-broadcast"]
                shapes = printable(" with ".join(map(str, met)))
                return f"{bug.name}, {shapes}: {bug.explanation}. Fix: {bug.fix}"
        return None

    def _turned(self) -> str | None:
        """Return the option under which transposed matrices are right, if the weights are so, too.

        Square ones alone let the function run.
        """
        if not any(TRANSPOSED in line for line in self.lines):
            return None
        turned = next(w for w in get_args(Weights) if w != self.layout.weights)
        way = Way(self.call, replace(self.layout, weights=turned))
        for _, _, made in tried(self.opened, self.case, [way]):
            if is_told(made, self.case, self.call):
                return f"or, if W_i is so too, {self._runs_with(way)}"
        return None

    def _by_rows(self) -> str | None:
        """Return that a function is right for one row at a time, if all shapes are as they should.

        A bias that is merely not summed over rows has another shape, even of a single row.
        """
        if CALLS[self.call].rows or CALLS[self.call].step:
            return None
        way = Way(CALLS[self.call].by_rows, self.layout)
        for _, _, made in tried(self.opened, self.case, [way]):
            more = right_with(made.gradient, self.case)
            if made.exact and more is not None:
                options = f"{way.options(self.call, self.layout)} {more}".strip()
                return f"or it is written for one row at a time: it is right with {options}"
        return None

    def _of_fewer_layers(self, smaller: Mapping[str, Case]) -> str | None:
        """Return what running on fewer layers says of a function, None where it runs on none.

        A function that is written for so many layers runs on no other number. One that runs on
        several, or on a single layer without saying that it takes one, has its mistake in a line
        that only more layers reach: to check it without them would prove what is wrong.
        """
        ways = {
            sizes: fitting_way(self.opened, case, self.call, self.layout, as_it_is=True)
            for sizes, case in smaller.items()
        }
        run = {sizes: way for sizes, way in ways.items() if way is not None}
        if not run:
            return None
        sizes, way = next(iter(run.items()))
        takes_one = any(word in line for line in self.lines for word in _TAKES_FEWER)
        if len(run) > 1 or (len(smaller[sizes].network.W) == 1 and not takes_one):
            return "it runs with fewer layers: the mistake is in what only more of them reach"
        return self._runs_with(way, f"--network {sizes}")
