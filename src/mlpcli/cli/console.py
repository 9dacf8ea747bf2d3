"""The two streams: results to stdout, everything else to stderr, and what a closed pipe means.

A picture on request goes to a file, or where it cannot be drawn as a chart to stdout.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.cli.colour import STYLES, all_of, coloured, paint
from mlpcli.errors import StorageError
from mlpcli.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from rich.console import Console

    from mlpcli.report.marks import Marks
    from mlpcli.report.table import Table

__all__ = [
    "all_told",
    "complain",
    "draw",
    "flush_quietly",
    "prepare_streams",
    "put",
    "put_chart",
    "put_json",
    "put_report",
    "put_table",
    "put_tables",
    "put_words",
    "rich_console",
    "show_stuck",
    "warn",
    "wrapped",
]


def prepare_streams() -> None:
    """Make the streams of the process fit for use: closed ones lead nowhere, others take any text.

    Results are UTF-8 whatever the locale, as files are; only a terminal gets its own encoding.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  for good
        elif mode == "w":
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def put(text: str, end: str = "\n") -> None:
    """Write a result to stdout; a reader that has gone away is no error, a full disk is."""
    try:
        sys.stdout.write(text + end)
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        _discard_stdout()
        raise StorageError(show_stuck(error)) from error


def show_stuck(error: OSError) -> str:
    """Return a line that says why stdout takes no more."""
    return f"standard output: cannot be written: {(error.strerror or str(error)).lower()}"


def put_json(document: Mapping[str, Any]) -> None:
    """Write one strict JSON document to stdout."""
    put(json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False))


def put_tables(tables: Sequence[Table]) -> None:
    """Print tables to stdout with an empty line between two."""
    for i, table in enumerate(tables):
        if i:
            put("")
        put_table(table)


def put_table(table: Table) -> None:
    """Write a table to stdout: drawn by Rich at a terminal, plain columns elsewhere."""
    if not sys.stdout.isatty():
        put(paint(table.plain(), table.marks, sys.stdout))
        return
    console = rich_console()
    for piece in table.pieces(console.width):
        if piece.title:
            put(wrapped(printable(piece.title), console.width))
        console.print(replace(piece, title="").rich(STYLES, console.width))


def rich_console(*, stderr: bool = False) -> Console:
    """Return Rich's way to write to a terminal, without colour where none is wanted."""
    from rich.console import Console

    wanted = coloured(sys.stderr if stderr else sys.stdout)
    return Console(stderr=stderr, highlight=False, color_system="auto" if wanted else None)


def put_report(pieces: Iterable[Table | str], marks: Marks | None = None) -> None:
    """Write tables and sentences to stdout, in their order."""
    for piece in pieces:
        if isinstance(piece, str):
            put_words(piece, marks=marks)
        else:
            put_table(piece)


def put_words(*paragraphs: str, marks: Marks | None = None) -> None:
    """Write sentences to stdout: wrapped between words at a terminal, one line each elsewhere."""
    for paragraph in paragraphs:
        text = printable(paragraph)
        if sys.stdout.isatty():
            text = wrapped(text, shutil.get_terminal_size().columns)
        put(paint(text, marks or {}, sys.stdout))


def wrapped(text: str, width: int) -> str:
    """Return the text broken between words; further lines are indented by two more."""
    indent = " " * (2 + len(text) - len(text.lstrip()))
    return textwrap.fill(
        text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def complain(*lines: str, meaning: str | None = None) -> None:
    """Write lines to stderr, if anybody still reads it; each stays one line whatever it quotes.

    What they mean is their colour: error, or none.
    """
    for line in map(_fitted, lines):
        _to_stderr(line if meaning is None else all_of(line, meaning, sys.stderr))


@contextmanager
def all_told() -> Iterator[None]:
    """Write to stderr, while the context lasts, what modules log for whoever looks closely."""
    import logging

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            complain(record.getMessage())

    logger, handler = logging.getLogger("mlpcli"), Lines()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


def _fitted(line: str) -> str:
    """Return the line as it is shown: broken between words at a terminal."""
    line = printable(line)
    width = shutil.get_terminal_size().columns
    return wrapped(line, width) if sys.stderr.isatty() and line else line


def _to_stderr(line: str) -> None:
    with suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def warn(*notes: str) -> None:
    """Write notes to stderr, each marked as a warning."""
    word = "warning:"
    for note in notes:
        line = _fitted(f"{word} {note}").removeprefix(word)
        _to_stderr(all_of(word, "warning", sys.stderr) + line)


def draw(path: Path | None, figure: Callable[[], Figure]) -> bool:
    """Write the figure to `path`, replacing what is there, or say what to install.

    Call it before results are printed: where the file cannot be written, stdout has to stay empty.
    Returns whether a chart in text has to stand in. Raises StorageError.
    """
    if path is None:
        return False
    from mlpcli.files import write_bytes
    from mlpcli.report.figures import matplotlib_missing, to_bytes

    lacking = matplotlib_missing()
    if lacking:
        warn(f"--plot {path}: not drawn: {lacking}")
        return True
    import matplotlib as mpl

    look = {k: v for k, v in mpl.rcParamsDefault.items() if "backend" not in k}
    with mpl.rc_context(look), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a font without some letter of the user's names
        write_bytes(path, to_bytes(figure(), path))
    return False


def put_chart(text: str) -> None:
    """Print a chart below other results."""
    put("")
    put(text)


def flush_quietly(status: int) -> int:
    """Flush stdout and return the status, also if the pipe is closed; 74 if the disk is full."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        complain(show_stuck(error))
        _discard_stdout()
        return StorageError.exit_code
    return status


def _discard_stdout() -> None:
    """Point stdout nowhere, so that neither we nor the interpreter's exit trip over it again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
