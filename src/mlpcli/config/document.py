"""A config as text: readable YAML that loads back to the same config, and the JSON Schema."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.config.config import Config
from mlpcli.config.optimizers import Adam
from mlpcli.config.yaml import unusable
from mlpcli.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["json_schema", "to_document", "to_lines", "to_portable_document", "to_yaml"]

PLAIN = re.compile(r"[A-Za-z_/][\w/. *+-]*(?<! )", re.ASCII)
"""Text that no version of YAML takes for anything else, unless it is one of RESERVED."""
RESERVED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}


def to_document(config: Config) -> dict[str, Any]:
    """Return the whole config as plain values for JSON, which `Config.model_validate` takes."""
    return config.model_dump(mode="json")


def to_portable_document(config: Config) -> dict[str, Any]:
    """Return `to_document` with paths as seen from the config's own folder.

    It is what a model or checkpoint records: equal wherever the project lies on a disk.
    """
    base = Path(config.folder).resolve()
    return to_document(config.with_paths(lambda path: os.path.relpath(path, base)))


def to_yaml(config: Config, folder: str | os.PathLike[str] = ".") -> str:
    """Return the whole config, defaults included, in block style; paths become absolute.

    Parsed by `parse_config` it is equal to a config that `load_config` or `parse_config` returned.
    A path below folders whose names are no UTF-8, which no YAML can hold, is instead as seen from
    `folder`, in which the text is to lie.
    """
    plain = to_document(config.with_paths(lambda path: _absolute(path, folder)))
    return "\n\n".join("\n".join(to_lines(key, value, "")) for key, value in plain.items()) + "\n"


def _absolute(path: str, folder: str | os.PathLike[str]) -> str:
    full = os.path.abspath(path)  # noqa: PTH100  links stay
    return os.path.relpath(path, folder) if unusable(full) else full


def to_lines(key: str, value: Any, indent: str) -> Iterator[str]:
    """Yield the lines of a key and its plain value in block style."""
    if isinstance(value, dict) and value:
        yield f"{indent}{_text(key)}:"
        for name, item in value.items():
            yield from to_lines(name, item, f"{indent}  ")
    elif isinstance(value, list) and any(isinstance(item, str) for item in value):
        yield f"{indent}{_text(key)}:"
        yield from (f"{indent}  - {_scalar(item)}" for item in value)
    else:
        yield f"{indent}{_text(key)}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    """Return a scalar, or a list of numbers, on one line."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)


def _float(value: float) -> str:
    """Return the shortest digits that give the number back, with the dot that YAML 1.1 wants."""
    digits = repr(value)
    return digits if "." in digits else digits.replace("e", ".0e")


def _text(text: str) -> str:
    if PLAIN.fullmatch(text) and text.lower() not in RESERVED:
        return text
    return quoted(text)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config file, for editors and validators.

    It asks for the name of an optimizer or schedule where leaving it out means another one.
    """
    schema = Config.model_json_schema(by_alias=True, mode="validation")
    for model in schema["$defs"].values():
        name = model["properties"].get("name", {}).get("const")
        if name not in {None, Adam().name}:
            model["required"] = ["name"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "mlp config",
    }
