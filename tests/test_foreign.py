"""A test without its program is skipped, unless the program is demanded."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from foreign import PROGRAMS, foreign


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is all of the path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MLP_DEMAND", raising=False)
    return tmp_path


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_found_by_any_of_its_names(name: str, nothing: Path) -> None:
    program = nothing / (PROGRAMS[name][-1] + (".exe" if os.name == "nt" else ""))
    program.touch(mode=0o755)
    assert foreign(name) == str(program)


@pytest.mark.parametrize("name", PROGRAMS)
def test_without_it_the_test_is_skipped_or_failed(
    name: str, nothing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"^{name} is not installed$"):
        foreign(name)
    monkeypatch.setenv("MLP_DEMAND", " ".join(PROGRAMS))
    with pytest.raises(pytest.fail.Exception, match=f"{name} is not installed, and MLP_DEMAND"):
        foreign(name)
    monkeypatch.setenv("MLP_DEMAND", "gfortran")
    with pytest.raises(AssertionError, match="expected some of bash, cc"):
        foreign(name)


def test_no_test_looks_for_a_program_by_itself() -> None:
    here = Path(__file__)
    looking = {
        path.name
        for path in here.parent.rglob("*.py")
        if path != here and re.search(r"\bwhich\(", path.read_text("utf-8"))
    }
    launcher = {"launch.py"}  # of MPI, which comes as a package too
    assert looking - launcher == {"foreign.py"}, "ask foreign(NAME), which MLP_DEMAND can make fail"
