"""Lines of CSV come by seed and row, whatever fold a row was in."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.data.material import open_material
from mlpcli.training.folds import Fold
from mlpcli.training.out_of_fold import out_of_fold_text

if TYPE_CHECKING:
    from training_workshop import Workshop


def fold(seed: int, number: int, rows: list[int], logits: list[float]) -> Fold:
    h = np.array(logits)[:, None]
    return Fold(seed, number, np.array(rows), h, (0.5,), {}, "epochs", 1)


@pytest.mark.parametrize(("dtype", "text"), [("float32", "0.730000013"), ("float64", None)])
def test_lines(workshop: Workshop, dtype: str, text: str | None) -> None:
    h = float(np.log(0.730000013 / (1 - 0.730000013)))
    folds = [fold(3, 1, [2, 0], [1.0, h]), fold(3, 2, [1], [-2.0]), fold(4, 1, [0], [np.inf])]
    with open_material(workshop.config(f"training.dtype={dtype}")) as material:
        header, *lines = csv.reader("".join(out_of_fold_text(folds, material)).splitlines())
        labels = [str(int(code)) for code in material.whole.y[:3, 0]]
    assert header == ["seed", "fold", "row", "label", "probability", "prediction"]
    assert [line[:4] for line in lines] == [
        ["3", "1", "1", labels[0]], ["3", "2", "2", labels[1]], ["3", "1", "3", labels[2]],
        ["4", "1", "1", labels[0]],
    ]  # fmt: skip
    assert lines[3][4:] == ["", ""]  # no number, no answer
    assert [line[5] for line in lines[:3]] == ["1", "0", "1"]
    assert float(lines[0][4]) == pytest.approx(0.730000013, rel=1e-9)
    assert text is None or lines[0][4] == text


def test_a_soft_label_is_its_value(workshop: Workshop) -> None:
    workshop.table(extra={"z": np.linspace(0, 1, 40).tolist()})
    with open_material(workshop.config("data.target=z")) as material:
        _, line = csv.reader(
            "".join(out_of_fold_text([fold(0, 1, [1], [0.0])], material)).splitlines()
        )
    assert float(line[3]) == pytest.approx(1 / 39)
