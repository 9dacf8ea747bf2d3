"""The two streams: results to stdout, everything else to stderr, and what a closed pipe means."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlpcli.report.tables import Table

__all__ = ["complain", "flush_quietly", "put", "put_json", "put_table", "warn"]


def put(text: str, end: str = "\n") -> None:
    """Write a result to stdout; a reader that has gone away is no error."""
    try:
        sys.stdout.write(text + end)
    except BrokenPipeError:
        _discard_stdout()


def put_json(document: Mapping[str, Any]) -> None:
    """Write one strict JSON document to stdout."""
    put(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False))


def put_table(table: Table) -> None:
    """Write a table to stdout: drawn by Rich at a terminal, plain columns elsewhere."""
    if not sys.stdout.isatty():
        put(table.plain())
        return
    from rich.console import Console

    Console().print(table.rich())


def complain(*lines: str) -> None:
    """Write lines to stderr, if anybody still reads it."""
    try:
        for line in lines:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()
    except OSError:
        pass


def warn(*notes: str) -> None:
    """Write notes to stderr, each marked as a warning."""
    complain(*(f"warning: {note}" for note in notes))


def flush_quietly(status: int) -> int:
    """Flush stdout and return the status, also if the pipe is closed; 74 if the disk is full."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        complain(f"standard output: cannot be written: {(error.strerror or '').lower()}")
        _discard_stdout()
        return 74
    return status


def _discard_stdout() -> None:
    """Point stdout nowhere, so that neither we nor the interpreter's exit trip over it again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
