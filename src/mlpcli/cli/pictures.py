"""Pictures on request: a file if matplotlib is there, else a chart in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli.cli.console import put, warn
from mlpcli.report.plots import matplotlib_missing, require_format, to_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw"]


def draw(path: Path, figure: Callable[[], Figure], chart: Callable[[], str]) -> None:
    """Write the figure to `path`, or without the plot extra print a chart and say what to install.

    Raises UsageError for a name of no known format, StorageError where it cannot be written.
    """
    from mlpcli.training.storage import write_bytes

    require_format(path)
    lacking = matplotlib_missing()
    if lacking:
        warn(f"--plot {path}: not drawn: {lacking}; here is a chart in text")
        put(chart())
    else:
        write_bytes(path, to_bytes(figure(), path))
