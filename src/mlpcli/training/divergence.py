"""Says where and why a step would have made the weights useless."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlpcli.nn.objective import Objective
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["RATE", "WEIGHTS", "Divergence", "diagnose", "scale_or_rate"]

RATE = "the learning rate is too high; set training.optimizer.learning_rate lower"
WEIGHTS = "the weights are too large; set network.init_scale lower"
_LARGE_INPUT = 1e3  # standardised columns stay far below it


@dataclass(frozen=True)
class Divergence:
    """A loss or gradient that is not finite, caught before it reached the weights.

    `epoch` and `layer` count from 1, `batch` (None: after the epoch, on validation rows) too.
    `layer` is the first wrong one counted from the output, the last layer itself where only the
    loss is wrong. `norm` is the norm of its gradient.
    """

    epoch: int
    batch: int | None
    quantity: str
    layer: int | None
    norm: float | None
    rate: float
    cause: str

    def message(self) -> str:
        """Return one line that says it all."""
        where = f"epoch {self.epoch}" + ("" if self.batch is None else f", batch {self.batch}")
        if self.layer is not None:
            where += f", layer {self.layer}, gradient norm {self.norm:.3g}"
        return (
            f"training diverged: {self.quantity} is not finite at {where}, "
            f"learning rate {self.rate:g}: {self.cause}"
        )


def diagnose(
    *,
    epoch: int,
    batch: int,
    rate: float,
    loss: float,
    objective: Objective,
    norms: Sequence[float],
    X: FloatArray,
    logits: FloatArray,
    inputs: Sequence[str],
    otherwise: str = RATE,
) -> Divergence:
    """Return what is known of a step on rows `X` (N x n_0) whose loss or gradient is not finite.

    `norms` are those of the gradient, one per layer; `inputs` the names of the n_0 inputs;
    `otherwise` the cause where neither the form nor an input is to blame.
    """
    wrong = [i for i, norm in enumerate(norms, start=1) if not math.isfinite(norm)]
    layer = wrong[-1] if wrong else len(norms)
    return Divergence(
        epoch=epoch,
        batch=batch,
        quantity="the gradient" if math.isfinite(loss) else "the loss",
        layer=layer,
        norm=norms[layer - 1],
        rate=rate,
        cause=_cause(objective, X, logits, inputs, otherwise),
    )


def _cause(
    objective: Objective, X: FloatArray, logits: FloatArray, inputs: Sequence[str], otherwise: str
) -> str:
    if np.isfinite(logits).all():
        # a form breaks at a logit whose derivative is not finite; labels do not matter for that
        broken = ~np.isfinite(objective.derivative(logits, np.zeros_like(logits)))
        if broken.any():
            row = int(broken.any(axis=1).argmax())  # under a softmax one logit breaks its whole row
            h = float(max(logits[row][broken[row]], key=abs))
            return (f"the {objective.form.name} derivative is 0/0 at the saturated logit {h:.4g}; "
                    "set loss.derivative to stable")  # fmt: skip
    return scale_or_rate([X], inputs, otherwise)


def scale_or_rate(
    pieces: Iterable[FloatArray], inputs: Sequence[str], otherwise: str = RATE
) -> str:
    """Return what is to blame where the arithmetic itself is sound: a large input or `otherwise`.

    `pieces` are the rows (N x n_0), some at a time.
    """
    largest = np.max([np.abs(X).max(axis=0) for X in pieces], axis=0)
    largest[np.isnan(largest)] = np.inf
    column = int(largest.argmax())
    if largest[column] > _LARGE_INPUT:
        return (f'input "{inputs[column]}" is as large as {largest[column]:.3g}; '
                "set data.standardize to true")  # fmt: skip
    return otherwise
