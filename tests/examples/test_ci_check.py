"""examples/ci/check.sh passes on what mlp found: right, wrong, or impossible to run."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mlp(copy: Path) -> str:
    """Return a program that runs this interpreter's mlp, wherever the tests were started from."""
    program = copy / "mlp"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mlpcli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def check(copy: Path, mlp: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script as CI would."""
    base = {name: value for name, value in os.environ.items() if name != "GITHUB_ACTIONS"}
    return subprocess.run(
        ["examples/ci/check.sh", *args], cwd=copy, env=base | {"MLP": mlp} | environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_right(copy: Path, mlp: str) -> None:
    ran = check(copy, mlp)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith(
        "check.sh: examples.numpy_backprop:gradient is right on configs/moons.yaml\n"
    )
    suite = ET.parse(copy / "gradcheck.xml").getroot()
    assert [case.get("name") for case in suite.iter("testcase")] == ["W1", "b1", "W2", "b2"]
    assert not list(suite.iter("failure"))


@pytest.mark.parametrize("where", ["text", "github"])
def test_planted_bug(where: str, copy: Path, mlp: str) -> None:
    file = copy / "examples" / "numpy_backprop.py"
    text = file.read_text(encoding="utf-8")
    assert text.count(" * Z[i] * (1 - Z[i])") == 1
    file.write_text(text.replace(" * Z[i] * (1 - Z[i])", ""), encoding="utf-8")

    ran = check(copy, mlp, **({"GITHUB_ACTIONS": "true"} if where == "github" else {}))
    assert ran.returncode == 1, ran.stderr
    assert "missing-sigma-prime" in ran.stdout
    assert ("::error" in ran.stdout) == (where == "github")
    assert "is WRONG on configs/moons.yaml" in ran.stderr
    suite = ET.parse(copy / "gradcheck.xml").getroot()
    failed = [
        case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None
    ]
    assert failed == ["W1", "b1"]


def test_what_cannot_be_run(copy: Path, mlp: str) -> None:
    ran = check(copy, mlp, "configs/moons.yaml", "examples.numpy_backprop:grad")
    assert ran.returncode == 2
    assert 'did you mean "gradient"?' in ran.stderr
    assert "could not be checked on configs/moons.yaml (exit status 2)" in ran.stderr
