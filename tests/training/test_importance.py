"""Shuffling a column costs what the model reads from it, and nothing where it reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score

from mlpcli.training import importance as module
from mlpcli.training.evaluate import evaluate
from mlpcli.training.importance import RowSample

if TYPE_CHECKING:
    from mlpcli.training.importance import Importance
    from training_workshop import Workshop


def measured(workshop: Workshop, *overrides: str, **changes: float) -> dict[str, Importance]:
    """Return the importance of each column, after weights of some inputs were changed."""
    model = workshop.train("training.epochs=60", *overrides, force=True).model
    for name, factor in changes.items():
        model.network.W[0][:, model.encoder.inputs.index(name)] *= factor
    found = evaluate(model, workshop.path / "table.csv", importance=True).importance
    assert found is not None
    return {column.column: column for column in found}


def test_a_column_that_the_model_ignores_has_none(workshop: Workshop) -> None:
    found = measured(workshop, b=0.0)
    assert (found["b"].mean, found["b"].low, found["b"].high) == (0.0, 0.0, 0.0)
    assert found["a"].mean > 0.2
    assert found["a"].low < found["a"].mean < found["a"].high
    assert {column.metric for column in found.values()} == {"roc_auc"}
    assert [*found] == ["a", "b"]


def test_the_mean_is_that_of_scikit_learn(workshop: Workshop) -> None:
    workshop.table(rows=400)
    result = workshop.train("training.epochs=60")
    model = result.model
    data = np.genfromtxt(workshop.path / "table.csv", delimiter=",", names=True)
    X = np.column_stack([data["a"], data["b"]])

    def auc(_: Any, X: Any, y: Any) -> float:
        encoded, _unseen = model.encoder.encode({"a": X[:, 0], "b": X[:, 1]}, model.dtype)
        return float(roc_auc_score(y, model.logits(encoded)[:, 0]))

    class Fitted:
        def fit(self) -> None: ...

    theirs = permutation_importance(
        Fitted(), X, data["y"], scoring=auc, n_repeats=40, random_state=0
    )
    ours = evaluate(model, workshop.path / "table.csv", importance=True).importance
    assert ours is not None
    means = {column.column: column.mean for column in ours}
    assert [means["a"], means["b"]] == pytest.approx(theirs.importances_mean.tolist(), abs=0.02)


def test_a_text_is_shuffled_as_one(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """If its inputs went each their own way, some row would have two levels, or none."""
    rng = np.random.default_rng(0)
    workshop.table(extra={"c": rng.choice(["u", "v", "w"], 40).tolist()})
    model = workshop.train().model
    seen: list[Any] = []

    def logits(_model: Any, X: Any) -> Any:
        seen.append(X)
        return X[:, :1].astype(np.float64)

    monkeypatch.setattr(type(model), "logits", logits)
    found = evaluate(model, workshop.path / "table.csv", importance=True).importance
    assert found is not None
    assert {column.column for column in found} == {"a", "b", "c"}
    assert len(seen) > 100
    assert all((X[:, 2:5].sum(axis=1) == 1).all() for X in seen)


def test_the_loss_where_there_is_no_ranking(workshop: Workshop) -> None:
    model = workshop.train("training.epochs=60").model
    (workshop.path / "one.csv").write_text("a,b,y\n" + "".join(f"{k},-{k},1\n" for k in range(9)))
    found = evaluate(model, workshop.path / "one.csv", importance=True).importance
    assert found is not None
    assert {column.metric for column in found} == {"loss"}


def test_weights_of_rows_count(workshop: Workshop) -> None:
    workshop.table(extra={"w": [0.0] * 20 + [1.0] * 20})
    assert len(measured(workshop, "data.weight=w")) == 2


def test_the_seed_of_the_model_decides(workshop: Workshop) -> None:
    once, again = (measured(workshop) for _ in range(2))
    assert once == again
    assert measured(workshop, "training.seed=3") != once


def test_without_asking_there_is_none(workshop: Workshop) -> None:
    model = workshop.train().model
    assert evaluate(model, workshop.path / "table.csv").importance is None


def test_of_many_rows_some_stand_for_all(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS", 30)
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 7)
    model = workshop.train().model
    result = evaluate(model, workshop.path / "table.csv", importance=True)
    assert result.notes == ("importance is measured on 30 of 40 rows, drawn at random",)
    assert result.importance


def test_a_sample_of_a_stream_is_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 40 rows in blocks of 7, each is among 10 drawn in a quarter of the cases."""
    monkeypatch.setattr(module, "_MOST_ROWS", 10)
    counts = np.zeros(40)
    for seed in range(1000):
        sample = RowSample(seed)
        rows = np.arange(40)
        for start in range(0, 40, 7):
            some = rows[start : start + 7]
            sample.add(some[:, None], some[:, None] * 2, None)
        X, y, weight = sample.arrays()
        assert X.shape == (10, 1)
        assert (y == 2 * X).all()
        assert (np.diff(X[:, 0]) > 0).all()
        assert weight is None
        counts[X[:, 0]] += 1
    assert counts.min() > 190
    assert counts.max() < 310


def test_no_number_no_importance(workshop: Workshop) -> None:
    model = workshop.train().model
    model.network.W[0][:] = np.float32(3e38)
    model.network.W[1][:] = np.float32(3e38)
    found = evaluate(model, workshop.path / "table.csv", importance=True)
    assert found.metrics.loss is None
    assert found.importance == ()
