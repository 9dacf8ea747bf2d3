from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.config import Momentum, Plateau, Sgd, Step, parse_config
from mlpcli.config.overrides import apply_overrides
from mlpcli.config.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = """\
data: {train: t.csv, target: y, validation: 0.2}
network:
  hidden: [4, 5]
training:
  optimizer: sgd
  epochs: 3
"""


@pytest.mark.parametrize(
    ("override", "section", "key", "value"),
    [
        ("training.epochs=5", "training", "epochs", 5),
        ("training.optimizer=sgd", "training", "optimizer", Sgd()),
        ("training.optimizer.learning_rate=1e-3", "training", "optimizer", Sgd(learning_rate=1e-3)),
        ("training.optimizer.name=momentum", "training", "optimizer", Momentum()),
        ("training.schedule={name: step, every: 2}", "training", "schedule", Step(every=2)),
        ("training.schedule=plateau", "training", "schedule", Plateau()),
        ("training.threads=", "training", "threads", None),
        ("network.hidden=[8, 8]", "network", "hidden", (8, 8)),
        ("network.hidden=[]", "network", "hidden", ()),
        ("network.hidden[1]=7", "network", "hidden", (4, 7)),
        ("network.hidden[2]=7", "network", "hidden", (4, 5, 7)),
        ("data.drop[0]=a=b", "data", "drop", ("a=b",)),
        ("data.positive.y=no", "data", "positive", {"y": "no"}),
        ("loss.l2=1", "loss", "l2", 1.0),
        ("loss={l2: 1}", "loss", "l2", 1.0),
    ],
)
def test_an_override_beats_the_file(override: str, section: str, key: str, value: Any) -> None:
    before = parse_config(BASE)
    after = parse_config(BASE, overrides=[override])
    assert getattr(getattr(after, section), key) == value
    others = {"data", "network", "loss", "training", "gradcheck"} - {section}
    assert all(getattr(after, other) == getattr(before, other) for other in others)


def test_the_last_override_of_a_key_holds() -> None:
    overrides = ["training.epochs=abc", "training.epochs=5", "training.epochs=6"]
    assert parse_config(BASE, overrides=overrides).training.epochs == 6


def test_an_index_without_a_list_in_the_file_counts_in_the_default() -> None:
    text = "data: {train: t.csv, target: y}"
    overrides = ["network.hidden[0]=4", "network.hidden[1]=2"]
    assert parse_config(text, overrides=overrides).network.hidden == (4, 2)


def test_a_part_of_an_optimizer_that_the_file_does_not_mention_is_adams() -> None:
    text = "data: {train: t.csv, target: y}"
    optimizer = parse_config(text, overrides=["training.optimizer.beta1=0.5"]).training.optimizer
    assert (optimizer.name, optimizer.learning_rate) == ("adam", 0.001)


def test_the_tree_that_is_overridden_stays_as_it_was() -> None:
    tree = read_yaml(BASE, "c.yaml")
    apply_overrides(tree, ["network.hidden[0]=9", "training.optimizer.name=adam"])
    assert tree == read_yaml(BASE, "c.yaml")


HELP = "expected KEY=VALUE, such as training.epochs=5 or network.hidden[0]=8"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epochs=abc", 'training.epochs: expected an integer >= 1, got "abc"'),
        ("training.epoch=5", 'training.epoch: unknown key, did you mean "epochs"?'),
        ("trainin.epochs=5", 'trainin: unknown key, did you mean "training"?'),
        ("network.hidden[1]=0", "network.hidden[1]: expected an integer >= 1, got 0"),
        ("network.hidden=[1, x]", 'network.hidden[1]: expected an integer >= 1, got "x"'),
        ("network.hidden[3]=1", "network.hidden: expected an index <= 2, got 3"),
        ("training.epochs[0]=1", "training.epochs: expected a list to set [0] in, got 3"),
        ("training.epochs.x=1", 'training.epochs: expected a mapping to set "x" in, got 3'),
        ("network.hidden.x=1", 'network.hidden: expected a mapping to set "x" in, got [4, 5]'),
        ("training=3", 'training: expected a section of "key: value" lines, got 3'),
        ("training.epochs", HELP),
        ("=5", HELP),
        ("training..epochs=5", HELP),
        ("training.[0]=5", HELP),
        ("a.b.c.d.e.f.g.h.i=1", HELP),
        (
            "training.schedule=[1",
            'training.schedule: expected a closing "]" of what opens here, got none',
        ),
        (
            "training.optimizer.beta1=0.5",
            "training.optimizer.beta1: unknown key, expected one of name, learning_rate",
        ),
        (
            "training.optimizer.learning_rate=0",
            "training.optimizer.learning_rate: expected a number > 0, got 0",
        ),
        ("data.target=", "data.target: expected a column or a list of columns, got null"),
    ],
)
def test_a_bad_override_is_named_as_it_was_given(
    refused: Callable[..., list[str]], override: str, message: str
) -> None:
    assert refused(BASE, override) == [f"--set {override}: {message}"]


def test_bad_overrides_stand_behind_the_files_errors_in_their_order(
    refused: Callable[..., list[str]],
) -> None:
    text = BASE.replace("epochs: 3", "epochs: none")
    assert refused(text, "training.seed=x", "nonsense", "loss.l2=-1") == [
        'c.yaml:6:11: training.epochs: expected an integer >= 1, got "none"',
        '--set training.seed=x: training.seed: expected an integer >= 0, got "x"',
        f"--set nonsense: {HELP}",
        "--set loss.l2=-1: loss.l2: expected a number >= 0, got -1",
    ]


def test_what_the_file_leaves_out_of_an_overridden_mapping_is_placed_at_the_override(
    refused: Callable[..., list[str]],
) -> None:
    (line,) = refused(BASE, "training.patience=3", "data.validation=null")
    assert line.startswith("--set training.patience=3: training.patience: expected validation rows")


def test_a_long_override_is_shortened(refused: Callable[..., list[str]]) -> None:
    (line,) = refused(BASE, f"training.epochs={'x' * 10_000}\n\x1b[31m")
    assert len(line) < 300
