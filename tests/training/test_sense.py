"""A model or checkpoint with a right digest and senseless content is refused in one line."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpcli.errors import MlpError, ModelError
from mlpcli.report.info import info_document, info_tables
from mlpcli.training.evaluate import evaluate
from mlpcli.training.model_file import load_model
from mlpcli.training.predict import predict
from mlpcli.training.tensor_file import read_tensors, write_tensors
from training_workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MODEL, CHECKPOINT = "mlp.model/1", "mlp.checkpoint/1"
TABLE: dict[str, Sequence[Any]] = {"c": ["red", "blue"] * 20}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("sense"))
    made.table(extra=TABLE)
    made.train("data.missing=mean")
    return made


def rewrite(bench: Workshop, name: str, schema: str, path: tuple[Any, ...], value: Any) -> Path:
    """Write a copy of a file of the run with one value changed and a right digest; its folder."""
    folder = bench.path / "changed"
    folder.mkdir(exist_ok=True)
    for file in (bench.path / "run").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    tensors, metadata = read_tensors(folder / name, schema)
    metadata.pop("tensor_digest")
    *before, last = path
    place: Any = {"tensors": tensors, **metadata}
    for step in before:
        place = place[step]
    place[last] = value
    if not before:
        metadata[last] = value
    write_tensors(folder / name, schema, tensors, metadata)
    return folder


COLUMNS = ("encoder", "columns")
MODELS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "scale 0": ((*COLUMNS, 0, "scale"), 0.0),
    "scale below 0": ((*COLUMNS, 0, "scale"), -1.0),
    "scale inf": ((*COLUMNS, 0, "scale"), math.inf),
    "mean nan": ((*COLUMNS, 0, "mean"), math.nan),
    "mean beyond float64": ((*COLUMNS, 0, "mean"), 10**400),
    "mean true": ((*COLUMNS, 0, "mean"), True),
    "fill text": ((*COLUMNS, 0, "fill"), "1"),
    "name a number": ((*COLUMNS, 0, "name"), 1),
    "two of a name": ((*COLUMNS, 0, "name"), "b"),
    "fill no level": ((*COLUMNS, 2, "fill"), "green"),
    "levels text": ((*COLUMNS, 2, "levels"), "ab"),
    "levels numbers": ((*COLUMNS, 2, "levels"), [1, 2]),
    "a level twice": ((*COLUMNS, 2, "levels"), ["red", "red"]),
    "threshold 7": (("threshold",), [7]),
    "threshold nan": (("threshold",), [math.nan]),
    "threshold text": (("threshold",), ["0.5"]),
    "threshold a number": (("threshold",), 0.5),
    "seed text": (("seed",), "0"),
    "seed below 0": (("seed",), -1),
    "metrics a list": (("metrics",), [1]),
    "metrics of a part": (("metrics", "train"), "good"),
    "a score text": (("metrics", "train", "loss"), "good"),
    "versions a list": (("versions",), ["1"]),
    "digest a number": (("data_digest",), 1),
    "no columns": (("encoder",), {}),
    "target a text": (("targets",), ["y"]),
    "equal labels": (("targets", 0, "positive"), 0),
    "label a list": (("targets", 0, "positive"), [1]),
    "weight a number": (("config", "data", "weight"), 3),
    "config a text": (("config",), "config"),
}
CHECKPOINTS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "epoch 1e9": (("position", "epoch"), 10**9),
    "epoch below 0": (("position", "epoch"), -1),
    "epoch 1.5": (("position", "epoch"), 1.5),
    "batch below 0": (("position", "batch"), -3),
    "best beyond": (("position", "best_epoch"), 4),
    "loss nan": (("position", "loss_sum"), math.nan),
    "no generator": (("position", "shuffle"), {"bit_generator": "PCG64"}),
    "another generator": (("position", "shuffle", "bit_generator"), "MT19937"),
    "state text": (("position", "shuffle", "state", "state"), "1"),
    "state too large": (("position", "shuffle", "state", "state"), 2**200),
    "scale 0/0": (("schedule", "scale"), math.nan),
    "no position": (("position",), None),
    "theta nan": (("tensors", "theta"), np.full(16, np.nan, np.float32)),
    "theta of float64": (("tensors", "theta"), np.zeros(16)),
    "theta short": (("tensors", "theta"), np.zeros(3, np.float32)),
    "squares below 0": (("tensors", "squares"), np.full(2, -1.0)),
    "steps of text": (("tensors", "optimizer.steps"), np.array(1.5)),
}


@pytest.mark.parametrize(("path", "value"), MODELS.values(), ids=MODELS)
def test_model(bench: Workshop, path: tuple[Any, ...], value: Any) -> None:
    folder = rewrite(bench, "model.safetensors", MODEL, path, value)
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    assert len(caught.value.lines) == 1
    assert "model.safetensors: not a model that mlp train wrote: " in str(caught.value)


@pytest.mark.parametrize(("path", "value"), CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_checkpoint(bench: Workshop, path: tuple[Any, ...], value: Any) -> None:
    folder = rewrite(bench, "last.ckpt.safetensors", CHECKPOINT, path, value)
    before = (folder / "history.jsonl").read_bytes()
    with pytest.raises(ModelError) as caught:
        bench.train("data.missing=mean", out="changed", resume=True)
    assert len(caught.value.lines) == 1
    assert "last.ckpt.safetensors: " in str(caught.value)
    assert (folder / "history.jsonl").read_bytes() == before


def test_what_makes_sense_is_read(bench: Workshop) -> None:
    folder = rewrite(bench, "model.safetensors", MODEL, (*COLUMNS, 0, "mean"), 0.25)
    assert load_model(folder).encoder.to_document()["columns"][0]["mean"] == 0.25
    folder = rewrite(bench, "last.ckpt.safetensors", CHECKPOINT, ("threads",), 1)
    assert bench.train("data.missing=mean", out="changed", resume=True).epochs_run == 3


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a document."""
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        item = value[key]
        yield (*path, key)
        yield from places(item, (*path, key))


STRANGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=2),
    st.sampled_from([10**400, -1, 0, "y", "a", [], {}]),
)  # fmt: skip


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(data=st.data())
def test_a_model_of_anybody_is_used_or_refused(bench: Workshop, data: st.DataObject) -> None:
    metadata = read_tensors(bench.path / "run/model.safetensors", MODEL)[1]
    path = data.draw(st.sampled_from(sorted(places(metadata), key=repr)))
    folder = rewrite(bench, "model.safetensors", MODEL, path, data.draw(STRANGE))
    try:
        model = load_model(folder)
        info_tables(model, "m")
        json.dumps(info_document(model, "m"))
        predictions = predict(model, [bench.path / "table.csv"], ())
        with predictions.scan:
            assert list(predictions)
        evaluate(model, str(bench.path / "table.csv"))
    except MlpError:
        pass
