"""The site has every page in an order, every file that a page links to, and no script."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from docs.links import relative_links, target
from docs.sessions import ROOT
from docs.website import as_page, on_page_content, order, outside, place

INDEX = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


def test_every_page_has_its_place() -> None:
    (start, *parts) = order(INDEX)
    assert start == {"Start": "README.md"}
    pages = [page for part in parts for entries in part.values() for page in entries]
    names = [page if isinstance(page, str) else next(iter(page.values())) for page in pages]
    assert len(names) == len(set(names))
    assert {"README.md", *names} == {page.name for page in (ROOT / "docs").glob("*.md")}


def test_a_page_named_by_its_file_keeps_its_own_title() -> None:
    rows = "## How to\n| page | read it |\n|---|---|\n| [a.md](a.md) | x |\n| [B](b.md) | y |\n"
    assert order(rows)[1:] == [{"How to": ["a.md", {"B": "b.md"}]}]
    assert order("## Nothing\nhere\n")[1:] == []


@pytest.mark.parametrize("path", outside())
def test_a_file_outside_becomes_a_page(path: str) -> None:
    assert (ROOT / path).exists()
    assert as_page(path).startswith("# ")
    assert PurePosixPath(place(path)).suffix == ".md"


def test_places_differ_and_hold_all_that_is_linked() -> None:
    places = [place(path) for path in outside()]
    assert len(places) == len(set(places))
    links = {
        target(f"docs/{page.name}", path)
        for page in (ROOT / "docs").glob("*.md")
        for path, _ in relative_links(page.read_text(encoding="utf-8"))
    }
    there = {*outside(), "README.md"}
    assert {path for path in links if not path.startswith("docs")} <= there


def test_formulas_become_mathml() -> None:
    pytest.importorskip("latex2mathml")
    html = on_page_content(r'<p><span class="arithmatex">\(a &lt; \sigma\)</span></p>')
    assert html.startswith("<p><math")
    assert "arithmatex" not in html
    close = on_page_content(r'<span class="arithmatex">\(\partial J/2 = f(-h)\)</span>')
    assert "<mi>&#x02202;</mi>" in close
    assert 'rspace="0">/' in close
    assert 'form="prefix">&#x02212;' in close
    block = on_page_content('<div class="arithmatex">\\[\n\\frac{1}{2}\n\\]</div>')
    assert 'display="block"' in block
    assert "<mfrac>" in block


def test_verdicts_are_coloured_in_output_alone() -> None:
    html = 'FAIL <span class="go">W1 fail, FAIL; failed</span>'
    bad = '<b class="fail">{}</b>'
    assert on_page_content(html) == (
        f'FAIL <span class="go">W1 {bad.format("fail")}, {bad.format("FAIL")}; failed</span>'
    )
