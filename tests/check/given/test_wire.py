"""What goes through the wire comes out as it was; what is no message is refused."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.check.given.tree import same
from mlpcli.check.given.wire import HEAD, WireError, body_length, pack, unpack

leaves = st.none() | st.text(max_size=5) | st.sampled_from(
    [np.zeros((2, 0)), np.array(0.5), np.arange(6, dtype="f4"), np.ones((2, 3), ">f8").T,
     np.array([True, False]), np.array([[np.nan, np.inf]])]
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(0, 9), inner, max_size=3)
    ),
)


def frame(text: Any, data: bytes = b"") -> bytes:
    coded = text if isinstance(text, bytes) else json.dumps(text).encode()
    return len(coded).to_bytes(4, "little") + coded + data


@given(trees)
def test_what_goes_in_comes_out(tree: Any) -> None:
    data = pack({"tree": tree})
    assert body_length(data[:HEAD], 2**20) == len(data) - HEAD
    assert same(unpack(data[HEAD:])["tree"], tree)


@given(trees, st.data())
def test_a_damaged_message_is_refused_or_is_another_one(tree: Any, data: Any) -> None:
    whole = pack({"tree": tree})[HEAD:]
    at = data.draw(st.integers(0, len(whole) - 1))
    for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]):
        with contextlib.suppress(WireError):
            assert isinstance(unpack(damaged), dict)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xff\xff\xff",
        frame(b"not JSON"),
        frame(b"[" * 100_000),
        frame(["no dict"]),
        frame({"dict": [["a", {"array": ["<f8", [2]]}]]}, b"\0" * 8),
        frame({"dict": [["a", {"array": ["<f8", [1]]}]]}, b"\0" * 16),
        frame({"dict": [["a", {"array": ["<f8", [-1]]}]]}),
        frame({"dict": [["a", {"array": ["<f8", [2**62, 2**62]]}]]}),
        frame({"dict": [["a", {"array": ["<f8", [1.0]]}]]}, b"\0" * 8),
        frame({"dict": [["a", {"array": ["|O", [1]]}]]}, b"\0" * 8),
        frame({"dict": [["a", {"array": [["<f8"], [1]]}]]}, b"\0" * 8),
        frame({"dict": [["a", {"code": "1"}]]}),
        frame({"dict": [[["a"], 1]]}),
        frame({"a": 1, "b": 2}),
    ],
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        unpack(body)


def test_more_than_is_taken_is_not_read() -> None:
    with pytest.raises(WireError, match="200,000,000 bytes, where at most 1,000 are taken"):
        body_length((200_000_000).to_bytes(HEAD, "little"), 1000)
