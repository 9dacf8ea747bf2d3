"""A subject of the benchmark: the script that a user of another library would write.

    python -m benchmarks.whole sklearn|torch DATA.csv MODEL HIDDEN EPOCHS BATCH

Reads the table by what is quickest for it, standardises it, trains a network with hidden layers
such as [16, 8] by Adam, stores it and prints its loss on the training rows. The target is the last
column.
"""

from __future__ import annotations

import csv
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

RATE = 0.001
POSITIVE = {"malignant", "1"}
SMALL = 2**20  # bytes: below it Python's own reader is done before another is imported


class Work(NamedTuple):
    """What both libraries do: hidden layers, epochs, rows of a batch."""

    hidden: list[int]
    epochs: int
    batch: int


def main(library: str, data: str, model: str, *shape: str) -> None:
    X, y = (small if Path(data).stat().st_size < SMALL else large)(data)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    work = Work(*map(json.loads, shape))
    print({"sklearn": sklearn, "torch": torch}[library](X, y, model, work))


def small(path: str) -> tuple[np.ndarray, np.ndarray]:
    with Path(path).open(newline="") as file:
        _, *lines = csv.reader(file)
    X = np.array([line[:-1] for line in lines], np.float32)
    return X, np.array([line[-1] in POSITIVE for line in lines], np.float32)


def large(path: str) -> tuple[np.ndarray, np.ndarray]:
    import duckdb  # and not pandas, which scikit-learn's import would load where it is installed

    *columns, y = duckdb.read_csv(path).fetchnumpy().values()
    return np.column_stack(columns).astype(np.float32), y.astype(np.float32)


def sklearn(X: np.ndarray, y: np.ndarray, path: str, work: Work) -> float:
    import joblib  # type: ignore[import-untyped]
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        work.hidden, activation="logistic", solver="adam", alpha=0, batch_size=work.batch,
        max_iter=work.epochs, learning_rate_init=RATE, tol=0, n_iter_no_change=work.epochs,
        random_state=0,
    )  # fmt: skip
    model.fit(X, y)
    joblib.dump(model, path)
    p = model.predict_proba(X)[:, 1].astype(float)
    return float(-np.mean(np.where(y == 1, np.log(p), np.log(1 - p))))


def torch(X: np.ndarray, y: np.ndarray, path: str, work: Work) -> float:
    import torch as t

    t.manual_seed(0)
    modules: list[t.nn.Module] = []
    for fan_in, width in pairwise([X.shape[1], *work.hidden, 1]):
        layer = t.nn.Linear(fan_in, width)
        t.nn.init.xavier_uniform_(layer.weight)
        t.nn.init.zeros_(layer.bias)
        modules += [layer, t.nn.Sigmoid()]
    model = t.nn.Sequential(*modules[:-1])
    rows, labels = t.from_numpy(X), t.from_numpy(y[:, np.newaxis])
    criterion, rule = t.nn.BCEWithLogitsLoss(), t.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(work.epochs):
        for index in t.randperm(len(rows)).split(work.batch):
            rule.zero_grad()
            criterion(model(rows[index]), labels[index]).backward()
            rule.step()
    t.save(model.state_dict(), path)
    return float(criterion(model(rows), labels))


if __name__ == "__main__":
    main(*sys.argv[1:])
