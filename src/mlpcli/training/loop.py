"""Runs the epochs: yields one record each, watches every step, and never prints or writes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np

from mlpcli.data.rows import AnyRows, Block, Rows, blocks, pieces
from mlpcli.nn.answers import Answers, each_output
from mlpcli.nn.kernel.library import Kernel, kernel_for
from mlpcli.nn.step import engine_for, total_loss
from mlpcli.nn.task import Engine, Task
from mlpcli.parallel import ALONE, Team
from mlpcli.training.divergence import RATE, WEIGHTS, Divergence, diagnose, scale_or_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlpcli.nn.network import Network
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.optimizers import Optimizer, State
    from mlpcli.nn.schedule import Schedule
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["EpochRecord", "Loop", "Position", "Stopped"]

Stop: TypeAlias = Callable[[int], int | None]
Stopped: TypeAlias = Literal["epochs", "early-stopping", "diverged", "interrupted"]


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

    shuffle: Mapping[str, Any]
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
    kernel: Kernel | None = field(default_factory=kernel_for)
    engine: Engine = field(init=False)
    _used: Rows | None = field(init=False, repr=False, default=None)
    _left: Mapping[str, Any] | None = field(init=False, repr=False, default=None)  # how _rng stands
    _rng: np.random.Generator = field(init=False, repr=False, default_factory=np.random.default_rng)

    def __post_init__(self) -> None:
        task = Task(self.network, self.objective, self.optimizer, self.state,
                    self.batch_size, self.team, self.answers)  # fmt: skip
        self.engine = engine_for(task, self.kernel)

    def records(self, stop: Stop | None = None, *, often: bool = True) -> Iterator[EpochRecord]:
        """Yield a record after each epoch until the run ends.

        `stop` is asked after every batch, with its index; if it returns the number of a signal the
        run ends at once as "interrupted", at a position from which it can go on exactly. If it
        need not be asked `often`, it is after as many batches as take about a millisecond.
        """
        at = self.position
        while self.stopped is None:
            if at.epoch >= self.epochs:
                self.stopped = "epochs"
            elif self.patience is not None and at.waited >= self.patience:
                self.stopped = "early-stopping"
            else:
                rows = self.batch_size if stop and often else self.engine.at_once
                record = self._epoch(stop or (lambda _batch: None), rows)
                if record is not None:
                    yield record

    def _epoch(self, stop: Stop, at_once: int) -> EpochRecord | None:
        """Run what is left of the next epoch; None where it could not be completed.

        `stop` is asked after so many rows `at_once`.
        """
        at, rng, started = self.position, self._rng, time.perf_counter()
        rate = self.schedule.rate(at.epoch + 1)
        if at.shuffle is not self._left:
            rng.bit_generator.state = at.shuffle
        with np.errstate(over="ignore", invalid="ignore"):  # found and named by _steps
            for block in blocks(self.train, self.batch_size, rng, skip=at.batch):
                self._steps(block, rate, stop, at_once)
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
            gradient_norm=tuple(math.sqrt(sum_ / at.batch) for sum_ in at.squares.tolist()),
            seconds=time.perf_counter() - started,
        )
        at.epoch, at.batch, at.loss_sum = at.epoch + 1, 0, 0.0
        at.squares[:] = 0
        at.shuffle = rng.bit_generator.state
        self._left = at.shuffle
        return record

    def _steps(self, block: Block, rate: float, stop: Stop, at_once: int) -> None:
        """Take the steps of a block, up to one whose loss or gradient is not finite."""
        at, engine, rows, size = self.position, self.engine, block.rows, self.batch_size
        if rows is not self._used:
            engine.use(rows.X, rows.y, rows.weight)
            self._used = rows
        for start in range(0, len(block.order), at_once):
            order = block.order[start : start + at_once]
            done, at.loss_sum = engine.steps(order, rate, at.loss_sum, at.squares)
            at.batch += done
            if done * size < len(order):
                self.divergence = self._diagnose(rows.take(order[done * size :][:size]), rate)
                self.stopped = "diverged"
                return
            self.signal = self.team.agree(stop(at.batch - 1))
            if self.signal:
                self.stopped = "interrupted"
                return

    def _diagnose(self, rows: Rows, rate: float) -> Divergence:
        """Return what is known of the step on these rows, which was not taken."""
        h = self.network.logits(rows.X)
        return diagnose(
            epoch=self.position.epoch + 1,
            batch=self.position.batch + 1,
            rate=rate,
            loss=total_loss(self.objective, h, rows.y, rows.weight),
            objective=self.objective,
            norms=np.sqrt(self.engine.norms).tolist(),
            X=rows.X,
            logits=h,
            inputs=self.inputs,
            otherwise=RATE if self.position.epoch or self.position.batch else WEIGHTS,
        )

    def _validate(self) -> tuple[float | None, dict[str, float] | None]:
        """Return loss and accuracy on the validation rows, (None, None) without any."""
        rows = self.validation
        if rows is None:
            return None, None

        def measure(member: int) -> tuple[float, float]:
            some = pieces(rows, self.team.share(len(rows), member))
            measured = [self.engine.measure(p.X, p.y, p.weight, member) for p in some]
            return sum(loss for loss, _ in measured), sum(right for _, right in measured)

        parts = self.team.parts(measure, self.team.size)
        loss, right = (sum(part) for part in zip(*parts, strict=True))
        total = len(rows) if rows.weight is None else float(rows.weight.sum(dtype=np.float64))
        answers = len(rows) * (rows.y.shape[1] if self.answers is each_output else 1)
        return loss / total, {"accuracy": right / answers}

    def _overflow(self, validation_loss: float | None, rate: float) -> Divergence | None:
        """Return what a whole epoch left that is not finite, though each gradient was; or None.

        The last update may have overflowed, and Adam's squares overflow at gradients whose root is
        far from it: such an entry would then stand still for good.
        """
        losses, theta = (self.position.loss_sum, validation_loss or 0.0), self.network.theta
        looked_at = [theta, *(self.state[name] for name in self.optimizer.moments)]
        if math.isfinite(sum(losses, sum(float(np.vdot(array, array)) for array in looked_at))):
            return None
        quantities = {"a weight": theta}
        quantities |= {f'the optimizer\'s "{name}"': array for name, array in self.state.items()}
        quantities["the training loss"], quantities["the validation loss"] = map(np.array, losses)
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
