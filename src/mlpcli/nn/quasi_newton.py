"""L-BFGS: steps by the curvature of the last few, each on all rows at once.

Direction and length are SciPy's: its inverse Hessian of limited memory (Nocedal and Wright 2006,
section 7.2) and its line search for the strong Wolfe conditions (algorithm 3.5). All is float64, as
in SciPy. The state is plain arrays, from which a run goes on to the same bytes; SciPy's own loops
show none.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.nn.optimizers import State

__all__ = ["Evaluation", "QuasiNewton", "Trials"]

Point: TypeAlias = NDArray[np.float64]

_SUFFICIENT = 1e-4  # of the fall that the slope promises, as in SciPy
_MOST_HALVINGS = 40


@dataclass(frozen=True)
class Evaluation:
    """What is known of J at a point: its value, its gradient, and the mean loss alone.

    `value` is inf where anything is not finite: no line search takes such a point.
    """

    value: float
    gradient: Point
    loss: float


class Trials:
    """A function of points that knows its last answer: a line search asks for it piece by piece."""

    def __init__(self, function: Callable[[Point], Evaluation]) -> None:
        self._function = function
        self._point = np.empty(0)
        self._last: Evaluation | None = None

    def __call__(self, point: Point) -> Evaluation:
        """Return what is known at a point."""
        if self._last is None or not np.array_equal(point, self._point):
            self._point, self._last = point.copy(), self._function(point)
        return self._last

    def value(self, point: Point) -> float:
        """Return J."""
        return self(point).value

    def gradient(self, point: Point) -> Point:
        """Return the gradient of J."""
        return self(point).gradient


@dataclass(frozen=True)
class QuasiNewton:
    """L-BFGS that remembers so many steps.

    Its state: `point` (P,) in float64, and of the last `kept` steps, the oldest first, by how much
    the point moved (`moves`, memory x P) and by how much the gradient changed (`changes`).
    """

    memory: int = 10

    def init(self, theta: NDArray[np.floating]) -> State:
        """Return the state before the first step."""
        shape = self.memory, theta.size
        return {
            "point": theta.astype(np.float64),
            "moves": np.zeros(shape),
            "changes": np.zeros(shape),
            "kept": np.zeros((), np.int64),
        }

    def advance(self, state: State, trials: Trials) -> float | None:
        """Move `point` to a lower one; return the length of the step, None where none is lower.

        The length is in units of the direction: 1 is the step of the curvature.
        """
        point = state["point"]
        for direction in self._directions(state, trials.gradient(point)):
            length = _length(trials, point, direction, first=not state["kept"])
            if length is not None:
                self._move(state, length * direction, trials)
                return length
        return None

    def _directions(self, state: State, g: Point) -> Iterator[Point]:
        """Yield the direction of the curvature and, if that leads nowhere, the steepest one."""
        kept = int(state["kept"])
        if kept:
            yield _bent(g, state["moves"][:kept], state["changes"][:kept])
            state["kept"][()] = 0
        yield -g

    def _move(self, state: State, move: Point, trials: Trials) -> None:
        """Take a step, and remember it unless the curvature along it is not positive."""
        point, before = state["point"], trials.gradient(state["point"])
        point += move
        change = trials.gradient(point) - before
        if move @ change <= np.finfo(np.float64).eps * (change @ change):
            return
        place = int(state["kept"])
        if place == self.memory:
            place -= 1
            for past in (state["moves"], state["changes"]):
                past[:-1] = past[1:].copy()
        state["moves"][place], state["changes"][place] = move, change
        state["kept"][()] = place + 1


def _bent(g: Point, moves: Point, changes: Point) -> Point:
    """Return -H g, where H starts from gamma I, eq. 7.20; SciPy's starts from I: so gamma goes in.

    H of the pairs (s, y) is gamma times the H from I of the pairs (s/gamma, y).
    """
    from scipy.optimize import LbfgsInvHessProduct

    gamma = (moves[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    direction: Point = -gamma * LbfgsInvHessProduct(moves / gamma, changes).matvec(g)
    return direction


def _length(trials: Trials, point: Point, direction: Point, *, first: bool) -> float | None:
    """Return a step that lowers J as Wolfe's conditions ask, or else by halving; None: none does.

    The conditions cannot be met where a kink of relu lies in between. A first step has length 1 at
    most, since nothing is known of the curvature.
    """
    from scipy.optimize import line_search

    value, g = trials.value(point), trials.gradient(point)
    slope = float(direction @ g)
    if not slope < 0:
        return None
    norm = float(np.linalg.norm(g))
    earlier = value + norm / 2 if first else None  # from which SciPy takes the first guess, 1/norm
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it found none is seen by its answer
        found = line_search(trials.value, trials.gradient, point, direction, g, value, earlier)[0]
    if found is not None and trials.value(point + found * direction) < value:
        return float(found)  # where only rounding is left, SciPy takes a point that is as high
    length = min(1.0, 1 / norm) if first else 1.0
    for _ in range(_MOST_HALVINGS):
        if trials.value(point + length * direction) < value + _SUFFICIENT * length * slope:
            return length
        length /= 2
    return None
