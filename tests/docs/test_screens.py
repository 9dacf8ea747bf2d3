"""The pictures of the terminal show what it prints."""

from __future__ import annotations

import pytest

from docs.screens import fresh_pictures, words_of
from docs.sessions import ROOT


@pytest.mark.parametrize("name", fresh_pictures())
def test_a_picture_is_fresh(name: str) -> None:
    drawn = (ROOT / name).read_text(encoding="utf-8")
    assert words_of(drawn) == words_of(fresh_pictures()[name]()), (
        "run: python tests/docs/screens.py"
    )
    assert "url(" not in drawn.replace("url(#", "")  # nothing is fetched


def test_the_bug_stands_out() -> None:
    drawn = (ROOT / "docs" / "bug.svg").read_text(encoding="utf-8")
    assert "missing-sigma-prime" in drawn
    assert drawn.count("fill: #cc555a") >= 1  # red, of what is wrong
