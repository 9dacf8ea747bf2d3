"""A shortcut is the `--set` of its key, in the config that a run keeps and in its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from mlpcli.cli.shortcuts import SHORTCUTS, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

VALUES = {"--epochs": "3", "--learning-rate": "0.25", "--hidden": "5,2", "--batch-size": "7",
          "--seed": "11"}  # fmt: skip


def test_every_shortcut_is_the_set_of_its_key(here: Path, mlp: Mlp) -> None:
    assert set(VALUES) == set(SHORTCUTS)
    short = [word for pair in VALUES.items() for word in pair]
    long = [word for setting in settings_of(VALUES) for word in ("--set", setting)]
    for name, words in (("short", short), ("long", long)):
        assert mlp("train", "config.yaml", "-q", "--out", name, *words).status == 0
    texts = [(here / name / "config.yaml").read_text("utf-8") for name in ("short", "long")]
    assert texts[0] == texts[1]
    config = yaml.safe_load(texts[0])
    assert config["network"]["hidden"] == [5, 2]
    training = config["training"]
    assert (training["epochs"], training["batch_size"], training["seed"]) == (3, 7, 11)
    assert training["optimizer"]["learning_rate"] == 0.25


@pytest.mark.parametrize(
    ("hidden", "sizes"), [("", "3-1"), ("[]", "3-1"), ("[4, 2]", "3-4-2-1"), (" 4 , 2", "3-4-2-1")]
)
def test_a_list_with_its_brackets_or_without(here: Path, mlp: Mlp, hidden: str, sizes: str) -> None:
    ran = mlp("train", "config.yaml", "--epochs", 1, "--hidden", hidden)
    assert ran.lines[0].startswith(f"network {sizes},")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--epochs", "many"],
            '--set training.epochs=many: training.epochs: expected an integer >= 1, got "many"',
        ),
        (
            ["--hidden", "4,0"],
            "--set network.hidden=[4,0]: network.hidden[1]: expected an integer >= 1, got 0",
        ),
    ],
)
def test_a_value_that_cannot_be(here: Path, mlp: Mlp, words: list[str], line: str) -> None:
    ran = mlp("train", "config.yaml", *words)
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])
