# ruff: noqa: E501 - a message is compared with the whole line that the user sees
from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.config import Momentum, Plateau, Sgd, Step, load_config, parse_config
from mlpcli.config.load import apply_overrides
from mlpcli.config.yaml import read_yaml
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = "data: {train: t.csv, target: y}\n"


def refusal(path: str | Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(caught.value.lines) == 1
    return caught.value.lines[0]


def test_all_errors_come_at_once_in_file_order(refused: Callable[..., list[str]]) -> None:
    text = """\
training:
  epoch: 5
  optimizer: {name: sgd, learning_rate: fast}
  patience: 3
data:
  target: [y, y]
network:
  bias: no
  hidden:
    - 8
    - "eight"
loss: {epsilon: 1, kind: mse, derivative: naive}
"""
    assert refused(text) == [
        'c.yaml:2:3: training.epoch: unknown key, did you mean "epochs"?',
        'c.yaml:3:41: training.optimizer.learning_rate: expected a number > 0, got "fast"',
        "c.yaml:4:3: training.patience: expected validation rows for this, got none; set data.validation, say to 0.2, or training.patience to null",
        'c.yaml:5:1: data.train: missing, add "train:" to data',
        'c.yaml:6:15: data.target[1]: expected each entry once, got "y" already at data.target[0]; remove one',
        'c.yaml:8:9: network.bias: expected true or false, got "no"',
        'c.yaml:11:7: network.hidden[1]: expected an integer >= 1, got "eight"',
        "c.yaml:12:17: loss.epsilon: expected a number > 0 and < 0.5, got 1",
        'c.yaml:12:31: loss.derivative: expected no form for kind mse, got "naive"; remove it or use kind bce or cross_entropy',
    ]


def test_a_conflict_with_a_key_that_is_itself_wrong_is_not_guessed_at(
    refused: Callable[..., list[str]],
) -> None:
    text = "data: {train: t.csv, target: y, validation: 2}\ntraining: {patience: 3}\n"
    (line,) = refused(text)
    assert line.startswith("c.yaml:1:45: data.validation: expected a fraction")


def test_the_path_is_shown_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    Path("sub/c.yaml").write_text("data: 5\n", encoding="utf-8")
    reason = '1:7: data: expected a section of "key: value" lines, got 5'
    assert refusal("sub/c.yaml") == f"sub/c.yaml:{reason}"
    assert refusal(tmp_path / "sub/c.yaml") == f"{tmp_path}/sub/c.yaml:{reason}"


def test_paths_are_relative_to_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """\
data: {train: [../data/*.csv, b.csv], target: y, validation: /v.csv, test: [../../t.csv]}
training: {output: ./runs/}
"""
    (tmp_path / "here/configs").mkdir(parents=True)
    (tmp_path / "here/configs/c.x.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    config = load_config("configs/c.x.yaml")
    assert config.data.train == ("data/*.csv", "configs/b.csv")
    assert config.data.validation == ("/v.csv",)
    assert config.data.test == (str(tmp_path / "t.csv"),)
    assert config.training.output == "configs/runs"
    assert config.name == "c.x"
    assert load_config(tmp_path / "here/configs/c.x.yaml") == config


def test_a_split_that_is_no_file_is_left_alone() -> None:
    text = "data: {train: t.csv, target: y, validation: 0.2, test: {column: c, value: t}}"
    data = parse_config(text, folder="/x").data
    assert data.train == ("/x/t.csv",)
    assert data.validation == 0.2
    assert data.test == parse_config(text).data.test


def test_text_needs_no_file() -> None:
    config = parse_config(GOOD, source_name="some/model.yaml")
    assert (config.name, config.data.train) == ("model", ("t.csv",))


def test_overrides_apply_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD, encoding="utf-8")
    assert load_config(tmp_path / "c.yaml", ["training.epochs=7"]).training.epochs == 7


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbfdata:\r\n  train: t.csv\r\n  target: y\r\n")
    assert load_config(path).data.target == ("y",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"data:\n  a: \xff\n",
            "2:6: expected UTF-8 text, got the byte 0xff; save the file as UTF-8",
        ),
        (
            b"\xef\xbb\xbf\xff",
            "1:1: expected UTF-8 text, got the byte 0xff; save the file as UTF-8",
        ),
        (b"\xc3\xa4: \xe4", "1:4: expected UTF-8 text, got the byte 0xe4; save the file as UTF-8"),
        (b"PK\x03\x04", r'1:3: expected text, got the character "\u0003"; is this a binary file?'),
        (b"#" * 1_000_001, " expected a config below 1 MB, got more; is this a data file?"),
    ],
)
def test_bytes_that_are_no_config(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    assert refusal(path) == f"{path}:{message}"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    tail = "expected a config file, got"
    assert refusal(tmp_path) == f"{tmp_path}: {tail} a directory"
    assert refusal(missing) == f"{missing}: {tail} no such file; `mlp init` writes one"
    assert refusal("a\0b\n") == r"a\x00b\n: expected a readable file, got: embedded null byte"
    (tmp_path / "file").touch()
    below = tmp_path / "file" / "c.yaml"
    assert refusal(below) == f"{below}: expected a readable file, got: Not a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.touch(mode=0)
    assert refusal(path) == f"{path}: expected a readable file, got: Permission denied"


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
        (
            "gradcheck.copy[0]=1",
            "gradcheck.copy: unknown key, expected one of method, rows, step, tolerance, reduction, factor",
        ),
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


@pytest.mark.parametrize("key", ["\udcd6", "loss.\udcd6", "data\0.x", "\ud800[0]"])
def test_a_key_that_no_file_can_hold_is_refused(
    refused: Callable[..., list[str]], key: str
) -> None:
    (line,) = refused(BASE, f"{key}=1")
    assert "expected text, got the character" in line
    assert line.isprintable()


MARKS = "#,|:;'\"~-.%[{}!&*?>@` \t5^é\\\u00a7\N{GRINNING FACE}"


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("key", ["comment", "delimiter", "decimal", "thousands"])
def test_a_character_needs_no_quotes(key: str, mark: str) -> None:
    data = parse_config(GOOD, overrides=[f"data.{key}={mark}"]).data
    assert getattr(data, key) == mark
    again = parse_config(GOOD, overrides=[f"data.{key}={json.dumps(mark, ensure_ascii=False)}"])
    assert getattr(again.data, key) == mark


@pytest.mark.parametrize("text", ["", "null", "~"])
def test_null_is_said_by_its_words(text: str) -> None:
    assert parse_config(GOOD, overrides=["data.positive=a", f"data.positive={text}"]).data == (
        parse_config(GOOD).data
    )


@pytest.mark.parametrize("mark", "#,|:'\"-%[{!&*?>@`+")
def test_a_label_of_one_character_needs_no_quotes(mark: str) -> None:
    assert parse_config(GOOD, overrides=[f"data.positive={mark}"]).data.positive == mark


@pytest.mark.parametrize("text", ["#1", "# of rows", "a #1", "|x", "a: b: c", "@home", "it's #2"])
def test_how_to_quote_is_said_as_the_shell_wants_it(
    refused: Callable[..., list[str]], text: str
) -> None:
    (line,) = refused(GOOD, f"data.target={text}")
    assert line.startswith(f"--set data.target={text}: data.target: expected ")
    option, setting = shlex.split(line.partition("; as text: ")[2])
    assert option == "--set"
    assert parse_config(GOOD, overrides=[setting]).data.target == (text,)
