"""What J a gradient is right for that is wrong for this one: another convention, loss, activation.

Half of all hand-written gradients halve the loss, sum it over the rows or average it over the
outputs too. Such a gradient needs no mending but a word: it is c times ours, with

    c = factor (1 or 1/2) x (N where rows are summed) x (1/K where outputs are averaged),

and c comes out of the last layer's weights by least squares. Every other layer must then agree. A
penalty that nobody told of adds l2 W to every dJ/dW: for each of these c the last layer tells l2.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mlpcli.check.convention import Convention, convention_of, negates
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.rule import judge, overall, summarise
from mlpcli.errors import CaseError
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.verdict.rule import TensorResult, Verdict
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Given", "fitted_penalties", "judged", "right_at_the_output", "suggest"]

_NEAR = 1e-4  # of a fitted c to one that people mean, before all entries are judged
_SAME_LOSS = 1e-4
_DIGITS = 6  # of an l2 that nobody told of
_ALL_DIGITS = 15  # so that 0.7/7 is 0.1


Given: TypeAlias = "tuple[Case, Parameters]"


def suggest(
    case: Case,
    gradient: Parameters,
    tolerance: float,
    *,
    others: Iterable[Given] = (),
    doubt: FloatArray | None = None,
    value: float | None = None,
) -> str | None:
    """Return the options under which the gradient passes, None where there are none.

    They must not make the gradients of `others`, cases under the same convention, wrong. Of several
    the one with fewest options, and with the loss `value` that came with the gradient if that tells
    them apart.
    """
    if not np.isfinite(gradient.theta).all():
        return None
    own = convention_of(case)
    found = []
    for near in _neighbours(own, case):
        for convention in _fitted(near, case, gradient):
            other = convention.applied(case)
            if convention != own and judged(other, gradient, tolerance, doubt) == "pass":
                found.append((convention, other))
    for more, its in others:
        found = [
            (c, other)
            for c, other in found
            if judged(c.applied(more), its, tolerance, None) != "fail"
        ]
    if value is not None:
        told = [(c, other) for c, other in found if _same_value(other, value)]
        found = told or found
    options = [convention.options_from(own) for convention, _ in found]
    best = min(options, key=lambda each: _rank(each, case), default=None)
    return None if best is None else _line(best)


def right_at_the_output(
    case: Case, gradient: Parameters, tolerance: float
) -> tuple[str, Case] | None:
    """Return the options under which the last layer is right, where it is not, and their case.

    The last layer's gradient holds nothing but its inputs and delta_L: where those are right under
    another convention, that is the one meant, and what is wrong is below.
    """
    if not np.isfinite(gradient.theta).all() or _last_is_right(case, gradient, tolerance):
        return None
    own, found = convention_of(case), []
    for near in _neighbours(own, case):
        for convention in _fitted(near, case, gradient):
            other = convention.applied(case)
            if convention != own and _last_is_right(other, gradient, tolerance):
                found.append((convention.options_from(own), other))
    if not found:
        return None
    options, other = min(found, key=lambda each: _rank(each[0], case))
    return _line(options), other


def _last_is_right(case: Case, gradient: Parameters, tolerance: float) -> bool:
    layers = _tensors(case, gradient, tolerance, None)
    return all(each.verdict == "pass" for each in layers if each.layer == len(case.network.W))


def _line(options: dict[str, str]) -> str:
    return " ".join(f"{name} {value}" for name, value in options.items())


def _neighbours(own: Convention, case: Case) -> Iterator[Convention]:
    """Yield each loss, output and activation that this case allows, with c = 1."""
    losses = [*LOSSES.values(), *OTHER_OUTPUTS.values()]
    for loss, name in product(losses, ACTIVATIONS):
        slope = own.slope if name == own.activation else ACTIVATIONS[name]().chosen_slope
        changed = replace(
            own,
            activation=name,
            slope=slope,
            loss=loss.name,
            output=loss.output,
            reduction="mean",
            factor=1.0,
        )
        if not loss.separable and case.y.shape[1] == 1:
            continue
        try:
            changed.applied(case)
        except CaseError:  # labels or weights that this loss does not take
            continue
        yield changed


@np.errstate(all="ignore")  # extreme weights and features: what overflows fits nothing
def _fitted(near: Convention, case: Case, gradient: Parameters) -> list[Convention]:
    """Return the conventions whose c, and penalty, fit the last layer's weights."""
    data = replace(near, l2=0.0).applied(case).gradient().W[-1].ravel()
    given = gradient.W[-1].astype(np.float64).ravel()
    W, found = case.network.W[-1].ravel(), []
    for l2 in {near.l2, 0.0}:
        c = _along(data, given - l2 * W)
        for reduction, factor, usual in _usual(*case.y.shape):
            if abs(c - usual) <= _NEAR * abs(usual):
                found.append(replace(near, reduction=reduction, factor=factor, l2=l2))
    for other, penalty in () if near.l2 else fitted_penalties(near, case, gradient):
        for rows in (1, case.rows):  # people write few digits, of l2 or of what they divide by N
            written = float(f"{penalty * rows:.{_DIGITS}g}") / rows
            found.append(replace(other, l2=float(f"{written:.{_ALL_DIGITS}g}")))
    return found


