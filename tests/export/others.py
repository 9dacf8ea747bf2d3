"""Reads exported files as other programs do: onnxruntime, NumPy alone, and a C compiler."""

from __future__ import annotations

import io
import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime

from foreign import foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Row = Mapping[str, float | str]
    Reader = Callable[[bytes, Sequence[Row], Path], "Answers"]

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]


@dataclass(frozen=True)
class Answers:
    """Probabilities (N x K), nan where there are none, and labels (N x targets), then empty."""

    p: NDArray[np.float64]
    labels: list[list[str]]


def by_onnx(content: bytes, rows: Sequence[Row], _folder: Path) -> Answers:
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    given = {
        column.name: np.array([[row[column.name]] for row in rows], _dtype(column.type))
        for column in session.get_inputs()
    }
    p, labels = session.run(None, given)
    return Answers(p.astype(np.float64), labels.tolist())


def _dtype(name: str) -> Any:
    return {"tensor(double)": np.float64, "tensor(string)": object}[name]


def by_json(content: bytes, rows: Sequence[Row], _folder: Path) -> Answers:
    model = json.loads(content)
    X = [[x for column in model["columns"] for x in _inputs(column, row)] for row in rows]
    lacking = [any(c["required"] and _is_missing(c, row) for c in model["columns"]) for row in rows]
    layers = [(layer["W"], layer["b"] or 0) for layer in model["layers"]]
    h = _logits(np.array(X), layers, model["activation"]["name"], model["activation"]["slope"])
    names = [target["labels"] for target in model["targets"]]
    return _answers(h, model["output"], names, model["thresholds"], np.array(lacking))


def _is_missing(column: Any, row: Row) -> bool:
    value = row[column["name"]]
    if column["kind"] == "text":
        return value in column["missing_texts"]
    return bool(np.isnan(value)) or value in column["missing_numbers"]


def _inputs(column: Any, row: Row) -> list[float]:
    missing = _is_missing(column, row)
    value: Any = column["fill"] if missing else row[column["name"]]
    flag = [float(missing)] * column["missing"]
    if column["kind"] == "number":
        value = np.nan if value is None else value
        return [(value - column["mean"]) / column["scale"], *flag]
    known = [float(value == level) for level in column["levels"]]
    other = [float(value is not None and not any(known))] * column["other"]
    flag = [float(missing and value is None)] * column["missing"]
    return [*known, *other, *flag]


def by_npz(content: bytes, rows: Sequence[Row], _folder: Path) -> Answers:
    file = np.load(io.BytesIO(content), allow_pickle=False)
    n = dict(file.items())
    columns = [
        {
            "name": str(n["columns"][i]),
            "kind": str(n["kinds"][i]),
            "mean": n["mean"][i],
            "scale": n["scale"][i],
            "fill": _fill(n, i),
            "missing": bool(n["missing"][i]),
            "other": bool(n["other"][i]),
            "levels": n["level"][n["level_column"] == i].tolist(),
            "missing_texts": n["missing_text"][n["missing_text_column"] == i].tolist(),
            "missing_numbers": n["missing_number"][n["missing_number_column"] == i].tolist(),
        }
        for i in range(len(n["columns"]))
    ]
    X = np.array([[x for column in columns for x in _inputs(column, row)] for row in rows])
    assert X.shape[1] == len(n["inputs"])
    required = [column for column, yes in zip(columns, n["required"], strict=True) if yes]
    lacking = np.array([any(_is_missing(column, row) for column in required) for row in rows])
    depth = sum(name[0] == "W" for name in n)
    layers = [(n[f"W{i}"], n.get(f"b{i}", 0)) for i in range(1, depth + 1)]
    h = _logits(X, layers, str(n["activation"]), float(n["slope"]))
    return _answers(h, str(n["output"]), n["labels"].tolist(), n["thresholds"].tolist(), lacking)


def _fill(n: Any, i: int) -> Any:
    if not n["filled"][i]:
        return None
    return n["fill"][i] if n["kinds"][i] == "number" else str(n["fill_text"][i])


ACTIVATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "sigmoid": lambda h, _: _sigmoid(h),
    "tanh": lambda h, _: np.tanh(h),
    "relu": lambda h, _: np.where(h < 0, 0, h),
    "leaky_relu": lambda h, slope: np.where(h < 0, slope * h, h),
    "identity": lambda h, _: h,
}


def _sigmoid(h: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-h))


def _logits(X: Any, layers: Sequence[tuple[Any, Any]], activation: str, slope: Any) -> Any:
    for i, (W, b) in enumerate(layers):
        X = (ACTIVATIONS[activation](X, slope) if i else X) @ np.array(W, np.float64).T + b
    return X


def _answers(
    h: Any, output: str, names: Sequence[Sequence[str]], thresholds: Any, lacking: Any
) -> Answers:
    if output == "softmax":
        p = np.exp(h - h.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
    else:
        p = _sigmoid(h)
    if thresholds:
        above = p >= thresholds
        labels = [[pair[int(a)] for pair, a in zip(names, row, strict=True)] for row in above]
    else:
        labels = [[names[0][k]] for k in h.argmax(axis=1)]
    p[lacking] = np.nan
    blank = [""] * (len(thresholds) or 1)
    return Answers(p, [blank if no else row for no, row in zip(lacking, labels, strict=True)])


MAIN = """\
#include "model.h"
#include <stdio.h>
static const model_row rows[] = {%s};
int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double p[model_outputs];
        const char *labels[model_targets];
        int lacking = model_predict(&rows[i], p, labels);
        for (int k = 0; k < model_outputs; k++)
            printf("%%.17g ", lacking ? NAN : p[k]);
        for (int k = 0; k < model_targets; k++)
            printf("%%c%%s", 1, lacking ? "" : labels[k]);
        printf("%%c", 2);
    }
    return 0;
}
"""


def by_c(content: bytes, rows: Sequence[Row], folder: Path) -> Answers:
    """Compile the header and run it on rows whose values are in the order of the columns."""
    (folder / "model.h").write_bytes(content)
    body = ",\n".join("{" + ", ".join(map(_in_c, row.values())) + "}" for row in rows)
    (folder / "main.c").write_text(MAIN % body, encoding="ascii")
    for_main = [foreign("cc"), *FLAGS, "main.c", "-o", "main", "-lm"]
    subprocess.run(for_main, cwd=folder, check=True, timeout=60)
    out = subprocess.run([str(folder / "main")], check=True, timeout=60, capture_output=True)
    found = [row.split("\1") for row in out.stdout.decode().split("\2")[:-1]]
    p = np.array([[float(number) for number in row[0].split()] for row in found])
    return Answers(p, [row[1:] for row in found])


def _in_c(value: float | str) -> str:
    if isinstance(value, str):
        return '"' + "".join(f"\\{byte:03o}" for byte in value.encode()) + '"'
    return "NAN" if np.isnan(value) else float(value).hex()


READERS: dict[str, Reader] = {"onnx": by_onnx, "npz": by_npz, "json": by_json, "c": by_c}
