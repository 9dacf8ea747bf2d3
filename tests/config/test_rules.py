# ruff: noqa: E501 - a message is compared with the whole line that the user sees
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from mlpcli.config import Config, DataConfig, TrainingConfig
from mlpcli.config.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable


NO_ROWS = (
    "expected validation rows for this, got none; set data.validation, say to 0.2, or training."
)
CONFLICTS = {
    "features: [a, a]": '2:17: data.features[1]: expected each entry once, got "a" already at data.features[0]; remove one',
    "features: [a, y]": '2:17: data.features[1]: expected a column with no other role, got "y", which data.target names',
    "drop: [y]": '2:10: data.drop[0]: expected a column with no other role, got "y", which data.target names',
    "weight: y": '2:3: data.weight: expected a column with no other role, got "y", which data.target names',
    "group: y": '2:3: data.group: expected a column with no other role, got "y", which data.target names',
    "weight: a\n  group: a": '3:3: data.group: expected a column with no other role, got "a", which data.weight names',
    "features: [a]\n  weight: a": '2:14: data.features[0]: expected a column with no other role, got "a", which data.weight names',
    "features: [a]\n  drop: [b, a]": '3:13: data.drop[1]: expected a column with no other role, got "a", which data.features names',
    "validation: 0.5\n  test: 0.5": "3:3: data.test: expected a fraction that leaves rows to train on, got validation + test = 0.5 + 0.5",
    "validation: v.csv\n  test: [v.csv]": "3:3: data.test: expected other rows than data.validation, got the same",
    "validation: {column: y, value: 1}": '2:16: data.validation.column: expected neither a target nor a feature, got "y"',
    "features: [a]\n  test: {column: a, value: 1}": '3:10: data.test.column: expected neither a target nor a feature, got "a"',
    "positive: [1, 2]": "2:3: data.positive: expected one label per target (1), got 2",
    "positive: {Y: 1}": '2:14: data.positive.Y: expected a target as key, got "Y", did you mean "y"?',
    "labels: [a, b, c]\n  positive: a": "2:3: data.labels: expected no order of labels beside data.positive, which is one against the rest",
    "labels: [a, b, a]": '2:18: data.labels[2]: expected each entry once, got "a" already at data.labels[0]; remove one',
    'decimal: ","\n  thousands: ","': '3:3: data.thousands: expected another character than data.decimal, got "," twice',
    "drop: []\ntraining: {patience: 2}": f"3:12: training.patience: {NO_ROWS}patience to null",
    "drop: []\ntraining: {schedule: plateau}": f"3:12: training.schedule: {NO_ROWS}schedule to constant",
    "drop: []\ntraining: {threshold: {maximize: f1}}": f"3:12: training.threshold: {NO_ROWS}threshold to 0.5",
    "drop: []\ntraining: {schedule: {name: cosine, floor: 1}}": "3:37: training.schedule.floor: expected at most the learning rate 0.001, got 1",
    "drop: []\ntraining: {optimizer: lbfgs, batch_size: 64}": "3:30: training.batch_size: expected none beside optimizer lbfgs, which takes all rows at once, got 64; remove it",
    "drop: []\ntraining: {optimizer: lbfgs, schedule: step}": "3:30: training.schedule: expected none beside optimizer lbfgs, which finds its own steps, got step; remove it",
    "drop: []\nnetwork: {output: identity}": "3:11: network.output: expected an output of loss.kind null, got identity, which goes with mse",
    "drop: []\nnetwork: {output: softmax}\nloss: {kind: bce}": "3:11: network.output: expected an output of loss.kind bce, got softmax, which goes with cross_entropy",
    "drop: []\nloss: {kind: mse, derivative: fused}": '3:19: loss.derivative: expected no form for kind mse, got "fused"; remove it or use kind bce or cross_entropy',
}


@pytest.mark.parametrize("keys", CONFLICTS)
def test_what_is_impossible_together_is_refused(
    refused: Callable[..., list[str]], keys: str
) -> None:
    assert refused(f"data:\n  {keys}\n", "data.train=t.csv", "data.target=y") == [
        f"c.yaml:{CONFLICTS[keys]}"
    ]


def test_every_rule_is_tested() -> None:
    assert len(RULES) == len({rule.__name__ for rule in RULES}) == 13


def test_conflicts_are_refused_in_python_too() -> None:
    data = DataConfig(train=("t",), target=("y",))
    with pytest.raises(ValidationError) as caught:
        Config(data=data, training=TrainingConfig(patience=3))
    assert [error["loc"] for error in caught.value.errors()] == [("training", "patience")]


def test_an_order_of_labels_is_for_one_target(refused: Callable[..., list[str]]) -> None:
    text = "data:\n  train: t.csv\n  target: [y, z]\n  labels: [a, b, c]\n"
    assert refused(text) == [
        "c.yaml:4:3: data.labels: expected one target to order the labels of, got 2"
    ]
