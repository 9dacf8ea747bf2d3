# ruff: noqa: E501 - a message is compared with the whole line that the user sees
from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Literal

import pytest
from pydantic import Field

from mlpcli.config import parse_config, to_document, to_yaml
from mlpcli.config.optimizers import OTHERS
from mlpcli.config.values import Positive, Section
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


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
            'one of glorot, he, normal, zeros, got "glorrot", did you mean "glorot"?',
        ),
        (
            "network.activation",
            "rleu",
            'one of sigmoid, tanh, relu, leaky_relu, identity, got "rleu", did you mean "relu"?',
        ),
        (
            "network.activation",
            "null",
            "one of sigmoid, tanh, relu, leaky_relu, identity, got null",
        ),
        ("network.slope", "-0.1", "a number >= 0, got -0.1"),
        ("network.slope", ".nan", "a number >= 0, got .nan"),
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
        ("training.optimizer", "lion", 'one of sgd, momentum, nesterov, adam, lbfgs, got "lion"'),
        ("training.optimizer", "null", "one of sgd, momentum, nesterov, adam, lbfgs, got null"),
        (
            "training.optimizer",
            "[adam]",
            'one of sgd, momentum, nesterov, adam, lbfgs, got ["adam"]',
        ),
        ("training.output", "5", 'a file name, got 5; put it in quotes: "5"'),
        ("loss.epsilon", "0.5", "a number > 0 and < 0.5, got 0.5"),
        ("loss.l2", "-1e-9", "a number >= 0, got -1e-09"),
        (
            "loss.class_weight",
            "[1, 2]",
            "balanced, {0: weight, 1: weight} or a weight per label, got [1, 2]",
        ),
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
            f'error, mean, median, drop or level, or {{COLUMN: ..}}, got "{"x" * 27}...{"x" * 27}"',
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


KEYS = [
    f"{section}.{key}"
    for section, keys in to_document(parse_config("data: {train: t.csv, target: y}")).items()
    for key in keys
]


@pytest.mark.parametrize("path", KEYS)
def test_digits_in_quotes_are_text_however_many(path: str) -> None:
    with contextlib.suppress(ConfigError):
        parse_config("data: {train: t.csv, target: y}", overrides=[f'{path}="{"9" * 400}"'])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "training: {optimizer: {name: adm}}",
            '1:30: training.optimizer.name: expected one of sgd, momentum, nesterov, adam, lbfgs, got "adm", did you mean "adam"?',
        ),
        (
            "training: {optimizer: {name: [1]}}",
            "1:30: training.optimizer.name: expected one of sgd, momentum, nesterov, adam, lbfgs, got [1]",
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
            "loss: {class_weight: {0: 1, 1: 1, a: 0}}",
            "1:38: loss.class_weight.a: expected a number > 0, got 0",
        ),
        (
            "loss: {class_weight: {0: 1, 2: 1}}",
            '1:8: loss.class_weight.1: missing, add "1:" to loss.class_weight',
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


class Signs(Section):
    """An optimizer from outside."""

    name: Literal["signs"] = "signs"
    learning_rate: Positive = Field(default=0.01, description="Size of a step.")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("learning_rate: 0", "learning_rate: expected a number > 0, got 0"),
        ("rate: 1", "rate: unknown key, expected one of name, learning_rate"),
    ],
)
def test_an_optimizer_from_outside_is_judged_like_our_own(
    written: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OTHERS, "signs", Signs)
    head = "data: {train: a.csv, target: y}\ntraining: {optimizer: "
    config = parse_config(head + "signs}")
    assert isinstance(config.training.optimizer, Signs)
    assert "name: signs\n    learning_rate: 0.01" in to_yaml(config)
    with pytest.raises(ConfigError, match=re.escape(f"training.optimizer.{told}")):
        parse_config(f"{head}{{name: signs, {written}}}}}")
