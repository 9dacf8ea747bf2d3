"""Every format, read as others read it, says what `mlp predict` says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.models import LABELS, ONE, RULES, SEVERAL, columns_of, model_of, rows_for
from export.others import READERS
from mlpcli.data.rules import NumberRule, Policies, TextRule
from mlpcli.errors import UsageError
from mlpcli.export.formats import FORMATS
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.training.prediction_text import Prediction, prediction_columns

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.data.rules import MissingPolicy, Rule
    from mlpcli.data.target import AnyTarget
    from mlpcli.training.model_file import Model

TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
KINDS = [
    *((ONE, loss, "sigmoid") for loss in sorted(LOSSES)),
    *((SEVERAL, loss, "tanh") for loss in ("bce", "mse")),
    *((LABELS, loss, "sigmoid") for loss in sorted(LOSSES)),
    *((ONE, "bce", activation) for activation in sorted(ACTIVATIONS)),
]
KINDS = [kind for kind in KINDS if kind[:2] != (ONE, "cross_entropy")]
form = pytest.mark.parametrize("form", sorted(FORMATS))


def compare(model: Model, form: str, folder: Path, count: int = 40) -> None:
    rows = rows_for(model.encoder.rules, np.random.default_rng(1), count)
    columns = columns_of(model, rows)
    h, _ = model.score(columns)
    p = np.asarray(model.loss.predict(h), np.float64)
    known = np.ones(count, np.bool_)
    for mask in model.encoder.missing(columns).values():
        known &= ~mask
    theirs = READERS[form](FORMATS[form](model, "model.h"), rows, folder)
    mine = np.where(known[:, None], p, np.nan)
    np.testing.assert_allclose(theirs.p, mine, rtol=0, atol=TOLERANCE[model.dtype])
    found = Prediction(p, known, h)
    texts = prediction_columns(found, model.thresholds, model.targets, model.dtype)
    labels = [cells for name, cells in texts.items() if name.endswith("prediction")]
    assert theirs.labels == [list(row) for row in zip(*labels, strict=True)]


def test_every_format_is_read_by_another_program() -> None:
    assert sorted(READERS) == sorted(FORMATS)


@form
@pytest.mark.parametrize("dtype", sorted(TOLERANCE))
@pytest.mark.parametrize(("targets", "loss", "activation"), KINDS)
def test_probabilities_and_labels(
    form: str,
    targets: tuple[AnyTarget, ...],
    loss: str,
    activation: str,
    dtype: str,
    tmp_path: Path,
) -> None:
    compare(model_of(targets, loss=loss, activation=activation, dtype=dtype), form, tmp_path)


@form
def test_a_weight_that_is_off_is_seen(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = FORMATS[form]

    def off(model: Model, name: str) -> bytes:
        network = model.network.with_theta(model.network.theta.copy())
        network.W[0][0] += 1e-3
        return write(replace(model, network=network), name)

    monkeypatch.setitem(FORMATS, form, off)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        compare(model_of(), form, tmp_path)


def test_rows_lack_values_and_hold_unknown_texts() -> None:
    model = model_of()
    rows = rows_for(RULES, np.random.default_rng(1))
    columns = columns_of(model, rows)
    assert {*model.encoder.missing(columns)} == {"year", "sex"}
    assert {*model.score(columns)[1]} == {"sex", "port"}
    assert any(row["age"] == -9 for row in rows)


@form
@pytest.mark.parametrize("hidden", [(), (3,), (40, 3, 7)])
def test_depths_without_bias(form: str, hidden: tuple[int, ...], tmp_path: Path) -> None:
    compare(model_of(hidden=hidden, bias=False), form, tmp_path)


@form
def test_a_model_of_an_older_version(form: str, tmp_path: Path) -> None:
    compare(model_of(reading=None), form, tmp_path)


@form
def test_the_same_bytes_for_the_same_model(form: str) -> None:
    assert FORMATS[form](model_of(), "m") == FORMATS[form](model_of(), "m")


HOSTILE = ['*/ int x = "', "??/\n", "a\\\nb", "/* \" '", "probabilities", "labels", "%s%n", "<:%:",
           "int", "NAN", "é 年", "a b", "a-b", "A_B", "*/\n#error\n",
           "\u2028\u202e", "row"]  # fmt: skip


@form
def test_a_name_is_never_code(form: str, tmp_path: Path) -> None:
    rules: list[Rule] = [
        *(NumberRule(name, 1.0, 2.0, 0.5) for name in HOSTILE),
        TextRule("texts", tuple(sorted(HOSTILE)), None),
    ]
    targets = (replace(SEVERAL[0], name=HOSTILE[0]), replace(SEVERAL[1], positive=HOSTILE[1]))
    compare(model_of(targets, rules=rules, policies=Policies("mean")), form, tmp_path)


@settings(max_examples=12)
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\1\2")),
                   min_size=3, max_size=6, unique=True),
    seed=st.integers(0, 99),
    policy=st.sampled_from(["mean", "level", "drop"]),
)  # fmt: skip
@form
def test_columns_that_nobody_thought_of(
    form: str,
    texts: list[str],
    seed: int,
    policy: MissingPolicy,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    texts = [text for text in texts if text not in {"", "NA", "never seen", "-9"}] or ["a"]
    rng = np.random.default_rng(seed)
    fill = texts[0] if policy == "mean" else None
    rules: list[Rule] = [
        TextRule(f"t{texts[0]}", tuple(sorted(texts)), fill, rng.random() < 0.5, policy == "level"),
        *(NumberRule(f"n{text}", float(rng.normal(0, 1e5)), 0.1, 3.0) for text in texts),
    ]
    model = model_of(
        LABELS, loss="cross_entropy", rules=rules, policies=Policies(policy), seed=seed
    )
    compare(model, form, tmp_path_factory.mktemp("c"), 10)


@pytest.mark.parametrize("form", ["onnx", "npz", "c"])
@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_a_format_cannot_hold(form: str, text: str) -> None:
    model = model_of(rules=[TextRule("t", ("a", text), None)])
    with pytest.raises(UsageError, match=f"^--to {form}: cannot hold a character of"):
        FORMATS[form](model, "m")


def test_a_text_too_long_for_a_literal() -> None:
    model = model_of(rules=[TextRule("t", ("a", "é" * 2048), None)])
    with pytest.raises(UsageError, match=r'^--to c: "é+…" has 4096 bytes; it holds 4095$'):
        FORMATS["c"](model, "m")


@pytest.mark.parametrize("form", ["onnx", "c"])
def test_what_a_format_has_no_words_for(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("in_c", "in_onnx"):
        monkeypatch.setattr(Activation, name, None)
        monkeypatch.delattr(ACTIVATIONS["tanh"], name)
    with pytest.raises(UsageError, match=f"^--to {form}: activation tanh"):
        FORMATS[form](model_of(activation="tanh"), "m")
    monkeypatch.setattr(type(LOSSES["bce"]), "output", "argmax")
    with pytest.raises(UsageError, match=f"^--to {form}: output argmax"):
        FORMATS[form](model_of(), "m")


def test_an_onnx_file_holds_no_more_than_2_gb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.export.onnx_graph._MOST_BYTES", 100)
    with pytest.raises(UsageError, match=r"^--to onnx: 0\.0 GB of weights; .* use --to npz$"):
        FORMATS["onnx"](model_of(), "m")


def test_every_activation_of_the_registry_has_its_words() -> None:
    assert all(kind.in_c and kind.in_onnx for kind in ACTIVATIONS.values())
