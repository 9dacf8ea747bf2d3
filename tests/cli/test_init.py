"""`mlp init`: a config that says what was seen, and that trains as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.config import load_config

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

RINGS = ("# : x", "k\x07", "k\x07")
ODD = 'n,"two words","a ""quote"" \\ é 😀","tab\tin\u2028side",gap,y\n' + "".join(
    f'{i},{"uv"[i % 2]},{i * i % 7},"{RINGS[i % 3]}",{i if i % 5 else ""},{"dcc"[i % 3]}\n'
    for i in range(40)
)


@pytest.mark.parametrize("name", ["points.csv", "odd name [1] é#.csv"])
def test_what_is_written_is_valid_and_trains(here: Path, mlp: Mlp, name: str) -> None:
    if name != "points.csv":
        (here / name).write_text(ODD, encoding="utf-8")
    (here / "sub").mkdir()
    ran = mlp("init", name, "--target", "y", "-o", "sub/mine.yaml")
    assert (ran.status, ran.out) == (0, "")
    assert ran.lines == ["sub/mine.yaml: written; train with: mlp train sub/mine.yaml"]
    assert mlp("config", "check", "sub/mine.yaml").out == "sub/mine.yaml: valid\n"
    ran = mlp("train", "sub/mine.yaml", "-q")
    assert (ran.status, ran.err) == (0, "")
    header = (here / name).read_text("utf-8").split("\n")[0]
    text = (here / "sub/mine.yaml").read_text("utf-8")
    assert text.count("\n    - ") + text.count("\n    # - ") == header.count(",")
    assert load_config("sub/mine.yaml").data.features


def test_comments_say_what_was_seen(here: Path, mlp: Mlp) -> None:
    (here / "t.csv").write_text(
        "a,t,c,y\n" + "".join(f"{i or ''},{'uv'[i % 2]},5,{'mf'[i % 3 == 0]}\n" for i in range(90))
    )
    assert mlp("init", "t.csv", "--target", "y").out == (
        """\
# 90 rows in t.csv. Train with: mlp train config.yaml
# All keys and their defaults: mlp config show config.yaml

data:
  train: "t.csv"
  target: "y"
  positive: "f"  # counts as 1, and "m" as 0: a guess, the rarer one
  features:
    # - "a"  # number, 1 to 89, 1 missing: looks like a row number or an id, which teaches nothing
    - "t"  # 2 texts: "u", "v"
    # - "c"  # number, always 5: is constant in the training rows: it teaches nothing
  missing: median              # fill gaps; or mean, level, drop, error
  max_levels: 100              # most texts of a column with own inputs
  validation: 0.2              # share of rows that choose the best epoch
  test: 0.2                    # share kept aside until the end

network:
  hidden: [16]                 # units per sigmoid layer; [] is logistic regression

training:
  optimizer: {name: adam, learning_rate: 0.01}
  epochs: 200
  patience: 20                 # stop when validation has not improved for so many epochs
  seed: 0
