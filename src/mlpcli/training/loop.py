"""Runs the epochs: yields one record each, watches every step, and never prints or writes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mlpcli.data.batches import Batch, Rows, batches
from mlpcli.nn.activations import sigmoid
from mlpcli.training.divergence import Divergence, diagnose, scale_or_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Network, Parameters
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.optimizers import Optimizer, State
    from mlpcli.training.schedule import Schedule

__all__ = ["EpochRecord", "Loop", "Position", "Stopped"]

Stopped: TypeAlias = Literal["epochs", "early-stopping", "diverged", "interrupted"]
_EVALUATION_ROWS = 8192  # bounds the memory of a forward pass over held-out rows


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch came to.

    `train_loss` is the mean over the epoch's batches, each before its own update, by the same
    definition as `validation_loss`: without the L2 penalty and class weights. `gradient_norm`
    holds, per layer, the root mean square over batches of the norm of [dJ/dW_i dJ/db_i].
    """

    epoch: int
    train_loss: float
    validation_loss: float | None
    metrics: dict[str, float] | None
    learning_rate: float
    gradient_norm: tuple[float, ...]
    seconds: float


@dataclass
class Position:
    """Where training stands, exact enough to go on from a checkpoint to the same bytes.

    `epoch` epochs are complete; of the next one `batch` batches are done, with `loss_sum` (over
    their rows) and `squares` (per layer, over batches) so far. `shuffle` is the state of the
    random generator at the start of that epoch. Of the best epoch yet the weights are kept.
    """

    shuffle: dict[str, Any]
    squares: FloatArray
    best_theta: FloatArray
    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    best_epoch: int = 0
    best_loss: float = math.inf
    waited: int = 0


