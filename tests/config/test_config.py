"""A config changed in one place is the same in all others, and the one it was is left alone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mlpcli.config import Config, load_config, to_document

TABLES = {"train": ["a.csv", "b*.csv"], "target": "y", "validation": 0.2, "test": "c.csv"}


@pytest.fixture
def config() -> Config:
    return load_config({"data": TABLES, "training": {"seed": 3, "output": "runs/x"}})


def test_one_key_is_changed(config: Config) -> None:
    before = to_document(config)
    changed: dict[tuple[str, str], tuple[object, Config]] = {
        ("training", "seed"): (7, config.with_seed(7)),
        ("loss", "kind"): ("mse", config.with_loss("mse")),
        ("data", "train"): (["d.csv"], config.with_train(["d.csv"])),
    }
    for (section, key), (value, other) in changed.items():
        assert to_document(other) == before | {section: before[section] | {key: value}}
        assert other != config
    assert to_document(config) == before


def test_a_loss_that_is_named_stays(config: Config) -> None:
    named = config.with_loss("mse")
    assert named.with_loss("bce") is named


def test_every_path_is_changed_and_no_more(config: Config) -> None:
    assert config.tables == ("a.csv", "b*.csv", "c.csv")
    moved = config.with_paths(lambda path: f"there/{path}")
    assert moved.tables == ("there/a.csv", "there/b*.csv", "there/c.csv")
    assert moved.training.output == "there/runs/x"
    assert moved.data.validation == 0.2


def test_what_it_is_called_is_no_part_of_it(config: Config) -> None:
    other = config.with_name("other").with_folder("/elsewhere")
    assert (other.name, other.folder) == ("other", "/elsewhere")
    assert other == config
    assert hash(other) == hash(config)
    assert config != "config"
    assert str(other) == repr(other) == "<Config other: y by hidden layers [16]>"


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(ValidationError):
        Config.model_validate([1])
