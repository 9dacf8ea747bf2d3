"""`mlp gradcheck`: verdicts, exit codes, documents, other people's gradients, what is refused."""

from __future__ import annotations

import builtins
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

CONFIG = "config.yaml"
BUGGY = """
import numpy as np

def gradient(weights, biases, X, y, factor=1):
    Z = [X]
    for W, b in zip(weights, biases):
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + b))))
    delta, dW, db = (Z[-1] - y) / len(y), [], []
    for i in reversed(range(len(weights))):
        dW.insert(0, delta.T @ Z[i])
        db.insert(0, delta.sum(axis=0))
        delta = (delta @ weights[i]) * Z[i] * ((1 - Z[i]) if factor else 1)
    return dW, db

def buggy(*case):
    return gradient(*case, factor=0)

def broken(*case):
    dW, db = gradient(*case)
    db[1][:] = np.nan
    return dW, db

calls = 0
def remembers(*case):
    global calls
    calls += len(case[2]) < 40
    return gradient(*case) if not calls else buggy(*case)
"""
LAYER_KEYS = ["layer", "parameter", "shape", "checked", "mismatched", "inconclusive",
              "max_relative_error", "max_absolute_error", "tolerance", "worst",
              "verdict"]  # fmt: skip


@pytest.fixture
def guest(here: Path, request: Any) -> str:
    """Return the name of a module in this folder; each test has its own, as modules stay."""
    name = "gradients_" + "".join(c if c.isalnum() else "_" for c in request.node.name)
    (here / f"{name}.py").write_text(BUGGY)
    return name


