"""Starts programs on several ranks, as `mpirun -n R` does for whoever has a cluster."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlp_runs import COMMAND, Ran

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SECONDS", "launcher", "mpi_run", "start", "training_jobs"]

SECONDS = 120  # for a machine that is busy; a job that hangs is ended by it
_HERE = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_pml": "ob1",  # by memory alone: no network is touched
    "OMPI_MCA_btl": "self,sm",
}
_ITS_OWN = re.compile(r"\[\S+:\d+\] PMIX ERROR")  # at an abort, if the machine is busy


def launcher() -> str | None:
    """Return the mpirun beside this Python, or of the system; None where MPI is not to be had."""
    if importlib.util.find_spec("mpi4py") is None:
        return None
    beside = Path(sys.executable).with_name("mpirun")
    return str(beside) if beside.exists() else shutil.which("mpirun")


def start(
    ranks: int, arguments: Sequence[str], folder: Path, **environment: str
) -> subprocess.Popen[str]:
    """Start a command on so many ranks in a folder, in a process group of its own."""
    mpirun = launcher()
    assert mpirun is not None
    return subprocess.Popen(
        [mpirun, "-n", str(ranks), "--oversubscribe", *arguments],
        cwd=folder,
        env={**os.environ, **_HERE, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> Ran:
    """Wait for the end of a job; what mpirun itself says of it is left out."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Ran(process.returncode, out, "".join(_ours(err.replace("\0", ""))))


def _ours(err: str) -> list[str]:
    lines, within = [], False
    for line in err.splitlines(keepends=True):
        if line.startswith("-----"):
            within = not within
        elif not within and line.strip() and not _ITS_OWN.match(line):
            lines.append(line)
    return lines


def mpi_run(ranks: int, *arguments: str, folder: Path, **environment: str) -> Ran:
    """Run `mlp` on so many ranks."""
    return ended(start(ranks, [*COMMAND, *arguments], folder, **environment))


def training_jobs(ranks: int, folder: Path, names: Sequence[str], *options: str) -> Ran:
    """Train by the configs of these names, one after the other in one job, each into its folder."""
    program = str(Path(__file__).with_name("program.py"))
    return ended(start(ranks, [sys.executable, program, *options, *names], folder))
