"""The package: what it exports, that it is lazy, and that the command is a thin caller of it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

import mlpcli
from mlp_runs import process, strict_json, write_inputs

if TYPE_CHECKING:
    from pathlib import Path


def test_every_name_is_there() -> None:
    assert list(mlpcli.__all__) == sorted(mlpcli.__all__)
    assert dir(mlpcli) == sorted(mlpcli.__all__)
    for name in mlpcli.__all__:
        assert getattr(mlpcli, name) is not None


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'mlpcli' has no attribute 'trian'"):
        _ = mlpcli.trian


def test_importing_costs_nothing() -> None:
    code = "import sys, mlpcli; print({'numpy', 'duckdb', 'pydantic', 'typer'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_version() -> None:
    assert version("mlpcli") == mlpcli.__version__


def test_python_does_what_the_command_does(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    result = mlpcli.train(mlpcli.load_config(tmp_path / "config.yaml"), out=tmp_path / "a")
    ran = process("train", tmp_path / "config.yaml", "--out", tmp_path / "b", "--json", "-q")
    document = strict_json(ran.stdout)
    same = {
        key: value for key, value in result.to_document().items() if key not in {"seconds", "model"}
    }
    assert same.items() <= document.items()
    a, b = ((tmp_path / run / "model.safetensors").read_bytes() for run in "ab")
    assert a == b
