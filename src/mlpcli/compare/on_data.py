"""What a config is about, as a case, and each form on it: in every layer's gradient, in training.

The plain comparison on a grid of logits never loads this module: it needs tables and training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.case import Case, case_from
from mlpcli.check.convention import Convention
from mlpcli.check.verdict.rule import split_name
from mlpcli.compare.choices import OTHER_LOSS, REFERENCE
from mlpcli.compare.records import LayerComparison, TrainingRun
from mlpcli.counting import in_silence
from mlpcli.data.dataset import load_dataset
from mlpcli.errors import ModelError, UsageError
from mlpcli.nn.objective import Objective
from mlpcli.seeds import Stream, generator
from mlpcli.training.build import activation_from, layer_sizes, network_from, objective_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlpcli.compare.summary import Comparison
    from mlpcli.config import Config
    from mlpcli.counting import Counting
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.rows import AnyRows
    from mlpcli.nn.losses import Loss
    from mlpcli.nn.network import Network, Parameters
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.training.loop import Loop
    from mlpcli.training.model_file import Model

__all__ = [
    "case_from_config",
    "compare_on_data",
    "objective_by",
    "said_by",
]

MOST_ROWS = 1000


def case_from_config(
    config: Config,
    *,
    model: Model | None = None,
    rows: int | None = None,
    counting: Counting = in_silence,
) -> Case:
    """Return the case of a config, float64 whatever `training.dtype` says.

    Its rows are the training rows, all or a seeded `rows` of them (1,000 if there are more). Its
    weights are those of `model`, or fresh ones by `network.init` and `training.seed`. Raises
    DataError, and ModelError where the model is one of another network.
    """
    dataset = load_dataset(_training_with(config, dtype="float64"), counting=counting)
    network = _fresh(config, dataset) if model is None else _trained(dataset, model)
    chosen = _choose(dataset.train, rows, config.training.seed)
    objective = objective_from(dataset.config.loss, dataset.train.y, dataset.classes)
    omega = objective.cell_weights(chosen.y, chosen.weight)
    if omega is not None and objective.loss.separable:
        omega = np.broadcast_to(omega, chosen.y.shape).copy()
    convention = Convention().with_said(**said_by(dataset.config))
    case = case_from(
        network,
        chosen.X,
        chosen.y,
        omega=omega,
        loss=convention.loss,
        output=convention.output,
        learning_rate=config.training.optimizer.learning_rate,
    )
    inputs, classes = dataset.encoder.inputs, dataset.classes
    targets = [target.name for target in dataset.targets] if classes is None else classes.labels
    return replace(convention.applied(case), inputs=inputs, outputs=tuple(targets))


def said_by(config: Config) -> dict[str, Any]:
    """Return what a config says of J, by the names of a `Convention`; a loss if it names one."""
    activation = activation_from(config.network)
    return {
        "activation": activation.name,
        "slope": activation.chosen_slope,
        "output": config.network.output,
        "loss": config.loss.kind,
        "reduction": config.gradcheck.reduction,
        "factor": config.gradcheck.factor,
        "l2": config.loss.l2,
    }


def _training_with(config: Config, **changes: object) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update=changes)})


def _fresh(config: Config, dataset: Dataset) -> Network:
    sizes, rng = layer_sizes(config, dataset), generator(config.training.seed, Stream.WEIGHTS)
    return network_from(config.network, sizes, "float64", rng)


def _trained(dataset: Dataset, model: Model) -> Network:
    if model.encoder.inputs != dataset.encoder.inputs:
        raise ModelError(
            f"--model: expected a network for the inputs {', '.join(dataset.encoder.inputs[:5])}.. "
            f"of the config, got one for {', '.join(model.encoder.inputs[:5])}.."
        )
    if (outputs := model.network.sizes[-1]) != dataset.outputs:
        raise ModelError(f"--model: expected {dataset.outputs} outputs, got {outputs}")
    return model.network


def _choose(train: AnyRows, rows: int | None, seed: int) -> AnyRows:
    """Return all rows, or as many as wanted by a seeded choice, in their order.

    The weights of fewer rows are scaled to mean 1 again, since J is their weighted mean.
    """
    if rows is not None and rows > len(train):
        raise UsageError(f"--rows: expected at most {len(train)}, the training rows, got {rows}")
    wanted = min(len(train), MOST_ROWS) if rows is None else rows
    if wanted == len(train):
        return train
    chosen = generator(seed, Stream.ROWS).choice(len(train), wanted, replace=False)
    some = train.take(np.sort(chosen))
    if some.weight is None:
        return some
    mean = some.weight.mean()
    if not mean:
        raise UsageError(f"--rows: each of the {wanted} rows chosen has weight 0; choose more")
    return replace(some, weight=some.weight / mean)


def compare_on_data(
    on_grid: Comparison,
    forms: Sequence[str],
    config: Config,
    case: Case,
    *,
    weight_scale: float,
    seeds: int,
    progress: Callable[[str, int], None],
) -> Comparison:
    """Return the comparison with the gradients of a case and the training of its config.

    First weights are multiplied by `weight_scale`. Raises UsageError where they cannot be compared.
    """
    from mlpcli.compare.summary import paired_differences

    epsilon, dtype = on_grid.epsilon, config.training.dtype
    layers = compare_layers(scale_weights(case, weight_scale, dtype), forms, epsilon, dtype)
    runs = compare_training(
        config, forms, epsilon, seeds=seeds, weight_scale=weight_scale, progress=progress
    )
    return replace(on_grid, layers=layers, training=runs, paired=paired_differences(runs))


def scale_weights(case: Case, scale: float, dtype: str) -> Case:
    """Return the case with all weights multiplied, biases too, to push it into saturation.

    Raises UsageError where that is more than `dtype` holds.
    """
    network = case.network
    largest = float(np.abs(network.theta).max()) * scale
    if largest > float(np.finfo(dtype).max):
        raise UsageError(
            f"--weight-scale {scale:g}: makes weights of {largest:.1e}, too large for {dtype}"
        )
    return replace(case, network=network.with_theta(network.theta * scale))


def objective_by(loss: Loss, form: str, epsilon: float, l2: float = 0.0) -> Objective:
    """Return the objective whose derivative is computed by a form of the loss, or another loss's.

    Raises UsageError where the loss has no such form.
    """
    if form == OTHER_LOSS:
        return Objective.exact(OTHER_LOSS, l2)
    known = {**loss.wild, **loss.forms}
    if form not in known:
        forms = ", ".join(loss.forms)
        raise UsageError(f'--form: {loss.name} has no form "{form}"; expected one of {forms}')
    return Objective(loss, known[form], epsilon, l2)


def compare_layers(
    case: Case, forms: Sequence[str], epsilon: float, dtype: str
) -> tuple[LayerComparison, ...]:
    """Return every tensor's gradient under each form, computed in `dtype`, and under mse."""
    if not np.isin(case.y, (0, 1)).all():
        raise UsageError(
            "data.target: expected labels 0 and 1, got labels between them, for which even the "
            "stable form rounds twice; leave out CONFIG to compare on the grid alone"
        )
    truth = dict(_gradient(case, REFERENCE, epsilon, "float64").tensors())
    return tuple(
        _compare(form, name, tensor.astype(np.float64), truth[name])
        for form in (*forms, OTHER_LOSS)
        for name, tensor in _gradient(case, form, epsilon, dtype).tensors()
    )


@np.errstate(over="ignore", invalid="ignore")  # what comes of it is counted
def _gradient(case: Case, form: str, epsilon: float, dtype: str) -> Parameters:
    """Return dJ/dtheta by backpropagation in `dtype`; nan where the form breaks."""
    omega = None if case.omega is None else case.omega.astype(dtype)
    objective = objective_by(case.objective.loss, form, epsilon, case.objective.l2)
    return objective.gradient(case.forward(dtype), case.y.astype(dtype), omega)


def _compare(form: str, name: str, values: FloatArray, truth: FloatArray) -> LayerComparison:
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.maximum(np.abs(values), np.abs(truth))
        relative = np.where(size == 0, 0, np.abs(values - truth) / size)
    comparable = form != OTHER_LOSS and finite.any()
    norm = float(np.linalg.norm(values))
    layer, parameter = split_name(name)
    return LayerComparison(
        form=form,
        layer=layer,
        parameter=parameter,
        max_relative_error=float(relative[finite].max()) if comparable else None,
        non_finite=int((~finite).sum()),
        gradient_norm=norm if np.isfinite(norm) else None,
    )


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
        seeded = _training_with(config, seed=seed)
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
    from mlpcli.training.evaluate import row_logits

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
