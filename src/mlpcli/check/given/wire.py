"""Messages between two processes, safe to read from whoever wrote them: JSON and plain numbers.

A frame is its length (8 bytes, little-endian), that of its JSON (4 bytes), the JSON, and the bytes
of its arrays one after the other. In the JSON stand for what it has not

    {"array": [dtype, shape]}       the next array
    {"tuple": [..]}                 a tuple
    {"dict": [[key, value], ..]}    a dict, whose keys may be numbers

NumPy's own .npy headers are Python literals, and may name any dtype; here a dtype is one of a few.
"""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np

__all__ = ["HEAD", "WireError", "body_length", "pack", "unpack"]

HEAD = 8
_JSON_HEAD = 4
_LONGEST_JSON = 2**25
_DTYPES = {np.dtype(name).newbyteorder("<").str for name in "?bhiqBHIQefd"}


class WireError(ValueError):
    """Bytes that are no message."""


def pack(message: dict[str, Any]) -> bytes:
    """Return a message of JSON's values, tuples and real arrays as one frame."""
    arrays: list[bytes] = []
    text = json.dumps(_coded(message, arrays)).encode()
    size = _JSON_HEAD + len(text) + sum(map(len, arrays))
    heads = size.to_bytes(HEAD, "little"), len(text).to_bytes(_JSON_HEAD, "little")
    return b"".join([*heads, text, *arrays])


def _coded(node: Any, arrays: list[bytes]) -> Any:
    if isinstance(node, np.ndarray):
        array = node.astype(node.dtype.newbyteorder("<"), copy=False)
        arrays.append(array.tobytes())
        return {"array": [array.dtype.str, array.shape]}
    if isinstance(node, dict):
        return {"dict": [[key, _coded(value, arrays)] for key, value in node.items()]}
    if isinstance(node, (list, tuple)):
        items = [_coded(item, arrays) for item in node]
        return {"tuple": items} if isinstance(node, tuple) else items
    return node


def body_length(head: bytes, largest: int) -> int:
    """Return how many bytes follow the head of a frame. Raises WireError for more than that."""
    length = int.from_bytes(head, "little")
    if length > largest:
        raise WireError(f"{length:,} bytes, where at most {largest:,} are taken")
    return length


def unpack(body: bytes) -> dict[str, Any]:
    """Return the message of a frame without its head. Raises WireError for what is none."""
    start = _JSON_HEAD + int.from_bytes(body[:_JSON_HEAD], "little")
    if start > min(len(body), _LONGEST_JSON):
        raise WireError("it is cut short, or has too long a head")
    reader = _Reader(body, start)
    try:
        message = reader.decoded(json.loads(body[_JSON_HEAD:start]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WireError(f"{type(error).__name__}: {error}") from None
    if not isinstance(message, dict) or reader.place != len(body):
        raise WireError("it holds more or less than it says")
    return message


class _Reader:
    """Takes the arrays of a body one after the other."""

    def __init__(self, body: bytes, start: int) -> None:
        self.body = body
        self.place = start

    def decoded(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.decoded(item) for item in node]
        if not isinstance(node, dict):
            return node
        ((kind, value),) = node.items()
        if kind == "tuple":
            return tuple(self.decoded(item) for item in value)
        if kind == "dict":
            return {key: self.decoded(item) for key, item in value}
        if kind == "array":
            return self.array(*value)
        raise WireError(f"unknown kind {kind!r:.20}")

    def array(self, dtype: str, shape: list[int]) -> np.ndarray[Any, Any]:
        if dtype not in _DTYPES or not all(type(n) is int and n >= 0 for n in shape):
            raise WireError(f"no array of dtype {dtype!r:.20} and shape {shape!r:.60}")
        stop = self.place + prod(shape) * np.dtype(dtype).itemsize
        if stop > len(self.body):
            raise WireError(f"an array of shape {shape!r:.60} is cut short")
        array = np.frombuffer(self.body[self.place : stop], dtype).reshape(shape)
        self.place = stop
        return array
