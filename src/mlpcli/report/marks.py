"""Words that stand out in a report, by what they mean; a terminal makes colours of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

__all__ = ["VERDICTS", "Marks", "Meaning", "names"]

Meaning: TypeAlias = Literal["good", "bad", "open", "name"]
Marks: TypeAlias = Mapping[str, Meaning]

VERDICTS: Marks = {
    "PASS": "good",
    "FAIL": "bad",
    "INCONCLUSIVE": "open",
    "pass": "good",
    "fail": "bad",
    "inconclusive": "open",
}


def names(words: Iterable[str]) -> Marks:
    """Return marks that let these names stand out."""
    return dict.fromkeys(words, "name")
