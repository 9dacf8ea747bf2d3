"""The catalogue of known bugs: as tables, as words on one of them, and as a JSON document."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Any

from mlpcli.check.bugs.letters import in_letters
from mlpcli.check.bugs.registry import OBSERVED, PLACES
from mlpcli.errors import UsageError
from mlpcli.report.table import Table
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.bugs.record import Bug

__all__ = ["CATALOGUE", "bug_document", "bug_tables", "bug_words", "bugs_document", "find_bug"]

CATALOGUE: dict[str, Sequence[Bug]] = PLACES | OBSERVED


def find_bug(name: str) -> Bug:
    """Return the bug of a name; raises UsageError, with the nearest name, where there is none."""
    known = {bug.name: bug for place in CATALOGUE.values() for bug in place}
    if name not in known:
        raise UsageError(f"no such bug: {name}{did_you_mean(name, known) or '; see mlp bugs'}")
    return known[name]


def bug_tables() -> list[Table]:
    """Return a table for each place where bugs are made: their names, and what goes wrong."""
    return [
        Table(
            place,
            ("bug", "what goes wrong"),
            tuple((bug.name, in_letters(bug.explanation)) for bug in bugs),
            numeric=False,
        )
        for place, bugs in CATALOGUE.items()
    ]


def bug_words(bug: Bug) -> Iterator[str]:
    """Yield what there is to say of a bug, a paragraph each."""
    document = bug_document(bug)
    yield f"{bug.name}: {document['explanation']}"
    yield f"How it looks: {document['looks']}"
    yield f"Fix: {document['fix']}"
    if bug.hidden_by:
        yield f"Cannot be seen where {', or '.join(document['hidden_by'])}"


def bug_document(bug: Bug) -> dict[str, Any]:
    """Return one entry of the document of `mlp bugs --json`."""
    return {
        "bug": bug.name,
        "explanation": in_letters(bug.explanation),
        "looks": in_letters(bug.looks),
        "fix": in_letters(bug.fix),
        "hidden_by": [Template(h.reason).substitute(epsilon="the one used") for h in bug.hidden_by],
    }


def bugs_document(bugs: Sequence[Bug]) -> dict[str, Any]:
    """Return the document of `mlp bugs --json`."""
    return {"schema": "mlp.bugs/1", "bugs": [bug_document(bug) for bug in bugs]}
