"""What a plain scalar of YAML 1.2 means: a number, a truth value, null or text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Scalar", "reads_as_number", "resolve"]

Scalar = str | int | float | bool | None
LONGEST_INTEGER = 300
"""Digits that still fit a float; Python itself refuses to read integers much longer than that."""


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise ValueError(f"expected a number of at most {LONGEST_INTEGER} digits, got {len(text)}")
    return int(text)


MEANINGS: tuple[tuple[re.Pattern[str], Callable[[str], Scalar]], ...] = (
    (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), _integer),
    (re.compile(r"0o[0-7]{1,90}|0x[0-9a-fA-F]{1,70}"), lambda text: int(text, 0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda _: float("nan")),
)
"""Patterns of https://yaml.org/spec/1.2.2/#103-core-schema in its order, with what they mean."""


def resolve(text: str) -> Scalar:
    """Return what a plain scalar means: ``1e-3`` is a float, ``010`` is 10, ``no`` is text.

    Raises ValueError for an integer of more than 300 digits.
    """
    for pattern, meaning in MEANINGS:
        if pattern.fullmatch(text):
            return meaning(text)
    return text


def reads_as_number(text: str) -> bool:
    """Whether text in quotes would be a number, or true or false, without them, of any length."""
    try:
        return isinstance(resolve(text), int | float)
    except ValueError:
        return True
