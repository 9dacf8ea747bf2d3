"""What the C library does with memory that is given back: kept, or returned to the system."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["keep_freed_memory"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let freed memory stay in this process for the next array; return whether that could be had.

    Without it glibc maps every array of 32 MB and more anew, and the system clears its pages:
    a check, which makes many such arrays one after the other, spends most of its time on that. The
    largest need of memory stays the same. For programs, as it changes the whole process; elsewhere
    than with glibc nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, 1 << 30) and mallopt(_TRIM_THRESHOLD, _LARGEST))