"""
    )


def test_few_rows_are_not_split(here: Path, mlp: Mlp) -> None:
    (here / "t.csv").write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(49)))
    text = mlp("init", "t.csv", "--target", "y").out
    assert "\n  # validation: 0.2 " in text
    assert "test:" not in text
    assert "patience" not in text


def test_a_target_with_gaps_drops_rows(here: Path, mlp: Mlp) -> None:
    (here / "t.csv").write_text("a,y\n1,0\n2,1\n3,\n4,0\n")
    ran = mlp("init", "t.csv", "--target", "y")
    assert "  missing_target: drop         # 1 rows have no target" in ran.out
    assert "positive:" not in ran.out


def test_nothing_is_overwritten_without_force(here: Path, mlp: Mlp) -> None:
    before = (here / "config.yaml").read_text()
    ran = mlp("init", "points.csv", "--target", "y", "-o", "config.yaml")
    assert ran.status == 2
    assert ran.lines == ["config.yaml: exists already; give --force to replace it"]
    assert (here / "config.yaml").read_text() == before
    ran = mlp("init", "points.csv", "--target", "y", "-o", "config.yaml", "--force")
    assert ran.status == 0
    assert (here / "config.yaml").read_text() != before


@pytest.mark.parametrize(
    ("args", "status", "line"),
    [
        (["points.csv", "--target", "Y2"], 2, 'points.csv: no column "Y2"; it has "x", "c", "y"'),
        (["pints.csv", "--target", "y"], 2, 'pints.csv: no such file, did you mean "points.csv"?'),
        (
            ["points.csv", "--target", "y", "-o", "points.csv/c.yaml"],
            74,
            "points.csv/c.yaml: cannot be written: not a directory",
        ),
        (["points.csv"], 2, "mlp init: Missing option '--target'; see mlp init --help"),
    ],
)
def test_refused(here: Path, mlp: Mlp, args: list[str], status: int, line: str) -> None:
    ran = mlp("init", *args)
    assert (ran.status, ran.out, ran.lines) == (status, "", [line])


MET = ",id,zip,flag,code,age,title,gap,y,z\n" + "".join(
    f"{i},{1700000001 + i},{'02139' if i % 3 else '10001'},{i % 7 < 3},"
    f"{('1E2', '100', '7')[i % 3]},"
    f"{-999 if i % 9 == 0 else 20 + i % 31},title {i},{'.' if i % 8 == 0 else i % 11 / 2},"
    f"{('control', 'PD')[i * i % 5 > 1]},{i * i % 3 == 0}\n"
    for i in range(90)
)


def test_what_was_met_is_written_down_and_trains(here: Path, mlp: Mlp) -> None:
    (here / "met.csv").write_text(MET)
    ran = mlp("init", "met.csv", "--target", "y", "--target", "z", "--drop", "gap", "-o", "m.yaml")
    assert ran.status == 0
    text = (here / "m.yaml").read_text()
    for line in (
        "# met.csv: the first column has no name and is left out: row names or an index",
        '  target: ["y", "z"]',
        '    "y": "PD"  # counts as 1, and "control" as 0: the word for yes',
        '    # - "id"  # number, 1700000001 to 1700000090: looks like a row number or an id, which',
        '  types: {"flag": boolean, "zip": text}  # as their values are written',
        '  missing_values: {"age": [-999]}  # which look like it',
        '    - "age"  # number, 20 to 50, 10 missing',
        '    # - "title"  # 90 texts: "title 0", ',
        "  max_levels: 100 ",
    ):
        assert line in text
    assert '100 and 1E2: if they are codes, set data.types: {"code": text}' in text
    assert '"gap"' not in text
    assert mlp("train", "m.yaml", "-q").status == 0


def test_texts_for_missing_numbers_are_met(here: Path, mlp: Mlp) -> None:
    (here / "met.csv").write_text(MET)
    text = mlp("init", "met.csv", "--target", "z").out
    assert '  missing_values: {"age": [-999], "gap": ["."]}  # which look like it' in text


def test_a_file_without_names(here: Path, mlp: Mlp) -> None:
    rows = "".join(f"{i % 13}.5,{'uv'[i % 2]},{'ab'[i % 3 == 0]}\n" for i in range(60))
    (here / "t.csv").write_text(rows)
    assert mlp("init", "t.csv", "--target", "c3", "-o", "t.yaml").status == 0
    assert "  header: false " in (here / "t.yaml").read_text()
    assert mlp("train", "t.yaml", "-q").status == 0
    assert mlp("init", "t.csv", "--target", "y").lines == [
        't.csv: no column "y"; its first line looks like a row: the columns are then c1 to c3'
    ]
    assert mlp("init", "t.csv", "--target", "c3", "--drop", "c9").lines == [
        '--drop: no column "c9" in the data; it has "c1", "c2", "c3"'
    ]
