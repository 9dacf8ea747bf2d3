"""Skips what needs mpirun where there is none; under `make test-mpi` that is a failure."""

from __future__ import annotations

import os

import pytest

from mpi.launch import launcher


@pytest.fixture(autouse=True)
def _mpi() -> None:
    if launcher() is None:
        lacking = "mpirun and mpi4py are not installed: the extra mpi, and an MPI"
        if os.environ.get("MLP_MPI") == "required":
            pytest.fail(lacking)
        pytest.skip(lacking)
