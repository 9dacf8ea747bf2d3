"""What somebody's function returned, or their file holds, as a gradient: the one reading that fits.

Where shapes leave several the reading counts that comes near our own gradient or weights and has
no other beside it; else they are refused by their names. One flat vector that is near in no order
is taken as W1, b1, W2, .., row by row.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.check.given.angle import apart
from mlpcli.check.given.candidate import Candidate, Expected
from mlpcli.check.given.host import NoGradient, OtherShapes
from mlpcli.check.given.layout import OURS, Layout
from mlpcli.check.given.misfit import misfit
from mlpcli.check.given.other_layout import other_layout
from mlpcli.check.given.readings import candidates
from mlpcli.check.given.tree import holds_arrays
from mlpcli.errors import CaseError
from mlpcli.nn.network import Parameters
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlpcli.check.case import Case

__all__ = ["Returned", "read"]

Reading: TypeAlias = tuple[Candidate, Parameters]
_AS_NEAR = 2.0  # times the least distance: a wrong gradient may still tell its order


@dataclass(frozen=True)
class Returned:
    """The gradient in our layout, the reading that found it, and what stood beside it, by name.

    `packed` says that it was cut out of one vector. `outgrown` is what a step with the first bias
    would be that has the right numbers and not the right shape: (4,) less (4, 1) is (4, 4). `exact`
    says that every bias has its shape to the letter.
    """

    gradient: Parameters
    reading: str
    beside: Mapping[str, Any]
    packed: bool = False
    outgrown: str | None = None
    exact: bool = True


def read(
    tree: Any,
    case: Case,
    layout: Layout = OURS,
    source: str = "gradient",
) -> Returned:
    """Return what nested dicts, lists and tuples of arrays and numbers say of the case.

    `layout` is that of the arrays, `source` the name that errors begin with. float32 is kept where
    every array has it. Raises CaseError where no reading fits, or two.
    """
    case = layout.of(case)
    expected = Expected(*map(tuple, layout.shapes(case.network)))
    found = [*candidates(tree, expected)]
    readings = _distinct(_fitting(found, expected), case, layout)
    if not readings:
        raise _refusal(tree, found, case, layout, source)
    if len(readings) > 1:
        usual, readings = readings[0], _nearest(readings, case)
        readings = [usual] if all(c.packed for c, _ in readings) and len(readings) > 1 else readings
    if len(readings) > 1:
        one, other = (candidate.reading for candidate, _ in readings[:2])
        raise CaseError(
            f"{source}: can be read as {one} and as {other}, and they differ; "
            "name the arrays in a dict: dW1, db1, .."
        )
    candidate, gradient = readings[0]
    outgrown = next(_outgrown(candidate, expected), None)
    exact = tuple(b.shape for b in candidate.biases) == expected.biases
    return Returned(
        gradient, candidate.reading, candidate.beside, candidate.packed, outgrown, exact
    )


def _refusal(
    tree: Any, found: Sequence[Candidate], case: Case, layout: Layout, source: str
) -> CaseError:
    """Return the error of a tree in which no reading fits."""
    lines = [f"{source}: {line}" for line in misfit(tree, found, case, layout)]
    if not holds_arrays(tree):
        return NoGradient(*lines)
    hint = other_layout(tree, case, layout)
    return CaseError(*lines) if hint is None else OtherShapes(*lines, hint=hint)


def _outgrown(candidate: Candidate, expected: Expected) -> Iterator[str]:
    """Yield what is to be said of biases that would not keep their shape in b_i - eta db_i."""
    pairs = zip(candidate.biases, expected.biases, strict=True)
    for i, (b, want) in enumerate(pairs, start=1):
        after = np.broadcast_shapes(b.shape, want)
        if prod(after) > prod(want):
            yield f"db{i} has shape {b.shape}, b{i} {want}: b{i} - eta db{i} would be {after}"


def _fitting(found: Sequence[Candidate], expected: Expected) -> list[Candidate]:
    """Return the candidates whose shapes fit, to the letter if there are any such."""
    fit = [c for c in found if c.fits(expected)]
    exact = [c for c in fit if tuple(b.shape for b in c.biases) == expected.biases]
    return exact or fit


def _distinct(fit: Sequence[Candidate], case: Case, layout: Layout) -> list[Reading]:
    """Return the readings that differ in their numbers, without the weights that f was given."""
    readings: dict[bytes, Reading] = {}
    for candidate in fit:
        gradient = layout.parameters(candidate.weights, candidate.biases, case.network)
        readings.setdefault(gradient.theta.tobytes(), (candidate, gradient))
    given = case.network.theta.tobytes()
    if len(readings) > 1:
        readings.pop(given, None)
    return [*readings.values()]


def _nearest(readings: list[Reading], case: Case) -> list[Reading]:
    """Return the reading that is near what it may be, and those that come as near."""
    known = (case.gradient(), case.network)
    distances = [min(apart(gradient, one) for one in known) for _, gradient in readings]
    limit = _AS_NEAR * min(distances)
    near = [k for k in np.argsort(distances, kind="stable") if distances[k] <= limit]
    return [readings[k] for k in near]
