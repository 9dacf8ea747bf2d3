# ruff: noqa: E501 - a message is compared with the whole line that the user sees
from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

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
from mlpcli.config.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable


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
        network=NetworkConfig(hidden=(16,), bias=True, init="glorot", init_scale=1.0),
        loss=LossConfig(kind="bce", derivative="stable", epsilon=1e-7, l2=0.0, class_weight=None),
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


@pytest.mark.parametrize(
    ("path", "value", "expectation"),
    [
        ("network.hidden", "8", "a list of layer sizes, got 8"),
        ("network.init_scale", "0", "a number > 0, got 0"),
        ("network.init_scale", "true", "a number > 0, got true"),
        ("network.init_scale", ".inf", "a number > 0, got .inf"),
        ("network.init_scale", ".nan", "a number > 0, got .nan"),
        ("network.init_scale", "1e400", "a number > 0, got .inf"),
        ("network.init_scale", '"0.1"', 'a number > 0, got "0.1"; remove the quotes'),
        ("network.bias", "1", "true or false, got 1"),
        (
            "network.init",
            "glorrot",
            'one of glorot, normal, zeros, got "glorrot", did you mean "glorot"?',
        ),
        ("training.epochs", "1.5", "an integer >= 1, got 1.5"),
        ("training.epochs", "1e3", "an integer >= 1, got 1000.0"),
        ("training.epochs", "true", "an integer >= 1, got true"),
        ("training.epochs", "null", "an integer >= 1, got null"),
        ("training.epochs", "[1]", "an integer >= 1, got [1]"),
        ("training.epochs", "3000000000", "an integer <= 2147483647, got 3000000000"),
        ("training.seed", "-1", "an integer >= 0, got -1"),
        (
            "training.dtype",
            "float16",
            'one of float32, float64, got "float16", did you mean "float64"?',
        ),
        (
            "training.threshold",
            "1",
            "a number > 0 and < 1, or {maximize: f1|balanced_accuracy|mcc}, got 1",
        ),
        (
            "training.threshold",
            "[1]",
            "a number > 0 and < 1, or {maximize: f1|balanced_accuracy|mcc}, got [1]",
        ),
        ("training.optimizer", "lbfgs", 'one of sgd, momentum, nesterov, adam, got "lbfgs"'),
        ("training.optimizer", "null", "one of sgd, momentum, nesterov, adam, got null"),
        ("training.optimizer", "[adam]", 'one of sgd, momentum, nesterov, adam, got ["adam"]'),
        ("training.output", "5", 'a file name, got 5; put it in quotes: "5"'),
        ("loss.epsilon", "0.5", "a number > 0 and < 0.5, got 0.5"),
        ("loss.l2", "-1e-9", "a number >= 0, got -1e-09"),
        ("loss.class_weight", "[1, 2]", "balanced or {0: weight, 1: weight}, got [1, 2]"),
        ("gradcheck.rows", "0", "an integer >= 1, got 0"),
        ("gradcheck.tolerance", "1", "a number > 0 and < 1, got 1"),
        ("data.features", "[]", "a list of one or more columns, got []"),
        ("data.features", "age", 'a list of one or more columns, got "age"'),
        ("data.weight", "2019", 'a column name, got 2019; put it in quotes: "2019"'),
        ("data.weight", '""', 'a column name, got ""'),
        ("data.memory_limit", "lots", 'a size such as "512MB" or "4GB", got "lots"'),
        (
            "data.validation",
            "1",
            "a fraction > 0 and < 1, a file, or {column: ..., value: ...}, got 1",
        ),
        ("data.positive", ".inf", "a label, or a list or mapping with one per target, got .inf"),
        (
            "data.missing",
            "x" * 200,
            f'one of error, mean, median, drop, got "{"x" * 27}...{"x" * 27}"',
        ),
    ],
)
def test_a_wrong_value_is_told_what_was_expected(
    refused: Callable[..., list[str]], path: str, value: str, expectation: str
) -> None:
    section, key = path.split(".")
    sections = {"data": "train: t.csv, target: y"}
    text = {**sections, section: f"{sections.get(section, 'HERE')}, {key}: {value}"}
    lines = [f"{name}: {{{body}}}".replace("HERE, ", "") for name, body in text.items()]
    row, column = len(lines), lines[-1].rindex(f"{key}: ") + len(key) + 3
    assert refused("\n".join(lines)) == [f"c.yaml:{row}:{column}: {path}: expected {expectation}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "training: {optimizer: {name: adm}}",
            '1:30: training.optimizer.name: expected one of sgd, momentum, nesterov, adam, got "adm", did you mean "adam"?',
        ),
        (
            "training: {optimizer: {name: [1]}}",
            "1:30: training.optimizer.name: expected one of sgd, momentum, nesterov, adam, got [1]",
        ),
        (
            "training: {optimizer: {name: momentum, momentum: 1}}",
            "1:50: training.optimizer.momentum: expected a number >= 0 and < 1, got 1",
        ),
        (
            "training: {optimizer: {name: sgd, momentum: 1}}",
            "1:35: training.optimizer.momentum: unknown key, expected one of name, learning_rate",
        ),
        (
            "training: {optimizer: {name: momentum, beta: 1}}",
            "1:40: training.optimizer.beta: unknown key, expected one of name, learning_rate, momentum",
        ),
        (
            "training: {schedule: {factor: 0.5}}",
            '1:12: training.schedule.name: missing, add "name:" to training.schedule',
        ),
        (
            "training: {schedule: {name: step, every: 0}}",
            "1:42: training.schedule.every: expected an integer >= 1, got 0",
        ),
        (
            "training: {threshold: {maximise: f1}}",
            '1:12: training.threshold.maximize: missing, add "maximize:" to training.threshold',
        ),
        (
            "training: {threshold: {maximize: f2}}",
            '1:34: training.threshold.maximize: expected one of f1, balanced_accuracy, mcc, got "f2"',
        ),
        (
            "loss: {class_weight: {0: 1}}",
            '1:8: loss.class_weight.1: missing, add "1:" to loss.class_weight',
        ),
        (
            "loss: {class_weight: {0: 1, 1: .inf}}",
            "1:32: loss.class_weight.1: expected a number > 0, got .inf",
        ),
        (
            "loss: {class_weight: {0: 1, 1: 1, 2: 1}}",
            "1:35: loss.class_weight.2: unknown key, expected one of 0, 1",
        ),
        ("network: []", '1:10: network: expected a section of "key: value" lines, got []'),
        ("lss: {}", '1:1: lss: unknown key, did you mean "loss"?'),
        (
            "'a b\\n': 1",
            r'1:1: "a b\\n": unknown key, expected one of data, network, loss, training, gradcheck',
        ),
    ],
)
def test_a_wrong_mapping_is_told_where(
    refused: Callable[..., list[str]], text: str, message: str
) -> None:
    assert refused(f"{text}\ndata: {{train: t.csv, target: y}}\n")[0] == f"c.yaml:{message}"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", 'data: missing, add a section "data:" with "train:" and "target:"'),
        ("data:", 'data.train: missing, add "train:" to data'),
        ("data: {target: y}", 'data.train: missing, add "train:" to data'),
        ("data: {train: t}", 'data.target: missing, add "target:" to data'),
    ],
)
def test_what_is_required_is_asked_for(
    refused: Callable[..., list[str]], data: str, message: str
) -> None:
    assert refused(f"loss: {{}}\n{data}\n")[0] == f"c.yaml:{2 if data else 1}:1: {message}"