@np.errstate(all="ignore")
def fitted_penalties(
    near: Convention, case: Case, gradient: Parameters
) -> list[tuple[Convention, float]]:
    """Return each reduction and factor with the l2 > 0 that the last layer's weights then tell."""
    plain = replace(near, reduction="mean", factor=1.0, l2=0.0)
    data = plain.applied(case).gradient().W[-1].ravel()
    given, W = gradient.W[-1].astype(np.float64).ravel(), case.network.W[-1].ravel()
    found = []
    for reduction, factor, c in _usual(*case.y.shape):
        rest = given - c * data
        l2 = _along(W, rest) if W.size > 1 else np.nan
        if 0 < l2 < np.inf and np.abs(rest - l2 * W).max() <= _NEAR * np.abs(rest).max():
            found.append((replace(near, reduction=reduction, factor=factor), l2))
    return found


def _along(direction: FloatArray, vector: FloatArray) -> float:
    """Return c of vector = c direction by least squares, nan where there is no direction."""
    unit = float(np.abs(direction).max(initial=0.0))  # squares of tiny entries would vanish
    scaled = direction / unit
    return float(scaled @ vector / (scaled @ scaled)) / unit if unit else np.nan


def _usual(rows: int, outputs: int) -> Iterator[tuple[str, float, float]]:
    """Yield each convention with its c: the gradient's own direction before that of an update."""
    factors = {"mean": 1.0, "sum": float(rows), "mean_all": 1 / outputs}
    for sign, half in product((1.0, -1.0), (1.0, 0.5)):
        for reduction, c in factors.items():
            yield reduction, sign * half, sign * half * c
        yield "sum", sign * half / outputs, sign * half * rows / outputs


def judged(
    case: Case, gradient: Parameters, tolerance: float, doubt: FloatArray | None = None
) -> Verdict:
    """Return the verdict of the gradient for this case."""
    return overall([each.verdict for each in _tensors(case, gradient, tolerance, doubt)])


def _tensors(
    case: Case, gradient: Parameters, tolerance: float, doubt: FloatArray | None
) -> Sequence[TensorResult]:
    """Judge every tensor for this case by our own gradient, which was proven."""
    numeric = case.gradient().theta
    entries = judge(gradient, numeric, rounding_bounds(case), tolerance, doubt)
    return summarise(gradient, numeric, entries)


def _same_value(case: Case, value: float) -> bool:
    J = case.value()
    return abs(value - J) <= _SAME_LOSS * abs(J)


def _rank(options: dict[str, str], case: Case) -> tuple[int, bool, bool, bool]:
    """Return what is compared: the fewest options, and among equal ones those that people mean."""
    half = options.get("--factor") == "1/2"
    whole = case.objective.loss.canonical
    return (
        len(options),
        negates(_line(options)),
        "--factor" in options and (whole or not half),
        "--reduction" in options and not whole and options["--reduction"] == "mean_all",
    )
