"""Takes training steps: gradient of a batch and update, in one thread or shared by a team.

What a step computes is `Objective.gradient` followed by `Optimizer.update`, and the tests hold it
to that; this does it in buffers that are allocated once. A team shares the rows of a batch: each
member runs forward and backward on its part, and the gradients are added in the order of the
members, so that a run can be repeated to the last byte with the same number of threads.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.optimizers import Descent
from mlpcli.nn.workspace import Folded, Prepared, Workspace
from mlpcli.parallel import ALONE, core_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.nn.network import Network
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.optimizers import Optimizer, State
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.workspace import Batch, Share
    from mlpcli.parallel import Team

__all__ = ["Engine", "thread_count"]

_FEWEST_ROWS = 64  # per member of a team; fewer are not worth waking it
_PIECE = 131_072  # numbers of a gradient that are added and squared while they are in the cache
_FEWEST_PIECES = 4  # for a team to share them
_MOST_THREADS = 8  # by default; parts of a batch for more are too small to be worth a thread
_WORTH_SHARING = 5e6  # multiplications of a layer's product below which threads cost more


def thread_count(asked: int | None, sizes: Sequence[int], rows: int) -> int:
    """Return the number asked for, else 1 for small layers and all available cores for large.

    `rows` is the batch size; sharing out a small matrix product takes longer than computing it.
    """
    if asked is not None:
        return asked
    largest = max(a * b for a, b in pairwise(sizes)) * rows
    if largest < _WORTH_SHARING:
        return 1
    return min(_MOST_THREADS, core_count())


class Engine:
    """The folded parameters of a network in training, and the buffers of its steps.

    `network` itself falls behind while steps are taken; `store` brings it up to date. `state` is
    that of the optimizer, in the order of the folded parameters. Where labels are `hard`, 0 or 1,
    the loss may have a derivative in fewer operations (`Loss.signed`).
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
        self.network, self.objective, self.team = network, objective, team
        self.batch_size = batch_size
        signed = objective.loss.signed if objective.form is objective.loss.truth else None
        self._signed = signed if hard else None
        self.theta = Folded(network)
        members = max(1, min(team.size, batch_size // _FEWEST_ROWS))
        self._gradients = [Folded(network) for _ in range(members)]
        self.gradient = self._gradients[0]
        self._layers = [A.reshape(-1) for A in self.gradient.A]
        self._decay = self._penalty()
        self._plain = members == 1 and self._decay is None
        self._pieces = self._cut()
        self._joiners = team if len(self._pieces) > _FEWEST_PIECES else ALONE
        self._descent = Descent(optimizer, self.theta.flat, self.gradient.flat, state, team)
        self._spaces: dict[tuple[int, int], Workspace] = {}
        self._prepared: dict[int, Prepared] = {}

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

    def _cut(self) -> list[tuple[int, slice]]:
        """Return the gradient in pieces, each with the index of its layer."""
        return [
            (i, slice(start, min(start + _PIECE, first + layer.size)))
            for i, (layer, first) in enumerate(zip(self._layers, self.theta.starts, strict=True))
            for start in range(first, first + layer.size, _PIECE)
        ]

    def load(self) -> None:
        """Take over the weights of the network, after somebody has set them."""
        self.theta.fold(self.network)

    def store(self) -> None:
        """Write the weights as they are now into the network."""
        self.theta.unfold(self.network)

    def prepare(self, X: FloatArray, y: FloatArray, weight: FloatArray | None = None) -> Prepared:
        """Return rows of whole batches, the last one of which may be smaller, ready for steps.

        The buffers are used again by the next rows of the same number.
        """
        prepared = self._prepared.get(len(X)) or self._buffers(len(X))
        labels = y if self._signed is None else 1 - 2 * y
        factor = prepared.scale * (1 if self._signed is None else labels)
        omega = self.objective.cell_weights(y, weight)
        prepared.fill(X, labels, factor if omega is None else factor * omega)
        return prepared

    def _buffers(self, rows: int) -> Prepared:
        sizes, bias = self.network.sizes, self.network.bias
        prepared = Prepared(rows, sizes[0] + bias, sizes[-1], self.network.theta.dtype)
        for start in range(0, rows, self.batch_size):
            batch = slice(start, min(start + self.batch_size, rows))
            prepared.add(batch, self._spaces_for(batch.stop - batch.start))
        self._prepared[rows] = prepared
        return prepared

    def _spaces_for(self, rows: int) -> list[Workspace]:
        """Return a workspace for each member's share of the rows of a batch."""
        count = len(self._gradients)
        if rows < count * _FEWEST_ROWS:
            count = 1
        spaces = []
        for member, gradient in enumerate(self._gradients[:count]):
            key = member, rows * (member + 1) // count - rows * member // count
            if key not in self._spaces:
                self._spaces[key] = Workspace(self.network, self.theta, key[1], gradient)
            spaces.append(self._spaces[key])
        return spaces

    def compute(self, batch: Batch) -> list[float]:
        """Write H_L of a batch into its `logits`, and dJ/dtheta on it into `gradient`.

        Return, per layer, the squared norm of [dJ/dW_i dJ/db_i], which may have overflowed.
        """
        shares = batch.shares
        if len(shares) == 1:
            self._part(shares[0])
        else:
            self.team.run(
                lambda member: self._part(shares[member]) if member < len(shares) else None
            )
        if self._plain:
            return [float(layer.dot(layer)) for layer in self._layers]
        sums = [[0.0] * len(self._layers) for _ in range(self._joiners.size)]
        self._joiners.run(lambda member: self._join(member, len(shares), sums[member]))
        return [sum(parts) for parts in zip(*sums, strict=True)]

    def _part(self, share: Share) -> None:
        _, X, Z, labels, factor, logits, space = share
        space.forward(Z, logits)
        if self._signed is None:
            delta = self._derivative(logits, labels)
            delta *= factor
        else:
            delta = space.delta
            np.multiply(logits, labels, delta)
            self._signed(delta, space.spare)
            np.multiply(delta, factor, delta)
        space.backward(X, delta)

    def _derivative(self, logits: FloatArray, labels: FloatArray) -> FloatArray:
        """Return l' (K x N); a loss that reads whole rows gets them as rows."""
        objective = self.objective
        if objective.loss.separable:
            return objective.derivative(logits, labels)
        return np.ascontiguousarray(objective.derivative(logits.T, labels.T).T)

    def _join(self, member: int, count: int, squares: list[float]) -> None:
        """Add the gradients of the others and the penalty's, in a share of the pieces."""
        gradient, *others = (folded.flat for folded in self._gradients[:count])
        for layer, cut in self._pieces[self._joiners.share(len(self._pieces), member)]:
            g = gradient[cut]
            for other in others:
                np.add(g, other[cut], g)
            if self._decay is not None:
                g += self.theta.flat[cut] * self._decay[cut]
            squares[layer] += float(g.dot(g))

    def squared_norms(self) -> list[float]:
        """Return the squared norms of the layers again, in float64."""
        wide = [layer.astype(np.float64) for layer in self._layers]
        return [float(layer.dot(layer)) for layer in wide]

    def update(self, rate: float) -> None:
        """Let the optimizer take its step along `gradient`."""
        self._descent.step(rate)
