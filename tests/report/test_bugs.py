"""The catalogue in words: every record has all of them, in letters and without placeholders."""

from __future__ import annotations

import pytest

from mlpcli.report.bugs import CATALOGUE, bug_document, bug_tables, bug_words, find_bug

NAMES = [bug.name for place in CATALOGUE.values() for bug in place]


def test_every_bug_has_one_name_and_one_place() -> None:
    assert len(NAMES) == len(set(NAMES))
    assert [row[0] for table in bug_tables() for row in table.rows] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_bug_is_told_in_whole_words(name: str) -> None:
    bug = find_bug(name)
    document = bug_document(bug)
    told = [document["explanation"], document["looks"], document["fix"], *document["hidden_by"]]
    assert len(told) == 3 + len(bug.hidden_by)
    assert all(text and "$" not in text and not text.endswith(".") for text in told)
    assert len([*bug_words(bug)]) == 3 + bool(bug.hidden_by)
