"""Values and keys as they are shown in a message: on one line, short, and safe for a terminal."""

from __future__ import annotations

import json
import math
import re
from typing import Any

__all__ = ["KeyPath", "shorten", "show_key", "show_path", "show_value"]

KeyPath = tuple[str | int, ...]
"""Where a value stands in the tree: keys of mappings and 0-based indices of lists."""

LONGEST = 60
PLAIN_KEY = re.compile(r"[\w-]+", re.ASCII)


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return the text on one line, unprintable characters escaped, its middle left out if long."""
    line = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    if len(line) <= longest:
        return line
    half = (longest - 3) // 2
    return f"{line[:half]}...{line[-half:]}"


def show_value(value: Any) -> str:
    """Return a value of the tree as it would stand in YAML, text in double quotes."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return shorten(json.dumps(value, ensure_ascii=False, default=str))


def show_key(key: str) -> str:
    """Return a key bare where it is a plain word, else in double quotes."""
    return key if PLAIN_KEY.fullmatch(key) else show_value(key)


def show_path(path: KeyPath) -> str:
    """Return ``network.hidden[1]`` for ``("network", "hidden", 1)``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{show_key(part)}" for part in path)
    return "".join(parts).removeprefix(".")
