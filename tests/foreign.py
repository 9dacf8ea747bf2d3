"""The programs that some tests need and no package brings: without its own a test is skipped.

`MLP_DEMAND="cc node chromium"` names those whose tests have to fail instead: a run that is to prove
something skips nothing in silence.
"""

from __future__ import annotations

import os
import shutil

import pytest

__all__ = ["PROGRAMS", "find", "foreign"]

PROGRAMS = {
    "bash": ("bash",),
    "cc": ("cc", "gcc", "clang"),
    "node": ("node", "nodejs"),
    "zig": ("zig", "python-zig"),  # the latter comes with PyPI's ziglang
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}
"""What each is called on the path."""


def find(name: str) -> str | None:
    """Return the path of a program, or None."""
    return next((path for each in PROGRAMS[name] if (path := shutil.which(each))), None)


def foreign(name: str) -> str:
    """Return the path of a program; where there is none, end the test: skipped, or failed."""
    if path := find(name):
        return path
    if name in _demanded():
        pytest.fail(f"{name} is not installed, and MLP_DEMAND names it")
    pytest.skip(f"{name} is not installed")


def _demanded() -> set[str]:
    named = set(os.environ.get("MLP_DEMAND", "").split())
    assert named <= {*PROGRAMS}, f"MLP_DEMAND: expected some of {', '.join(PROGRAMS)}"
    return named
