"""Cases that need no data: small, biases not 0, and together blind to none of the known bugs.

One case cannot do: a mean over outputs takes three outputs to show, a label broadcast over rows one
output. So there are several. C (3-4-5-1; 3-4-5-3 for softmax) has a shape of its own in every
tensor, which betrays a layout, and comes first. In A (3-3-3-3, 7 rows) all are square, so that what
is transposed, reversed or taken of another layer fits. B (2-3-1) has logits up to 38 on the wrong
side, one between every two powers of ten that an epsilon may be, for the losses that people clip.
Numbers of A and C have two decimals. With a seed, other numbers are drawn for the same shapes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.blind_spots import blind_spots
from mlpcli.check.case import case_from
from mlpcli.check.given.layout import has_one_label
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.errors import UsageError
from mlpcli.nn.losses import loss_by
from mlpcli.nn.network import Network
from mlpcli.seeds import Stream, generator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from mlpcli.check.case import Case
    from mlpcli.check.convention import Convention
    from mlpcli.check.given.layout import Layout
    from mlpcli.nn.losses import Loss
    from mlpcli.nn.sigmoid import FloatArray

__all__ = [
    "FORMS_CASE",
    "built_in_cases",
    "drawn_case",
    "labelled_for",
    "smaller_cases",
    "with_fresh_biases",
]

FORMS_CASE = "B"
ROWS = 7
_SHOWN = 1e-3
_MOST_DRAWS = 100
_FORMS_WEIGHTS = np.array([[0.9, -0.4], [-0.7, 0.6], [0.3, 0.8]]), np.array([0.2, -0.3, 0.4])
_FORMS_OUTPUT = np.array([[55.0, -60.0, 12.0], [-52.0, 41.0, 9.0], [14.0, 17.0, -58.0]])
_MARGINS = [*(-np.log(10.0) * np.arange(6.5, 16)), -38.0, -38.0]  # of the label's logit
_USUAL_MARGINS = [2.0, -1.0, 0.5, 1.5, -2.5, 0.3, -0.4]


def built_in_cases(convention: Convention, seed: int | None = None) -> dict[str, Case]:
    """Return the cases by name, under this convention; drawn ones with a seed.

    Raises CaseError where there is no such loss or activation.
    """
    loss = loss_by(convention.loss, convention.output)
    cases = {name: convention.applied(case) for name, case in _written(loss).items()}
    if seed is not None:
        rng = np.random.default_rng(seed)
        cases = {name: _alike(case, convention, rng) for name, case in cases.items()}
    if len(loss.forms) > 1:
        cases[FORMS_CASE] = _of_forms(convention, loss)
    return cases


def drawn_case(
    sizes: Sequence[int], convention: Convention, rows: int = ROWS, seed: int = 0
) -> Case:
    """Return a case of these sizes n_0 .. n_L: rows, labels, weights and biases are drawn.

    Raises UsageError for sizes that are no network of this loss.
    """
    loss = loss_by(convention.loss, convention.output)
    if not loss.separable and sizes[-1] == 1:
        raise UsageError(f"--network: {loss.name} wants 2 outputs or more, got 1")
    return convention.applied(_drawn(sizes, loss, rows, np.random.default_rng(seed)))


def smaller_cases(convention: Convention) -> dict[str, Case]:
    """Return drawn cases of two layers and of one, by their sizes as in 3-4-1."""
    outputs = 1 if loss_by(convention.loss, convention.output).separable else 3
    return {
        "-".join(map(str, sizes)): drawn_case(sizes, convention)
        for sizes in ((3, 4, outputs), (3, outputs))
    }


def _alike(case: Case, convention: Convention, rng: np.random.Generator) -> Case:
    """Return a drawn case of the same shapes that shows every bug that this one shows."""
    known, loss = _hidden_bugs(case), case.objective.loss
    for _ in range(_MOST_DRAWS):
        drawn = convention.applied(_drawn(case.network.sizes, loss, case.rows, rng))
        if _hidden_bugs(drawn) <= known:
            break
    return drawn


def _hidden_bugs(case: Case) -> set[str]:
    """Return the bugs of which some mutant is not farther from right than _SHOWN."""
    gradient, bounds = case.gradient().theta, rounding_bounds(case)
    return {spot.bug for spot in blind_spots(case, gradient, bounds, _SHOWN)}


def with_fresh_biases(case: Case, seed: int) -> Case:
    """Return the case with biases that are not 0: uniform in +-[0.1, 0.5], by their own stream.

    Where they are 0, as training starts, a forward pass that subtracts, doubles or forgets them is
    not seen.
    """
    network, rng = (
        case.network.with_theta(case.network.theta.copy()),
        generator(seed, Stream.BIASES),
    )
    for b in network.b:
        b[:] = _away_from_0(rng, b.size)
    return replace(case, network=network)


def labelled_for(layout: Layout, cases: Mapping[str, Case]) -> dict[str, Case]:
    """Return the cases with one label in every row where the layout has labels by number."""
    if layout.labels == "columns":
        return dict(cases)
    return {name: _with_one_label(case) for name, case in cases.items()}


def _with_one_label(case: Case) -> Case:
    """Return the case with labels 0, 1, .. in turn where it has several in a row, or numbers."""
    if has_one_label(case.y):
        return case
    outputs = case.network.sizes[-1]
    labels = np.random.default_rng(0).permutation(np.arange(case.rows) % max(2, outputs))
    return replace(case, y=labels[:, None] * 1.0 if outputs == 1 else np.eye(outputs)[labels])


def _away_from_0(rng: np.random.Generator, count: int) -> FloatArray:
    numbers: FloatArray = rng.uniform(0.1, 0.5, count) * rng.choice([-1.0, 1.0], count)
    return numbers


def _written(loss: Loss) -> dict[str, Case]:
    """Return the cases whose numbers are kept beside this file, C first."""
    known = json.loads((files("mlpcli.check") / "built_in.json").read_text("utf-8"))
    return {
        name[0]: _case(made["W"], made["b"], made["X"], made["y"][loss.output], loss)
        for name, made in known.items()
        if loss.output in made["y"]
    }


def _case(
    W: Sequence[ArrayLike], b: Sequence[ArrayLike], X: ArrayLike, y: ArrayLike, loss: Loss
) -> Case:
    sizes = [np.shape(W[0])[1], *(np.size(one) for one in b)]
    network = Network(sizes, True, np.empty(Network.count(sizes, True)))
    for place, array in zip([*network.W, *network.b], [*W, *b], strict=True):
        place[:] = array
    return case_from(network, X, y, loss=loss.name, output=loss.output)


def _drawn(sizes: Sequence[int], loss: Loss, rows: int, rng: np.random.Generator) -> Case:
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    W = [rng.normal(0, 1.5 / np.sqrt(n), (m, n)) for m, n in shapes]
    b = [_away_from_0(rng, m) for m, _ in shapes]
    X = rng.normal(size=(rows, sizes[0]))
    return _case(W, b, X, loss.drawn_labels(rng, rows, sizes[-1]), loss)


def _of_forms(convention: Convention, loss: Loss) -> Case:
    """Return the case B: rows are moved along a line until the label's margin is as it should be.

    The margin is the label's logit less lse of the others (of one output: of 0).
    """
    outputs = 1 if loss.separable else 3
    W, b = _FORMS_OUTPUT[:outputs], np.array([-4.0, 2.0, 1.0])[:outputs]
    margins = np.array([*_MARGINS, *_USUAL_MARGINS])
    turn = np.arange(len(margins))
    labels = np.where(margins > 0, turn % 2, turn % max(2, outputs))  # which all are on the line
    y = labels[:, None] * 1.0 if outputs == 1 else np.eye(outputs)[labels]
    W1, b1 = _FORMS_WEIGHTS
    blank = _case([W1, W], [b1, b], np.zeros((len(y), 2)), y, loss)
    network = convention.applied(blank).network
    X = np.array([_placed(network, *each) for each in zip(labels, margins, strict=True)])
    return convention.applied(_case([W1, W], [b1, b], X, y, loss))


def _placed(network: Network, label: int, margin: float) -> FloatArray:
    """Return the point (2,) nearest to the middle of a line at which the margin is reached."""
    t = np.linspace(-6, 6, 4001)
    aside = 0.05 * (label + margin)
    points = np.column_stack([t, aside - t])
    h = network.logits(points)
    if h.shape[1] == 1:
        h = np.hstack([np.zeros_like(h), h])
    others = np.delete(h, label, axis=1)
    apart = h[:, label] - np.logaddexp.reduce(others, axis=1) - margin
    crossings = np.flatnonzero(np.sign(apart[:-1]) != np.sign(apart[1:]))
    if not crossings.size:
        raise AssertionError("no such logit on the line")
    k = crossings[np.argmin(np.abs(t[crossings]))]
    share = apart[k] / (apart[k] - apart[k + 1])
    place: FloatArray = np.round(points[k] + share * (points[k + 1] - points[k]), 4)
    return place