def test_a_section_without_keys_has_its_defaults() -> None:
    text = "data: {train: t.csv, target: y}\ntraining:\n  # epochs: 5\nloss: ~\n"
    assert parse_config(text) == parse_config("data: {train: t.csv, target: y}")


NO_ROWS = 'expected validation rows for this, got none; add "validation: 0.2" to data'
CONFLICTS = {
    "features: [a, a]": '2:17: data.features[1]: expected each entry once, got "a" already at data.features[0]; remove one',
    "features: [a, y]": '2:17: data.features[1]: expected a column with no other role, got "y", which data.target names',
    "drop: [y]": '2:10: data.drop[0]: expected a column with no other role, got "y", which data.target names',
    "weight: y": '2:3: data.weight: expected a column with no other role, got "y", which data.target names',
    "features: [a]\n  weight: a": '2:14: data.features[0]: expected a column with no other role, got "a", which data.weight names',
    "features: [a]\n  drop: [b, a]": '3:13: data.drop[1]: expected a column with no other role, got "a", which data.features names',
    "validation: 0.5\n  test: 0.5": "3:3: data.test: expected a fraction that leaves rows to train on, got validation + test = 0.5 + 0.5",
    "validation: v.csv\n  test: [v.csv]": "3:3: data.test: expected other rows than data.validation, got the same",
    "validation: {column: y, value: 1}": '2:16: data.validation.column: expected neither a target nor a feature, got "y"',
    "features: [a]\n  test: {column: a, value: 1}": '3:10: data.test.column: expected neither a target nor a feature, got "a"',
    "positive: [1, 2]": "2:3: data.positive: expected one label per target (1), got 2",
    "positive: {Y: 1}": '2:14: data.positive.Y: expected a target as key, got "Y"',
    "drop: []\ntraining: {patience: 2}": f"3:12: training.patience: {NO_ROWS}",
    "drop: []\ntraining: {schedule: plateau}": f"3:12: training.schedule: {NO_ROWS}",
    "drop: []\ntraining: {threshold: {maximize: f1}}": f"3:12: training.threshold: {NO_ROWS}",
    "drop: []\ntraining: {schedule: {name: cosine, floor: 1}}": "3:37: training.schedule.floor: expected at most the learning rate 0.001, got 1",
    "drop: []\nloss: {kind: mse, derivative: fused}": '3:19: loss.derivative: expected no form for kind mse, got "fused"; remove it or use kind bce',
}


@pytest.mark.parametrize("keys", CONFLICTS)
def test_what_is_impossible_together_is_refused(
    refused: Callable[..., list[str]], keys: str
) -> None:
    assert refused(f"data:\n  {keys}\n", "data.train=t.csv", "data.target=y") == [
        f"c.yaml:{CONFLICTS[keys]}"
    ]


def test_every_rule_is_tested() -> None:
    assert len(RULES) == len({rule.__name__ for rule in RULES}) == 9


def test_conflicts_are_refused_in_python_too() -> None:
    data = DataConfig(train=("t",), target=("y",))
    with pytest.raises(ValidationError) as caught:
        Config(data=data, training=TrainingConfig(patience=3))
    assert [error["loc"] for error in caught.value.errors()] == [("training", "patience")]


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
