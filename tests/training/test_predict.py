"""Probabilities block by block: the same as of the whole table, whatever is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.errors import DataError
from mlpcli.training.predict import predict
from told import Told

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.training.model_file import Model
    from mlpcli.training.predict import Predictions
    from training_workshop import Workshop


def all_of(model: Model, path: Path) -> tuple[NDArray[np.float64], list[bool], Predictions]:
    predictions = predict(model, [path])
    with predictions.scan:
        blocks = list(predictions)
    p = np.concatenate([block.p for block in blocks])
    return p, np.concatenate([block.known for block in blocks]).tolist(), predictions


def test_probabilities_are_the_sigmoid_of_the_logits(workshop: Workshop) -> None:
    model = workshop.train("training.dtype=float64").model
    p, known, predictions = all_of(model, workshop.path / "table.csv")
    data = np.genfromtxt(workshop.path / "table.csv", delimiter=",", names=True)
    X, _ = model.encoder.encode({"a": data["a"], "b": data["b"]}, "float64")
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-model.logits(X))), rtol=1e-12)
    assert p.dtype == np.float64
    assert known == [True] * 40
    assert (predictions.rows, predictions.unknown, predictions.notes()) == (40, 0, [])


def test_blocks_come_in_row_order(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    model = workshop.train("training.dtype=float64").model
    whole, _, _ = all_of(model, workshop.path / "table.csv")
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 7)
    told = Told()
    predictions = predict(model, [workshop.path / "table.csv"], counting=told)
    with predictions.scan:
        blocks = []
        for block in predictions:
            blocks.append(block)
            assert predictions.rows == sum(len(b.p) for b in blocks)
    assert [len(block.p) for block in blocks] == [7] * 5 + [5]
    assert told.done == told.totals == {"row read": 40}
    np.testing.assert_allclose(np.concatenate([b.p for b in blocks]), whole, rtol=1e-12)


def test_no_target_and_other_columns_in_another_order(workshop: Workshop) -> None:
    model = workshop.train().model
    one, two = workshop.path / "one.csv", workshop.path / "two.csv"
    one.write_text("a,b\n1,2\n-1,0.5\n")
    two.write_text("note,b,a\nx,2,1\ny,0.5,-1\n")
    np.testing.assert_array_equal(all_of(model, one)[0], all_of(model, two)[0])


def test_a_column_that_is_not_there(workshop: Workshop) -> None:
    model = workshop.train().model
    path = workshop.path / "one.csv"
    path.write_text("a,bb\n1,2\n")
    with pytest.raises(DataError, match='"b"'):
        predict(model, [path])


def with_holes(workshop: Workshop) -> Path:
    path = workshop.path / "holes.csv"
    path.write_text("a,b,colour\n1,2,red\n,1,red\n0,0,\n0,0,green\n")
    return path


def trained(workshop: Workshop, policy: str) -> Model:
    workshop.table(extra={"colour": ["red", "red", "blue", "red"] * 10})
    return workshop.train(f"data.missing={policy}").model


def test_rows_with_holes_are_unknown_under_drop(workshop: Workshop) -> None:
    _, known, predictions = all_of(trained(workshop, "drop"), with_holes(workshop))
    assert known == [True, False, False, True]
    assert predictions.unknown == 2
    assert predictions.notes() == [
        'column "colour": 1 of 4 rows hold a text not seen in training',
        "2 of 4 rows miss a value: no prediction for them",
    ]


@pytest.mark.parametrize("policy", ["mean", "median"])
def test_holes_are_filled_as_in_training(workshop: Workshop, policy: str) -> None:
    model = trained(workshop, policy)
    p, known, predictions = all_of(model, with_holes(workshop))
    assert known == [True] * 4
    assert np.isfinite(p).all()
    assert predictions.notes() == [
        'column "colour": 1 of 4 rows hold a text not seen in training',
    ]
    fill = model.encoder.rules[0].fill
    path = workshop.path / "filled.csv"
    path.write_text(f"a,b,colour\n1,2,red\n{fill!r},1,red\n0,0,red\n0,0,green\n")
    np.testing.assert_allclose(all_of(model, path)[0], p, rtol=1e-6)


def test_holes_are_refused_by_line(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained(workshop, "error")
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 1)
    with pytest.raises(DataError) as caught:
        all_of(model, with_holes(workshop))
    assert str(caught.value) == (
        f'{workshop.path}/holes.csv:3: column "a": missing value, and the model was trained with '
        "data.missing: error; fill it in, or train with --set data.missing=median"
    )


def test_a_hole_far_down_is_refused_by_line(workshop: Workshop) -> None:
    model = workshop.train().model
    path = workshop.path / "long.csv"
    path.write_text("a,b\n" + "1,2\n" * 150_000 + "1,\n")
    predictions = predict(model, [path])
    with predictions.scan, pytest.raises(DataError, match=r'long.csv:150002: column "b": missing'):
        list(predictions)
    assert predictions.rows > 0


def test_a_row_whose_output_is_not_a_number_is_refused(workshop: Workshop) -> None:
    model = workshop.train("data.standardize=false").model
    assert (model.network.W[0][:, 0] * model.network.W[0][:, 1]).max() > 0
    path = workshop.path / "huge.csv"
    path.write_text("a,b\n1,2\n1e300,-1e300\n")
    with pytest.raises(DataError) as caught:
        all_of(model, path)
    assert str(caught.value) == (
        f"{path}:3: the network's output is not a number; a value of this row is too large for "
        "float32"
    )


@pytest.mark.parametrize("cores", [1, 2, 7])
def test_the_first_bad_row_counts_on_any_machine(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    """Line 4 is found out when it is computed, line 6 when it is read: ahead of that."""
    model = workshop.train("data.standardize=false").model
    path = workshop.path / "two.csv"
    path.write_text("a,b\n1,2\n1,2\n1e300,-1e300\n1,2\n,1\n1,2\n")
    monkeypatch.setattr("mlpcli.parallel.core_count", lambda: cores)
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 2)
    predictions = predict(model, [path])
    blocks = iter(predictions)
    with predictions.scan:
        assert len(next(blocks).p) == 2
        with pytest.raises(DataError, match=r"two\.csv:4: the network's output is not a number"):
            next(blocks)
    assert predictions.rows == 2
