"""Which case of several is shown of a wrong gradient, and which of its bugs the others bear out.

On one case several bugs may come to the same numbers: where there is one output, where the labels
of a row are all alike, by accident. The same code ran on the other cases, so that a bug must be
seen there too. It is contradicted

- by a case that passes, where a mutant of it without a free number would not;
- by a case that fails, where it could be made and seen, and is not named.

What alone explains a case, and is contradicted, is not named where something else does; if nothing
else does, the case that contradicts it is shown. The case of the forms is a witness only where it
names one of the same bugs: far out, where it is, a form may hide all else.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.bugs.search import alone
from mlpcli.check.built_in import FORMS_CASE
from mlpcli.check.explain import explain
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlpcli.check.result import GradcheckResult

__all__ = ["explain_of", "shows"]


def explain_of(
    results: Mapping[str, GradcheckResult], tolerance: float
) -> tuple[str, GradcheckResult]:
    """Return the name of the case to show, and its result with what explains it.

    That is the first that fails, else the first; and another that fails where the others contradict
    what is named on it.
    """
    failing = [name for name, result in results.items() if result.verdict == "fail"]
    first = _explained(results, next(iter(failing or results)), tolerance)
    if len(results) == 1 or not first.bugs or first.result.suggestion:
        return first.name, first.result
    found = [first, *(_explained(results, name, tolerance) for name in failing[1:])]
    passed = [result for result in results.values() if result.verdict == "pass"]
    for one in (each for each in found if each is first or each.name != FORMS_CASE):
        shown = _coherent(one, [each for each in found if each is not one], passed)
        if shown is not None:
            return one.name, shown
    return first.name, first.result


@dataclass(frozen=True)
class _Explained:
    """A case that fails, with its explanation."""

    name: str
    result: GradcheckResult
    tolerance: float

    @cached_property
    def bugs(self) -> frozenset[str]:
        """The known bugs that are named."""
        return frozenset(each.bug for each in self.result.diagnosis if each.bug in BUGS)

    @property
    def complete(self) -> bool:
        """Whether nothing of it is unknown."""
        return all(each.bug != "unknown" for each in self.result.diagnosis)

    @cached_property
    def alone(self) -> frozenset[str]:
        """Those of the bugs that explain every tensor, each of them."""
        check = self.result.check
        given = (self.result.case, self.result.gradient, check.bounds, self.tolerance)
        return alone(*given, doubt=check.doubt)

    def bears_witness(self, other: _Explained) -> bool:
        """Whether a bug named on the other case, and not on this one, is contradicted by that."""
        if self.name != FORMS_CASE:
            return True
        finite = bool(np.isfinite(self.result.gradient.theta).all())
        return finite and self.complete and bool(self.bugs & other.bugs)


def _explained(results: Mapping[str, GradcheckResult], name: str, tolerance: float) -> _Explained:
    others = [(r.case, r.gradient) for other, r in results.items() if other != name]
    return _Explained(name, explain(results[name], tolerance, others), tolerance)


def _coherent(
    one: _Explained, failed: list[_Explained], passed: list[GradcheckResult]
) -> GradcheckResult | None:
    """Return the case without what others contradict, None where that leaves it unexplained."""
    if not one.alone:
        borne = frozenset().union(*(each.bugs for each in failed if each.name != FORMS_CASE))
        return one.result if one.complete or one.bugs <= borne else None
    refuted = frozenset(_contradicted(one, failed, passed))
    if one.alone <= refuted:
        return None
    kept = tuple(each for each in one.result.diagnosis if each.bug not in refuted)
    return replace(one.result, diagnosis=kept)


def _contradicted(
    one: _Explained, failed: list[_Explained], passed: list[GradcheckResult]
) -> Iterator[str]:
    """Yield which of the bugs that explain a case alone another case contradicts."""
    witnesses = [each for each in failed if each.bears_witness(one)]
    for bug in one.alone:
        if any(shows(result, bug, fitted=False) for result in passed) or any(
            bug not in each.bugs and shows(each.result, bug, fitted=True) for each in witnesses
        ):
            yield bug


def shows(result: GradcheckResult, name: str, *, fitted: bool = True) -> bool:
    """Whether a bug can be made on this case, with a number of its own if `fitted`, and be seen."""
    if any(spot.bug == name for spot in result.blind_spots):
        return False
    free, examples = made(scene_of(result.case), BUGS[name])
    return bool(free or (fitted and examples))