@dataclass
class Loop:
    """One training run: `records()` advances it, `position` says how far it got.

    `network` and `state` (of the optimizer) change in place. After the last record `stopped` says
    why, and `divergence` what went wrong if it diverged: a step whose loss or gradient is not
    finite is not taken. `position.best_theta` is finite whatever happens.
    """

    network: Network
    objective: Objective
    optimizer: Optimizer
    state: State
    schedule: Schedule
    train: Rows
    validation: Rows | None
    epochs: int
    batch_size: int
    patience: int | None
    position: Position
    inputs: tuple[str, ...]
    stopped: Stopped | None = None
    divergence: Divergence | None = None
    gradient: Parameters = field(init=False)

    def __post_init__(self) -> None:
        self.gradient = self.network.like(np.empty_like(self.network.theta))

    def records(self, stop: Callable[[int], bool] = lambda _batch: False) -> Iterator[EpochRecord]:
        """Yield a record after each epoch until the run ends.

        `stop` is asked after every batch, with its index; if it returns True the run ends at once
        as "interrupted", at a position from which it can go on exactly.
        """
        at = self.position
        while self.stopped is None:
            if at.epoch >= self.epochs:
                self.stopped = "epochs"
            elif self.patience is not None and at.waited >= self.patience:
                self.stopped = "early-stopping"
            else:
                record = self._epoch(stop)
                if record is not None:
                    yield record

    def _epoch(self, stop: Callable[[int], bool]) -> EpochRecord | None:
        """Run what is left of the next epoch; None where it could not be completed."""
        at, started = self.position, time.perf_counter()
        rate = self.schedule.rate(at.epoch + 1)
        rng = np.random.default_rng()
        rng.bit_generator.state = at.shuffle
        with np.errstate(over="ignore", invalid="ignore"):  # found and named by _step
            for batch in batches(self.train, self.batch_size, rng, skip=at.batch):
                if not self._step(batch, rate):
                    self.stopped = "diverged"
                    return None
                if stop(batch.index):
                    self.stopped = "interrupted"
                    return None
            loss, metrics = self._validate()
        self.divergence = self._overflow(loss, rate)
        if self.divergence is not None:
            self.stopped = "diverged"
            return None
        self._accept(loss)
        record = EpochRecord(
            epoch=at.epoch + 1,
            train_loss=at.loss_sum / len(self.train),
            validation_loss=loss,
            metrics=metrics,
            learning_rate=rate,
            gradient_norm=tuple(np.sqrt(at.squares / at.batch).tolist()),
            seconds=time.perf_counter() - started,
        )
        at.epoch, at.batch, at.loss_sum = at.epoch + 1, 0, 0.0
        at.squares[:] = 0
        at.shuffle = rng.bit_generator.state
        return record

    def _step(self, batch: Batch, rate: float) -> bool:
        """Take one step unless loss or gradient is not finite; return whether it was taken."""
        at, rows, network, gradient = self.position, batch.rows, self.network, self.gradient
        trace = network.forward(rows.X)
        h = trace.logits
        loss = _total(self.objective.loss.value(h, rows.y), rows.weight)
        omega = self.objective.cell_weights(rows.y, rows.weight)
        network.backward(trace, self.objective.delta(h, rows.y, omega), gradient)
        self.objective.add_penalty_gradient(network, gradient)
        squares = _squared_norms(gradient)
        if not (math.isfinite(loss) and np.isfinite(squares).all()):
            self.divergence = diagnose(
                epoch=at.epoch + 1,
                batch=batch.index + 1,
                rate=rate,
                loss=loss,
                loss_form=self.objective.loss,
                norms=np.sqrt(squares).tolist(),
                X=rows.X,
                logits=h,
                inputs=self.inputs,
            )
            return False
        self.optimizer.update(network.theta, gradient.theta, self.state, rate)
        at.batch += 1
        at.loss_sum += loss
        at.squares += squares
        return True

    def _validate(self) -> tuple[float | None, dict[str, float] | None]:
        """Return loss and accuracy on the validation rows, (None, None) without any."""
        rows = self.validation
        if rows is None:
            return None, None
        loss = right = 0.0
        for start in range(0, len(rows), _EVALUATION_ROWS):
            part = rows.take(slice(start, start + _EVALUATION_ROWS))
            h = self.network.logits(part.X)
            loss += _total(self.objective.loss.value(h, part.y), part.weight)
            right += np.count_nonzero((sigmoid(h) >= 0.5) == (part.y >= 0.5))
        total = len(rows) if rows.weight is None else float(rows.weight.sum(dtype=np.float64))
        return loss / total, {"accuracy": right / rows.y.size}

    def _overflow(self, validation_loss: float | None, rate: float) -> Divergence | None:
        """Return what a whole epoch left that is not finite, though each gradient was; or None.

        The last update may have overflowed, and Adam's squares overflow at gradients whose root is
        far from it: such an entry would then stand still for good.
        """
        quantities = {"a weight": self.network.theta}
        quantities |= {f'the optimizer\'s "{name}"': array for name, array in self.state.items()}
        quantities["the validation loss"] = np.array(validation_loss or 0.0)
        for quantity, array in quantities.items():
            if not np.isfinite(array).all():
                cause = scale_or_rate(self.train.X, self.inputs)
                return Divergence(self.position.epoch + 1, None, quantity, None, None, rate, cause)
        return None

    def _accept(self, loss: float | None) -> None:
        """Keep the weights if they are the best yet; without validation rows the last ones are."""
        at = self.position
        improved = loss is None or loss < at.best_loss
        if improved:
            at.best_epoch = at.epoch + 1
            at.best_loss = math.inf if loss is None else loss
            at.best_theta[:] = self.network.theta
        at.waited = 0 if improved else at.waited + 1
        self.schedule.observe(improved=improved)


def _total(losses: FloatArray, weight: FloatArray | None) -> float:
    """Return the weighted sum of losses (N x K)."""
    if weight is not None:
        losses *= weight[:, None]
    return float(losses.sum(dtype=np.float64))


def _squared_norms(gradient: Parameters) -> NDArray[np.float64]:
    """Return per layer the squared norm of [dJ/dW_i dJ/db_i].

    A float32 square overflows long before the gradient does, so that case is taken in float64;
    a float64 gradient beyond 1e154 counts as not finite.
    """
    squares = np.array([float(layer @ layer) for layer in gradient.layers])
    if not np.isfinite(squares).all():
        wide = (layer.astype(np.float64) for layer in gradient.layers)
        squares = np.array([float(layer @ layer) for layer in wide])
    return squares
