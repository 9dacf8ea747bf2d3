"""Training on a target of three and more labels, up to the model and what it says of new rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from mlpcli.data.material import load_dataset
from mlpcli.errors import Interrupted, UsageError
from mlpcli.report.predict import prediction_lines
from mlpcli.training.build import new_loop, objective_from
from mlpcli.training.evaluate import evaluate
from mlpcli.training.label_metrics import LabelMetrics
from mlpcli.training.model_file import load_model
from mlpcli.training.predict import predict
from training_workshop import Watch

if TYPE_CHECKING:
    from pathlib import Path

    from training_workshop import Workshop

LABELS = ["low", 'mid,"dle"', "top"]
ON_LABELS = ("data.target=label", "data.drop=[y]", "data.labels=[top, low, 'mid,\"dle\"']")


@pytest.fixture
def table(workshop: Workshop) -> Path:
    a = np.random.default_rng(0).normal(size=(2, 60))[0]  # the first column of the table
    labels = [LABELS[int(x > -0.4) + int(x > 0.4)] for x in a]
    quoted = ['"' + label.replace('"', '""') + '"' for label in labels]
    return workshop.table(rows=60, extra={"label": quoted})


@pytest.mark.parametrize("kind", ["null", "cross_entropy", "bce", "mse"])
def test_training_evaluating_and_predicting(workshop: Workshop, table: Path, kind: str) -> None:
    more = ("training.epochs=60", "data.validation=0.2", "training.dtype=float64")
    result = workshop.train(*ON_LABELS, *more, f"loss.kind={kind}")
    model = load_model(result.path)
    assert model.network.sizes[-1] == 3
    assert (model.classes, model.thresholds) == (result.model.classes, ())
    assert model.config["loss"]["kind"] == ("cross_entropy" if kind == "null" else kind)
    for part in ("train", "validation"):
        metrics, base = result.metrics[part], result.baseline[part]
        assert isinstance(metrics, LabelMetrics)
        assert metrics.labels == ("top", "low", 'mid,"dle"')
        assert metrics.accuracy is not None
        assert metrics.accuracy > 0.7
        assert base is not None
        assert (base.roc_auc, base.mcc) == (0.5, 0)
    if result.best_epoch == result.epochs_run:
        best = result.metrics["validation"]
        assert best is not None
        assert result.history[-1].metrics == {"accuracy": best.accuracy}
    found = evaluate(model, table)
    predictions = predict(model, [table])
    with predictions.scan:
        p = np.concatenate([block.p for block in predictions])
    if model.loss.name == "cross_entropy":
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15, atol=0)
    assert found.rows is not None
    np.testing.assert_array_equal(p, model.loss.predict(found.rows.logits))


def test_predictions_as_text(workshop: Workshop, table: Path) -> None:
    model = load_model(workshop.train(*ON_LABELS).path)
    predictions = predict(model, [table])
    with predictions.scan:
        header, *lines = "".join(prediction_lines(predictions)).splitlines()
    assert header == 'label=top,label=low,"label=mid,""dle""",prediction'
    assert len(lines) == 60
    for line in lines:
        *p, label = line.split(",", 3)
        assert label == ["top", "low", '"mid,""dle"""'][int(np.argmax([*map(float, p)]))]


def test_a_missing_value_leaves_every_field_empty(workshop: Workshop, table: Path) -> None:
    model = load_model(workshop.train(*ON_LABELS, "data.missing=drop").path)
    new = workshop.path / "new.csv"
    new.write_text("a,b\n1,2\n1,\n")
    predictions = predict(model, [new])
    with predictions.scan:
        text = "".join(prediction_lines(predictions)).splitlines()
    assert text[2] == ",,,"
    assert text[1].count(",") == 3


def test_no_threshold(workshop: Workshop, table: Path) -> None:
    model = workshop.train(*ON_LABELS).model
    with pytest.raises(UsageError, match='target "label" has 3 labels, of which the likeliest'):
        evaluate(model, table, threshold=0.3)


