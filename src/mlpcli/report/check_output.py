"""The files that a check leaves behind: JUnit XML and a picture, both always replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlpcli.training.storage import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.checking import GradcheckResult

__all__ = ["CheckOutput"]


@dataclass(frozen=True)
class CheckOutput:
    """Where to write, None for not at all; made before the check, so that it fails early."""

    name: str
    junit: Path | None
    plot: Path | None

    def __post_init__(self) -> None:
        if self.plot is not None:
            from mlpcli.report.plots import require_matplotlib

            require_matplotlib(self.plot)

    def write(self, result: GradcheckResult) -> None:
        """Write what was asked for; StorageError where that is impossible."""
        if self.junit is not None:
            from mlpcli.report.junit import junit_xml

            write_bytes(self.junit, junit_xml(result, self.name))
        if self.plot is not None:
            from mlpcli.report.plots import error_heat_map, to_bytes

            write_bytes(self.plot, to_bytes(error_heat_map(result), self.plot))
