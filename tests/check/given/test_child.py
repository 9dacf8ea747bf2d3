"""The child process: whatever a function does in it, the check ends in one line, or a verdict."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.check.given.child import Child
from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.errors import CaseError
from planted import network_case

HERE = Path(__file__).parent
CASE = network_case((4, 5, 3), 7)


def run(function: str, **options: Any) -> FunctionRun:
    with hosted(f"{HERE / 'hostile.py'}:{function}", **options) as host:
        return run_function(host, CASE)


@pytest.mark.parametrize("call", ["batch", "row", "step", "row-step"])
def test_arrays_go_in_and_out_as_in_this_process(call: str) -> None:
    function = f"{HERE / 'guests.py'}:{'step' if 'step' in call else 'gradient'}"
    found = []
    for in_process in (False, True):
        with hosted(function, call=call, in_process=in_process) as host:
            found.append(run_function(host, CASE, call=call))
    assert np.array_equal(found[0].gradient.theta, found[1].gradient.theta)
    assert found[0].rate == found[1].rate
    assert found[0].known.place == found[1].known.place
    assert found[0].known.place[0] == str(HERE / "guests.py")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("leaves", "called: it ended the process with exit status 0, and gave no gradient"),
        ("exits", "called: SystemExit: 0 (hostile.py:"),
        ("crashes", "called: the process crashed (SIGSEGV), and gave no gradient"),
        ("aborts", "called: the process crashed (SIGABRT), and gave no gradient"),
        ("huge", "called: its answer cannot be read: it returned 200,000,0"),
        ("deep", "returned [0][0][0]"),
        ("nothing", "expected two lists of arrays, (d_weights, d_biases), got NoneType"),
        ("words", "expected two lists of arrays, (d_weights, d_biases), got str"),
        ("complex_numbers", "returned [0][0]: expected real numbers, got complex128"),
        ("complex_in_a_dict", "returned ['dW1']: expected real numbers, got complex128"),
        ("raises_outside", "called: Outside: x (hostile.py:"),
        ("interrupts", "called: KeyboardInterrupt (hostile.py:"),
        ("speechless", "called: Speechless: its __str__ raises RuntimeError (hostile.py:"),
        ("interrupting", "called: Interrupting: its __str__ raises KeyboardInterrupt (hostile.py:"),
        ("needy", 'needs 2 more arguments, "cache", "l2"; expected f(weights, biases, X, y) -> '),
        ("lonely", "takes weights; expected f(weights, biases, X, y) -> (d_weights, d_biases)"),
        ("writes_to_the_pipe", "called: its answer cannot be read: it returned JSONDecodeError"),
        ("Forging.gradient", "imported: its answer cannot be read: it said nothing of itself"),
        ("forges_too_many", "called: its answer cannot be read: it gave another number of answers"),
        ("forges_none", "called: its answer cannot be read: it gave no answers"),
        ("missing", "hostile has no function missing"),
    ],
)
def test_what_gives_no_gradient_is_refused_in_one_line(function: str, message: str) -> None:
    with pytest.raises(CaseError) as caught:
        run(function)
    name = f"{HERE / 'hostile.py'}:{function}: "
    assert str(caught.value).startswith(name + message)
    assert len(caught.value.lines) == 1


@pytest.mark.parametrize(
    "function", ["raises_outside", "exits", "speechless", "interrupting", "complex_numbers"]
)
def test_it_is_refused_in_the_same_words_in_this_process(
    function: str, capfd: pytest.CaptureFixture[str]
) -> None:
    said = []
    for in_process in (True, False):
        with pytest.raises(CaseError) as caught:
            run(function, in_process=in_process)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert capfd.readouterr() == ("", "")  # no traceback either


def test_an_endless_loop_is_ended() -> None:
    with pytest.raises(
        CaseError, match=r"(imported|called): no end after 0\.5 s; --timeout gives it more"
    ):
        run("hangs", timeout=0.5)


def test_what_is_left_of_the_time_is_known() -> None:
    with hosted(f"{HERE / 'hostile.py'}:nothing", timeout=30) as host:
        assert host.left == 30
        host.begin(CASE.network.sizes)
        assert 0 < host.left < 30
    with hosted(f"{HERE / 'hostile.py'}:hangs", timeout=0.5) as host:
        with pytest.raises(CaseError):
            run_function(host, CASE)
        assert host.left == 0


def test_what_a_quiet_one_prints_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    run("prints", quiet=True)
    assert capfd.readouterr() == ("", "")


def test_a_closed_pipe_is_no_gradient() -> None:
    with pytest.raises(CaseError, match=r"called: .*gave no gradient"):
        run("closes_every_pipe")


def test_a_process_that_is_gone_before_it_is_asked_is_no_gradient() -> None:
    with Child(f"{HERE / 'guests.py'}:gradient") as child:
        child.begin(CASE.network.sizes)
        child._process.kill()
        child._process.wait()
        with pytest.raises(CaseError, match=r"gradient: called: the process was ended \(SIGKILL\)"):
            child.call(([], []), [([], [])], 1.0)


@pytest.mark.parametrize(("function", "takes"), [("of_its_own_rate", False), ("step", True)])
def test_it_says_whether_it_takes_a_rate_and_where_it_is(function: str, takes: bool) -> None:
    with Child(f"{HERE / 'guests.py'}:{function}", step=True) as child:
        facts = child.begin(CASE.network.sizes)
    assert facts.takes_rate is takes
    assert facts.file == str(HERE / "guests.py")
    assert facts.line is not None
    assert (
        (HERE / "guests.py").read_text().splitlines()[facts.line - 1].startswith(f"def {function}(")
    )


def test_what_it_starts_inherits_no_pipe_of_ours() -> None:
    run("inherits")


@pytest.mark.parametrize("in_process", [False, True])
def test_what_it_prints_goes_to_stderr(in_process: bool, capfd: pytest.CaptureFixture[str]) -> None:
    run("prints", in_process=in_process)
    out, err = capfd.readouterr()
    assert out == ""
    said = ["from Python", "unfinished", "from C", "from a child"]
    if not in_process:  # what C keeps in its buffer comes with the end
        said += ["from puts", "at the end"]
    assert all(words in err for words in said)


@pytest.mark.parametrize("function", ["threads", "leaves_a_child"])
def test_all_that_it_started_is_ended_with_it(function: str) -> None:
    with Child(f"{HERE / 'hostile.py'}:{function}") as child:
        run_function(child, CASE)
        group = child._process.pid
    for _ in range(100):  # whoever inherits an orphan may take a moment to bury it
        if not _alive(group):
            return
        time.sleep(0.05)
    raise AssertionError("it lives")


def _alive(group: int) -> bool:
    listed = subprocess.run(["ps", "-eo", "pgid,stat"], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines()[1:])
    return any(int(pgid) == group and not state.startswith("Z") for pgid, state in rows)


def test_ctrl_c_ends_the_child_too() -> None:
    program = (
        "import sys; from mlpcli.check.given.child import Child\n"
        f"with Child({str(HERE / 'hostile.py') + ':hangs'!r}) as child:\n"
        "    print(child._process.pid, flush=True)\n"
        "    child.begin((2, 1)); child.call(([], []), [([], [])], 1.0)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    group = int(parent.stdout.readline())
    time.sleep(0.2)
    parent.send_signal(signal.SIGINT)
    parent.communicate(timeout=30)
    assert parent.returncode == -signal.SIGINT
    assert not _alive(group)


def test_objects_in_arrays_are_lists() -> None:
    assert np.array_equal(run("objects").gradient.theta, run("threads").gradient.theta)


def test_nan_is_a_gradient_to_be_judged() -> None:
    assert np.isnan(run("broken").gradient.theta).sum() == 1


def test_whoever_is_graded_cannot_import_this_package() -> None:
    run("cheats")
    with pytest.raises(CaseError, match="mlpcli cannot be imported by a function that is graded"):
        run("cheats", forbid_mlpcli=True)


def test_a_graded_child_works_without_this_package() -> None:
    for function in ("prints", "keeps_its_modules"):  # and with all else that was loaded
        run(function, forbid_mlpcli=True)
    with pytest.raises(CaseError, match="has no function printing, did you mean"):
        run("printing", forbid_mlpcli=True)


def test_the_child_runs_this_package_whatever_else_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlpcli").mkdir()
    (tmp_path / "mlpcli" / "__init__.py").write_text("raise SystemExit('another')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run("objects")


def test_nothing_is_left_open() -> None:
    before = len([*Path("/dev/fd").iterdir()])
    run("objects")
    with pytest.raises(CaseError):
        run("crashes")
    assert len([*Path("/dev/fd").iterdir()]) == before
