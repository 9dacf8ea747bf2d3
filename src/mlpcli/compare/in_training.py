"""Each form of the derivative in training: runs that differ in nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.compare.choices import OTHER_LOSS
from mlpcli.compare.from_config import training_with
from mlpcli.compare.objective import objective_by
from mlpcli.compare.records import TrainingRun
from mlpcli.data.material import load_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.config import Config
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.rows import AnyRows
    from mlpcli.nn.losses import Loss
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.training.loop import Loop

__all__ = ["compare_training"]


def compare_training(
    config: Config,
    forms: Sequence[str],
    epsilon: float,
    *,
    seeds: int,
    weight_scale: float = 1.0,
    progress: Callable[[str, int], None] = lambda _form, _seed: None,
) -> tuple[TrainingRun, ...]:
    """Train under each form and under mse, from `training.seed` on for as many seeds.

    Runs of one seed have the same first weights, split and batches. Nothing is written. `progress`
    is called with form and seed of each run that is done.
    """
    runs = []
    for seed in range(config.training.seed, config.training.seed + seeds):
        seeded = training_with(config, seed=seed)
        dataset = load_dataset(seeded)
        for form in (*forms, OTHER_LOSS):
            runs.append(_run(seeded, dataset, form, epsilon, weight_scale))
            progress(form, seed)
    return tuple(runs)


def _run(
    config: Config, dataset: Dataset, form: str, epsilon: float, weight_scale: float
) -> TrainingRun:
    from mlpcli.nn.step import thread_count
    from mlpcli.parallel import limit_blas
    from mlpcli.training.build import new_loop, require_trainable
    from mlpcli.training.part_metrics import row_logits

    require_trainable(config)
    plain = new_loop(config, dataset)
    truth = plain.objective.loss
    by_form = objective_by(truth, form, epsilon)
    objective = replace(plain.objective, loss=by_form.loss, form=by_form.form, epsilon=epsilon)
    loop = replace(plain, objective=objective)
    loop.network.theta *= weight_scale
    loop.position.best_theta *= weight_scale
    threads = thread_count(config.training.threads, loop.network.sizes, loop.batch_size)
    with limit_blas(threads):
        curve = [
            record.train_loss if record.validation_loss is None else record.validation_loss
            for record in loop.records()
        ]
        loop.network.theta[:] = loop.position.best_theta
        rows = dataset.validation or dataset.train
        logits = row_logits(loop.network, rows)
    loss = _mean_loss(truth, logits, rows)
    assert loop.stopped is not None
    return TrainingRun(
        form=form,
        seed=config.training.seed,
        stopped=loop.stopped,
        epochs_run=loop.position.epoch,
        loss=loss,
        reason=_reason(loop, loss),
        curve=tuple(curve),
    )


def _mean_loss(loss: Loss, logits: FloatArray, rows: AnyRows) -> float | None:
    """Return the true loss of rows, None where it is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        losses = loss.value(logits, rows.y.astype(np.float64)).sum(axis=1)
        mean = float(np.average(losses, weights=rows.weight))
    return mean if np.isfinite(mean) else None


def _reason(loop: Loop, loss: float | None) -> str | None:
    if loop.divergence is not None:
        return loop.divergence.message()
    if loop.stopped == "early-stopping":
        return loop.note or f"no better validation loss in {loop.patience} epochs"
    return "the cross-entropy of the best weights is not finite" if loss is None else None
