"""Pictures on request: a file if matplotlib is there, else a chart in the terminal."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mlpcli.cli.console import put, warn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["accept", "draw", "plot_option", "put_chart"]


def accept(path: Path | None) -> Path | None:
    """Return the path; raises UsageError for a name of no known format."""
    if path is not None:
        from mlpcli.report.figures import require_format

        require_format(path)
    return path


def plot_option(text: str) -> Any:
    """Return the option --plot with a help text; a bad name is refused before anything is done."""
    return typer.Option("--plot", metavar="FILE", help=text, callback=accept)


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
