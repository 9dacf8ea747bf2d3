"""Links of the pages: where they lead in the repository, and the anchors of headings."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?P<path>[^)\s#]*)(?P<anchor>#[^)\s]*)?(?=\))")


def relative_links(text: str) -> list[tuple[str, str]]:
    """Return (path, anchor) of each link that stays in the repository; either may be empty."""
    found = [(link["path"], link["anchor"] or "") for link in _LINK.finditer(_CODE.sub("", text))]
    return [(path, anchor.removeprefix("#")) for path, anchor in found if "://" not in path]


def map_links(text: str, new_path: Callable[[str], str]) -> str:
    """Return a page in which the path of each link is another; code stays as it is."""
    parts = []
    end = 0
    for code in [*_CODE.finditer(text), None]:
        start = code.start() if code else len(text)
        parts.append(_LINK.sub(lambda link: _mapped(link, new_path), text[end:start]))
        parts.append(code[0] if code else "")
        end = code.end() if code else end
    return "".join(parts)


def _mapped(link: re.Match[str], new_path: Callable[[str], str]) -> str:
    path, anchor = link["path"], link["anchor"] or ""
    return link[0] if not path or "://" in path else new_path(path) + anchor


def target(page: str, path: str) -> str:
    """Return where a link of a page leads, both by their paths from the top of the repository."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE
    )
    return {anchor(heading) for heading in headings}


def anchor(heading: str, separator: str = "-") -> str:
    """Return the anchor of a heading as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", separator)
