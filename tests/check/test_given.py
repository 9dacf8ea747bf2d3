"""Somebody's function: found, called, and watched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.given import FunctionRun, load_function, run_function
from mlpcli.errors import CaseError
from planted import CASES, network_case

if TYPE_CHECKING:
    from pathlib import Path

BACKPROP = """
import numpy as np

def gradient(weights, biases, X, y):
    Z = [X]
    for i, W in enumerate(weights):
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + (biases[i] if biases else 0)))))
    delta, dW, db = (Z[-1] - y) / len(y), [], []
    for i in reversed(range(len(weights))):
        dW.insert(0, delta.T @ Z[i])
        db.insert(0, delta.sum(axis=0))
        delta = (delta @ weights[i]) * Z[i] * (1 - Z[i])
    return dW, db if biases else []
"""
NOISY = (
    BACKPROP
    + """
rng = np.random.default_rng(0)
def noisy(*case):
    dW, db = gradient(*case)
    db[0] = db[0] * rng.uniform(0.5, 1)
    return dW, db

total = 0
def accumulating(*case):
    dW, db = gradient(*case)
    global total
    dW[1] = dW[1] + total
    if len(case[2]) < 60:
        total = total + 0.1
    return dW, db

def centring(weights, biases, X, y):
    X -= X.mean(axis=0)
    weights[1] *= 2
    return gradient(weights, biases, X, y)

def shuffled(weights, biases, X, y):
    order = rng.permutation(len(X))
    return gradient(weights, biases, X[order], y[order])

def single(*case):
    dW, db = gradient(*(([a.astype("f4") for a in part] if isinstance(part, list)
                         else part.astype("f4")) for part in case))
    return dW, db

def printing(*case):
    print("epoch 1")
    return gradient(*case)

def late(*case):
    from helper import gradient as g
    return g(*case)

def raising(weights, biases, X, y):
    return weights[7]

def fixed(weights, biases, X, y):
    assert len(X) == 60, "60 rows please"
    return gradient(weights, biases, X, y)

def leaving(*case):
    raise SystemExit(3)

def nothing(*case):
    pass

def only_weights(*case):
    return gradient(*case)[0]

def three(*case):
    return (*gradient(*case), 0.3)

def short(*case):
    dW, db = gradient(*case)
    return dW[:1], db

number = 7
"""
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Path:
    """Change to a folder with a module of a name of its own: modules are imported once."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helper.py").write_text(BACKPROP)
    (tmp_path / f"{module(request)}.py").write_text(NOISY)
    monkeypatch.delitem(__import__("sys").modules, "helper", raising=False)
    return tmp_path


def module(request: Any) -> str:
    return "guest_" + "".join(c if c.isalnum() else "_" for c in request.node.name)


@pytest.fixture
def run(folder: Path, request: Any) -> Any:
    def call(function: str, case: str = "wide") -> FunctionRun:
        name = f"{module(request)}:{function}"
        return run_function(load_function(name), name, CASES[case])

    return call


@pytest.mark.parametrize("case", ["wide", "one row", "without bias", "without bias, one row"])
def test_a_right_function_is_not_faulted(run: Any, case: str) -> None:
    found = run("gradient", case)
    assert found.misbehaviour == ()
    right = CASES[case]
    assert found.gradient.theta.shape == right.network.theta.shape


@pytest.mark.parametrize("case", ["wide", "weights x 8", "many rows"])
@pytest.mark.parametrize("function", ["shuffled", "single", "late"])
def test_sums_in_another_order_are_no_fault(run: Any, function: str, case: str) -> None:
    assert run(function, case).misbehaviour == ()


def test_misbehaviour_is_named(run: Any) -> None:
    (noisy,) = run("noisy").misbehaviour
    assert noisy.bug == "not-deterministic"
    assert noisy.explanation.startswith("two calls on the same input give different gradients: b1[")
    (memory,) = run("accumulating", "shallow").misbehaviour
    assert memory.bug == "depends-on-earlier-rows"
    assert ": W2[0, 0] was " in memory.explanation or ": W2[0, " in memory.explanation
    (changed,) = run("centring").misbehaviour
    assert changed.bug == "changes-inputs"
    assert changed.explanation == "the function changes its inputs in place: X, W2"


def test_what_a_function_prints_stays_off_stdout(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run("printing")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "epoch 1\n" * 4


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("raising", "called: IndexError: list index out of range (M.py:"),
        ("fixed", "called on other rows: AssertionError: 60 rows please (M.py:"),
        ("leaving", "called: SystemExit: 3 (M.py:"),
        ("nothing", "expected two lists of arrays, (d_weights, d_biases), got NoneType"),
        ("only_weights", "expected two lists of arrays, (d_weights, d_biases), got a list of nd"),
        ("three", "expected two lists of arrays, (d_weights, d_biases), got a tuple of list, list"),
        ("short", 'no array "W2"; it has W1, b1, b2'),
    ],
)
def test_a_function_that_fails_is_refused(
    run: Any, function: str, message: str, request: Any
) -> None:
    with pytest.raises(CaseError) as caught:
        run(function, "shallow")
    name = module(request)
    assert str(caught.value).startswith(
        f"{name}:{function}: {message.replace('M.py', name + '.py')}"
    )


def test_what_cannot_be_loaded(folder: Path) -> None:
    (folder / "broken_guest.py").write_text("import nowhere_to_be_found\n")
    (folder / "fatal_guest.py").write_text("1 / 0\n")
    (folder / "leaving_guest.py").write_text("raise SystemExit(0)\n")
    (folder / "good_guest.py").write_text("def gradient(): pass\nnumber = 7\n")
    for name, line in (
        ("nothing", 'nothing: expected a .npz or .safetensors file, or "package.module:function"'),
        ("absent_guest:f", "absent_guest:f: no module absent_guest; looked in this folder first"),
        ("broken_guest:f", "broken_guest:f: no module nowhere_to_be_found; looked in this fol"),
        ("fatal_guest:f", "fatal_guest:f: importing it failed: ZeroDivisionError: division by"),
        ("leaving_guest:f", "leaving_guest:f: importing it failed: SystemExit: 0 (leaving_guest"),
        (
            "good_guest:gradeint",
            'good_guest:gradeint: good_guest has no function gradeint, did you mean "gradient"?',
        ),
        ("good_guest:number", "good_guest:number: good_guest has no function number"),
    ):
        with pytest.raises(CaseError) as caught:
            load_function(name)
        assert str(caught.value).startswith(line)


def test_the_current_folder_comes_first_even_before_what_is_imported_already(folder: Path) -> None:
    import numbers
    import sys

    (folder / "numbers.py").write_text("def gradient(): return 'mine'\n")
    path = [*sys.path]
    assert load_function("numbers:gradient")(*()) == "mine"  # type: ignore[call-arg]
    assert sys.modules["numbers"] is numbers
    assert sys.path == path
    assert np.isfinite(1.0)


def test_what_compiled_code_prints_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    """A printf knows nothing of Python's stdout, and the report is a document of its own."""
    case = network_case((3, 2), 4)
    right = case.gradient()

    def noisy(*_inputs: Any) -> Any:
        os.write(1, b"raw\n")
        return right.W, right.b

    run_function(noisy, "noisy", case)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("raw\n") >= 2
