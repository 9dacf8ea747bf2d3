"""Pictures on request: a file if matplotlib is there, else a chart in the terminal."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli.cli.console import put, warn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["accept", "draw"]


def accept(path: Path | None) -> None:
    """Raise UsageError for a name of no known format, before anything else is done."""
    if path is not None:
        from mlpcli.report.plots import require_format

        require_format(path)


def draw(
    path: Path, figure: Callable[[], Figure], chart: Callable[[], str], *, text: bool = True
) -> None:
    """Write the figure to `path`, replacing what is there.

    Without the plot extra say what to install and, if stdout is for `text`, print a chart there.
    Raises UsageError for a name of no known format, StorageError where it cannot be written.
    """
    from mlpcli.report.plots import matplotlib_missing, require_format, to_bytes
    from mlpcli.training.storage import write_bytes

    require_format(path)
    lacking = matplotlib_missing()
    if lacking:
        warn(f"--plot {path}: not drawn: {lacking}" + ("; here is a chart in text" if text else ""))
        if text:
            put(chart())
        return
    import matplotlib as mpl

    look = {k: v for k, v in mpl.rcParamsDefault.items() if "backend" not in k}
    with mpl.rc_context(look), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a font without some letter of the user's names
        write_bytes(path, to_bytes(figure(), path))
