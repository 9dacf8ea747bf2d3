"""The generated pages are fresh, every command is documented, and every link leads somewhere."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

import mlpcli
from docs.links import anchors, relative_links, target
from docs.pages import PAGES, command_lines
from docs.sessions import ROOT, all_pages
from mlpcli.config import Config

if TYPE_CHECKING:
    from pathlib import Path

LINKED = [*all_pages(), *sorted(ROOT.glob("*/README.md")), *sorted(ROOT.glob("[C]*.md"))]
FRESH = "run: python tests/docs/refresh.py"


@pytest.mark.parametrize("page", PAGES)
def test_generated_page_is_fresh(page: str) -> None:
    if page == "docs/cli.md" and not _pinned("typer"):
        pytest.skip("another Typer than the pinned one words and wraps --help in another way")
    assert (ROOT / page).read_text(encoding="utf-8") == PAGES[page](), FRESH


def test_every_command_has_its_help_and_a_word_in_the_readme() -> None:
    cli = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for words in command_lines():
        assert f"\n## {' '.join(('mlp', *words))}\n" in cli, FRESH
        if len(words) == 1:
            assert f"| `mlp {words[0]}" in readme, f"README.md: no row for mlp {words[0]}"


def test_every_key_has_a_row() -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    for name, field in Config.model_fields.items():
        assert field.annotation is not None
        for key in field.annotation.model_fields:
            assert f"| `{name}.{key}` |" in text, FRESH


def test_every_exported_name_is_in_the_api() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in mlpcli.__all__:
        assert f"\n## {name}\n" in page or name.startswith("_"), FRESH
    assert " object at 0x" not in page


def test_nobody_is_told_to_install_another_package_of_that_name() -> None:
    for page in LINKED:
        assert not re.search(r"pip3? install '?mlpcli", page.read_text(encoding="utf-8")), page.name


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    here = str(page.relative_to(ROOT))
    for path, anchor in relative_links(page.read_text(encoding="utf-8")):
        file = ROOT / target(here, path)
        assert file.exists(), f"{here}: {path}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{here}: {path}#{anchor}"


def test_the_index_lists_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def _pinned(package: str) -> bool:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{package}==([^\s;]+)", pins, re.MULTILINE)
    return found is not None and found[1] == version(package)
