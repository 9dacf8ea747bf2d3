"""Repeats the user's training run under each form, with the same seeds, splits and batches."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from mlpcli.compare.forms import loss_by
from mlpcli.data.dataset import load_dataset
from mlpcli.nn.losses import BCE_FORMS, MSE
from mlpcli.nn.step import thread_count
from mlpcli.parallel import limit_blas
from mlpcli.training.evaluate import row_logits
from mlpcli.training.metrics import measure
from mlpcli.training.run import new_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.config import Config
    from mlpcli.data.dataset import Dataset
    from mlpcli.training.loop import Loop

__all__ = ["PairedDifference", "TrainingRun", "compare_training", "paired_differences"]

# Student's t, two-sided 95 %, by degrees of freedom from 1; 1.96 beyond the table.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
        2.052, 2.048, 2.045, 2.042)  # fmt: skip


@dataclass(frozen=True)
class TrainingRun:
    """One run of one form.

    `loss` is the true cross-entropy of its best weights on the validation rows (without any, on
    the training rows), None where it is not finite; `curve` holds the loss by epoch as training saw
    it. `reason` says why a run stopped before its last epoch.
    """

    form: str
    seed: int
    stopped: str
    epochs_run: int
    loss: float | None
    reason: str | None
    curve: tuple[float, ...]


@dataclass(frozen=True)
class PairedDifference:
    """Mean of (loss under `form` - loss under `stable`) over seeds, with its 95 % t interval.

    `low` and `high` are None with one seed; `seeds` counts the pairs in which both runs ended well.
    """

    form: str
    seeds: int
    mean: float | None
    low: float | None
    high: float | None


def compare_training(
    config: Config,
    forms: Sequence[str],
    epsilon: float,
    seeds: int,
    *,
    weight_scale: float = 1.0,
    progress: Callable[[str, int], None] = lambda _form, _seed: None,
) -> tuple[TrainingRun, ...]:
    """Train under each form and under mse, from `training.seed` on for as many seeds.

    First weights are multiplied by `weight_scale`. Nothing is written.
    """
    runs = []
    for seed in range(config.training.seed, config.training.seed + seeds):
        seeded = config.model_copy(
            update={"training": config.training.model_copy(update={"seed": seed})}
        )
        dataset = load_dataset(seeded)
        for form in (*forms, MSE.name):
            progress(form, seed)
            runs.append(_run(seeded, dataset, form, epsilon, weight_scale))
    return tuple(runs)


def _run(
    config: Config, dataset: Dataset, form: str, epsilon: float, weight_scale: float
) -> TrainingRun:
    plain = new_loop(config, dataset)
    loop = replace(plain, objective=replace(plain.objective, loss=loss_by(form, epsilon)))
    loop.network.theta *= weight_scale
    loop.position.best_theta *= weight_scale
    threads = thread_count(config.training.threads, loop.network.sizes, loop.batch_size)
    with limit_blas(threads):
        records = list(loop.records())
        loop.network.theta[:] = loop.position.best_theta
        rows = dataset.validation or dataset.train
        logits = row_logits(loop.network, rows)
    names = [target.name for target in dataset.targets]
    halves = [0.5] * len(names)
    loss = measure(
        logits, rows.y, BCE_FORMS["stable"], halves, names=names, weight=rows.weight
    ).loss
    assert loop.stopped is not None
    return TrainingRun(
        form=form,
        seed=config.training.seed,
        stopped=loop.stopped,
        epochs_run=loop.position.epoch,
        loss=loss,
        reason=_reason(loop, loss),
        curve=tuple(
            r.train_loss if r.validation_loss is None else r.validation_loss for r in records
        ),
    )


def _reason(loop: Loop, loss: float | None) -> str | None:
    if loop.divergence is not None:
        return loop.divergence.message()
    if loop.stopped == "early-stopping":
        return f"no better validation loss in {loop.patience} epochs"
    return "the cross-entropy of the best weights is not finite" if loss is None else None


def paired_differences(runs: Sequence[TrainingRun]) -> tuple[PairedDifference, ...]:
    """Return, for every form but `stable`, how its losses differ from those of `stable`."""
    stable = {run.seed: run for run in runs if run.form == "stable"}
    forms = dict.fromkeys(run.form for run in runs if run.form != "stable")
    return tuple(_paired(form, runs, stable) for form in forms)


def _paired(
    form: str, runs: Sequence[TrainingRun], stable: dict[int, TrainingRun]
) -> PairedDifference:
    differences = [
        run.loss - other.loss
        for run in runs
        if run.form == form and run.stopped != "diverged" and run.loss is not None
        if (other := stable.get(run.seed)) is not None
        and other.stopped != "diverged" and other.loss is not None
    ]  # fmt: skip
    count = len(differences)
    if count == 0:
        return PairedDifference(form, 0, None, None, None)
    mean = fmean(differences)
    if count == 1:
        return PairedDifference(form, 1, mean, None, None)
    t = _T95[count - 2] if count - 2 < len(_T95) else 1.96
    half = t * stdev(differences) / math.sqrt(count)
    return PairedDifference(form, count, mean, mean - half, mean + half)
