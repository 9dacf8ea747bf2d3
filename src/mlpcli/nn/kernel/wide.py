"""The steps of a wide network: products by the BLAS of NumPy, all that is between by the kernel.

Each member of the team takes a share of the rows of a batch through the network and back, with a
BLAS of one thread; then the gradients are added in the order of the members. Samples are columns.
"""

from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mlpcli.nn.kernel.work import Work, address
from mlpcli.parallel import ALONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.kernel.counterparts import Counterparts
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["WideEngine"]

_PIECE = 131_072  # numbers that are added and squared while they are in the cache
_WORTH_WAKING = 4  # pieces; fewer the calling thread adds and updates by itself


class _Buffers(NamedTuple):
    """Arrays for so many rows: X (rows x n_0), and per layer n_i x rows of Z, f'(H) and dJ/dZ."""

    X: FloatArray
    Z: list[FloatArray]
    S: list[FloatArray]
    E: list[FloatArray]


class _Member:
    """One of the team: its share of a batch, its gradient, and its buffers."""

    def __init__(self, task: Task, kernel: Kernel, codes: Counterparts) -> None:
        network = self.network = task.network
        self.gradient = network.like(np.zeros_like(network.theta))
        self.rows = task.batch_size
        self.work, self.eyes = (
            Work(kernel, network, codes, task.batch_size, looks=looks) for looks in (False, True)
        )
        self.work.train(task)
        for work in (self.work, self.eyes):
            work.make_room((2 * network.sizes[-1] + 5) * self.rows * work.dtype.itemsize)
        self._gather, self._up, self._delta, self._down = (
            self.work.call(name) for name in ("gather", "up", "delta", "down")
        )
        self._buffers: dict[int, _Buffers] = {}

    def _of(self, rows: int) -> _Buffers:
        if rows not in self._buffers:
            sizes, dtype = self.network.sizes, self.network.theta.dtype
            Z, S, E = ([np.empty((n, rows), dtype) for n in sizes[1:]] for _ in range(3))
            self._buffers[rows] = _Buffers(np.empty((rows, sizes[0]), dtype), Z, S, E)
        return self._buffers[rows]

    def _forward(self, X: FloatArray) -> FloatArray:
        """Return H_L, without its bias, for the rows `X`; keep what `backward` needs."""
        at, Z = self._of(len(X)), X.T
        layers = zip(self.network.W, self.network.b, at.Z, at.S, strict=True)
        for i, (W, b, H, S) in enumerate(layers, start=1):
            W.dot(Z, H)
            if i < len(at.Z):
                self._up(self.work.job, *H.shape, self._bias(b), address(H), address(S))
            Z = H
        return Z

    def _bias(self, b: FloatArray) -> int | None:
        return address(b) if self.network.bias else None

    def step(self, share: slice, start: int, batch: int) -> float:
        """Write dJ/dtheta of a share of a batch into `gradient`, and return its losses.

        The batch begins at `start` in the order of the rows.
        """
        first, rows, network = start + share.start, share.stop - share.start, self.network
        at, dW, db = self._of(rows), self.gradient.W, self.gradient.b
        self._gather(self.work.job, first, rows, address(at.X))
        delta = self._forward(at.X)
        bias = self._bias(network.b[-1]), address(delta), self._bias(db[-1])
        loss: float = self._delta(self.work.job, first, rows, batch, *bias)
        for i in range(len(network.W) - 1, 0, -1):
            delta.dot(at.Z[i - 1].T, dW[i])
            E = network.W[i].T.dot(delta, at.E[i - 1])
            self._down(*E.shape, address(E), address(at.S[i - 1]), self._bias(db[i - 1]))
            delta = E
        delta.dot(at.X, dW[0])
        return loss

    def look(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> tuple[float, int]:
        """Return the losses of rows, and how many answers are right."""
        eyes, loss = self.eyes, 0.0
        eyes.use(X, y, weight, None)
        eyes.sums[:] = 0
        bias = self._bias(self.network.b[-1])
        for first in range(0, len(X), self.rows):
            some = X[first : first + self.rows]
            H, rows = self._forward(some), len(some)
            loss += self._delta(eyes.job, first, rows, rows, bias, address(H), None)
        return loss, int(eyes.sums[1])


class WideEngine:
    """The engine whose products are the BLAS's; see `mlpcli.nn.task.Engine`."""

    def __init__(self, task: Task, kernel: Kernel, codes: Counterparts) -> None:
        self.task, self.kernel, self.at_once = task, kernel.identity, task.batch_size
        self.norms: list[float] = []
        members = range(len(task.shares(task.batch_size)))
        self._members = [_Member(task, kernel, codes) for _ in members]
        self._looking = [*self._members]
        self._looking += [_Member(task, kernel, codes) for _ in range(len(members), task.team.size)]
        first, *others = (member.gradient.theta for member in self._members)
        self._gradient = first
        self._others = (ctypes.c_void_p * len(others))(*map(address, others))
        self._pieces = self._cut()
        self._large = len(self._pieces) >= _WORTH_WAKING + 2 * len(task.network.W)
        self._joiners = task.team if self._large else ALONE
        self._join, self._update = (self._members[0].work.call(n) for n in ("join", "update"))

    def _cut(self) -> list[tuple[int, int, int, bool]]:
        """Return the gradient in pieces: layer, from and to where, and whether it is penalised."""
        pieces: list[tuple[int, int, int, bool]] = []
        start = 0
        for i, (W, b) in enumerate(zip(self.task.network.W, self.task.network.b, strict=True)):
            for stop, penalised in ((start + W.size, True), (start + W.size + b.size, False)):
                cuts = range(start, stop, _PIECE)
                pieces += [(i, low, min(low + _PIECE, stop), penalised) for low in cuts]
                start = stop
        return pieces

    def use(self, X: FloatArray, y: FloatArray, weight: FloatArray | None) -> None:
        """See `Engine`."""
        omega = self.task.objective.cell_weights(y, weight)
        for member in self._members:
            member.work.use(X, y, weight, omega)

    def steps(
        self, order: NDArray[np.uint32], rate: float, loss: float, squares: FloatArray
    ) -> tuple[int, float]:
        """See `Engine`."""
        size = self.task.batch_size
        for member in self._members:
            member.work.deal(self.task, order, rate)
        for done, start in enumerate(range(0, len(order), size)):
            added, finite = self._compute(start, min(size, len(order) - start))
            if not (finite and math.isfinite(sum(self.norms))):
                return done, loss
            self._descend()
            squares += self.norms
            loss += added
        return -(-len(order) // size), loss

    def _compute(self, start: int, rows: int) -> tuple[float, bool]:
        """Compute gradient and norms of a batch; return losses, and if logits are finite."""
        shares = self.task.shares(rows)
        losses, members = [0.0] * len(shares), self._members[: len(shares)]

        def work(member: int) -> None:
            if member < len(shares):
                losses[member] = members[member].step(shares[member], start, rows)

        if len(shares) == 1:
            work(0)
        else:
            self.task.team.run(work)
        self._finish(len(shares) - 1)
        return sum(losses), math.isfinite(sum(member.work.norms[-1] for member in members))

    def _finish(self, others: int) -> None:
        """Put the gradient together from the parts of the first member and so many others."""
        sums = [[0.0] * len(self.task.network.W) for _ in range(self._joiners.size)]
        self._joiners.run(lambda member: self._add(member, others, sums[member]))
        self.norms = [sum(parts) for parts in zip(*sums, strict=True)]

    def _add(self, member: int, others: int, squares: list[float]) -> None:
        """Add the gradients of the others and the penalty's, in a share of the pieces."""
        bytes_each, l2 = self._gradient.itemsize, self.task.objective.l2
        theta, g = address(self.task.network.theta) or 0, address(self._gradient) or 0
        for layer, low, high, penalised in self._share(member):
            at = low * bytes_each
            decayed = theta + at if penalised and l2 else None
            squares[layer] += self._join(high - low, g + at, others, self._others, low, decayed, l2)

    def _share(self, member: int) -> list[tuple[int, int, int, bool]]:
        return self._pieces[self._joiners.share(len(self._pieces), member)]

    def _descend(self) -> None:
        """Let the optimizer take its step, the team a share each of large networks."""
        job, g, steps = self._members[0].work.job, address(self._gradient), 0
        if "steps" in self.task.state:
            self.task.state["steps"] += 1
            steps = int(self.task.state["steps"])
        size = self.task.network.theta.size

        def work(member: int) -> None:
            share = self._joiners.share(size, member)
            self._update(job, g, share.start, share.stop, steps)

        self._joiners.run(work)

    def measure(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, member: int = 0
    ) -> tuple[float, int]:
        """See `Engine`."""
        return self._looking[member].look(X, y, weight)
