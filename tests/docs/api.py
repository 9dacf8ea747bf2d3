"""Makes docs/api.md of the signatures and docstrings of what `mlpcli` exports."""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

import mlpcli

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 88
_HEAD = """\
# Python API
What `import mlpcli` has, by name; [From Python](python.md) shows it at work. Errors are
`MlpError`, whose lines are those that the command prints.
"""


def api_page() -> str:
    """Return docs/api.md, without the line that says how it is made."""
    names = sorted((name for name in mlpcli.__all__ if name[0] != "_"), key=str.lower)
    return _HEAD + "".join(_entry(name, getattr(mlpcli, name)) for name in names)


def _entry(name: str, value: Any) -> str:
    if inspect.isclass(value):
        return f"\n## {name}\n{_doc(value)}\n{_members(value)}"
    return f"\n## {name}\n```python\n{_call(name, value)}\n```\n\n{_doc(value)}\n"


def _doc(value: Any) -> str:
    return inspect.getdoc(value) or ""


def _call(name: str, function: Any) -> str:
    """Return the signature as it would be written, in one line if it fits."""
    signature = inspect.signature(function)
    parts = [*_parameters(signature)]
    answer = f" -> {_text(signature.return_annotation)}"
    short = f"{name}({', '.join(parts)}){answer}"
    if len(short) <= _WIDTH:
        return short
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){answer}"


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    starred = False
    for p in signature.parameters.values():
        if p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            yield "*"
        starred = starred or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        stars = "*" * ((p.kind is p.VAR_POSITIONAL) + 2 * (p.kind is p.VAR_KEYWORD))
        default = "" if p.default is p.empty else f" = {_text(p.default, repr(p.default))}"
        yield f"{stars}{p.name}: {_text(p.annotation)}{default}"


def _text(value: Any, otherwise: str = "Any") -> str:
    """Return an annotation, the name of a default that is a function, or else a default."""
    if isinstance(value, str) and otherwise == "Any":
        return value
    return getattr(value, "__name__", otherwise) if callable(value) else otherwise


def _members(kind: type) -> str:
    rows = [*_rows(kind)]
    fields = (
        [f"`{f.name}`" for f in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    )
    listed = f"\nFields: {', '.join(fields)}.\n" if fields else ""
    table = "\n| member | is |\n|---|---|\n" + "".join(rows) if rows else ""
    return listed + table


def _rows(kind: type) -> Iterator[str]:
    """Yield a row per public property and method that says what it is."""
    for name, value in vars(kind).items():
        is_member = isinstance(value, property) or inspect.isfunction(value)
        if name.startswith(("_", "model_")) or not (is_member and _doc(value)):
            continue
        words = _doc(value).partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        shown = name if isinstance(value, property) else f"{name}({_short(value)})"
        yield f"| `{shown}` | {words} |\n"


def _short(function: Any) -> str:
    names = (part.partition(":")[0] for part in _parameters(inspect.signature(function)))
    return ", ".join(names)
