from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli import load_config
from mlpcli.config import parse_config, to_yaml
from mlpcli.config.tree import plain_tree
from mlpcli.errors import ConfigError

DATA = {"train": "a.csv", "target": "y"}


def errors(values: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(values)
    return list(caught.value.lines)


def test_a_dict_means_what_its_file_means() -> None:
    values = {
        "data": {"train": Path("a.csv"), "target": ("y", "z"), "validation": np.float64(0.25)},
        "network": {"hidden": np.array([4, 3])},
        "training": {"optimizer": "sgd", "epochs": np.int64(7)},
        "loss": {"class_weight": {0: 1, 1: 2.5}},
    }
    text = """
        data: {train: a.csv, target: [y, z], validation: 0.25}
        network: {hidden: [4, 3]}
        training: {optimizer: sgd, epochs: 7}
        loss: {class_weight: {0: 1, 1: 2.5}}
    """
    assert load_config(values) == parse_config(text)


def test_a_config_comes_back_from_its_document() -> None:
    config = load_config({"data": DATA, "training": {"seed": 3}})
    assert parse_config(to_yaml(config)) == config
    assert load_config({"data": DATA}, ["training.seed=3"]) == config


def test_all_errors_are_told_by_key_in_the_order_of_the_dict() -> None:
    values = {"training": {"epochs": "5"}, "data": {**DATA, "validation": 1.5}, "netwerk": {}}
    share = "expected a fraction > 0 and < 1, a file, or {column: ..., value: ...}, got 1.5"
    assert errors(values) == [
        'training.epochs: expected an integer >= 1, got "5"; remove the quotes',
        f"data.validation: {share}",
        'netwerk: unknown key, did you mean "network"?',
    ]


def test_what_is_missing_is_named() -> None:
    assert errors({"data": {"target": "y"}}) == ['data.train: missing, add "train:" to data']
    assert errors({})[0].startswith("data: missing")


def test_what_no_file_holds_is_refused() -> None:
    (line,) = errors({"data": {**DATA, "weight": {1, 2}}})
    assert line == "data.weight: expected what YAML can hold, got {1, 2}"
    deep: dict[str, Any] = {}
    deep["data"] = deep
    assert errors(deep) == ["data.data.data..: expected at most 32 levels"]


def test_the_tree_gives_its_values_back() -> None:
    values = {"a": {"b": [1, 2.5, None, True, "x"]}, "c": None}
    assert plain_tree(values).plain() == values


@pytest.mark.parametrize("text", ["a\ud800", "a\0"])
def test_text_that_no_file_holds_is_refused(text: str) -> None:
    assert errors({"data": {**DATA, "weight": text}})[0].startswith(
        "data.weight: expected text, got"
    )
    assert "expected text, got the character" in errors({"data": DATA, text: {"x": 1}})[0]
