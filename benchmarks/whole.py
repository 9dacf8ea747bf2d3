"""A subject of the benchmark: the script that a user of another library would write.

    python -m benchmarks.whole sklearn|torch DATA.csv MODEL

Reads the table, standardises it, trains 30-16-8-1 for 100 epochs in batches of 32 with Adam, stores
the model and prints its loss on the training rows.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

EPOCHS, BATCH, RATE = 100, 32, 0.001


def main(library: str, data: str, model: str) -> None:
    with Path(data).open(newline="") as file:
        _, *lines = csv.reader(file)
    X = np.array([line[:-1] for line in lines], np.float32)
    y = np.array([line[-1] == "malignant" for line in lines], np.float32)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    print({"sklearn": sklearn, "torch": torch}[library](X, y, model))


def sklearn(X: np.ndarray, y: np.ndarray, path: str) -> float:
    import joblib  # type: ignore[import-untyped]
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (16, 8), activation="logistic", solver="adam", alpha=0, batch_size=BATCH, max_iter=EPOCHS,
        learning_rate_init=RATE, tol=0, n_iter_no_change=EPOCHS, random_state=0,
    )  # fmt: skip
    model.fit(X, y)
    joblib.dump(model, path)
    p = model.predict_proba(X)[:, 1].astype(float)
    return float(-np.mean(np.where(y == 1, np.log(p), np.log(1 - p))))


def torch(X: np.ndarray, y: np.ndarray, path: str) -> float:
    import torch as t

    t.manual_seed(0)
    model = t.nn.Sequential(
        t.nn.Linear(30, 16), t.nn.Sigmoid(), t.nn.Linear(16, 8), t.nn.Sigmoid(), t.nn.Linear(8, 1)
    )
    for layer in (model[0], model[2], model[4]):
        t.nn.init.xavier_uniform_(layer.weight)
        t.nn.init.zeros_(layer.bias)
    rows, labels = t.from_numpy(X), t.from_numpy(y[:, np.newaxis])
    criterion, rule = t.nn.BCEWithLogitsLoss(), t.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        for index in t.randperm(len(rows)).split(BATCH):
            rule.zero_grad()
            criterion(model(rows[index]), labels[index]).backward()
            rule.step()
    t.save(model.state_dict(), path)
    return float(criterion(model(rows), labels))


if __name__ == "__main__":
    main(*sys.argv[1:])
