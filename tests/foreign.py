"""The programs that some tests need and no package brings: without its own a test is skipped.

`MLP_DEMAND="cc node chromium"` names those whose tests have to fail instead: a run that is to prove
something skips nothing in silence.
"""

from __future__ import annotations

import os
import shutil

import pytest

__all__ = ["PROGRAMS", "foreign"]

PROGRAMS = {
    "cc": ("cc", "gcc", "clang"),
    "node": ("node", "nodejs"),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "mpirun": ("mpirun", "mpiexec"),
}
"""What each is called on the path."""


def foreign(name: str) -> str:
    """Return the path of a program; where there is none, end the test: skipped, or failed."""
    for each in PROGRAMS[name]:
        if path := shutil.which(each):
            return path
    if name in _demanded():
        pytest.fail(f"{name} is not installed, and MLP_DEMAND names it")
    pytest.skip(f"{name} is not installed")


def _demanded() -> set[str]:
    named = set(os.environ.get("MLP_DEMAND", "").split())
    assert named <= {*PROGRAMS}, f"MLP_DEMAND: expected some of {', '.join(PROGRAMS)}"
    return named
