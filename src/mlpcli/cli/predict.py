"""`mlp predict`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Force, ModelFile, Output, Threshold
from mlpcli.cli.console import put, warn
from mlpcli.cli.counter import counting
from mlpcli.cli.kinds import expect
from mlpcli.counting import in_silence
from mlpcli.errors import DataError, UsageError

__all__ = ["predict"]


def predict(
    model: ModelFile,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Table without a target, or - for stdin.", callback=expect("table")
        ),
    ],
    output: Output = None,
    threshold: Threshold = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            metavar="COL",
            autocompletion=completion.columns,
            help="Column of DATA to write in front; repeat it.",
        ),
    ] = None,
    keep_all: Annotated[
        bool, typer.Option("--keep-all", help="Write all columns of DATA in front.")
    ] = False,
    allow_unseen: Annotated[
        bool, typer.Option("--allow-unseen", help="Take columns of which training saw no text.")
    ] = False,
    safe_csv: Annotated[
        bool,
        typer.Option("--safe-csv", help="An apostrophe before cells that begin with = + - @."),
    ] = False,
    force: Force = False,  # noqa: ARG001  judged in cli/paths.py
) -> int:
    """Write probabilities and labels as CSV, a line per row, in order.

    Example: mlp predict runs/moons new.csv --keep id -o predictions.csv
    """
    from mlpcli.report.predict import prediction_lines
    from mlpcli.training.model_file import load_model
    from mlpcli.training.predict import predict as run

    if keep and keep_all:
        raise UsageError("--keep: --keep-all keeps every column; give one of the two")
    loaded = load_model(model)
    if threshold is not None:
        loaded = loaded.with_threshold(threshold)
    with ExitStack() as stack:
        file = stack.enter_context(_spooled_stdin()) if data == "-" else data
        kept = None if keep_all else keep or ()
        # Rows that run over the terminal show how far it is themselves.
        shown = in_silence if output is None and sys.stdout.isatty() else counting
        predictions = run(loaded, [file], kept, allow_unseen=allow_unseen, counting=shown)
        stack.enter_context(predictions.scan)
        write = stack.enter_context(_writer(output))
        for text in prediction_lines(predictions, safe=safe_csv):
            write(text)
    warn(*predictions.notes())
    return 0


@contextmanager
def _spooled_stdin() -> Iterator[Path]:
    """Copy stdin to a temporary file, as a table is read more than once."""
    from mlpcli.files import temporary_errors

    with ExitStack() as stack:
        with temporary_errors("a copy of stdin"):
            file = stack.enter_context(tempfile.NamedTemporaryFile(prefix="stdin-", suffix=".csv"))
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.flush()
        try:
            yield Path(file.name)
        except DataError as error:
            lines = (line.replace(file.name, "stdin") for line in error.lines)
            raise DataError(*lines) from error


@contextmanager
def _writer(output: Path | None) -> Iterator[Callable[[str], object]]:
    """Yield a function that writes text to stdout, or to a file that appears once it is whole."""
    if output is None:
        yield lambda text: put(text, end="")
        return
    from mlpcli.files import atomic_file

    with atomic_file(output) as file:
        yield lambda text: file.write(text.encode())
