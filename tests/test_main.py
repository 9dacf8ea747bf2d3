"""Ctrl-C ends the program quietly, however early and however often."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mlp_runs import COMMAND, write_inputs

if TYPE_CHECKING:
    from pathlib import Path

# One signal as soon as the program is there, whatever it is loading: the n-th import is cut short.
EARLY = """
import builtins, os, signal, sys
really, left = builtins.__import__, [int(sys.argv[1])]
def counted(name, *args, **more):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGINT)
    return really(name, *args, **more)
builtins.__import__ = counted
sys.argv[1:] = ["train", "config.yaml"]
from mlpcli.__main__ import main
main()
"""


@pytest.mark.parametrize("n", [60, 300, 900, 1500])
def test_a_signal_while_it_is_loaded(tmp_path: Path, n: int) -> None:
    write_inputs(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", EARLY, str(n)], cwd=tmp_path, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr.strip(), ran.stdout) == (130, "", "")


@pytest.mark.parametrize("times", [1, 2, 5])
def test_signals_in_a_row(tmp_path: Path, times: int) -> None:
    write_inputs(tmp_path)
    command = [*COMMAND, "train", "config.yaml", "--epochs", "1000000", "--quiet"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as run:
        history = tmp_path / "runs/config/history.jsonl"
        while not (history.exists() and history.stat().st_size):
            time.sleep(0.01)
        for _ in range(times):
            if run.poll() is None:
                os.kill(run.pid, signal.SIGINT)
                time.sleep(0.01)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 1


def test_signals_that_are_to_be_ignored(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-c", EARLY, "900"], cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )  # fmt: skip
    assert ran.returncode == 0
