"""Makes the calls of one kind, and the gradient of what they return.

A step leaves A = (theta - theta') / eta, which rounding has moved by up to

    S = u (|theta| + |theta'|) / eta + 4 u |A|

with u the unit roundoff of the function: theta is rounded when it is taken over (in float32), and
theta' when it is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.given.host import NoGradient, OtherShapes
from mlpcli.check.given.layout import OURS, Layout
from mlpcli.check.given.returned import Returned, read
from mlpcli.check.given.tree import same
from mlpcli.check.verdict.precision import UNIT_ROUNDOFF, single_precision
from mlpcli.errors import CaseError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.given.call import Call
    from mlpcli.check.given.host import Answer, Host
    from mlpcli.check.given.tree import Tree
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Caller", "Made"]

_LISTS = {"W": "weights", "b": "biases"}
_LARGEST = 2**24  # bytes of gradients that one exchange with another process may bring


@dataclass(frozen=True)
class Made:
    """The gradient made of calls, S over theta (0 but for steps), and the inputs that changed.

    `returned` is what one call returned, None where several were made, or a step. `exact` says that
    every bias of every call had its shape to the letter.
    """

    gradient: Parameters
    doubt: FloatArray
    changed: tuple[str, ...] = ()
    returned: Returned | None = None
    exact: bool = True


@dataclass(frozen=True)
class Caller:
    """Makes the calls of one kind in one layout, and gradients of the answers."""

    host: Host
    call: Call
    layout: Layout = OURS

    def made(self, case: Case, rate: float = 1.0, where: str = "") -> Made:
        """Return the gradient of a case; `rate` is what a step is divided by, and handed to it.

        Raises CaseError where the function fails or returns what is no gradient of the case.
        """
        cases = self.cases(case)
        source = f"{self.host.name}{where}"
        changed: dict[str, None] = {}
        share = cases[0].divisor / case.divisor  # 1/N, or 1 where J is a sum
        total, returned, exact = _Total(case.network, share), None, True
        for case_, answer in self._answers(cases, rate, where):
            changed |= dict.fromkeys(self._changed(case_, answer))
            if self.call.step:
                total.add_step(self._weights_after(answer, case_, source), rate)
            else:
                returned = self._gradient(answer, case_, source, [*changed])
                exact &= returned.exact
                total.add(returned.gradient)
        gradient, doubt = total.result()
        only = returned if len(cases) == 1 else None
        return Made(gradient, doubt, tuple(changed), only, exact)

    def cases(self, case: Case) -> list[Case]:
        """Return what the function is called on, one after the other."""
        return list(_rows(case)) if self.call.rows else [case]

    def _answers(
        self, cases: Sequence[Case], rate: float, where: str
    ) -> Iterator[tuple[Case, Answer]]:
        """Yield the answer to each case, which have the parameters in common."""
        *parameters, _, _ = self.layout.arguments(cases[0])
        together = max(1, _LARGEST // max(1, cases[0].network.theta.nbytes))
        for start in range(0, len(cases), together):
            some = cases[start : start + together]
            samples = [self.layout.arguments(case)[-2:] for case in some]
            answers = self.host.call(tuple(parameters), samples, rate, where)
            yield from zip(some, answers, strict=True)

    def _changed(self, case: Case, answer: Answer) -> Iterator[str]:
        """Yield the names of inputs that a call should not have changed.

        A step changes theta, and still not how many arrays there are.
        """
        if answer.after is None:
            return
        *parameters, X, y = self.layout.arguments(case)
        *after, X_after, y_after = answer.after
        inputs = [("X", X, X_after), ("y", y, y_after)]
        for letter, ours, theirs in zip("Wb", parameters, after, strict=False):
            if len(ours) != len(theirs):
                yield f"{_LISTS[letter]} ({len(ours)} arrays, now {len(theirs)})"
            elif not self.call.step:
                pairs = zip(ours, theirs, strict=True)
                inputs += [(f"{letter}{i}", a, b) for i, (a, b) in enumerate(pairs, 1)]
        yield from (name for name, before, now in inputs if not same(before, now))

    def _gradient(
        self, answer: Answer, case: Case, source: str, changed: Sequence[str]
    ) -> Returned:
        """Return what was returned; where that is nothing and weights moved, say what it may be."""
        try:
            return read(answer.returned, case, self.layout, source)
        except CaseError as error:
            moved = [name for name in changed if name[0] in "Wb"]
            if not moved:
                raise
            hint = f"it changed {', '.join(moved[:4])}: a training step? Then add --call step"
            lines = error.plain if isinstance(error, OtherShapes) else error.lines
            kind = NoGradient if isinstance(error, NoGradient) else CaseError
            raise kind(*(f"{line}; {hint}" for line in lines)) from None

    def _weights_after(self, answer: Answer, case: Case, source: str) -> Parameters:
        """Return theta': what a step returned, or what it left in its arguments.

        Where it did both and they differ, what it returned is something else, such as the gradient.
        """
        left = self._left(answer, case, source)
        try:
            returned = self._parameters(answer.returned, case, source)
        except CaseError:
            if left is None:
                raise
            return left
        return returned if left is None or _agree(left, returned, case) else left

    def _left(self, answer: Answer, case: Case, source: str) -> Parameters | None:
        """Return what the arguments are after a step; None where they are as before, or gone."""
        before = self.layout.arguments(case)[:-2]
        if answer.after is None or same(answer.after[:-2], before):
            return None
        if [*map(len, answer.after[:-2])] != [*map(len, before)][: len(answer.after) - 2]:
            return None
        return self._parameters(answer.after[:-2], case, source)

    def _parameters(self, tree: Tree, case: Case, source: str) -> Parameters:
        return read(tree, case, self.layout, source).gradient


def _rows(case: Case) -> Iterator[Case]:
    """Yield each row as a case of its own."""
    for r in range(case.rows):
        row = slice(r, r + 1)
        omega = None if case.omega is None else case.omega[row]
        yield replace(case, X=case.X[row], y=case.y[row], omega=omega)


def _agree(left: Parameters, returned: Parameters, case: Case) -> bool:
    """Whether every tensor that was changed in place is also what was returned."""
    tensors = zip(left.tensors(), returned.tensors(), case.network.tensors(), strict=True)
    return all(
        np.array_equal(a, b) or np.array_equal(a, own) for (_, a), (_, b), (_, own) in tensors
    )


class _Total:
    """Adds up gradients in float64, and remembers which tensors were float32 in all of them.

    Their sum is rounded to float32 in the end, so that it is still seen to be no more precise.
    """

    def __init__(self, network: Parameters, share: float) -> None:
        self._theta = network.theta
        self._like = network.like
        self._share = share
        self._sum = np.zeros_like(network.theta)
        self._doubt = np.zeros_like(network.theta)
        self._fits = np.ones(network.theta.size, np.bool_)
        self._tells = np.zeros(network.theta.size, np.bool_)

    def add(self, gradient: Parameters) -> None:
        self._note(gradient)
        self._sum += gradient.theta

    @np.errstate(all="ignore")  # steps that overflow are judged, not hidden
    def add_step(self, after: Parameters, rate: float) -> None:
        single = self._note(after)
        theta = after.theta.astype(np.float64)
        A = (self._theta - theta) / rate
        u = np.where(single, UNIT_ROUNDOFF[True], UNIT_ROUNDOFF[False])
        self._sum += A
        self._doubt += u * ((np.abs(self._theta) + np.abs(theta)) / abs(rate) + 4 * np.abs(A))

    def _note(self, parameters: Parameters) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        theta, single = parameters.theta, single_precision(parameters)
        with np.errstate(all="ignore"):
            self._fits &= (theta == theta.astype(np.float32)) | ~np.isfinite(theta)
        self._tells |= single
        return single

    def result(self) -> tuple[Parameters, FloatArray]:
        total = self._sum * self._share
        fits = self._like(self._fits)  # type: ignore[arg-type]  # only its shapes are asked for
        for _, tensor in fits.tensors():
            tensor[...] = tensor.all()
        single = self._fits & self._tells
        with np.errstate(all="ignore"):
            total = np.where(single, total.astype(np.float32), total)
        theta = total.astype(np.float32) if single.all() else total
        doubt = np.where(np.isfinite(total), self._doubt, 0)  # no rounding excuses nan and inf
        return self._like(theta), doubt * self._share
