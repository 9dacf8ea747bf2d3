"""Each example passes the check as it stands, and fails by name with a bug planted in its text."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.cli.app import run

if TYPE_CHECKING:
    from pathlib import Path

MOONS = ("configs/moons.yaml",)
DEEP = (*MOONS, "--set", "network.hidden=[7, 5, 3]", "--set", "network.init_scale=2")
SATURATED = (*MOONS, "--set", "network.init_scale=300")
THREE_OUTPUTS = ("configs/weather.yaml", "--rows", "40", "--set", "data.weight=null",
                 "--set", "data.features=[wind_kmh, humidity_pct]")  # fmt: skip
BY_HAND, AUTOMATIC = "numpy_backprop", "autograd_gradient"

PLANTED = [
    (BY_HAND, " * Z[i] * (1 - Z[i])", "", "missing-sigma-prime"),
    (BY_HAND, " * (1 - Z[i])", "", "activation-as-derivative"),
    (BY_HAND, " / len(X)  #", "  #", "sum-instead-of-mean"),
    (BY_HAND, " / len(X)  #", " / len(X) ** 2  #", "mean-twice"),
    (BY_HAND, "(Z[-1] - y)", "(y - Z[-1])", "sign-flipped"),
    (BY_HAND, "(Z[-1] - y)", "(Z[-1] - y) * Z[-1] * (1 - Z[-1])", "output-sigma-prime-kept"),
    (BY_HAND, "(Z[-1] - y)", "2 * (Z[-1] - y) * Z[-1] * (1 - Z[-1])", "squared-error-loss"),
    (BY_HAND, "delta = (delta @ weights[i]) * Z[i] * (1 - Z[i])", "delta = (Z[i] - y) / len(X)",
     "last-layer-closed-form"),
    (BY_HAND, "delta.sum(axis=0)", "delta.mean(axis=0)", "bias-averaged"),
    (BY_HAND, "delta.sum(axis=0)", "delta[0]", "bias-not-summed"),
    (BY_HAND, " / len(X)  #", " / len(X) * (np.arange(len(X)) > 0)[:, None]  #", "row-dropped"),
    (BY_HAND, "weights[i])", "(weights[i] - 0.1 * d_weights[0]))", "weights-updated-too-early"),
    (BY_HAND, "delta.T @ Z[i])", "delta.T @ Z[i] * (i > 0))", "zero-gradient"),
    (AUTOMATIC, " / len(X)", "", "sum-instead-of-mean"),
    (AUTOMATIC, "anp.sum(each) / len(X)", "anp.mean((1 / (1 + anp.exp(-H)) - y) ** 2)",
     "squared-error-loss"),
]  # fmt: skip


def checked(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, Any]:
    """Run `mlp gradcheck` in this process; return its exit status and its document."""
    status = run(["gradcheck", *args, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("case", [MOONS, DEEP, SATURATED, THREE_OUTPUTS])
@pytest.mark.parametrize("module", [BY_HAND, AUTOMATIC])
def test_right_as_it_stands(
    module: str, case: tuple[str, ...], copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, document = checked(capsys, *case, "--gradient", f"examples.{module}:gradient")
    assert (status, document["verdict"], document["diagnosis"]) == (0, "pass", [])
    errors = [layer["max_relative_error"] for layer in document["layers"]]
    assert max(errors) < 1e-9
    assert min(layer["checked"] - layer["inconclusive"] for layer in document["layers"]) > 0


@pytest.mark.parametrize(("module", "right", "wrong", "bug"), PLANTED)
def test_planted_bug_is_named(
    module: str, right: str, wrong: str, bug: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(copy / "examples" / f"{module}.py", right, wrong)
    case = (*MOONS, "--set", "network.hidden=[6, 5]")
    status, document = checked(capsys, *case, "--gradient", f"examples.{module}:gradient")
    assert (status, document["verdict"]) == (1, "fail")
    assert bug in {found["bug"] for found in document["diagnosis"]}


def test_a_process_of_its_own_reads_the_case_and_writes_the_gradient(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["gradcheck", *DEEP, "--dump", "case.npz"]) == 0
    capsys.readouterr()
    script = [sys.executable, "-m", "examples.gradient_by_file", "case.npz", "gradient.npz"]
    subprocess.run(script, cwd=copy, check=True, timeout=60)

    files = ("--case", "case.npz", "--gradient", "gradient.npz")
    status, document = checked(capsys, *files)
    assert (status, document["verdict"]) == (0, "pass")

    with np.load("gradient.npz") as file:
        arrays: dict[str, Any] = {name: file[name] for name in file}
    arrays["b2"] = arrays["b2"] / document["rows"]
    np.savez("gradient.npz", **arrays)
    status, document = checked(capsys, *files)
    assert status == 1
    assert next(found["bug"] for found in document["diagnosis"]) == "bias-averaged"


def plant(file: Path, right: str, wrong: str) -> None:
    """Replace the one place in a file that reads `right`."""
    text = file.read_text(encoding="utf-8")
    assert text.count(right) == 1, f"{file.name} no longer has: {right}"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
