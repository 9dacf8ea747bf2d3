"""A gradient check in the formats of the services that run it: GitHub's annotations, JUnit XML.

To add a format of `mlp gradcheck --format`, write a function like `github` and name it in FORMATS.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.result import GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = ["FORMATS", "github", "junit_xml"]

_COMMAND = {"fail": "error", "inconclusive": "warning"}
_ELEMENT = {"fail": "failure", "inconclusive": "error"}


def github(result: GradcheckResult, file: str | None) -> str:
    """Return `::error` and `::warning` lines per tensor, then a `::notice` with the verdict.

    Where the run is not right for a reason that no tensor shows, the last line says so as one.
    """
    from mlpcli.report.gradcheck import beyond_tensors, causes

    place = f"file={_property(file)}," if file else ""
    lines = []
    for tensor in result.check.layers:
        if tensor.verdict in _COMMAND:
            text = f"gradient of {tensor.name}: {tensor.verdict}, {_worst(tensor)}. "
            title = f"{place}title=gradcheck {tensor.name}"
            lines.append(f"::{_COMMAND[tensor.verdict]} {title}::{_data(text + causes(result))}")
    beyond = beyond_tensors(result)
    command = "notice" if beyond is None else _COMMAND[result.verdict]
    text = f"verdict: {result.verdict}" + (f". {beyond}" if beyond else "")
    lines.append(f"::{command} {place}title=gradcheck::{_data(text)}")
    return "\n".join(lines)


def _data(text: str) -> str:
    """Escape a message as the workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _worst(tensor: TensorResult) -> str:
    worst = tensor.worst
    return f"worst at {list(worst.index)}: given {worst.analytic:.9g}, numeric {worst.numeric:.9g}"


def junit_xml(result: GradcheckResult, name: str) -> bytes:
    """Return a document with a case per tensor: wrong is a <failure>, inconclusive an <error>.

    A run that is not right for a reason that no tensor shows has a case more, named "run".
    """
    from xml.etree import ElementTree as ET

    from mlpcli.report.gradcheck import beyond_tensors

    layers, beyond = result.check.layers, beyond_tensors(result)
    counts = Counter(tensor.verdict for tensor in layers)
    counts[result.verdict] += beyond is not None
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=f"mlp gradcheck {name}",
        tests=str(len(layers) + (beyond is not None)),
        failures=str(counts["fail"]),
        errors=str(counts["inconclusive"]),
        skipped="0",
        time=f"{result.check.seconds:.3f}",
    )
    why = "; ".join(f"{d.bug}: {d.explanation}; fix: {d.fix}" for d in result.diagnosis)
    for tensor in layers:
        case = ET.SubElement(suite, "testcase", classname=name, name=tensor.name, time="0.000")
        if tensor.verdict in _ELEMENT:
            message = (
                f"{tensor.mismatched} of {tensor.checked} entries wrong, "
                f"{tensor.inconclusive} undecided; {_worst(tensor)}"
            )
            element = ET.SubElement(case, _ELEMENT[tensor.verdict], message=message)
            element.text = why or "no entry is wrong, but rounding hides too many of them"
    if beyond is not None:
        case = ET.SubElement(suite, "testcase", classname=name, name="run", time="0.000")
        ET.SubElement(case, _ELEMENT[result.verdict], message=beyond)
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


# What `mlp gradcheck --format` knows beside text: each makes text for stdout of a result and the
# name of its config, if it has one. Every command reads these names, so this file loads nothing.
FORMATS: dict[str, Callable[[GradcheckResult, str | None], str]] = {"github": github}
