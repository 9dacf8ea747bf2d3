"""What somebody's function prints goes to stderr: the report is a document of its own."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["printing_to_stderr"]


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """Send to stderr what Python prints in the block, and what compiled code does."""
    with redirect_stdout(sys.stderr), _descriptor_to_stderr():
        yield


@contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    """Send what compiled code prints, past Python's own stdout, to stderr too."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is no such descriptor, so nothing can be written to it
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
