"""`mlp gradcheck` for courses: points, what earns none, starters; and in GitHub's log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

GRADING = ("gradescope", "classroom50")
ZEROS = """
def gradient(weights, biases, X, y):
    return [0 * W for W in weights], [0 * b for b in biases]
"""
IMPORTS = """
def gradient(weights, biases, X, y):
    from mlpcli.check.case import case_from
"""
TRANSPOSED = """
def gradient(weights, biases, X, y):
    return [W.T for W in weights], biases
"""


@pytest.fixture
def starter(tmp_path: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "starter.py"
    file.write_text(mlp("gradcheck", "--template").out, encoding="utf-8")
    return file


def graded(mlp: Mlp, name: str, *options: object) -> tuple[int, dict[str, Any], str]:
    ran = mlp("gradcheck", "--gradient", name, "--format", "gradescope", *options)
    return ran.status, json.loads(ran.out), ran.err


@pytest.mark.parametrize("form", GRADING)
def test_the_starter_earns_everything(form: str, starter: Path, mlp: Mlp) -> None:
    options = ("--format", form, "--points", "7", "--seed", "8251")
    ran = mlp("gradcheck", "--gradient", f"{starter}:gradient", *options)
    assert ran.status == 0
    assert json.loads(ran.out)["score"] == 7


def test_a_starter_passes_with_its_options(tmp_path: Path, mlp: Mlp) -> None:
    options = ("--loss", "mse", "--samples", "columns", "--bias", "first", "--call", "step")
    file = tmp_path / "s.py"
    file.write_text(mlp("gradcheck", "--template", *options).out, encoding="utf-8")
    assert mlp("gradcheck", "--gradient", f"{file}:gradient", *options).status == 0
    assert mlp("gradcheck", "--gradient", f"{file}:gradient", *options[2:]).status == 1


@pytest.mark.parametrize(
    "options",
    [
        "--labels numbers",
        "--labels numbers --bias first --weights in-out",
        "--labels numbers --loss mse --output identity --samples columns --call row",
        "--network 4-5-3 --labels numbers --reduction sum --factor 1/2 --l2 0.5 --bias last",
        "--loss cross_entropy --labels numbers --samples vector --call row-step --bias none",
        "--activation leaky_relu --slope 0.2 --reduction mean_all --call step --bias column",
    ],
)
def test_a_starter_passes_by_the_line_that_it_says(options: str, tmp_path: Path, mlp: Mlp) -> None:
    file = tmp_path / "starter.py"
    file.write_text(mlp("gradcheck", "--template", *options.split()).out, encoding="utf-8")
    line = file.read_text(encoding="utf-8").partition("Check it by: mlp ")[2].partition("\n")[0]
    ran = mlp(*line.replace("starter.py", str(file)).split(), "--in-process")
    assert ran.status == 0, ran


def test_zeros_earn_nothing(tmp_path: Path, mlp: Mlp) -> None:
    (tmp_path / "zeros.py").write_text(ZEROS, encoding="utf-8")
    status, document, _ = graded(mlp, f"{tmp_path}/zeros.py:gradient")
    assert (status, document["score"]) == (1, 0)


def test_who_imports_this_package_earns_nothing(tmp_path: Path, mlp: Mlp) -> None:
    (tmp_path / "cheat.py").write_text(IMPORTS, encoding="utf-8")
    status, document, err = graded(mlp, f"{tmp_path}/cheat.py:gradient")
    assert (status, document["score"]) == (2, 0)
    assert "mlpcli cannot be imported" in document["tests"][0]["output"]
    assert err.count("\n") == 1


def test_who_ends_the_process_on_any_case_never_passes(starter: Path, mlp: Mlp) -> None:
    text = starter.read_text(encoding="utf-8")
    ends = "    if len(weights) == 2:\n        import os\n        os._exit(0)\n"
    starter.write_text(text.replace("    W, b = weights", f"{ends}    W, b = weights"), "utf-8")
    ran = mlp("gradcheck", "--gradient", f"{starter}:gradient")
    assert (ran.status, ran.out) == (2, "")
    assert "it ended the process with exit status 0" in ran.err


@pytest.mark.parametrize("form", GRADING)
def test_an_error_earns_nothing_and_is_told(form: str, tmp_path: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", "--gradient", f"{tmp_path}/none.py:f", "--format", form, "--points", 4)
    assert ran.status == 2
    document = json.loads(ran.out)
    assert document["score"] == 0
    assert ran.err.strip() == document["tests"][0]["output"]


def test_what_is_hidden_is_the_diagnosis(starter: Path, mlp: Mlp) -> None:
    text = starter.read_text(encoding="utf-8")
    starter.write_text(text.replace(" * slope(H[i], Z[i])", ""), encoding="utf-8")
    name = f"{starter}:gradient"
    status, document, _ = graded(mlp, name, "--hide-diagnosis")
    assert status == 1
    assert [test["score"] > 0 for test in document["tests"]] == [False] * 4 + [True] * 2
    assert "missing-sigma-prime" not in json.dumps(document)
    assert "missing-sigma-prime" in json.dumps(graded(mlp, name)[1])
    shown = mlp("gradcheck", "--gradient", name, "--hide-diagnosis", "--json").document
    assert (shown["diagnosis"], shown["suggestion"]) == ([], None)


def test_an_error_is_told_without_what_may_be_its_cause(tmp_path: Path, mlp: Mlp) -> None:
    (tmp_path / "t.py").write_text(TRANSPOSED, encoding="utf-8")
    name = f"{tmp_path}/t.py:gradient"
    (told,) = graded(mlp, name)[1]["tests"]
    (hidden,) = graded(mlp, name, "--hide-diagnosis")[1]["tests"]
    assert "transposed" in told["output"]
    assert "transposed" not in hidden["output"]
    assert told["output"].startswith(hidden["output"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--network", "3-1", "--format", "gradescope"), "grades somebody's gradient, not ours"),
        (("--plant", "scaled", "--points", "3"), "--points are shared out under --format grades"),
        (("--plant", "scaled", "--format", "github", "--points", "3"), "--points are shared out"),
        (("--plant", "scaled", "--format", "classroom50", "--points", "3.5"), "whole points only"),
        (("--plant", "scaled", "--points", "0"), "--points: expected a number > 0, got 0"),
        (("--gradient", "a:b", "--format", "gradescope", "--in-process"), "no --in-process"),
        (("--gradient", "a:b", "--template"), "--template prints a starter and ends"),
    ],
)
def test_what_cannot_be_is_refused(options: tuple[str, ...], message: str, mlp: Mlp) -> None:
    ran = mlp("gradcheck", *options)
    assert ran.status == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_github_has_the_table_and_then_the_place(
    starter: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = starter.with_name("summary.md")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    text = starter.read_text(encoding="utf-8")
    starter.write_text(text.replace("(z - y)", "(y - z)"), encoding="utf-8")
    ran = mlp("gradcheck", "--gradient", f"{starter}:gradient", "--format", "github")
    lines = ran.out.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("::"))
    assert any(line.startswith("FAIL") for line in lines[:first])
    assert all(line.startswith("::") for line in lines[first:])
    row = 1 + text.splitlines().index("def gradient(weights, biases, X, y):")
    assert f"::error file=starter.py,line={row},title=gradcheck W1::" in ran.out
    assert not summary.exists()
