from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import mlpcli.config
from mlpcli.config import (
    Adam,
    ClassWeight,
    Config,
    Constant,
    Cosine,
    DataConfig,
    GradcheckConfig,
    LossConfig,
    Maximize,
    Momentum,
    Nesterov,
    NetworkConfig,
    Plateau,
    RowsWhere,
    Sgd,
    Step,
    TrainingConfig,
    parse_config,
    to_document,
)


def config_of(section: str, key: str, value: str) -> Config:
    base: dict[str, dict[str, str]] = {"data": {"train": "t.csv", "target": "y"}}
    base.setdefault(section, {})[key] = "HERE"
    return parse_config(json.dumps(base).replace('"HERE"', value))


def test_the_defaults_are_those_of_the_interface() -> None:
    assert parse_config("data: {train: t.csv, target: y}") == Config(
        data=DataConfig(
            train=("t.csv",),
            target=("y",),
            positive=None,
            features=None,
            drop=(),
            weight=None,
            missing="error",
            standardize=True,
            validation=None,
            test=None,
            stratify=True,
            memory_limit=None,
        ),
        network=NetworkConfig(
            hidden=(16,), activation="sigmoid", slope=0.01, bias=True, init=None, init_scale=1.0
        ),
        loss=LossConfig(kind=None, derivative="stable", epsilon=1e-7, l2=0.0, class_weight=None),
        training=TrainingConfig(
            optimizer=Adam(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8),
            epochs=100,
            batch_size=32,
            schedule=Constant(),
            patience=None,
            threshold=0.5,
            dtype="float32",
            threads=None,
            seed=0,
            checkpoint_every=1,
            output=None,
        ),
        gradcheck=GradcheckConfig(method="central", rows=None, step=None, tolerance=None),
    )


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("data", "train", "[a.csv, b.csv]", ("a.csv", "b.csv")),
        ("data", "target", "[y, z]", ("y", "z")),
        ("data", "positive", "no", "no"),
        ("data", "positive", "010", 10),
        ("data", "positive", "1.0", 1.0),
        ("data", "positive", "true", True),
        ("data", "positive", "[yes]", ("yes",)),
        ("data", "positive", "{y: 2}", {"y": 2}),
        ("data", "features", "[a, b]", ("a", "b")),
        ("data", "validation", "0.2", 0.2),
        ("data", "validation", "v.csv", ("v.csv",)),
        ("data", "validation", "[v.csv, w.csv]", ("v.csv", "w.csv")),
        ("data", "test", "{column: fold, value: 3}", RowsWhere(column="fold", value=3)),
        ("data", "memory_limit", "512MB", "512MB"),
        ("network", "hidden", "[]", ()),
        ("network", "hidden", "[8, 4]", (8, 4)),
        ("network", "init_scale", "2", 2.0),
        ("loss", "class_weight", "balanced", "balanced"),
        ("loss", "class_weight", "{0: 1, 1: 2.5}", ClassWeight(negative=1.0, positive=2.5)),
        ("training", "optimizer", "sgd", Sgd()),
        ("training", "optimizer", "{name: nesterov, momentum: 0}", Nesterov(momentum=0.0)),
        ("training", "optimizer", "{learning_rate: 1}", Adam(learning_rate=1.0)),
        ("training", "schedule", "null", Constant()),
        ("training", "schedule", "{name: cosine, floor: 1e-4}", Cosine(floor=1e-4)),
        ("training", "schedule", "{name: step, every: 30}", Step(every=30, factor=0.1)),
        ("training", "output", "runs/x", "runs/x"),
        ("gradcheck", "method", "complex-step", "complex-step"),
        ("gradcheck", "tolerance", "1e-6", 1e-6),
    ],
)
def test_a_value_is_kept_in_its_one_form(section: str, key: str, value: str, expected: Any) -> None:
    kept = getattr(getattr(config_of(section, key, value), section), key)
    assert kept == expected
    assert type(kept) is type(expected)


def test_a_section_without_keys_has_its_defaults() -> None:
    text = "data: {train: t.csv, target: y}\ntraining:\n  # epochs: 5\nloss: ~\n"
    assert parse_config(text) == parse_config("data: {train: t.csv, target: y}")


def test_positives_has_a_label_per_target() -> None:
    def positives(keys: str) -> dict[str, Any]:
        return parse_config(f"data: {{train: t, target: [y, z]{keys}}}").data.positives

    assert positives("") == {"y": None, "z": None}
    assert positives(", positive: a") == {"y": "a", "z": "a"}
    assert positives(", positive: [a, 2]") == {"y": "a", "z": 2}
    assert positives(", positive: {z: true}") == {"y": None, "z": True}


def test_class_weight_answers_to_its_labels() -> None:
    weight = config_of("loss", "class_weight", "{1: 2, 0: 3}").loss.class_weight
    assert isinstance(weight, ClassWeight)
    assert (weight[0], weight[1]) == (3.0, 2.0)


def test_a_config_is_frozen_and_travels() -> None:
    config = config_of("loss", "class_weight", "{0: 1, 1: 2}").with_name("x")
    with pytest.raises(ValidationError):
        config.data = config.data
    copy = pickle.loads(pickle.dumps(config))
    assert (copy, copy.name, hash(copy)) == (config, "x", hash(config))
    assert config == config.with_name("y")
    assert Config.model_validate(json.loads(json.dumps(to_document(config)))) == config


def test_every_key_is_described() -> None:
    models: list[type[BaseModel]] = [
        Config,
        DataConfig,
        NetworkConfig,
        LossConfig,
        TrainingConfig,
        GradcheckConfig,
    ]
    models += [Sgd, Momentum, Nesterov, Adam, Cosine, Step, Plateau, RowsWhere, Maximize]
    fields = [(m, key, f) for m in models for key, f in m.model_fields.items() if key != "name"]
    assert [(m, key) for m, key, f in fields if not f.description] == []
    assert all(model.__doc__ for model in models)


def test_the_room_is_light_and_its_names_exist() -> None:
    code = "import sys, mlpcli.config; print({'numpy', 'duckdb', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert [name for name in mlpcli.config.__all__ if not hasattr(mlpcli.config, name)] == []
