"""What every format is: loaded when it is used; and what every grading format adds up to."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from buggy_backprop import Plant
from mlpcli.report.ci import FORMATS, Told
from results import checked

GRADING = [name for name, known in FORMATS.items() if known.grades]
WRONG = checked("square", Plant("sign-flipped", (1,)))
VARIABLES = {"CLASSROOM": "c", "ASSIGNMENT": "a", "SUBMISSION_TAG": "s", "COMMIT_URL": "k",
             "RELEASE_URL": "r", "REVIEW_URL": "v"}  # fmt: skip


def document(name: str, result: Any = WRONG, points: float = 100) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORMATS[name].of_result(result, Told(points=points)))
    return found


def test_the_list_of_formats_loads_none_of_them() -> None:
    code = "import sys, mlpcli.report.ci; print([m for m in sys.modules if 'report.ci.' in m])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("name", GRADING)
@pytest.mark.parametrize("points", [1, 10, 100])
def test_scores_add_up(name: str, points: int) -> None:
    for result, share in ((checked(), 1), (WRONG, None)):
        found = document(name, result, points)
        score, most = ("score", "max_score" if name == "gradescope" else "max-score")
        tests = found["tests"]
        assert len(tests) == len(result.check.layers)
        assert sum(test[most] for test in tests) == pytest.approx(points)
        assert sum(test[score] for test in tests) == pytest.approx(found["score"])
        assert share is None or found["score"] == points
        assert all(test[score] in (0, test[most]) for test in tests)


def test_gradescope() -> None:
    first, *_, last = document("gradescope", points=10)["tests"]
    assert set(first) == {"name", "score", "max_score", "status", "output", "visibility"}
    assert (first["name"], first["score"], first["status"]) == ("W1", 0, "failed")
    assert "sign-flipped" in first["output"]
    assert (last["name"], last["score"], last["max_score"]) == ("b3", 1.66, 1.66)


def test_classroom50(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in VARIABLES.items():
        monkeypatch.setenv(variable, value)
    found = document("classroom50", points=10)
    assert found["schema"] == "classroom50/result/v1"
    keys = ("classroom", "assignment", "submission", "commit", "release", "review")
    assert [found[key] for key in keys] == [*"caskrv"]
    assert (found["score"], found["max-score"]) == (6, 10)
    assert found["tests"][0] == {
        "test-name": "W1", "passed": False, "score": 0, "max-score": 2,
    }  # fmt: skip
    monkeypatch.delenv("CLASSROOM")
    assert document("classroom50")["classroom"] is None


@pytest.mark.parametrize("name", GRADING)
def test_an_error_is_the_output_of_one_test(name: str) -> None:
    answer = FORMATS[name].of_error
    assert answer is not None
    found = json.loads(answer(["a.py: no such file"], Told(points=8)))
    (test,) = found["tests"]
    assert found["score"] == test["score"] == 0
    assert test["output"] == "a.py: no such file"
    assert 8 in test.values()
