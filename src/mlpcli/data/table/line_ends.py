"""Tells how the lines of a text end: by LF, by CR LF or by CR, or by several of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["mixed_line_ends"]

_BLOCK = 1 << 20


def mixed_line_ends(stream: BinaryIO) -> bool:
    """Say whether lines end in more than one way, those within quotes as well."""
    met: set[bytes] = set()
    while len(met) < 2 and (block := stream.read(_BLOCK)):
        if block.endswith(b"\r"):
            block += stream.read(1)
        met |= _line_ends(block)
    return len(met) > 1


def _line_ends(block: bytes) -> set[bytes]:
    lf, cr = block.count(b"\n"), block.count(b"\r")
    both = block.count(b"\r\n") if lf and cr else 0
    counts = {b"\n": lf - both, b"\r": cr - both, b"\r\n": both}
    return {end for end, count in counts.items() if count}
