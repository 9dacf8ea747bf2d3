"""Takes training steps: gradient of a batch and update, in one thread or shared by a team.

What a step computes is `Objective.gradient` followed by `Optimizer.update`, and the tests hold it
to that; this does it in buffers that are allocated once. A team shares the rows of a batch: each
member runs forward and backward on its part, and the gradients are added in the order of the
members, so that a run can be repeated to the last byte with the same number of threads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses import BCE_FORMS
from mlpcli.nn.workspace import Folded, Workspace, with_ones

if TYPE_CHECKING:
    from mlpcli.data.batches import Rows
    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Network
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.optimizers import Optimizer, State
    from mlpcli.nn.team import Team

__all__ = ["Engine", "Prepared"]

_FEWEST_ROWS = 64  # per member of a team; fewer are not worth waking it


@dataclass(frozen=True)
class Prepared:
    """Rows as steps want them: `X` is [X 1], `factor` (N x K) what each l'(h, y) is multiplied by.

    `labels` are y, or 1 - 2y where the engine is `hard`; `logits` is where H_L of each step goes.
    """

    X: FloatArray
    labels: FloatArray
    factor: FloatArray
    logits: FloatArray


class Engine:
    """The folded parameters of a network in training, and the buffers of its steps.

    `network` itself falls behind while steps are taken; `store` brings it up to date. `state` is
    that of the optimizer, in the order of the folded parameters. `hard` is for labels 0 and 1 under
    the stable derivative: with s = 1 - 2y it is s sigma(s h), one exponential and no cancellation.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        optimizer: Optimizer,
        state: State,
        *,
        batch_size: int,
        hard: bool,
        team: Team,
    ) -> None:
        self.network, self.objective = network, objective
        self.optimizer, self.state, self.team = optimizer, state, team
        self.batch_size = batch_size
        self.hard = hard and objective.loss.form is BCE_FORMS["stable"]
        self.theta = Folded(network)
        members = max(1, min(team.size, batch_size // _FEWEST_ROWS))
        share = -(-batch_size // members)
        alone = min(batch_size, members * _FEWEST_ROWS)  # a last batch too small to be shared
        sizes = [max(share, alone), *[share] * (members - 1)]
        self._spaces = [Workspace(network, self.theta, rows) for rows in sizes]
        self.gradient = self._spaces[0].gradient
        self._layers = [A.reshape(-1) for A in self.gradient.A]
        self._decay = self._penalty()
        dtype = network.theta.dtype
        self._limit = dtype.type(np.floor(-np.log(float(np.finfo(dtype).tiny))))

    def _penalty(self) -> FloatArray | None:
        """Return l2 at every weight and 0 at every bias, None without a penalty."""
        if not self.objective.l2:
            return None
        factors = self.network.like(np.zeros_like(self.network.theta))
        for W in factors.W:
            W[:] = self.objective.l2
        decay = Folded(factors)
        decay.fold(factors)
        return decay.flat

    def load(self) -> None:
        """Take over the weights of the network, after somebody has set them."""
        self.theta.fold(self.network)

    def store(self) -> None:
        """Write the weights as they are now into the network."""
        self.theta.unfold(self.network)

    def prepare(self, rows: Rows) -> Prepared:
        """Return rows of whole batches, the last one of which may be smaller, ready for steps."""
        y, size = rows.y, self.batch_size
        labels = 1 - 2 * y if self.hard else y
        factor = labels.copy() if self.hard else np.ones_like(y)
        omega = self.objective.cell_weights(y, rows.weight)
        if omega is not None:
            factor *= omega
        whole = len(rows) // size * size
        factor[:whole] /= size
        factor[whole:] /= max(1, len(rows) - whole)
        X = with_ones(rows.X, self.network.bias)
        return Prepared(X, labels, factor, np.empty_like(y))

    def compute(self, rows: Prepared, batch: slice) -> None:
        """Write H_L of a batch into `rows.logits`, and dJ/dtheta on it into `gradient`."""
        count, size = len(self._spaces), batch.stop - batch.start
        if count == 1 or size < count * _FEWEST_ROWS:
            self._part(self._spaces[0], rows, batch)
        else:

            def part(member: int) -> None:
                if member < count:
                    start = batch.start + size * member // count
                    stop = batch.start + size * (member + 1) // count
                    self._part(self._spaces[member], rows, slice(start, stop))

            self.team.run(part)
            for space in self._spaces[1:]:
                self.gradient.flat += space.gradient.flat
        if self._decay is not None:
            self.gradient.flat += self.theta.flat * self._decay

    def _part(self, space: Workspace, rows: Prepared, cut: slice) -> None:
        X, labels, logits = rows.X[cut], rows.labels[cut], rows.logits[cut]
        space.forward(X, logits)
        if self.hard:
            delta = np.multiply(logits, labels)
            np.minimum(delta, self._limit, out=delta)
            np.maximum(delta, -self._limit, out=delta)
            np.exp(delta, out=delta)
            delta /= delta + 1
        else:
            delta = self.objective.loss.derivative(logits, labels)
        delta *= rows.factor[cut]
        space.backward(X, delta)

    def squared_norms(self) -> list[float]:
        """Return, per layer, the squared norm of [dJ/dW_i dJ/db_i]; not finite only if it is not.

        A float32 square overflows long before the gradient does: then it is taken in float64.
        """
        squares = [float(layer @ layer) for layer in self._layers]
        if not math.isfinite(sum(squares)):
            wide = (layer.astype(np.float64) for layer in self._layers)
            squares = [float(layer @ layer) for layer in wide]
        return squares

    def update(self, rate: float) -> None:
        """Let the optimizer take its step along `gradient`."""
        theta, gradient = self.theta.flat, self.gradient.flat
        self.optimizer.update(theta, gradient, self.state, rate, self.team)
