"""Links are found where they are links, and lead where the forge takes them."""

from __future__ import annotations

import pytest

from docs.links import anchor, anchors, map_links, relative_links, target

TEXT = """\
# A title: *two* parts, `code`
[a](a.md) and [b](../b.py#part) and `[c](c.md)`, [here](#a-title-two-parts-code)
```python
f = list[int](d.md)  # [d](d.md)
```
![e](e.svg) [f](https://example.org/f.md)
"""


def test_links_outside_of_code_are_found() -> None:
    assert relative_links(TEXT) == [
        ("a.md", ""),
        ("../b.py", "part"),
        ("", "a-title-two-parts-code"),
        ("e.svg", ""),
    ]


def test_paths_are_mapped_and_all_else_stays() -> None:
    mapped = map_links(TEXT, lambda path: f"X/{path}")
    for old, new in {"(a.md)": "(X/a.md)", "(../b.py#part)": "(X/../b.py#part)"}.items():
        assert old not in mapped
        assert new in mapped
    assert "(X/e.svg)" in mapped
    assert mapped.replace("X/", "") == TEXT
    assert map_links(TEXT, lambda path: path) == TEXT


@pytest.mark.parametrize(
    ("page", "path", "expected"),
    [
        ("docs/a.md", "b.md", "docs/b.md"),
        ("docs/a.md", "../configs/", "configs"),
        ("README.md", "docs/a.md", "docs/a.md"),
        ("docs/a.md", "", "docs/a.md"),
    ],
)
def test_target(page: str, path: str, expected: str) -> None:
    assert target(page, path) == expected


def test_anchors_are_those_of_the_forge() -> None:
    assert anchors(TEXT) == {"a-title-two-parts-code"}
    assert anchor("data.test: a file, or {column}") == "datatest-a-file-or-column"
    assert anchor("roc_auc  & more") == "roc_auc---more"
