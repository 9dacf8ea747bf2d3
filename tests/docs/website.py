"""What mkdocs.yml does not know of the site: the order of its pages, and the files they link to.

MkDocs calls the functions that begin with on_. The pages are written for a forge, where a link may
lead to any file of the repository: here such a file becomes a page of its own, so that the site is
whole without the forge. Mathematics becomes MathML, which browsers draw without a script.
"""

from __future__ import annotations

import html
import posixpath
import re
import sys
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/, as pytest has it

from docs.links import anchor, map_links, relative_links, target

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "README.md"
_ROW = re.compile(
    r"^(?:## (?P<part>.+)|\| \[(?P<title>[^\]]+)\]\((?P<page>[\w-]+\.md)\) \|.*)$", re.MULTILINE
)
_MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)

_SPACING = {
    "<mo>&#x02202;</mo>": "<mi>&#x02202;</mi>",  # a partial derivative, not an operator
    "<mo>&#x0002F;</mo>": '<mo lspace="0" rspace="0">/</mo>',
    "&#x00028;</mo><mo>&#x02212;": '&#x00028;</mo><mo form="prefix">&#x02212;',
}
_OUTPUT = re.compile(r'<span class="go">.*?</span>', re.DOTALL)
_VERDICT = re.compile(r"\b(pass|fail|inconclusive)\b", re.IGNORECASE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the order of the pages, and anchors as the forge makes them."""
    config.nav = order(INDEX.read_text(encoding="utf-8"))
    config.mdx_configs.setdefault("toc", {})["slugify"] = anchor
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside of docs/ that a page links to."""
    from mkdocs.structure.files import File, InclusionLevel

    for path in outside():
        added = File.generated(config, place(path), content=as_page(path))
        added.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(added)
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead the links of a page to places of the site."""
    here = {place(path): path for path in outside()}.get(
        page.file.src_uri, f"docs/{page.file.src_uri}"
    )
    return map_links(markdown, partial(_on_site, here)) if _has_links(here) else markdown


def on_page_content(html: str, **_: Any) -> str:
    """Turn the mathematics of a page into MathML, and give verdicts their colour."""
    html = _MATH.sub(_mathml, html)
    return _OUTPUT.sub(lambda line: _VERDICT.sub(_coloured, line[0]), html)


def order(index: str) -> list[dict[str, Any]]:
    """Return the parts of the index and their pages in order, as MkDocs wants it.

    A page that is called by the name of its file gets its own title.
    """
    nav: list[dict[str, Any]] = [{"Start": "README.md"}]
    for row in _ROW.finditer(index):
        if row["part"]:
            nav.append({row["part"]: (pages := list[Any]())})
        else:
            named = row["title"] != row["page"]
            pages.append({row["title"]: row["page"]} if named else row["page"])
    return [part for part in nav if all(part.values())]


@cache
def outside() -> tuple[str, ...]:
    """Return the files outside of docs/ that pages link to, and those that these link to."""
    found = dict.fromkeys(f"docs/{page.name}" for page in INDEX.parent.glob("*.md"))
    waiting = list(found)
    while waiting:
        here = waiting.pop()
        for path, _ in relative_links(as_page(here)) if _has_links(here) else ():
            if (there := target(here, path)) not in found:
                found[there] = None
                waiting.append(there)
    return tuple(path for path in found if not path.startswith("docs/") and path != "README.md")


def place(path: str) -> str:
    """Return where a file of the repository is on the site."""
    if (ROOT / path).is_dir():
        return f"{path}/README.md"
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return path if path.endswith(".md") else f"{path}.md"


def as_page(path: str) -> str:
    """Return a file as a page: a folder is its README or a list, a program a block of code."""
    file = ROOT / path
    if file.is_dir():
        if (file / "README.md").exists():
            return as_page(f"{path}/README.md")
        names = sorted(inner.name for inner in file.iterdir() if inner.is_file())
        return f"# {path}/\n" + "".join(f"\n- [{name}]({path}/{name})" for name in names)
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        return text
    return f"# {path}\n\n~~~~ {file.suffix.removeprefix('.')}\n{text}~~~~\n"


def _has_links(path: str) -> bool:
    return path.endswith(".md") or (ROOT / path).is_dir()


def _on_site(here: str, path: str) -> str:
    folder = posixpath.dirname(place(here))
    return posixpath.relpath(place(target(here, path)), folder or ".")


def _coloured(verdict: re.Match[str]) -> str:
    return f'<b class="{verdict[1].lower()}">{verdict[1]}</b>'


def _mathml(formula: re.Match[str]) -> str:
    from latex2mathml.converter import convert

    display = "block" if formula[1] == "div" else "inline"
    mathml = str(convert(html.unescape(formula[2]), display=display))
    for spaced, close in _SPACING.items():
        mathml = mathml.replace(spaced, close)
    return mathml
