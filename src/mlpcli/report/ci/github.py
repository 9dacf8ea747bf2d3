"""GitHub's annotations: a line per tensor that is not right, at the function that computed it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli.report.gradcheck_words import beyond_tensors, causes, worst_words

if TYPE_CHECKING:
    from mlpcli.check.result import GradcheckResult
    from mlpcli.report.ci import Told

__all__ = ["of_result"]

_COMMAND = {"fail": "error", "inconclusive": "warning"}


def of_result(result: GradcheckResult, told: Told) -> str:
    """Return `::error` and `::warning` lines per tensor, then a `::notice` with the verdict.

    Where the run is not right for a reason that no tensor shows, the last line says so as one.
    """
    place = _place(result, told)
    lines = []
    for tensor in result.check.layers:
        if tensor.verdict in _COMMAND:
            text = f"gradient of {tensor.name}: {tensor.verdict}, {worst_words(tensor)}. "
            title = f"{place}title=gradcheck {tensor.name}"
            lines.append(f"::{_COMMAND[tensor.verdict]} {title}::{_data(text + causes(result))}")
    beyond = beyond_tensors(result)
    command = "notice" if beyond is None else _COMMAND[result.verdict]
    text = f"verdict: {result.verdict}" + (f". {beyond}" if beyond else "")
    lines.append(f"::{command} {place}title=gradcheck::{_data(text)}")
    return "\n".join(lines)


def _place(result: GradcheckResult, told: Told) -> str:
    """Return the properties that say where: the function's file and line, else the config."""
    file, line = result.known.place
    if file is not None:
        return f"file={_property(_in_workspace(file))}," + (f"line={line}," if line else "")
    return f"file={_property(told.config)}," if told.config else ""


def _in_workspace(file: str) -> str:
    """Return a path from the root of the repository, as GitHub wants it, else as it is."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    path = Path(file).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def _data(text: str) -> str:
    """Escape a message as the workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
