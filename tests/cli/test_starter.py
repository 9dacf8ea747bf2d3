"""The config to start from is judged as a whole, with what is set in it, wherever it is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlpcli.config import load_config
from mlpcli.text import in_shell, printable

if TYPE_CHECKING:
    from mlp_runs import Mlp

ROWS = "".join(f"{i % 7},{'ab'[i % 2]},{i % 5 + 1},{int(i % 3 < 1)}\n" for i in range(60))
TABLE = "x,c,w,y\n" + ROWS


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE)
    return Path("t.csv")


OTHER = "expected another column than --target, got"
NO_ROWS = (
    "expected validation rows for this, got none; set data.validation, say to 0.2, or "
    "training.patience to null"
)
ROLE = "expected a column with no other role, got"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--drop", "y"], f'--drop: {OTHER} "y"'),
        (["--drop", "c", "--drop", "y"], f'--drop: {OTHER} "y"'),
        (["--drop", ""], '--drop: expected a column, got ""'),
        (["--target", ""], '--target: expected a column, got ""'),
        (["--target", "\udce9"], '--target: expected text, got the character "\\udce9"; remove it'),
        (["--set", "data.weight=y"],
         f'--set data.weight=y: data.weight: {ROLE} "y", which data.target names'),
        (["--drop", "w", "--set", "data.weight=w"],
         f'data.drop[0]: {ROLE} "w", which data.weight names'),
        (["--drop", "w", "--set", "data.drop=[c]"],
         "--drop: expected no --set data.drop beside it; give one of the two"),
        (["--set", "data.group=c", "--set", "data.weight=c"],
         f'--set data.group=c: data.group: {ROLE} "c", which data.weight names'),
        (["--set", "training.epoch=1"],
         '--set training.epoch=1: training.epoch: unknown key, did you mean "epochs"?'),
        (["--set", "data.validation=null", "--set", "training.patience=9"],
         f"--set training.patience=9: training.patience: {NO_ROWS}"),
    ],
)  # fmt: skip
def test_one_line_says_what_cannot_be(table: Path, mlp: Mlp, words: list[str], line: str) -> None:
    ran = mlp("init", table, "--target", "y", *words)
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])
    if "--drop" not in words:
        ran = mlp("train", table, "--target", "y", *words)
        assert (ran.status, ran.out, ran.lines) == (2, "", [line])


@pytest.mark.parametrize(
    "settings",
    [
        ["training.threshold={maximize: f1}"],
        ["training.patience=50"],
        ["training.schedule=plateau"],
        ["training.schedule={name: cosine, floor: 0.005}"],
        ["data.validation=null", "training.patience=null"],
        ["data.validation=null"],
        ["data.weight=w", "network.hidden[1]=3"],
    ],
)
def test_what_is_set_is_set_in_the_starter_config(
    table: Path, mlp: Mlp, settings: list[str]
) -> None:
    given = [word for setting in settings for word in ("--set", setting)]
    ran = mlp("train", table, "--target", "y", "--set", "training.epochs=1", *given, "-q")
    assert (ran.status, ran.err) == (0, "")
    ran = mlp("init", table, "--target", "y", "-o", "c.yaml", *given)
    assert (ran.status, ran.lines) == (0, ["c.yaml: written; train with: mlp train c.yaml"])
    ran = mlp("train", "c.yaml", "--set", "training.epochs=1", "-q")
    assert (ran.status, ran.err) == (0, "")
    one, other = (load_config(f"runs/{name}/config.yaml") for name in "tc")
    assert one == other


def test_of_few_rows_all_may_be_set_aside_but_some(table: Path, mlp: Mlp) -> None:
    table.write_text(TABLE.partition("\n")[0] + "\n" + "".join(ROWS.splitlines(keepends=True)[:40]))
    ran = mlp("init", table, "--target", "y", "--set", "data.test=0.85")
    assert (ran.status, ran.out.count("  test: 0.85\n")) == (0, 1)


def test_a_hint_on_how_a_table_is_read_is_obeyed_by_init(table: Path, mlp: Mlp) -> None:
    table.write_text(f"by me\n{TABLE}")
    assert mlp("init", table, "--target", "y").status == 2
    ran = mlp("init", table, "--target", "y", "--set", "data.skip_lines=1", "-o", "c.yaml")
    assert ran.status == 0
    assert load_config("c.yaml").data.skip_lines == 1
    assert mlp("train", "c.yaml", "--epochs", 1, "-q").status == 0


ODD = [
    "\N{GRINNING FACE}",
    "it's",
    'a "b"',
    "a\\b",
    "next\x85line",
    "é e\u0301 # : x",
    "-1",
    "\U000e0001",
]


@pytest.mark.parametrize("name", ODD)
def test_any_name_of_a_file_a_folder_a_column_or_a_label(
    table: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    field = f'"{name.replace(chr(34), chr(34) * 2)}"'
    Path(name).mkdir()
    rows = TABLE.replace(",y\n", f",{field}\n").replace(",1\n", f",{field}\n")
    Path(name, f"{name}.csv").write_text(rows.replace(",0\n", ",other\n"), encoding="utf-8")
    monkeypatch.chdir(name)
    file = f"./{name}.csv"
    assert mlp("train", file, "--target", name, "--epochs", 1, "-q", "--out", "run").lines == []
    assert mlp("train", "run/config.yaml", "--epochs", 1, "-q", "--out", "again").lines == []
    ran = mlp("init", file, "--target", name, "-o", f"./{name}.yaml")
    written, _, command = ran.lines[0].partition(": written; train with: ")
    assert (ran.status, written) == (0, printable(f"{name}.yaml"))
    assert command == f"mlp train {in_shell(f'{name}.yaml')}"
    ran = mlp("train", f"./{name}.yaml", "--target", name, "--epochs", 1, "-q", "--out", "last")
    assert ran.lines == []


@pytest.mark.parametrize(("others", "seed"), [("001", 0), ("001", 2), ("uvx", 0)])
def test_a_label_in_one_row_is_trained_on_as_advised(
    table: Path, mlp: Mlp, others: str, seed: int
) -> None:
    labels = [others[i % 2] if i != 9 else others[2] for i in range(60)]
    table.write_text("x,y\n" + "".join(f"{i % 7},{label}\n" for i, label in enumerate(labels)))
    words = ["train", table, "--target", "y", "--epochs", 1, "--seed", seed]
    ran = mlp("init", table, "--target", "y")
    assert "stands in one row alone, which only one part of the rows can have" in ran.out
    ran = mlp(*words, "-q")
    assert ran.status == 2
    advice = ran.err.partition(" took the rest: set ")[2].partition(" to null")[0]
    settings = [word for key in advice.split(" and ") for word in ("--set", f"{key}=null")]
    assert mlp(*words, "-q", *settings).status == 0
