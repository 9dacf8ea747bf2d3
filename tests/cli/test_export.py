"""`mlp export`: files that other programs read, and nothing that is there is lost."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from export.others import READERS
from mlpcli import extras, names

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp


@pytest.mark.parametrize("form", names.EXPORTS)
def test_a_table_is_predicted_as_by_mlp_predict(
    here: Path, mlp: Mlp, form: str, tmp_path: Path
) -> None:
    ran = mlp("export", "model.safetensors", "--to", form, "-o", "model.h")
    content = (here / "model.h").read_bytes()
    assert (ran.status, ran.out) == (0, "")
    assert ran.lines == ["model.h: written"]
    with (here / "points.csv").open() as file:
        rows = [{"x": float(row["x"]), "c": row["c"]} for row in csv.DictReader(file)]
    theirs = READERS[form](content, rows, tmp_path)
    mine = list(csv.reader(mlp("predict", "model.safetensors", "points.csv").out.splitlines()))[1:]
    np.testing.assert_allclose(theirs.p[:, 0], [float(p) for p, _ in mine], rtol=0, atol=1e-6)
    assert theirs.labels == [[label] for _, label in mine]


def test_a_run_folder_is_its_model(here: Path, mlp: Mlp, trained: Path) -> None:
    for model, name in ((trained / "run", "a.json"), ("model.safetensors", "b.json")):
        assert mlp("export", model, "--to", "json", "-o", name).status == 0
    assert (here / "a.json").read_bytes() == (here / "b.json").read_bytes()


def test_it_goes_into_a_stream_and_says_so_elsewhere(here: Path, mlp: Mlp) -> None:
    from mlp_runs import process

    ran = process("export", "model.safetensors", "--to", "json", "-o", "/dev/stdout")
    assert json.loads(ran.stdout)["schema"] == "mlp.export/1"
    assert ran.stderr == "/dev/stdout: written\n"


def test_nothing_is_replaced_without_force(here: Path, mlp: Mlp) -> None:
    (here / "out.npz").write_text("mine")
    command = ["export", "model.safetensors", "--to", "npz", "-o", "out.npz"]
    ran = mlp(*command)
    assert (ran.status, ran.lines) == (
        2, ["out.npz: exists already; give --force to replace it"])  # fmt: skip
    assert (here / "out.npz").read_text() == "mine"
    assert mlp(*command, "--force").status == 0
    assert sorted(np.load("out.npz"))[:2] == ["W1", "W2"]


def test_a_format_that_there_is_not(here: Path, mlp: Mlp) -> None:
    ran = mlp("export", "model.safetensors", "--to", "onx", "-o", "out")
    assert (ran.status, ran.out, len(ran.lines)) == (2, "", 1)
    assert "'onnx', 'npz', 'json', 'c'" in ran.err
    assert not (here / "out").exists()


def test_what_to_install_for_onnx(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    ran = mlp("export", "model.safetensors", "--to", "onnx", "-o", "out.onnx")
    assert (ran.status, ran.out) == (2, "")
    install = "in a checkout of mlpcli: python -m pip install '.[onnx]'"
    assert ran.lines == [f"--to onnx: needs the package onnx; {install}"]
    assert not (here / "out.onnx").exists()


def test_no_model(here: Path, mlp: Mlp) -> None:
    ran = mlp("export", "config.yaml", "--to", "c", "-o", "out.h")
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert ran.lines[0].startswith("config.yaml: is a config, expected a model")
