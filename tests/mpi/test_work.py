"""Folds and units are shared out, to the bytes of one process; other commands run once."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mlp_runs import write_inputs
from mlpcli.check.bugs import blind_spots
from mlpcli.check.numeric import methods
from mlpcli.cli.app import run
from mlpcli.nn.network import Parameters
from mpi.launch import ended, mpi_run, start

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Ran


IN_PIECES = """
from mlpcli.data.table import cut
cut.LEAST = 500
from mlpcli.cli import app
app.main()
"""


def in_pieces(ranks: int, *arguments: str, folder: Path) -> Ran:
    """Run `mlp` on so many ranks, which read small tables as they would large ones."""
    return ended(start(ranks, [sys.executable, "-c", IN_PIECES, *arguments], folder))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_crossval(folder: Path) -> None:
    ran = mpi_run(3, "crossval", "config.yaml", "--seeds", "2", "-q", "--out", "cv", folder=folder)
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert run(["crossval", "config.yaml", "--seeds", "2", "-q", "--out", "alone"]) == 0
    files = sorted(path.relative_to(folder / "alone") for path in (folder / "alone").rglob("*.*"))
    assert len(files) == 13
    for file in files:
        theirs, ours = ((folder / where / file).read_bytes() for where in ("cv", "alone"))
        assert theirs.replace(b'"cv/', b'"alone/') == ours, file


def test_gradcheck(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes, rows = (30, 80, 30, 3), 1500
    assert Parameters.count(sizes, True) * rows > max(methods.WORTH_RANKS, blind_spots.WORTH_RANKS)
    given = "-".join(map(str, sizes))
    network = ("gradcheck", "--network", given, "--rows", str(rows), "--json")
    ran = mpi_run(3, *network, folder=folder)
    assert run(network) == 0
    ours: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (ran.status, ran.document | {"seconds": 0}) == (0, ours | {"seconds": 0})


@pytest.mark.parametrize("command", ["train", "crossval"])
def test_a_data_error_is_said_once(folder: Path, command: str) -> None:
    with (folder / "points.csv").open("a") as file:
        file.write("oops,red,yes\n")
    ran = mpi_run(3, command, "config.yaml", folder=folder)
    (line,) = ran.lines
    assert line.startswith('points.csv:82: column "x": ')
    assert ran.status == 2


DATA_ERRORS = {
    "train": ["train", "config.yaml", "--set", "data.train=part-*.csv"],
    "evaluate": ["evaluate", "model", "part-*.csv"],
}


@pytest.mark.parametrize("command", DATA_ERRORS)
def test_a_data_error_of_a_piece_is_said_once(folder: Path, command: str) -> None:
    """The first of all, whoever meets one first."""
    text = (folder / "points.csv").read_text()
    for part in range(4):
        (folder / f"part-{part}.csv").write_text(text + "oops,red,yes\n" * (part > 1))
    if command == "evaluate":
        assert run(["train", "config.yaml", "-q", "--out", "model"]) == 0
    ran = in_pieces(3, *DATA_ERRORS[command], folder=folder)
    assert ran.status == 2
    assert [line.partition(": column")[0] for line in ran.lines] == [
        "part-2.csv:82",
        "part-3.csv:82",
    ]


def test_another_command_runs_once(folder: Path) -> None:
    ran = mpi_run(2, "init", "points.csv", "--target", "y", "-o", "new.yaml", folder=folder)
    assert ran.status == 0
    assert (folder / "new.yaml").exists()
    assert mpi_run(2, "--version", folder=folder).out.count("mlp") == 1


def test_predict_and_evaluate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "config.yaml", "-q", "--out", "model"]) == 0
    lines = (folder / "points.csv").read_text().splitlines(keepends=True)
    (folder / "many.csv").write_text(lines[0] + "".join(lines[1:]) * 2500)
    for command in (["predict", "model", "many.csv", "--keep", "x"],
                    ["evaluate", "model", "many.csv", "--json"]):  # fmt: skip
        capsys.readouterr()
        assert run(command) == 0
        theirs = in_pieces(3, *command, folder=folder)
        assert (theirs.status, theirs.err) == (0, "")
        assert theirs.out == capsys.readouterr().out
