"""The examples in other languages: C through ctypes and JSON, JavaScript, PyTorch."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from foreign import foreign
from mlpcli.cli.app import run

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = ("configs/moons.yaml", "--set", "network.hidden=[6, 5]")
SOURCE = "examples/c/backprop.c"


def compiled(copy: Path, *arguments: str) -> None:
    command = [foreign("cc"), "-O2", "-Wall", "-Werror", *arguments, "-lm"]
    subprocess.run(command, cwd=copy, check=True)


def checked(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, Any]:
    status = run(["gradcheck", *args, "--json"])
    return status, json.loads(capsys.readouterr().out)


def by_files(copy: Path, capsys: pytest.CaptureFixture[str], *program: str) -> tuple[int, Any]:
    """Dump a case as JSON, run the program on it, check what it wrote."""
    assert run(["gradcheck", *CONFIG, "--dump", "case.json", "--force"]) == 0
    capsys.readouterr()
    subprocess.run([*program, "case.json", "gradient.json"], cwd=copy, check=True, timeout=60)
    return checked(capsys, "--case", "case.json", "--gradient", "gradient.json")


def test_c_through_ctypes(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled(copy, "-shared", "-fPIC", "-o", "examples/c/backprop.so", SOURCE)
    status, document = checked(capsys, *CONFIG, "--gradient", "examples.c_gradient:gradient")
    assert (status, document["verdict"]) == (0, "pass")


@pytest.mark.parametrize("printed", ["%.17g", "%g", "%.6f"])
def test_c_through_json(printed: str, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(copy / "examples/c/by_json.c", "%.17g", printed)
    compiled(copy, "-o", "by_json", "examples/c/by_json.c", SOURCE)
    status, document = by_files(copy, capsys, "./by_json")
    assert (status, document["verdict"]) == (0, "pass")


@pytest.mark.parametrize("printed", ["%.17g", "%g"])
def test_a_bug_in_c_is_named(printed: str, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(copy / "examples/c/by_json.c", "%.17g", printed)
    plant(copy / SOURCE, " * z[k] * (1.0 - z[k])", "")
    compiled(copy, "-o", "by_json", "examples/c/by_json.c", SOURCE)
    status, document = by_files(copy, capsys, "./by_json")
    assert (status, document["diagnosis"][0]["bug"]) == (1, "missing-sigma-prime")


def test_javascript(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = (foreign("node"), "examples/javascript/gradient.js")
    assert by_files(copy, capsys, *program)[0] == 0
    plant(copy / program[1], " / X.length; });", "; });")
    status, document = by_files(copy, capsys, *program)
    assert status == 1
    assert {tensor["parameter"] for tensor in document["layers"] if tensor["mismatched"]} == {"W"}


def test_pytorch(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    for function in ("gradient", "gradient_float32"):
        status, _ = checked(capsys, *CONFIG, "--gradient", f"examples.pytorch_gradient:{function}")
        assert status == 0


def plant(file: Path, right: str, wrong: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert right in text, f"{file.name} no longer has: {right}"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
