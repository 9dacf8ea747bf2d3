"""`--plot` of train, evaluate and compare-losses: a picture, or without matplotlib a chart."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

COMMANDS = {
    "train": ("train", "config.yaml", "--out", "run", "--force"),
    "evaluate": ("evaluate", "model.safetensors", "points.csv"),
    "compare-losses": ("compare-losses", "--dtype", "float32", "--form", "stable"),
}
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_picture_always_replaces(here: Path, mlp: Mlp, command: str, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    file = here / f"x.{suffix}"
    file.write_text("old")
    ran = mlp(*COMMANDS[command], "--plot", file)
    assert ran.status == 0
    assert "--plot" not in ran.err
    content = file.read_bytes()
    assert content.startswith(MAGIC[suffix])
    mlp(*COMMANDS[command], "--plot", file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("command", COMMANDS)
def test_without_matplotlib_a_sentence_and_a_chart(
    here: Path, mlp: Mlp, command: str, without_matplotlib: None
) -> None:
    plain = mlp(*COMMANDS[command])
    ran = mlp(*COMMANDS[command], "--plot", "x.png")
    assert ran.status == 0
    assert ran.lines[-1] == (
        "warning: --plot x.png: not drawn: it needs the package matplotlib; in a checkout of "
        "mlpcli: python -m pip install '.[plot]'"
    )
    chart = ran.out.split("\n\n")[-1]
    assert len(chart.splitlines()) >= 2
    assert chart not in plain.out
    assert max(map(len, chart.splitlines())) <= 80
    assert "\x1b" not in chart
    assert not (here / "x.png").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_json_stays_alone_on_stdout(
    here: Path, mlp: Mlp, command: str, without_matplotlib: None
) -> None:
    ran = mlp(*COMMANDS[command], "--json", "--plot", "x.png")
    assert ran.document["schema"].startswith("mlp.")
    assert "pip install '.[plot]'" in ran.lines[-1]


def test_quiet_is_quiet(here: Path, mlp: Mlp, without_matplotlib: None) -> None:
    assert mlp(*COMMANDS["train"], "-q", "--plot", "x.png").out == ""


@pytest.mark.parametrize("name", ["x", "x.jpg", "x.PNG", "png", ".png", "x.png.gz"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_of_no_known_format_before_anything_is_done(
    here: Path, mlp: Mlp, command: str, name: str
) -> None:
    ran = mlp(*COMMANDS[command], "--plot", name)
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == [f"--plot {name}: expected a name that ends in .png, .svg or .pdf"]
    assert not (here / "run").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_picture_that_cannot_be_written(here: Path, mlp: Mlp, command: str) -> None:
    pytest.importorskip("matplotlib")
    ran = mlp(*COMMANDS[command], "--json", "--plot", "nowhere/x.png")
    assert (ran.status, ran.out) == (74, "")
    assert ran.lines[-1] == "nowhere/x.png: cannot be written: no such file or directory"


def test_the_verdict_stays_the_commands_own(here: Path, mlp: Mlp) -> None:
    failing = (*COMMANDS["evaluate"], "--fail-over", "loss=0")
    assert mlp(*failing, "--plot", "x.svg").status == 1
    table = "x,y\n" + "".join(f"{i}e300,{i % 2}\n" for i in range(20))
    (here / "huge.csv").write_text(table)
    (here / "huge.yaml").write_text("data: {train: huge.csv, target: y, standardize: false}\n")
    assert mlp("train", "huge.yaml", "--plot", "x.svg").status == 3


def test_a_resumed_run_is_drawn_whole(here: Path, mlp: Mlp, without_matplotlib: None) -> None:
    more = ("--set", "training.epochs=15")
    mlp("train", "config.yaml", "--out", "run", "-q", *more)
    ran = mlp("train", "config.yaml", "--out", "run", "--resume", *more, "--plot", "x.png")
    assert ran.status == 0
    assert len(ran.out.split("training loss")[1].split()[0]) == 15
