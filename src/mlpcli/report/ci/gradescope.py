"""Gradescope's results.json: tests[] with name, score, max_score, output and visibility.

https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlpcli.report.ci.marks import marks, no_marks, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.result import GradcheckResult
    from mlpcli.report.ci import Told
    from mlpcli.report.ci.marks import Mark

__all__ = ["of_error", "of_result"]

_UNIT = 100  # a point has so many parts, so that the shares add up to the letter


def of_result(result: GradcheckResult, told: Told) -> str:
    """Return the document of a result."""
    return _document(marks(result), told)


def of_error(lines: Sequence[str], told: Told) -> str:
    """Return the document where there is no result: nothing earned, and why."""
    return _document(no_marks(lines), told)


def _document(found: Sequence[Mark], told: Told) -> str:
    shares = shared(round(told.points * _UNIT), len(found))
    earned = [share if mark.earned else 0 for mark, share in zip(found, shares, strict=True)]
    tests = [_test(*each) for each in zip(found, earned, shares, strict=True)]
    return json.dumps({"score": sum(earned) / _UNIT, "tests": tests}, indent=2, ensure_ascii=False)


def _test(mark: Mark, score: int, most: int) -> dict[str, Any]:
    return {
        "name": mark.name,
        "score": score / _UNIT,
        "max_score": most / _UNIT,
        "status": "passed" if mark.earned else "failed",
        "output": mark.words,
        "visibility": "visible",
    }