def test_our_own_gradient_is_right(here: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", CONFIG)
    assert (ran.status, ran.err) == (0, "")
    objective, verdict, _, title, header, *rows = ran.out.splitlines()
    assert objective.startswith("J = 1/N sum_rows -(y log z + (1-y) log(1-z)), Z_L = sigmoid(H_L)")
    assert title.startswith("stable derivative against central: ")
    assert header.split()[:3] == ["tensor", "verdict", "shape"]
    assert [row.split()[0] for row in rows[:4]] == ["W1", "b1", "W2", "b2"]
    assert verdict == "PASS: every tensor is right"


def test_json(here: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", CONFIG, "--json")
    assert (ran.status, ran.err) == (0, "")
    document = ran.document
    assert list(document) == ["schema", "verdict", "method", "derivative", "rows", "parameters",
                              "seconds", "layers", "second_opinion", "forms", "diagnosis",
                              "blind_spots", "cases", "objective", "layout", "call", "suggestion",
                              "returned", "printed"]  # fmt: skip
    assert document["schema"] == "mlp.gradcheck/1"
    assert (document["verdict"], document["method"]) == ("pass", "central")
    assert (document["derivative"], document["rows"], document["forms"]) == ("stable", 40, None)
    assert [list(layer) for layer in document["layers"]] == [LAYER_KEYS] * 4
    assert [layer["parameter"] for layer in document["layers"]] == ["W", "b", "W", "b"]
    assert list(document["layers"][0]["worst"]) == ["index", "analytic", "numeric"]
    assert list(document["second_opinion"]) == ["method", "checked", "max_relative_error"]
    assert document["diagnosis"] == []
    assert document["cases"] == [{"name": "config", "verdict": "pass"}]
    assert document["objective"] == {
        "activation": "sigmoid", "slope": None, "output": "sigmoid", "loss": "bce",
        "reduction": "mean", "factor": 1.0, "l2": 0.0,
    }  # fmt: skip
    assert document["suggestion"] is None
    assert all(list(s) == ["bug", "layers", "reason"] for s in document["blind_spots"])


def test_a_bug_fails_and_is_named(guest: str, mlp: Mlp) -> None:
    ran = mlp("gradcheck", CONFIG, "--gradient", f"{guest}:buggy", "--json")
    assert ran.status == 1
    document = ran.document
    assert (document["verdict"], document["derivative"]) == ("fail", None)
    (found,) = document["diagnosis"]
    assert list(found) == ["bug", "layers", "parameters", "explanation", "fix", "match_error",
                           "factor", "epsilon", "learning_rate"]  # fmt: skip
    assert (found["bug"], found["layers"]) == ("activation-as-derivative", [1])
    assert found["parameters"] == ["W1", "b1"]
    assert found["match_error"] < 1e-12
    text = mlp("gradcheck", CONFIG, "--gradient", f"{guest}:buggy").out
    assert "FAIL: wrong: W1, b1\n  activation-as-derivative: " in text
    right = mlp("gradcheck", CONFIG, "--gradient", f"{guest}:gradient")
    assert (right.status, right.err) == (0, "")


def test_a_nan_is_a_failure_and_null_with_a_reason(guest: str, mlp: Mlp) -> None:
    ran = mlp("gradcheck", CONFIG, "--gradient", f"{guest}:broken", "--json")
    assert ran.status == 1
    last = ran.document["layers"][-1]
    assert last["max_relative_error"] is None
    assert last["worst"]["analytic"] is None
    assert last["reason"] == "non-finite: the given entry is nan"
    assert [d["bug"] for d in ran.document["diagnosis"]] == ["non-finite"]


def test_a_function_with_a_memory_fails_though_its_tensors_are_right(
    guest: str, mlp: Mlp, here: Path
) -> None:
    arguments = ("gradcheck", CONFIG, "--gradient", f"{guest}:remembers")
    ran = mlp(*arguments, "--junit", "j.xml", "--format", "github")
    assert ran.status == 1
    (line,) = [line for line in ran.out.splitlines() if line.startswith("::")]
    assert ",title=gradcheck::verdict: fail. depends-on-" in line
    suite = ET.parse(here / "j.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
    assert suite[-1].get("name") == "run"


def test_junit(guest: str, mlp: Mlp, here: Path) -> None:
    (here / "j.xml").write_text("old")
    mlp("gradcheck", CONFIG, "--gradient", f"{guest}:buggy", "--junit", "j.xml")
    root = ET.parse(here / "j.xml").getroot()
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.attrib.items() >= {"tests": "4", "failures": "2", "errors": "0"}.items()
    assert [case.get("name") for case in suite] == ["W1", "b1", "W2", "b2"]
    assert [[child.tag for child in case] for case in suite] == [["failure"], ["failure"], [], []]
    assert "activation-as-derivative" in (suite[0][0].text or "")


def test_annotations(guest: str, mlp: Mlp, here: Path) -> None:
    (here / "a,b:c%.yaml").write_text((here / CONFIG).read_text())
    ran = mlp("gradcheck", "a,b:c%.yaml", "--gradient", f"{guest}:buggy", "--format", "github")
    assert ran.status == 1
    first, second, last = [line for line in ran.out.splitlines() if line.startswith("::")]
    assert first.startswith(f"::error file={guest}.py,line=")
    assert "title=gradcheck W1::gradient of W1: " in first
    assert "title=gradcheck b1" in second
    assert last.endswith("title=gradcheck::verdict: fail")
    assert last.startswith("::notice ")
    ours = mlp("gradcheck", "a,b:c%.yaml", "--format", "github").out.splitlines()[-1]
    assert ours == "::notice file=a%2Cb%3Ac%25.yaml,title=gradcheck::verdict: pass"


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_a_case_goes_out_and_a_gradient_comes_back(
    suffix: str, guest: str, mlp: Mlp, here: Path
) -> None:
    case, gradient = f"case.{suffix}", f"gradient.{suffix}"
    assert mlp("gradcheck", CONFIG, "--dump", case).status == 0
    refused = mlp("gradcheck", CONFIG, "--dump", case)
    assert (refused.status, refused.out) == (2, "")
    assert refused.err == f"{case}: exists already; give --force to replace it\n"
    assert mlp("gradcheck", CONFIG, "--dump", case, "--force").status == 0

    from mlpcli.check.exchange import read_case

    arrays = dict(read_case(here / case).gradient().tensors())
    write(here / gradient, arrays)
    assert mlp("gradcheck", "--case", case, "--gradient", gradient).status == 0
    assert mlp("gradcheck", CONFIG, "--case", case, "--gradient", gradient).status == 0
    penalised = ("--set", "loss.l2=0.1")
    ran = mlp("gradcheck", CONFIG, *penalised, "--case", case, "--gradient", gradient, "--json")
    assert ran.status == 1
    assert "missing-l2" in [d["bug"] for d in ran.document["diagnosis"]]
    squared = ("--set", "loss.kind=mse")
    assert mlp("gradcheck", CONFIG, *squared, "--case", case, "--gradient", gradient).status == 1
    write(here / gradient, arrays | {"W2": arrays["W2"].T})
    ran = mlp("gradcheck", "--case", case, "--gradient", gradient)
    assert (ran.status, ran.out) == (2, "")
    assert "gradient-transposed" in ran.err


def write(path: Path, arrays: dict[str, Any]) -> None:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        from safetensors.numpy import save_file

        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, path)


@pytest.mark.parametrize("method", ["central", "plain", "complex-step"])
def test_every_method(method: str, here: Path, mlp: Mlp) -> None:
    document = mlp("gradcheck", CONFIG, "--method", method, "--json").document
    assert (document["method"], document["verdict"]) == (method, "pass")
    assert document["second_opinion"]["method"] == (
        "complex-step" if method == "central" else "central"
    )


@pytest.mark.parametrize("form", ["naive", "epsilon", "clamped", "fused", "stable"])
def test_every_form(form: str, here: Path, mlp: Mlp) -> None:
    arguments = ("gradcheck", CONFIG, "--set", "loss.epsilon=1e-3", "--derivative", form, "--json")
    ran = mlp(*arguments)
    assert ran.document["derivative"] == form
    assert ran.status == (1 if form == "epsilon" else 0)
    if form == "epsilon":
        found = ran.document["diagnosis"][0]
        assert (found["bug"], found["epsilon"]) == ("epsilon-derivative", 1e-3)


def test_forms_side_by_side_change_no_exit_code(here: Path, mlp: Mlp) -> None:
    arguments = ("gradcheck", CONFIG, "--set", "network.init_scale=1000", "--compare-losses")
    ran = mlp(*arguments, "--json")
    assert ran.status == mlp(*arguments[:-1]).status
    forms = ran.document["forms"]
    assert list(forms[0])[:7] == ["form", "layer", "parameter", "max_relative_error",
                              "max_absolute_error", "non_finite", "verdict"]  # fmt: skip
    assert len(forms) == 5 * 4
    naive = [f for f in forms if f["form"] == "naive"]
    assert any(f["non_finite"] and f["max_relative_error"] is None for f in naive)
    text = mlp(*arguments).out
    assert "every form against the true loss" in text
    assert any(line.split()[:2] == ["naive", "nan"] for line in text.splitlines())


def test_float32_is_judged_by_what_rounding_can_do(here: Path, mlp: Mlp) -> None:
    document = mlp("gradcheck", CONFIG, "--dtype", "float32", "--json").document
    assert document["verdict"] in {"pass", "inconclusive"}
    assert 1e-9 < max(layer["max_relative_error"] for layer in document["layers"]) < 1e-3
    deep = ("--set", "network.hidden=[8,8,8,8,8,8,8,8]", "--set", "network.init_scale=40")
    assert mlp("gradcheck", CONFIG, *deep, "--dtype", "float32").status == 4


def test_trained_weights_and_fewer_rows(here: Path, mlp: Mlp) -> None:
    fresh = mlp("gradcheck", CONFIG, "--json").document
    ran = mlp("gradcheck", CONFIG, "--model", "model.safetensors", "--rows", 7, "--json")
    assert ran.status == 0
    assert (ran.document["rows"], ran.document["parameters"]) == (7, fresh["parameters"])
    assert ran.document["layers"][0]["worst"] != fresh["layers"][0]["worst"]


def test_two_methods_that_disagree_are_inconclusive(here: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", CONFIG, "--set", "gradcheck.step=0.5", "--method", "complex-step",
              "--junit", "j.xml")  # fmt: skip
    assert ran.status == 4
    assert "INCONCLUSIVE: two numeric methods disagree" in ran.out
    assert "DISAGREES" in ran.out


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_picture(suffix: str, here: Path, mlp: Mlp) -> None:
    assert mlp("gradcheck", CONFIG, "--plot", f"errors.{suffix}").status == 0
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    first = (here / f"errors.{suffix}").read_bytes()
    assert first.startswith(start)


def test_a_picture_without_the_extra(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **options: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    for command in ("gradcheck", "chain"):
        ran = mlp(command, CONFIG, "--plot", "p.png")
        assert ran.status == 0
        assert "pip install '.[plot]'" in ran.err
        assert ran.out.count("logarithmic scale") == 1  # a chart in text instead
        assert mlp(command, CONFIG, "--plot", "p.png", "--json").document


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "expected a CONFIG, --case FILE or --network SIZES; or --gradient"),
        (("--case", "none.npz"), "none.npz: no such file"),
        (("--case", "c.npz", "--set", "loss.l2=1"), "--set changes a CONFIG, and none is given"),
        ((CONFIG, "--json", "--format", "github"), "--json and --format github: stdout holds one"),
        ((CONFIG, "--tolerance", "0"), "--tolerance: expected a number > 0 and < 1, got 0"),
        ((CONFIG, "--tolerance", "1"), "--tolerance: expected a number > 0 and < 1, got 1"),
        ((CONFIG, "--tolerance", "nan"), "--tolerance: expected a number > 0 and < 1, got nan"),
        ((CONFIG, "--rows", "41"), "--rows: expected at most 40, the training rows, got 41"),
        ((CONFIG, "--case", "c.npz", "--rows", "3"), "--case brings its own weights and rows"),
        (
            (CONFIG, "--dump", "c.csv"),
            "--dump c.csv: expected a name that ends in .npz, .safeten",
        ),
        ((CONFIG, "--plot", "p.jpg"), "--plot p.jpg: expected a name that ends in .png, .svg or"),
        (
            (CONFIG, "--gradient", "nothing"),
            "nothing: expected a .npz, .safetensors or .json file, or",
        ),
        ((CONFIG, "--gradient", "absent:f"), "absent:f: no module absent; looked in this folder"),
        ((CONFIG, "--gradient", "a:f", "--dtype", "float32"), "--dtype is about our own gradient"),
        ((CONFIG, "--gradient", "a:f", "--derivative", "naive"), "--derivative is about our own"),
        ((CONFIG, "--set", "loss.kind=mse", "--derivative", "naive"), "--derivative: the mse has"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], line: str, here: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith(line)


TOY_FORMAT = """
from mlpcli.report.ci import FORMATS, Format
FORMATS["toy"] = Format(lambda result, told: f"{told.config} is {result.verdict}")
from mlpcli.cli.app import run
raise SystemExit(run(["gradcheck", "config.yaml", "--format", "toy"]))
"""


def test_a_format_is_a_line_of_a_registry(here: Path) -> None:
    command = [sys.executable, "-c", TOY_FORMAT]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "config.yaml is pass\n"


def test_what_cannot_be_written(here: Path, mlp: Mlp) -> None:
    for option in ("--junit", "--plot", "--dump"):
        suffix = {"--junit": "xml", "--plot": "png", "--dump": "npz"}[option]
        ran = mlp("gradcheck", CONFIG, option, f"nowhere/file.{suffix}")
        assert ran.status == 74


@pytest.mark.parametrize("kind", ["null", "bce", "mse"])
def test_three_labels_go_out_and_come_back(kind: str, mlp: Mlp, here: Path) -> None:
    rows = "".join(f"{i},{i % 5},{i % 3}\n" for i in range(30))
    (here / "labels.csv").write_text(f"a,b,y\n{rows}")
    (here / "labels.yaml").write_text(
        "data: {train: labels.csv, target: y}\n"
        f"loss: {{kind: {kind}, class_weight: {{0: 1, 1: 2, 2: 3}}}}\n"
    )
    assert mlp("gradcheck", "labels.yaml", "--dump", "case.npz").status == 0
    back = mlp("gradcheck", "labels.yaml", "--case", "case.npz")
    assert (back.status, back.err) == (0, "")


def test_a_dumped_case_keeps_the_activation_of_its_config(mlp: Mlp, here: Path) -> None:
    from mlpcli.check.exchange import read_case

    tanh = ("--set", "network.activation=tanh")
    assert mlp("gradcheck", CONFIG, *tanh, "--dump", "case.npz").status == 0
    write(here / "g.npz", dict(read_case(here / "case.npz").gradient().tensors()))
    ran = mlp("gradcheck", CONFIG, *tanh, "--case", "case.npz", "--gradient", "g.npz")
    assert ran.status == 0
    assert mlp("gradcheck", CONFIG, "--case", "case.npz", "--gradient", "g.npz").status == 1


def test_a_planted_bug_needs_no_data_and_is_found(guest: str, mlp: Mlp) -> None:
    ran = mlp("gradcheck", "--plant", "slope-twice@1", "--loss", "mse", "--json")
    assert ran.status == 1
    (found,) = ran.document["diagnosis"]
    assert (found["bug"], found["parameters"]) == ("slope-twice", ["W1", "b1"])
    ran = mlp("gradcheck", CONFIG, "--plant", "bias-averaged")
    assert ran.status == 1
    assert "\n  bias-averaged: " in ran.out


def test_a_bug_is_planted_in_our_own_gradient_only(guest: str, mlp: Mlp) -> None:
    ran = mlp("gradcheck", "--plant", "scaled", "--gradient", f"{guest}:gradient")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("--plant puts a bug into our own gradient; leave it out with")
    ran = mlp("gradcheck", "--plant", "scaled", "--dtype", "float32")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "--dtype is about our own gradient; leave it out with --plant\n"
    ran = mlp("gradcheck", "--plant", "scalde")
    assert (ran.status, ran.err) == (2, 'no such bug: scalde, did you mean "scaled"?\n')
