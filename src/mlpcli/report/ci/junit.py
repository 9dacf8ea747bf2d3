"""JUnit XML: a test case per tensor, for whatever shows the results of tests."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from mlpcli.report.gradcheck_words import beyond_tensors, worst_words

if TYPE_CHECKING:
    from mlpcli.check.result import GradcheckResult

__all__ = ["junit_xml"]

_ELEMENT = {"fail": "failure", "inconclusive": "error"}


def junit_xml(result: GradcheckResult, name: str) -> bytes:
    """Return a document with a case per tensor: wrong is a <failure>, inconclusive an <error>.

    A run that is not right for a reason that no tensor shows has a case more, named "run".
    """
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
                f"{tensor.inconclusive} undecided; {worst_words(tensor)}"
            )
            element = ET.SubElement(case, _ELEMENT[tensor.verdict], message=message)
            element.text = why or "no entry is wrong, but rounding hides too many of them"
    if beyond is not None:
        case = ET.SubElement(suite, "testcase", classname=name, name="run", time="0.000")
        ET.SubElement(case, _ELEMENT[result.verdict], message=beyond)
    ET.indent(suites)
    return bytes(ET.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"
