"""The word for yes is found by itself or by the word for no."""

from __future__ import annotations

import pytest

from mlpcli.data.positive import word_for_yes


@pytest.mark.parametrize(
    ("labels", "yes"),
    [
        (("No", "YES"), "YES"),
        (("control", "PD"), "PD"),
        (("benign", "malignant"), "malignant"),
        (("not spam", "spam"), "spam"),
        (("responder", "non-responder"), "responder"),
        (("<=50K", ">50K"), ">50K"),
        (("-", "+"), "+"),
        (("alive", "gone"), "gone"),
        (("churned.", "kept."), "churned."),
        (("FALSCH", "WAHR"), "WAHR"),
        (("não", "sim"), "sim"),
        (("m", "f"), None),
        (("red", "blue"), None),
        ((2, 3), None),
        (("good", "no"), None),
    ],
)
def test_word_for_yes(labels: tuple[str, str], yes: str | None) -> None:
    assert word_for_yes(labels) == yes
    assert word_for_yes(labels[::-1]) == yes
