"""Sets keys in the text of a config, whose other lines and their comments stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.config.document import to_lines
from mlpcli.config.load import apply_overrides, path_of
from mlpcli.config.yaml import read_yaml
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["rewrite"]


def rewrite(text: str, overrides: Iterable[str]) -> str:
    """Return the text of a config in block style with every ``section.key=value`` set in it.

    A key that is there is replaced with all that is in it; one that is not comes last in its
    section. Raises ConfigError for an override that cannot be set.
    """
    for override in overrides:
        changed, problems = apply_overrides(read_yaml(text, "config"), [override])
        if problems:
            raise ConfigError(*(f"{place.label}: {what}" for place, what in problems))
        path = [str(part) for part in path_of(override)[:2]]
        value = changed.plain()
        for part in path:
            value = value[part]
        text = "\n".join(_with(text.split("\n"), path, value))
    return text


def _with(lines: list[str], path: Sequence[str], value: Any) -> list[str]:
    """Return the lines with a key of a section, or a whole section, set to a value."""
    sections = read_yaml("\n".join(lines), "config").value
    assert isinstance(sections, dict)
    new = [*to_lines(path[-1], value, "  " * (len(path) - 1))]
    section = sections.get(path[0])
    if section is None:
        return [*lines, *([] if len(path) == 1 else [f"{path[0]}:"]), *new, ""]
    first = section.key.order[1]
    if len(path) == 1:
        return [*lines[: first - 1], *new, *lines[_end(lines, first, 0) :]]
    inside = section.value if isinstance(section.value, dict) else {}
    key = inside.get(path[1])
    start = _end(lines, first, 0) if key is None else key.key.order[1] - 1
    stop = start if key is None else _end(lines, start + 1, 2)
    return [*lines[:start], *new, *lines[stop:]]


def _end(lines: Sequence[str], start: int, indent: int) -> int:
    """Return the index of the first line from `start` on that is no deeper than an indent."""
    deeper = " " * (indent + 1)
    return next(
        (i for i in range(start, len(lines)) if not lines[i].startswith(deeper)), len(lines)
    )