def test_one_label_against_the_rest(workshop: Workshop, table: Path) -> None:
    result = workshop.train("data.target=label", "data.drop=[y]", "data.positive=top")
    model = load_model(result.path)
    assert (model.network.sizes[-1], model.loss.name) == (1, "bce")
    assert model.targets == result.model.targets
    assert evaluate(model, table).metrics == result.metrics["train"]


@pytest.mark.parametrize("kind", ["cross_entropy", "bce"])
@pytest.mark.parametrize("at", [1, 6, 8, 17])  # batches, six an epoch: within epochs and between
def test_an_interrupted_run_that_is_resumed_gives_the_same_bytes(
    workshop: Workshop, table: Path, kind: str, at: int
) -> None:
    overrides = (
        *ON_LABELS, "training.epochs=4", "data.validation=0.2", "training.patience=3",
        "loss.class_weight=balanced", f"loss.kind={kind}",
    )  # fmt: skip
    whole = workshop.train(*overrides, out="whole").path.read_bytes()
    with pytest.raises(Interrupted):
        workshop.train(*overrides, out="parts", observer=Watch(stop_after=at))
    assert not (workshop.path / "parts" / "model.safetensors").exists()
    resumed = workshop.train(*overrides, out="parts", resume=True)
    assert resumed.path.read_bytes() == whole
    assert len(resumed.history) == 4 - (at - 1) // 6


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_training_is_that_of_scikit_learn_from_the_same_weights(
    workshop: Workshop, table: Path, activation: str
) -> None:
    config = workshop.config(
        *ON_LABELS, "training.epochs=50", "training.batch_size=60", "training.dtype=float64",
        f"network.activation={activation}",
    )  # fmt: skip
    loop = new_loop(config, load_dataset(config))
    rows = loop.train.take(np.arange(60))
    labels = rows.y.argmax(axis=1)
    theirs = {"sigmoid": "logistic"}.get(activation, activation)
    settings: dict[str, Any] = {
        "hidden_layer_sizes": (3,), "activation": theirs, "alpha": 0,
        "batch_size": 60, "tol": 0, "n_iter_no_change": 1000, "random_state": 0,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that so few epochs do not converge
        first, last = (
            MLPClassifier(**settings, learning_rate_init=rate, max_iter=epochs).fit(rows.X, labels)
            for rate, epochs in ((1e-300, 1), (0.05, 50))
        )
    network = loop.network
    for i, (W, b) in enumerate(zip(first.coefs_, first.intercepts_, strict=True)):
        network.W[i][:], network.b[i][:] = W.T, b
    assert len(list(loop.records())) == 50
    for i, (W, b) in enumerate(zip(last.coefs_, last.intercepts_, strict=True)):
        np.testing.assert_allclose(network.W[i], W.T, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(network.b[i], b, rtol=1e-4, atol=1e-5)


WEIGHTS = {
    "balanced": [60 / (3 * 20), 60 / (3 * 10), 60 / (3 * 30)],
    "{top: 1, low: 2.5, mid: 3}": [1.0, 2.5, 3.0],
}


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
@pytest.mark.parametrize("given", WEIGHTS)
def test_class_weights_are_those_of_the_rows_label(
    workshop: Workshop, given: str, loss: str
) -> None:
    workshop.table(rows=60, extra={"label": ["top"] * 20 + ["low"] * 10 + ["mid"] * 30})
    names = ("data.target=label", "data.drop=[y]", "data.labels=[top, low, mid]")
    dataset = load_dataset(
        workshop.config(*names, f"loss.class_weight={given}", f"loss.kind={loss}")
    )
    objective = objective_from(dataset.config.loss, dataset.train.y, dataset.classes)
    omega = objective.cell_weights(dataset.train.y, None)
    assert omega is not None
    assert omega.shape == (60, 1)
    expected = np.array(WEIGHTS[given])[dataset.train.y.argmax(axis=1)]
    np.testing.assert_allclose(omega[:, 0], expected, rtol=1e-6)
