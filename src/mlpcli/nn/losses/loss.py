"""What a loss is: a function of the logit and the label, and all that the program asks of it.

Everything takes the logits h and labels y of the same shape, and answers with one value per
element, in their dtype: nothing is summed, averaged or weighted here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np

from mlpcli.nn.sigmoid import FloatArray, probability, sigmoid
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.nn.cubic import Cubic
    from mlpcli.nn.sigmoid import Numbers

__all__ = ["Change", "Curve", "Form", "Loss", "Start", "residual", "weighted_sum"]

Elementwise: TypeAlias = Callable[[FloatArray, FloatArray, float], FloatArray]


@dataclass(frozen=True)
class Form:
    """A loss and its derivative with respect to the logit, both functions of (h, y, epsilon)."""

    name: str
    value: Elementwise
    derivative: Elementwise


class Change(Protocol):
    """The change of sum omega l over some rows, for a batch of probes, subtracting no losses."""

    def between(self, half: FloatArray, outputs: slice, rows: slice) -> FloatArray:
        """Return the sum over outputs and rows of omega (l(h + D+) - l(h + D-)), one per probe.

        `half` (outputs, 2, probes, rows) holds D/2 for D+ and D-, which have opposite signs.
        """


class Curve(Protocol):
    """The same for changes of the logits so small that a cubic says all of them."""

    def along(self, half: Cubic, rows: slice) -> Cubic:
        """Return the sum of omega (l(h + D) - l(h)), (U, rows), for D/2 (n_L, U, rows)."""


@dataclass(frozen=True)
class SeparateCurve:
    """Arrays n_L x N: what D/2, its square and its cube count, each output by itself."""

    terms: tuple[FloatArray, ...]

    def along(self, half: Cubic, rows: slice) -> Cubic:
        """See `Curve`."""
        a, b, c = (term[:, None, rows] for term in self.terms)
        return half.through(a, b, c).summed()


class Start(NamedTuple):
    """Where the bounds of backprop start: arrays N x n_L of the letters of `check/verdict/bounds`.

    `m` bounds abs(delta_L), `r` its error in units of u, `cancelled` what a textbook adds to r.
    """

    m: FloatArray
    r: FloatArray
    cancelled: FloatArray


class Loss(ABC):
    """A loss of the logits, with the output that belongs to it.

    `forms` are the ways in use to compute it and its derivative, of which `truth` is right
    everywhere; `wild` are others that are met in code, `libraries` those of known libraries by
    their names. `output` names what makes z_L of the logits; it is `separable` where each output
    reads its own logit only. The loss is
    `canonical` where delta_L is (Z_L - Y)/N: the output is the inverse of the loss's own link.
    It is `called` so in words, if not by its name, and `letters` is l(z, y);
    `written` is l'(h, y) in letters, a number times the rest, `letter` what people call the
    function of an output, `closed` what is to be said of (Z_L - Y)^T Z_{L-1}/N;
    `in_numpy` is the code that returns z_L of h, outputs on {axis}, and that of dl/dh by z and y.
    """

    name: ClassVar[str]
    called: ClassVar[str] = ""
    letters: ClassVar[str] = "l(h, y)"
    forms: ClassVar[Mapping[str, Form]]
    truth: ClassVar[Form]
    canonical: ClassVar[bool]
    written: ClassVar[tuple[int, str]] = (1, "(Z_L - Y)")
    letter: ClassVar[str] = "sigma"
    in_numpy: ClassVar[tuple[str, str] | None] = None
    closed: ClassVar[str] = "is right at the last layer only"
    output: ClassVar[str] = "sigmoid"
    separable: ClassVar[bool] = True
    wild: ClassVar[Mapping[str, Form]] = MappingProxyType({})
    libraries: ClassVar[Mapping[str, Form]] = MappingProxyType({})

    def form(self, name: str) -> Form:
        """Return the form of this name; where there is only one, that one."""
        return self.forms[name] if len(self.forms) > 1 else self.truth

    def value(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return l(h, y), finite for every finite logit whatever form the derivative has."""
        return self.truth.value(h, y, 0.0)

    def predict(self, h: FloatArray) -> FloatArray:
        """Return z_L, what the network says: here the probabilities sigma(h)."""
        return sigmoid(h)

    def textbook_p(self, h: FloatArray) -> FloatArray:
        """Return the probabilities as people write them, here 1/(1 + exp(-h))."""
        return probability(h)

    def rank(self, h: FloatArray) -> FloatArray:
        """Return what orders rows by an output (N x K) as z_L does, without its ties near 1."""
        return h

    def link(self, p: FloatArray) -> FloatArray:
        """Return logits (K,) that stand for probabilities, held finite where p is 0 or 1."""
        with np.errstate(divide="ignore"):
            h: FloatArray = np.clip(np.log(p) - np.log1p(-p), -700, 700)
        return h

    def output_slope(self, h: FloatArray) -> FloatArray:
        """Return dz_L/dh of each output by its own logit."""
        return sigmoid(h) * sigmoid(-h)

    def residual(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return z_L - y without its cancellation."""
        return residual(h, y)

    def labels_at_fault(self, y: FloatArray) -> str | None:
        """Return what is wrong with labels (N x K), None where nothing is."""
        if y.min() < 0 or y.max() > 1:
            return f"expected labels from 0 to 1, got {y.min()} to {y.max()}"
        return None

    def drawn_labels(self, rng: np.random.Generator, rows: int, outputs: int) -> FloatArray:
        """Return labels (rows x outputs) as this loss has them: here 0 and 1, both in each column.

        Of one row each is what it happens to be.
        """
        y = rng.integers(0, 2, (rows, outputs)).astype(np.float64)
        y[0] = 1 - y[-1] if rows > 1 else y[0]
        return y

    def class_omega(self, class_weight: FloatArray, y: FloatArray) -> FloatArray:
        """Return the weight of each cell (N x K); `class_weight` (2 x K) is of label 0 and label 1.

        A label between 0 and 1 gets the weight between the two in proportion. Where the outputs
        are labels of which a row has one, `class_weight` (K,) is by label, and of rows (N x 1).
        """
        if class_weight.ndim == 1:
            omega: FloatArray = (y * class_weight.astype(y.dtype)).sum(axis=1, keepdims=True)
            return omega
        zero, one = class_weight.astype(y.dtype)
        cells: FloatArray = zero + (one - zero) * y
        return cells

    def with_output_slope(
        self, h: FloatArray, y: FloatArray, slope: FloatArray
    ) -> FloatArray | None:
        """Return l'(h, y) with this for the output's slope, None where it has no such factor."""
        del h, y, slope
        return None

    def by_output(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return dl/dz_L, the derivative by what the network says instead of by the logit."""
        return self.truth.derivative(h, y, 0.0) / self.output_slope(h)

    @abstractmethod
    def value_of_any(self, h: Numbers, y: FloatArray) -> Numbers:
        """Return l(h, y) of real or complex logits."""

    @abstractmethod
    def textbook(self, h: FloatArray, y: FloatArray) -> FloatArray:
        """Return the derivative as people write it, by subtraction of z and y."""

    @abstractmethod
    def change(self, h: FloatArray, y: FloatArray, omega: FloatArray) -> Change:
        """Return how the loss changes around h, for changes of any size."""

    def taylor(self, h: FloatArray, y: FloatArray) -> tuple[FloatArray, ...] | None:
        """Return l', l''/2 and l'''/6 by the logit; None where nobody wrote them down."""
        del h, y
        return None

    def curve(self, h: FloatArray, y: FloatArray, omega: FloatArray) -> Curve | None:
        """Return how the loss changes where no abs(D) exceeds 2^-26, which takes less time.

        None leaves it to `change`.
        """
        terms = self.taylor(h, y)
        if terms is None:
            return None
        weighted = (2.0**k * omega * term for k, term in enumerate(terms, 1))  # D is twice D/2
        return SeparateCurve(tuple(np.ascontiguousarray(term.T) for term in weighted))

    @abstractmethod
    def start(
        self, h: FloatArray, y: FloatArray, omega: FloatArray, e: FloatArray, c: float
    ) -> Start:
        """Return the bounds of delta_L = omega l'(h, y), with 1/N in omega.

        `e` is the error of h in units of u, `c` counts the roundings of a product.
        """


def residual(h: FloatArray, y: FloatArray) -> FloatArray:
    """Return sigma(h) - y without its cancellation: (1-y) sigma(h) - y sigma(-h)."""
    difference: FloatArray = (1 - y) * sigmoid(h) - y * sigmoid(-h)
    return difference


def weighted_sum(x: FloatArray, weight: FloatArray) -> FloatArray:
    """Sum x (outputs, probes, rows) times weight (outputs, rows) over outputs and rows."""
    summed: FloatArray = np.matmul(x, weight[:, :, None])[:, :, 0].sum(axis=0)
    return summed
