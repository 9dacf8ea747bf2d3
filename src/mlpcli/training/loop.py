"""Runs the epochs: yields one record each, watches every step, and never prints or writes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.data.rows import AnyRows, Block, Rows, blocks, pieces
from mlpcli.nn.sigmoid import sigmoid
from mlpcli.nn.step import Engine
from mlpcli.parallel import ALONE, Team
from mlpcli.training.divergence import Divergence, diagnose, scale_or_rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.nn.network import Network
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.optimizers import Optimizer, State
    from mlpcli.nn.schedule import Schedule
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["EpochRecord", "Loop", "Position", "Stopped", "each_output", "likeliest"]

Stop: TypeAlias = Callable[[int], int | None]
Answers: TypeAlias = Callable[["FloatArray", "FloatArray"], NDArray[np.bool_]]
Stopped: TypeAlias = Literal["epochs", "early-stopping", "diverged", "interrupted"]


def each_output(h: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Return which outputs (N x K) are on the right side of 1/2."""
    right: NDArray[np.bool_] = (sigmoid(h) >= 0.5) == (y >= 0.5)
    return right


def likeliest(h: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """Return in which rows (N,) the largest of the logits is that of the row's label."""
    right: NDArray[np.bool_] = h.argmax(axis=1) == y.argmax(axis=1)
    return right


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch came to.

    `train_loss` is the mean over the epoch's batches, each before its own update, by the same
    definition as `validation_loss`: without the L2 penalty and class weights. `metrics` are of the
    validation rows, at threshold 1/2 whatever the model's will be. `gradient_norm` holds, per
    layer, the root mean square over batches of the norm of [dJ/dW_i dJ/db_i].
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
    why, `signal` which one interrupted it, and `divergence` what went wrong if it diverged: a step
    whose loss or gradient is not finite is not taken. `position.best_theta` is finite whatever
    happens.
    """

    libraries: ClassVar[tuple[str, ...]] = ()  # on whose version, besides NumPy's, bytes depend
    network: Network
    objective: Objective
    optimizer: Optimizer
    state: State
    schedule: Schedule
    train: AnyRows
    validation: AnyRows | None
    epochs: int
    batch_size: int
    patience: int | None
    position: Position
    inputs: tuple[str, ...]
    stopped: Stopped | None = None
    divergence: Divergence | None = None
    signal: int | None = None
    note: str | None = None  # why it ended early, where patience is not the reason
    team: Team = ALONE
    answers: Answers = each_output
    engine: Engine = field(init=False)
    _rng: np.random.Generator = field(init=False, repr=False, default_factory=np.random.default_rng)

    def __post_init__(self) -> None:
        self.engine = Engine(
            self.network,
            self.objective,
            self.optimizer,
            self.state,
            batch_size=self.batch_size,
            hard=bool(np.isin(self.train.y, (0, 1)).all()),
            team=self.team,
        )

    def records(self, stop: Stop = lambda _batch: None) -> Iterator[EpochRecord]:
        """Yield a record after each epoch until the run ends.

        `stop` is asked after every batch, with its index; if it returns the number of a signal the
        run ends at once as "interrupted", at a position from which it can go on exactly.
        """
        at = self.position
        self.engine.load()
        while self.stopped is None:
            if at.epoch >= self.epochs:
                self.stopped = "epochs"
            elif self.patience is not None and at.waited >= self.patience:
                self.stopped = "early-stopping"
            else:
                record = self._epoch(stop)
                if record is not None:
                    yield record

    def _epoch(self, stop: Stop) -> EpochRecord | None:
        """Run what is left of the next epoch; None where it could not be completed."""
        at, rng, started = self.position, self._rng, time.perf_counter()
        rate = self.schedule.rate(at.epoch + 1)
        rng.bit_generator.state = at.shuffle
        with np.errstate(over="ignore", invalid="ignore"):  # found and named by _steps
            for block in blocks(self.train, self.batch_size, rng, skip=at.batch):
                self._steps(block, rate, stop)
                if self.stopped is not None:
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

    def _steps(self, block: Block, rate: float, stop: Stop) -> None:
        """Take the steps of a block, up to one whose loss or gradient is not finite."""
        at, engine, rows = self.position, self.engine, block.rows
        prepared = engine.prepare(rows.X, rows.y, rows.weight)
        compute, update, isfinite = engine.compute, engine.update, math.isfinite
        squares = [at.squares.tolist()]
        for number, batch in enumerate(prepared.batches, start=block.first):
            norms, h = compute(batch), batch.logits
            if not isfinite(sum(norms) + float(h.dot(h))):  # or a square has overflowed
                norms = engine.squared_norms()
                if not (isfinite(sum(norms)) and np.isfinite(h).all()):
                    self.divergence = self._diagnose(number, rows.take(batch.rows), norms, rate)
                    self.stopped = "diverged"
                    break
            update(rate)
            squares.append(norms)
            self.signal = stop(number)
            if self.signal:
                self.stopped = "interrupted"
                break
        engine.store()
        done = len(squares) - 1
        at.batch += done
        at.squares[:] = np.add.reduce(squares)
        at.loss_sum = self._add_losses(prepared.logits(), rows, done)

    def _add_losses(self, h: FloatArray, rows: Rows, batches: int) -> float:
        """Return `loss_sum` with the losses of finished batches, added batch by batch."""
        total, done = self.position.loss_sum, min(batches * self.batch_size, len(rows))
        if not done:
            return total
        rows = rows.take(slice(0, done))
        losses = self.objective.loss.value(h[:done], rows.y)
        if rows.weight is not None:
            losses *= rows.weight[:, None]
        each = losses.sum(axis=1, dtype=np.float64)
        for loss in np.add.reduceat(each, range(0, done, self.batch_size)).tolist():
            total += loss
        return total

    def _diagnose(self, number: int, rows: Rows, norms: list[float], rate: float) -> Divergence:
        self.engine.store()
        h = self.network.logits(rows.X)
        return diagnose(
            epoch=self.position.epoch + 1,
            batch=number + 1,
            rate=rate,
            loss=_total(self.objective.loss.value(h, rows.y), rows.weight),
            objective=self.objective,
            norms=np.sqrt(norms).tolist(),
            X=rows.X,
            logits=h,
            inputs=self.inputs,
        )

    def _validate(self) -> tuple[float | None, dict[str, float] | None]:
        """Return loss and accuracy on the validation rows, (None, None) without any."""
        rows = self.validation
        if rows is None:
            return None, None
        sums = np.zeros((self.team.size, 3))

        def measure(member: int) -> None:
            for piece in pieces(rows, self.team.share(len(rows), member)):
                h = self.network.logits(piece.X)
                right = self.answers(h, piece.y)
                total = _total(self.objective.loss.value(h, piece.y), piece.weight)
                sums[member] += total, np.count_nonzero(right), right.size

        self.team.run(measure)
        loss, right, answers = sums.sum(axis=0).tolist()
        total = len(rows) if rows.weight is None else float(rows.weight.sum(dtype=np.float64))
        return loss / total, {"accuracy": right / answers}

    def _overflow(self, validation_loss: float | None, rate: float) -> Divergence | None:
        """Return what a whole epoch left that is not finite, though each gradient was; or None.

        The last update may have overflowed, and Adam's squares overflow at gradients whose root is
        far from it: such an entry would then stand still for good.
        """
        quantities = {"a weight": self.network.theta}
        quantities |= {f'the optimizer\'s "{name}"': array for name, array in self.state.items()}
        quantities["the training loss"] = np.array(self.position.loss_sum)
        quantities["the validation loss"] = np.array(validation_loss or 0.0)
        for quantity, array in quantities.items():
            if not np.isfinite(array).all():
                cause = scale_or_rate((rows.X for rows in pieces(self.train)), self.inputs)
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
