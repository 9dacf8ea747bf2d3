"""A gradient check as GitHub annotations: one workflow command per tensor that is not right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.report.gradcheck import beyond_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.run import GradcheckResult

__all__ = ["github_annotations"]

_COMMAND = {"fail": "error", "inconclusive": "warning"}


def github_annotations(result: GradcheckResult, file: str | None) -> Iterator[str]:
    """Yield `::error` and `::warning` lines, then a `::notice` with the verdict.

    Where the run is not right for a reason that no tensor shows, the last line says so as one.
    """
    place = f"file={_property(file)}," if file else ""
    why = "; ".join(f"{d.bug}: {d.explanation}. Fix: {d.fix}" for d in result.diagnosis)
    for tensor in result.check.layers:
        if tensor.verdict in _COMMAND:
            name, worst = f"{tensor.parameter}{tensor.layer}", tensor.worst
            text = (
                f"gradient of {name}: {tensor.verdict}, worst at {list(worst.index)}: given "
                f"{worst.analytic:.9g}, numeric {worst.numeric:.9g}. {why}"
            )
            yield f"::{_COMMAND[tensor.verdict]} {place}title=gradcheck {name}::{_data(text)}"
    beyond = beyond_tensors(result)
    command = "notice" if beyond is None else _COMMAND[result.verdict]
    text = f"verdict: {result.verdict}" + (f". {beyond}" if beyond else "")
    yield f"::{command} {place}title=gradcheck::{_data(text)}"


def _data(text: str) -> str:
    """Escape a message as the workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
