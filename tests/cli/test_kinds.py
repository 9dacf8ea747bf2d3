"""An argument in the wrong place is told where it belongs."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.cli.kinds import command_for, kind_of

if TYPE_CHECKING:
    from mlp_runs import Mlp


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a/config.YAML", "config"),
        ("data/*.csv.gz", "table"),
        ("m.safetensors", "model"),
        ("case.npz", "case"),
        ("my.py", "Python file"),
        ("net.py:Model.gradient", "function"),
        ("run", "run folder"),
        ("other", None),
        ("", None),
        ("-", None),
        ("notes.txt", None),
    ],
)
def test_what_things_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, kind: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.safetensors").touch()
    (tmp_path / "other").mkdir()
    assert kind_of(text) == kind
    assert (command_for(text) is None) is (kind is None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("crossval run", "run: is a run folder, expected a config; its config is run/config.yaml"),
        ("train model.safetensors", "is a model, expected a config; train by a config; mlp info"),
        ("crossval points.csv", "is a table, expected a config; write one for it: mlp init points"),
        ("gradcheck my.py:f", "is a function, expected a config; did you mean --gradient my.py:f?"),
        ("gradcheck my.py", "did you mean --gradient my.py:FUNCTION?"),
        ("gradcheck case.npz", "did you mean --case case.npz?"),
        ("chain run", "did you mean --model run beside its CONFIG?"),
        ("chain my.py:f", "did you mean mlp gradcheck --gradient my.py:f?"),
        ("evaluate config.yaml points.csv", "expected a model; train one by it: mlp train config"),
        ("evaluate points.csv run", "the model comes first: mlp evaluate MODEL points.csv"),
        ("predict run run", "is a run folder, expected a table; the model comes first"),
        ("init config.yaml --target y", "is a config, expected a table; the table is what its"),
        ("chain config.yaml --model points.csv", "--model points.csv: is a table, expected a mod"),
        ("train help", "help is no config; see mlp train --help"),
        ("train config", "config: no such file, did you mean config.yaml?"),
        ("chain moons", "moons: is an example; to copy it: mlp example moons"),
    ],
)
def test_a_thing_in_the_wrong_place(here: Path, mlp: Mlp, line: str, said: str) -> None:
    Path("run").mkdir()
    Path("model.safetensors").rename("run/model.safetensors")
    ran = mlp(*line.split())
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_arrays_that_are_no_case_are_not_called_one(here: Path, mlp: Mlp) -> None:
    np.savez("plain.npz", a=np.arange(3.0))
    np.savez("case.npz", X=np.eye(2), W1=np.eye(2))
    Path("no.npz").write_text("no archive")
    assert [*map(kind_of, ("plain.npz", "case.npz", "no.npz", "none.npz"))] == [
        "file of arrays", "case", "case", "case",
    ]  # fmt: skip
    for words, advice in {
        ("init", "plain.npz", "--target", "y"): "expected a table; write its columns as CSV or Par",
        ("train", "plain.npz"): "expected a config; write its columns as CSV; then: mlp train",
    }.items():
        (line,) = mlp(*words).lines
        assert line.startswith(f"plain.npz: is a file of arrays, {advice}")


@pytest.mark.parametrize("name", ["my run", "it's", "a;b", "$HOME"])
def test_what_is_advised_is_quoted_for_the_shell(here: Path, mlp: Mlp, name: str) -> None:
    for suffix in ("yaml", "csv", "safetensors", "npz", "py", "py:f"):
        command = command_for(f"{name}.{suffix}")
        assert command is not None
        assert any(word.startswith(f"{name}.{suffix}") for word in shlex.split(command))
    Path(name).mkdir()
    shutil.copy("model.safetensors", name)
    assert f"--model {shlex.quote(name)} beside its CONFIG" in mlp("chain", name).err
    (line,) = mlp("crossval", f"{name}.csv").lines
    assert line.endswith(f": mlp init {shlex.quote(f'{name}.csv')} --target COLUMN -o mine.yaml")
    (line,) = mlp("example", "moons", "-o", name).lines
    assert line.endswith(f"; train with: mlp train {shlex.quote(f'{name}/moons.yaml')}")


def test_every_command_takes_its_own_kind(here: Path, mlp: Mlp) -> None:
    assert mlp("config", "check", "config.yaml").status == 0
    assert mlp("info", "model.safetensors").status == 0
    assert mlp("gradcheck", "--plant", "bias-averaged").status == 1
