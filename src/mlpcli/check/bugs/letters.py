"""The formulas in the words of a bug, as they are for one J and in somebody's own layout.

A fix says what is to be computed, so that whoever obeys it is right: delta_L with the factor and
the mean of J, and products as they are where samples are columns, or W_i is n_{i-1} x n_i.
"""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from mlpcli.check.convention import factor_text
from mlpcli.nn.losses.bce import Bce
from mlpcli.nn.losses.mse import Mse
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.nn.objective import Objective

__all__ = ["AS_OURS", "Letters", "Writing", "delta_in_letters", "in_letters", "letters_of"]

_HALVED = 1.0  # abs(factor) of a J of which people take half


@dataclass(frozen=True)
class Writing:
    """Which axes somebody's code has, in the words of a layout, and whether it sees one row."""

    samples: str = "rows"
    weights: str = "out-in"
    one_row: bool = False


AS_OURS = Writing()


@dataclass(frozen=True)
class Letters:
    """What stands for each `$name` in the words of a bug.

    `f` is the letter of the activation, `slope` its derivative, `delta` delta_L as it should be,
    `difference` and `squares` that of a cross-entropy and of a squared error under the same mean
    and factor; `carried` is delta_{i+1} W_{i+1}, `product` dJ/dW_i, `forward` H_i; `outputs` and
    `rows` are the axes over which to sum, `or_half` the option for half of J.
    """

    f: str = "f"
    slope: str = "f'(H_i)"
    delta: str = "that of the loss"
    difference: str = "(Z_L - Y)/N"
    squares: str = "2 (Z_L - Y) * sigma'(H_L)/N"
    carried: str = "(delta_{i+1} W_{i+1})"
    product: str = "delta_i^T Z_{i-1}"
    forward: str = "Z_{i-1} W_i^T + b_i"
    outputs: str = "axis=1, where rows are samples"
    rows: str = "axis=0, where rows are samples"
    or_half: str = ", or check with --factor 1/2"


_USUAL = Letters()
_PRODUCTS = {
    (False, "out-in"): ("(delta_{i+1} W_{i+1})", "delta_i^T Z_{i-1}", "Z_{i-1} W_i^T + b_i"),
    (False, "in-out"): ("(delta_{i+1} W_{i+1}^T)", "Z_{i-1}^T delta_i", "Z_{i-1} W_i + b_i"),
    (True, "out-in"): ("(W_{i+1}^T delta_{i+1})", "delta_i Z_{i-1}^T", "W_i Z_{i-1} + b_i"),
    (True, "in-out"): ("(W_{i+1} delta_{i+1})", "Z_{i-1} delta_i^T", "W_i^T Z_{i-1} + b_i"),
}


def in_letters(text: str, letters: Letters = _USUAL) -> str:
    """Return the words of a bug with these formulas; without any, those of every network."""
    return Template(text).substitute(vars(letters))


def letters_of(case: Case, writing: Writing = AS_OURS, *, output: bool = False) -> Letters:
    """Return the formulas of a case; `output` where only the output layer is spoken of."""
    loss, f, J = case.objective.loss, case.network.activation, case.objective
    columns = writing.samples != "rows"
    carried, product, forward = _PRODUCTS[columns, writing.weights]
    return Letters(
        f=loss.letter if output else f.letter,
        slope=f.written,
        delta=_delta(*loss.written, case, writing),
        difference=_delta(*Bce.written, case, writing),
        squares=_delta(*Mse.written, case, writing),
        carried=carried,
        product=product,
        forward=forward,
        outputs=f"axis={int(not columns)}",
        rows=f"axis={int(columns)}",
        or_half=_or_half(J),
    )


def delta_in_letters(case: Case) -> str:
    """Return delta_L of a case, such as 2 (Z_L - Y)/N."""
    return _delta(*case.objective.loss.written, case, AS_OURS)


def _delta(number: int, rest: str, case: Case, writing: Writing) -> str:
    """Return c omega l'(h, y) over what J averages; of a function that sees one row N is 1."""
    J, outputs = case.objective, case.y.shape[1]
    N, K = (J.divisor(2, 1) != J.divisor(1, 1)), (J.divisor(1, 2) != J.divisor(1, 1))
    below = ["N"] * (N and not writing.one_row) + ["K"] * (K and outputs > 1)
    over = f"({' '.join(below)})" if len(below) > 1 else "".join(below)
    c = {1.0: "", -1.0: "-"}.get(J.factor * number, f"{factor_text(J.factor * number)} ")
    weighed = "" if case.omega is None else "omega * "
    return f"{c}{weighed}{rest}" + (f"/{over}" if over else "")


def _or_half(J: Objective) -> str:
    """Return the option for half of J, unless J is half of something already."""
    half = abs(J.factor) == _HALVED and not J.loss.canonical
    return f", or check with --factor {factor_text(J.factor / 2)}" if half else ""
