"""Spoils files: bytes, words and lines of them, and values of a JSON document."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["ODD", "spoiled", "spoiled_tree"]

_MOST = 1 << 16  # bytes of an input; what is long is tested where it matters
_ODD_BYTES = (b"\0", b"\xff", b'"', b"'", b"\n", b"\r", b"\r\n", b",", b";", b"\t", b" ", b"nan",
              b"-inf", b"1e999", b"-0", b"9" * 400, b"[" * 200, b"{", b"}", b"]", b":", b"#",
              b"\xc3", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x1b[31m", b"%s", b"\\")  # fmt: skip
_WORD = re.compile(rb"[\w.+-]+")

Tokens = Sequence[bytes]
Change = Callable[[bytes, random.Random, Tokens, Tokens], bytes]

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 7, 0.5, -0.5, 1e-300, 1e308, -1e308, 2**31, 2**63, 10**400, 1e6,
    float("nan"), float("inf"), "", "x", "0", "nan", "\0", "\x1b[31m", "\ud800", "é" * 300, [], {},
    [0], [[]], ["x", "x"], {"x": 1}, [None],
)  # fmt: skip
"""Values that few programs expect."""


def _cut(content: bytes, rng: random.Random, _tokens: Tokens, _pool: Tokens) -> bytes:
    start = rng.randint(0, len(content))
    stop = rng.choice((min(len(content), start + rng.randint(1, 20)), len(content)))
    return content[:start] + content[stop:]


def _put(content: bytes, rng: random.Random, tokens: Tokens, _pool: Tokens) -> bytes:
    at = rng.randint(0, len(content))
    over = rng.choice((0, 0, 1, rng.randint(0, 8)))
    return content[:at] + rng.choice([*tokens, *_ODD_BYTES]) + content[at + over :]


def _flip(content: bytes, rng: random.Random, _tokens: Tokens, _pool: Tokens) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        if changed:
            at = rng.randrange(len(changed))
            changed[at] = rng.choice((changed[at] ^ 1 << rng.randrange(8), rng.randrange(256)))
    return bytes(changed)


def _word(content: bytes, rng: random.Random, tokens: Tokens, _pool: Tokens) -> bytes:
    words = [*_WORD.finditer(content)]
    if not words:
        return content
    start, stop = rng.choice(words).span()
    fresh = rng.choice([*tokens, *_ODD_BYTES, rng.choice(words).group()])
    return content[:start] + fresh + content[stop:]


def _lines(content: bytes, rng: random.Random, _tokens: Tokens, pool: Tokens) -> bytes:
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = b" " * rng.randint(1, 4) + lines[at]
        case _:
            fresh = rng.choice(pool).splitlines(keepends=True) if pool else []
            lines[at:at] = fresh[: rng.randint(0, 3)]
    return b"".join(lines)


def _splice(content: bytes, rng: random.Random, _tokens: Tokens, pool: Tokens) -> bytes:
    other = rng.choice(pool) if pool else content
    return content[: rng.randint(0, len(content))] + other[rng.randint(0, len(other)) :]


_CHANGES: tuple[Change, ...] = (_cut, _put, _put, _flip, _word, _word, _lines, _lines, _splice)


def spoiled(content: bytes, rng: random.Random, tokens: Tokens = (), pool: Tokens = ()) -> bytes:
    """Return the content with one to four changes; `tokens` may come in, and parts of `pool`."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        content = rng.choice(_CHANGES)(content, rng, tokens, pool)
    return content[:_MOST]


def spoiled_tree(tree: Any, rng: random.Random) -> Any:
    """Return a JSON value with one to three of its values replaced, removed, moved or doubled."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = [*_places(tree)]
        if not places:
            return rng.choice(ODD)
        holder, key = rng.choice(places)
        _, other_key = other = rng.choice(places)
        match rng.randrange(6):
            case 0:
                del holder[key]
            case 1:
                holder[key] = copy.deepcopy(other[0][other_key])
            case 2 if isinstance(holder, dict):
                holder[rng.choice(("x", "", f"{key}2", "\0"))] = holder[key]
            case 2:
                holder.insert(key, holder[key])
            case 3 if isinstance(holder[key], int | float) and abs(holder[key]) < 1e300:
                holder[key] = holder[key] * rng.choice((-1, 0, 2, 1e-9, 1e300)) + rng.choice((0, 1))
            case _:
                holder[key] = copy.deepcopy(rng.choice(ODD))
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return every list or dict of a tree with each of its keys."""
    if not isinstance(tree, dict | list):
        return []
    found = []
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        found += [(tree, key), *_places(value)]
    return found
