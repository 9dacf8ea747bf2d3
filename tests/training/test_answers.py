from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli import crossval, evaluate, load_model, train
from mlpcli.data.table import Table
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli import Model

N = 60
TARGETS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "numbers": ([0, 1], {}),
    "texts": (["no", "yes"], {"positive": "yes"}),
    "against the rest": (["a", "b", "c"], {"positive": "b"}),
    "labels": (["a", "b", "c"], {}),
    "numbers of three": ([1, 2, 5], {}),
}


def table(labels: list[Any], rows: int = N) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, len(labels), rows)
    return {
        "x": codes + rng.normal(size=rows) / 5,
        "c": [("p", "q")[i % 2] for i in range(rows)],
        "y": [labels[code] for code in codes],
    }


def trained(tmp_path: Path, data: Any, **section: Any) -> Model:
    config = {
        "data": {"target": "y", **section},
        "network": {"hidden": [4]},
        "training": {"epochs": 30, "optimizer": {"name": "adam", "learning_rate": 0.05}},
    }
    return train(config, data, out=tmp_path / "run", force=True).model


def written(path: Path, data: dict[str, Any]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
    return path


@pytest.mark.parametrize("case", TARGETS)
def test_a_dict_trains_and_answers_like_its_file(case: str, tmp_path: Path) -> None:
    labels, section = TARGETS[case]
    data = table(labels)
    path = written(tmp_path / "t.csv", data)
    model, twin = trained(tmp_path, data, **section), trained(tmp_path, path, **section)
    assert np.array_equal(model.network.theta, twin.network.theta)
    p = model.predict_proba(data)
    assert p.shape == ((N,) if model.classes is None else (N, len(labels)))
    assert np.array_equal(p, model.predict_proba(path))
    found = model.predict(data)
    assert np.array_equal(found, model.predict(path))
    right = np.array([f"not {section['positive']}" if case == "against the rest" and y != "b" else y
                      for y in data["y"]])  # fmt: skip
    assert np.mean(found == right) > 0.6  # b lies between a and c
    assert model.evaluate(data).metrics.accuracy == pytest.approx(np.mean(found == right))


def test_several_targets_have_a_column_each(tmp_path: Path) -> None:
    data = table([0, 1])
    data["z"] = ["t" if value else "f" for value in data["y"]]
    model = trained(tmp_path, data, target=["y", "z"], positive={"z": "t"})
    assert model.predict_proba(data).shape == (N, 2)
    found = model.predict(data)
    assert found.shape == (N, 2)
    assert set(found[:, 1]) == {"t", "f"}


def test_a_row_that_lacks_a_value_has_no_answer(tmp_path: Path) -> None:
    data = table(["no", "yes"])
    model = trained(tmp_path, data, positive="yes", missing="drop")
    some = {"x": [0.0, None, 1.0], "c": ["p", "q", None]}
    assert np.isnan(model.predict_proba(some)).tolist() == [False, True, True]
    assert model.predict(some).tolist()[1:] == [None, None]
    numbers = trained(tmp_path, table([0, 1]), missing="drop")
    assert np.isnan(numbers.predict(some)).tolist() == [False, True, True]


def test_an_encoded_matrix_goes_straight_into_the_network(tmp_path: Path) -> None:
    data = table([0, 1])
    model = trained(tmp_path, data)
    with Table([written(tmp_path / "t.csv", data)]) as opened:
        columns = opened.load().read(["x", "c"])
        X, _ = model.encoder.encode(columns, model.dtype)
    assert np.array_equal(model.predict_proba(X), model.predict_proba(data))
    assert np.array_equal(model.predict(X), model.predict(data))
    with pytest.raises(DataError, match=r"N x 3 \(x, c=p, c=q\), got float32 \(60, 2\)"):
        model.predict_proba(X[:, :2])


def test_the_model_tells_where_its_table_came_from(tmp_path: Path) -> None:
    data = table([0, 1])
    model = trained(tmp_path, data)
    assert model.config["data"]["train"] == ["<dict>"]
    assert str(tmp_path) not in (tmp_path / "run" / "config.yaml").read_text()
    stored = load_model(tmp_path / "run")
    assert stored.data_digest == model.data_digest == evaluate(stored, data).digest
    with pytest.raises(DataError, match="<dict>: is a table that was in memory; pass it as data"):
        train(tmp_path / "run" / "config.yaml", out=tmp_path / "other")


def test_a_model_refuses_what_it_never_saw(tmp_path: Path) -> None:
    data = table([0, 1])
    model = trained(tmp_path, data)
    strange = {**data, "c": ["z"] * N}
    with pytest.raises(DataError, match=r'<dict>: column "c": no text of the first 60 rows'):
        model.predict(strange)
    assert len(model.predict(strange, allow_unseen=True)) == N


def test_a_cross_validation_of_a_dict_is_that_of_its_file(tmp_path: Path) -> None:
    data = table([0, 1])
    config = {"data": {"target": "y"}, "training": {"epochs": 3}}
    mine = crossval(config, data, folds=3, out=tmp_path / "a")
    other = crossval(config, data=written(tmp_path / "t.csv", data), folds=3, out=tmp_path / "b")
    assert mine.metrics == other.metrics
    assert mine.predictions.read_text() == other.predictions.read_text()
