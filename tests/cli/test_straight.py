"""Training straight from a table does what `init` and `train` do one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlpcli.cli.straight import plan_for
from mlpcli.config import load_config
from mlpcli.training.model_file import load_model

if TYPE_CHECKING:
    from mlp_runs import Mlp

ROWS = "".join(f"{i % 7},{'ab'[i % 2]},r{i},{'no' if i % 3 else 'yes'}\n" for i in range(60))
TABLE = "x,c,id,y\n" + ROWS


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text(TABLE)
    return Path("people.csv")


def test_it_is_the_config_of_init(table: Path, mlp: Mlp) -> None:
    assert mlp("init", table, "--target", "y", "-o", "mine.yaml").status == 0
    plan = plan_for(table, ["y"], [])
    assert plan.config == load_config("mine.yaml")
    assert plan.config.name == "people"
    assert any("counts as 1" in note for note in plan.notes)
    assert any('column "id" is left out' in note for note in plan.notes)


def test_a_run_keeps_its_config_and_says_what_was_guessed(table: Path, mlp: Mlp) -> None:
    ran = mlp("train", table, "--target", "y", "--epochs", 3, "--hidden", "5", "--set",
              "training.seed=4")  # fmt: skip
    assert ran.status == 0
    assert 'target "y": "yes" counts as 1, and "no" as 0' in ran.err
    kept = load_config("runs/people/config.yaml")
    assert (kept.training.epochs, kept.network.hidden, kept.training.seed) == (3, (5,), 4)
    assert kept.data.features == ("x", "c")
    again = mlp("train", "runs/people/config.yaml", "--out", "again", "-q")
    assert (again.status, again.err) == (0, "")
    assert load_model("runs/people").tensor_digest == load_model("again").tensor_digest


def test_rows_without_a_target_are_told_once_with_their_sign(table: Path, mlp: Mlp) -> None:
    lines = TABLE.splitlines()
    lines[1:4] = ["1,a,r,None", "2,b,r,", "3,a,r,None"]
    table.write_text("\n".join(lines))
    ran = mlp("train", table, "--target", "y", "--epochs", 1)
    said = "3 rows without a target are left out; "
    said += '"None" counts as none: if that is a label, set data.keep_values: ["None"]'
    (line,) = (line for line in ran.err.splitlines() if "left out" in line and "target" in line)
    assert (ran.status, line.endswith(said)) == (0, True)
    (line,) = (line for line in mlp("evaluate", "runs/people", table).lines if "left out" in line)
    assert line.endswith("3 rows without a target are left out")


def test_quiet_means_quiet(table: Path, mlp: Mlp) -> None:
    ran = mlp("train", table, "--target", "y", "--epochs", 1, "-q")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_nothing_is_said_twice(table: Path, mlp: Mlp) -> None:
    table.write_text(TABLE.replace(",a,", ",True,").replace(",b,", ",FALSE,"))
    ran = mlp("train", table, "--target", "y", "--epochs", 1)
    assert sum('"c" is read as true and false' in line for line in ran.lines) == 1


@pytest.mark.parametrize(
    ("pattern", "name"), [("parts/*.csv", "parts"), ("parts/2*.csv", "2"), ("parts/20.a.csv", "20")]
)
def test_runs_are_named_by_tables(table: Path, pattern: str, name: str) -> None:
    Path("parts").mkdir()
    for part in ("20.a.csv", "21.csv"):
        Path("parts", part).write_text(TABLE)
    plan = plan_for(Path(pattern), ["y"], [])
    assert (plan.config.name, plan.config.data.train) == (name, (pattern,))


def test_targets_with_a_config_are_set_in_it(table: Path, mlp: Mlp) -> None:
    Path("c.yml").write_text('data: {train: people.csv, target: x, positive: "yes"}')
    assert plan_for(Path("c.yml"), ["y"], []).config.data.target == ("y",)
    config = plan_for(Path("c.yml"), ["a, b", "é"], ["data.positive=null"]).config
    assert config.data.target == ("a, b", "é")
    assert mlp("train", "c.yml", "--target", "y", "--epochs", 1, "-q").status == 0


def test_dead_ends_say_where_to_go(table: Path, mlp: Mlp) -> None:
    Path("c.yaml").write_text("data: {train: people.csv, target: y}")
    assert mlp("train", table, "--target", "y", "--epochs", 1, "-q").status == 0
    for words, line in {
        ("people.csv",): 'people.csv: name the column to predict with --target; it has "x", "c", '
        '"id", "y"',
        ("people.csv", "--target", "z"): 'people.csv: no column "z"; it has "x", "c", "id", "y"',
        ("peple.csv",): 'peple.csv: no such file, did you mean "people.csv"?',
        ("runs/people",): "runs/people: is a run folder; train from its config: mlp train "
        "runs/people/config.yaml",
        ("people.csv", "--target", "c.yaml"): "--target: expected a column of people.csv, got a "
        "config; train from it with: mlp train c.yaml",
    }.items():
        ran = mlp("train", *words)
        assert (ran.status, ran.out, ran.err) == (2, "", f"{line}\n")


@pytest.mark.parametrize(
    ("content", "setting"),
    [
        ("Report of 2024\n\n" + TABLE, "data.skip_lines=2"),
        ("^by me\n" + TABLE, "data.comment=^"),
        (TABLE.replace("yes", "up").replace("no", "down"), "data.positive=down"),
        (TABLE.replace("\n5,", "\nn.b.,"), "data.missing_values=[n.b.]"),
        (TABLE, "data.drop=[c]"),
        (TABLE, "data.group=id"),
        (
            TABLE.replace("x,c,", "x,w,").replace(",a,", ",1,").replace(",b,", ",2,"),
            "data.weight=w",
        ),
    ],
)
def test_what_is_said_of_the_table_reaches_the_draft(
    table: Path, mlp: Mlp, content: str, setting: str
) -> None:
    table.write_text(content)
    ran = mlp("train", table, "--target", "y", "--epochs", 1, "--set", setting)
    assert ran.status == 0, ran.lines
    assert load_config("runs/people/config.yaml").data.target == ("y",)
    key, _, value = setting.removeprefix("data.").partition("=")
    kept = getattr(load_config("runs/people/config.yaml").data, key)
    assert str(value.strip("[]")) in str(kept)


def test_a_label_that_is_said_is_no_guess(table: Path, mlp: Mlp) -> None:
    ran = mlp("train", table, "--target", "y", "--epochs", 1, "--set", "data.positive=no")
    assert any(line.startswith('target "y": no = 1, yes = 0') for line in ran.lines)
    assert not any("counts as 1" in line for line in ran.lines)
