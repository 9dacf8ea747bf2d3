"""Annotations are one line each, escaped, and at the function that is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from buggy_backprop import Plant
from mlpcli.check.given.provenance import Provenance
from mlpcli.report.ci import FORMATS, Told
from results import HOSTILE, checked, doubtful, forgetful

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from mlpcli.check.result import GradcheckResult


def github(result: GradcheckResult, config: str | None) -> str:
    return FORMATS["github"].of_result(result, Told(config))


def test_annotations_are_one_line_each_and_escaped() -> None:
    lines = github(forgetful(checked()), HOSTILE).split("\n")
    assert len(lines) == 1
    assert lines[0].startswith('::error file=a<b>&"c"%2Cd%3Ae%25f%0Ag,title=gradcheck::verdict: f')
    assert lines[0].count("\n") == 0
    assert "%0A" in lines[0]
    passed = github(checked(), None)
    assert passed == "::notice title=gradcheck::verdict: pass"
    doubt = github(doubtful(checked()), None)
    assert "\n" not in doubt
    assert doubt.startswith("::warning title=gradcheck::verdict: inconclusive. INCONCLUSIVE: two")
    wrong = github(checked("square", Plant("sign-flipped", (1,))), None).split("\n")
    assert [line.partition(" ")[0] for line in wrong] == ["::error", "::error", "::notice"]


def test_they_point_at_the_function(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = checked("square", Plant("sign-flipped", (1,)))
    inside = replace(wrong, known=Provenance(place=(str(tmp_path / "src" / "a.py"), 12)))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert all("file=src/a.py,line=12,title" in one for one in github(inside, "c").split("\n"))
    monkeypatch.delenv("GITHUB_WORKSPACE")
    monkeypatch.chdir(tmp_path / "..")
    assert f"file={tmp_path.name}/src/a.py,line=12,title" in github(inside, "c")
    outside = replace(wrong, known=Provenance(place=("/elsewhere/a.py", None)))
    assert "file=/elsewhere/a.py,title" in github(outside, "c")
