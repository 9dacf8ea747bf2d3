"""What is wrong with a function's ways is named; what rounding does is not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.errors import CaseError
from planted import CASES, network_case

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

def stepping(weights, biases, X, y):
    dW, db = gradient(weights, biases, X, y)
    for W, d in zip(weights, dW):
        W -= 0.1 * d
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

calls = 0
def exploding(*case):
    global calls
    calls += 1
    dW, db = gradient(*case)
    size = 1e-300 if calls == 1 else 1e300
    return [size * d for d in dW], [size * d for d in db]

def rambling(*case):
    raise ValueError("no such rows\\nsee the manual")

def parsing(*case):
    import json
    return json.loads("no JSON")

def leaving(*case):
    raise SystemExit(3)

def nothing(*case):
    pass

def only_weights(*case):
    return gradient(*case)[0]

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
    def called(function: str, case: str = "wide", call: str = "batch") -> FunctionRun:
        name = f"{module(request)}:{function}"
        with hosted(name, in_process=True) as host:
            return run_function(host, CASES[case], call=call)

    return called


@pytest.mark.parametrize("case", ["wide", "one row", "without bias", "without bias, one row"])
def test_a_right_function_is_not_faulted(run: Any, case: str) -> None:
    found = run("gradient", case)
    assert found.known.findings == ()
    right = CASES[case]
    assert found.gradient.theta.shape == right.network.theta.shape


@pytest.mark.parametrize("case", ["wide", "weights x 8", "many rows"])
@pytest.mark.parametrize("function", ["shuffled", "single", "late"])
def test_sums_in_another_order_are_no_fault(run: Any, function: str, case: str) -> None:
    assert run(function, case).known.findings == ()


def test_misbehaviour_is_named(run: Any) -> None:
    (noisy,) = run("noisy").known.findings
    assert noisy.bug == "not-deterministic"
    assert noisy.explanation.startswith("two calls on the same input give different gradients: b1[")
    (memory,) = run("accumulating", "shallow").known.findings
    assert memory.bug == "depends-on-earlier-rows"
    assert ": W2[0, 0] was " in memory.explanation or ": W2[0, " in memory.explanation
    (changed,) = run("centring").known.findings
    assert changed.bug == "changes-inputs"
    assert changed.explanation == "the function changes its inputs in place: X, W2"


def test_however_far_apart_two_calls_are_nothing_is_said_of_overflow(run: Any) -> None:
    """Warnings are errors here."""
    (found,) = run("exploding", "shallow").known.findings
    assert found.bug == "not-deterministic"


@pytest.mark.parametrize("call", ["batch", "row"])
def test_a_function_that_changes_all_weights_may_be_a_step(run: Any, call: str) -> None:
    (changed,) = run("stepping", call=call).known.findings
    option = {"batch": "step", "row": "row-step"}[call]
    assert changed.explanation.endswith(f"; a training step? Then add --call {option}")


def test_what_a_function_prints_stays_off_stdout(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run("printing")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "epoch 1\n" * 7


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("raising", "called: IndexError: list index out of range (M.py:"),
        ("fixed", "called on other rows: AssertionError: 60 rows please (M.py:"),
        ("leaving", "called: SystemExit: 3 (M.py:"),
        ("rambling", "called: ValueError: no such rows (M.py:"),
        ("parsing", "called: JSONDecodeError: Expecting value: line 1 column 1 (char 0) (M.py:"),
        ("nothing", "expected two lists of arrays, (d_weights, d_biases), got NoneType"),
        ("only_weights", "db1, db2 are missing: expected two lists of arrays"),
        ("short", "expected two lists of arrays, (d_weights, d_biases), got a tuple of (a list of"),
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


def test_what_compiled_code_prints_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    """A printf knows nothing of Python's stdout, and the report is a document of its own."""
    case = network_case((3, 2), 4)
    right = case.gradient()

    def noisy(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        os.write(1, b"raw\n")
        return right.W, right.b

    with hosted(noisy) as host:
        run_function(host, case)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("raw\n") >= 2


@pytest.mark.parametrize(("share", "named"), [(0.9, False), (1.1, True)])
def test_two_calls_may_differ_by_the_rounding_of_both(share: float, named: bool) -> None:
    """Each of two right gradients in float32 is off by up to what rounding can do to one."""
    case = network_case((4, 5, 3), 7)
    reach = rounding_bounds(case).textbook(np.ones(case.network.theta.size, bool))
    right, place = case.gradient(), int(np.argmax(reach))
    assert reach[place] > 1e-7 * abs(right.theta[place])
    calls: list[Any] = []

    def restless(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        theta = right.theta.copy()
        theta[place] += share * 2 * reach[place] * (len(calls) % 2)
        made = right.like(theta.astype(np.float32))
        calls.append(made)
        return made.W, made.b

    with hosted(restless) as host:
        found = run_function(host, case).known.findings
    assert [each.bug for each in found] == ["not-deterministic"] * named


@pytest.mark.parametrize(
    ("share", "bug"), [(0.9, "accumulates-over-calls"), (1.1, "not-deterministic")]
)
def test_a_second_call_may_be_twice_the_first_but_for_rounding(share: float, bug: str) -> None:
    """As the difference of the second from twice the first: three times what one may be off by."""
    case = network_case((4, 5, 3), 7)
    reach = rounding_bounds(case).textbook(np.ones(case.network.theta.size, bool))
    right = case.gradient()
    place = int(np.argmax(reach / np.abs(right.theta) ** 0.5))
    calls: list[Any] = []

    def adding(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        theta = right.theta * (1 + len(calls) % 2)
        theta[place] += (share * 6 * reach[place] + 1e-6 * theta[place]) * (len(calls) % 2)
        calls.append(right.like(theta.astype(np.float32)))
        return calls[-1].W, calls[-1].b

    with hosted(adding) as host:
        (found,) = run_function(host, case).known.findings
    assert found.bug == bug


HOSTILE = Path(__file__).parent / "hostile.py"


@pytest.mark.parametrize("call", ["batch", "row"])
def test_sums_kept_over_calls_are_named(call: str) -> None:
    with hosted(f"{HOSTILE}:accumulates", call=call, in_process=True) as host:
        (found,) = run_function(host, network_case((3, 2), 4), call=call).known.findings
    assert found.bug == "accumulates-over-calls"
