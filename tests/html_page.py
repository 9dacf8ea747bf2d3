"""A page read as a browser would, strictly: every tag closed in its order, attributes unescaped."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "link", "br", "img", "hr"}


@dataclass
class Tag:
    """A tag with its attributes, and the text directly and below it."""

    name: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """All tags of a page in their order; `faults` are those closed out of order or never."""

    tags: list[Tag] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _open: list[Tag] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Page:
        page = cls()
        HTMLParser.__init__(page)
        page.feed(text)
        page.close()
        page.faults += [f"never closed: {tag.name}" for tag in page._open]
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.faults.append(f"an attribute twice: {tag} {names}")
        found = Tag(tag, dict(attrs))
        self.tags.append(found)
        if tag not in VOID:
            self._open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(Tag(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].name != tag:
            self.faults.append(f"closed out of order: {tag}")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for tag in self._open:
            tag.text += data

    def all(self, name: str) -> list[Tag]:
        return [tag for tag in self.tags if tag.name == name]
