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
    config = load_config("sub/mine.yaml")
    header = (here / name).read_text("utf-8").split("\n")[0]
    assert len(config.data.features or ()) == header.count(",")


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
    - "a"  # number, 1 to 89, 1 missing
    - "t"  # 2 texts: "u", "v"
    - "c"  # number, always 5
  missing: median              # fill gaps; or mean, drop, error
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
    assert "  missing: drop                # 1 rows have no target" in ran.out
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
