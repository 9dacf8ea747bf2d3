"""A gradient check as JUnit XML, one case per tensor, for CI systems that show test results."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from mlpcli.report.gradcheck import beyond_tensors

if TYPE_CHECKING:
    from mlpcli.check.run import GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = ["junit_xml"]

_ELEMENT = {"fail": "failure", "inconclusive": "error"}


def junit_xml(result: GradcheckResult, name: str) -> bytes:
    """Return the document: a mismatch is a <failure>, an inconclusive tensor an <error>.

    A run that is not right for a reason that no tensor shows has a case more, named "run".
    """
    layers = result.check.layers
    counts = Counter(tensor.verdict for tensor in layers)
    beyond = beyond_tensors(result)
    counts[result.verdict] += beyond is not None
    suite = ET.Element(
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
        title = f"{tensor.parameter}{tensor.layer}"
        case = ET.SubElement(suite, "testcase", classname=name, name=title, time="0.000")
        if tensor.verdict in _ELEMENT:
            element = ET.SubElement(case, _ELEMENT[tensor.verdict], message=_message(tensor))
            element.text = why or "no entry is wrong, but rounding hides too many of them"
    if beyond is not None:
        case = ET.SubElement(suite, "testcase", classname=name, name="run", time="0.000")
        ET.SubElement(case, _ELEMENT[result.verdict], message=beyond)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _message(tensor: TensorResult) -> str:
    worst = tensor.worst
    return (
        f"{tensor.mismatched} of {tensor.checked} entries wrong, {tensor.inconclusive} undecided; "
        f"worst at {list(worst.index)}: given {worst.analytic:.9g}, numeric {worst.numeric:.9g}"
    )
