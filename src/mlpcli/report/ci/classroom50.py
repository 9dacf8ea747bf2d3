"""classroom50's result/v1: whole points per test, and what its runner says in the environment.

https://github.com/foundation50/classroom50/wiki/Advanced-Autograding
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlpcli.report.ci.marks import marks, no_marks, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.result import GradcheckResult
    from mlpcli.report.ci import Told
    from mlpcli.report.ci.marks import Mark

__all__ = ["of_error", "of_result"]

_VARIABLES = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


def of_result(result: GradcheckResult, told: Told) -> str:
    """Return the document of a result; a test has no words there."""
    return _document([_test(*each) for each in _shared(marks(result), told)])


def of_error(lines: Sequence[str], told: Told) -> str:
    """Return the document where there is no result: nothing earned, and why as `output`."""
    return _document(
        [_test(*each) | {"output": each[0].words} for each in _shared(no_marks(lines), told)]
    )


def _shared(found: Sequence[Mark], told: Told) -> zip[tuple[Mark, int]]:
    return zip(found, shared(round(told.points), len(found)), strict=True)


def _test(mark: Mark, most: int) -> dict[str, Any]:
    score = most if mark.earned else 0
    return {"test-name": mark.name, "passed": mark.earned, "score": score, "max-score": most}


def _document(tests: Sequence[dict[str, Any]]) -> str:
    document = {
        "schema": "classroom50/result/v1",
        **{key: os.environ.get(variable) for key, variable in _VARIABLES.items()},
        "datetime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
