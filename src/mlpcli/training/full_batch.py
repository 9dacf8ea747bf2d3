"""Runs the epochs of an optimizer that takes all rows at once: one of its steps is an epoch."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mlpcli.data.rows import pieces
from mlpcli.nn.quasi_newton import Evaluation, QuasiNewton, Trials
from mlpcli.training.divergence import WEIGHTS, diagnose
from mlpcli.training.loop import EpochRecord, Loop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.data.rows import Rows
    from mlpcli.training.loop import Stop

__all__ = ["FullBatch"]


@dataclass
class FullBatch(Loop):
    """A training run by L-BFGS, with the records, positions and ends of any other.

    J and its gradient are those of `Objective`, over all rows, in float64; the network has the
    point that is reached in its own dtype. A run ends before its epochs, which `note` then says,
    where no entry of the gradient is beyond `tolerance`, or where no step lowers J.
    """

    libraries: ClassVar[tuple[str, ...]] = ("scipy",)
    method: QuasiNewton = field(default_factory=QuasiNewton)
    tolerance: float = 0.0
    _trials: Trials = field(init=False, repr=False)
    _broken: NDArray[np.float64] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._trials = Trials(self._evaluate)

    def _epoch(self, stop: Stop, _at_once: int = 0) -> EpochRecord | None:
        """Take a step; None where there is none to take."""
        at, point, started = self.position, self.state["point"], time.perf_counter()
        if not at.epoch:
            point[:] = self.network.theta
        self._broken = None
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found = self._trials(point)
            length = self._step(found)
            if length is None:
                return None
            self.network.theta[:] = point
            loss, metrics = self._validate()
        self.divergence = self._overflow(loss, length)
        if self.divergence is not None:
            self.stopped = "diverged"
            return None
        self._accept(loss)
        at.epoch += 1
        self.signal = self.team.agree(stop(0))
        if self.signal:
            self.stopped = "interrupted"
        return EpochRecord(
            epoch=at.epoch,
            train_loss=found.loss,
            validation_loss=loss,
            metrics=metrics,
            learning_rate=length,
            gradient_norm=self._norms(found.gradient),
            seconds=time.perf_counter() - started,
        )

    def _step(self, found: Evaluation) -> float | None:
        """Return the length of a step that was taken, or else set why there is none."""
        if not math.isfinite(found.value):
            self._diverge(self.state["point"])
            return None
        if np.abs(found.gradient).max() <= self.tolerance:
            self._end(f"no entry of the gradient is beyond {self.tolerance:g}")
            return None
        length = self.method.advance(self.state, self._trials)
        if length is None and self._broken is not None:
            self._diverge(self._broken)
        elif length is None:
            self._end("no step lowers J any further")
        return length

    def _end(self, why: str) -> None:
        self.stopped = "early-stopping"
        self.note = f"lbfgs ended after {self.position.epoch} epochs: {why}"

    def _norms(self, gradient: NDArray[np.float64]) -> tuple[float, ...]:
        layers = self.network.like(gradient).layers
        return tuple(float(np.linalg.norm(layer)) for layer in layers)

    def _evaluate(self, point: NDArray[np.float64]) -> Evaluation:
        """Return J, its gradient and the loss at a point; the team shares the rows."""
        network, count = self.network.with_theta(point), len(self.train)
        data = replace(self.objective, l2=0.0, reduction="sum", factor=1 / count)
        sums, gradients = np.zeros((self.team.size, 2)), np.zeros((self.team.size, point.size))

        def add(member: int) -> None:
            for rows in map(_doubled, pieces(self.train, self.team.share(count, member))):
                forward = network.forward(rows.X)
                omega = self.objective.cell_weights(rows.y, rows.weight)
                losses = self.objective.loss.value(forward.logits, rows.y)
                plain = losses if rows.weight is None else losses * rows.weight[:, None]
                sums[member] += (losses if omega is None else losses * omega).sum(), plain.sum()
                gradients[member] += data.gradient(forward, rows.y, omega).theta

        self.team.run(add)
        sums, gradients = map(np.array, (self.team.gathered([*of]) for of in (sums, gradients)))
        value, loss = (sums.sum(axis=0) / count).tolist()
        total = gradients.sum(axis=0)
        gradient = network.like(total)
        for whole, W in zip(gradient.W, network.W, strict=True):
            np.add(whole, self.objective.penalty_gradient(W), out=whole)
        value += self.objective.penalty(network)
        if not np.isfinite(total).all():
            self._broken = point.copy() if math.isfinite(value) else self._broken
            value = math.inf
        return Evaluation(value if math.isfinite(value) else math.inf, total, loss)

    def _diverge(self, point: NDArray[np.float64]) -> None:
        """Say what is not finite at a point."""
        network, found = self.network.with_theta(point), self._trials(point)
        for rows in map(_doubled, pieces(self.train)):
            h = network.logits(rows.X)
            if not np.isfinite(self.objective.derivative(h, rows.y)).all():
                break
        self.stopped = "diverged"
        self.divergence = diagnose(
            epoch=self.position.epoch + 1,
            batch=1,
            rate=1.0,
            loss=found.loss,
            objective=self.objective,
            norms=self._norms(found.gradient),
            X=rows.X,
            logits=h,
            inputs=self.inputs,
            otherwise=WEIGHTS,
        )


def _doubled(rows: Rows) -> Rows:
    """Return rows in float64."""
    weight = None if rows.weight is None else rows.weight.astype(np.float64)
    return replace(rows, X=rows.X.astype(np.float64), y=rows.y.astype(np.float64), weight=weight)
