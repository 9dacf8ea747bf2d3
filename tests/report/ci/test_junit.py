"""JUnit XML is well formed, always the same, and says what no tensor shows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from buggy_backprop import Plant
from mlpcli.report.ci.junit import junit_xml
from results import HOSTILE, checked, doubtful, forgetful


def test_junit_says_what_no_tensor_shows() -> None:
    for result, tag in ((doubtful(checked()), "error"), (forgetful(checked()), "failure")):
        suite = ET.fromstring(junit_xml(result, HOSTILE))[0]
        assert suite.get("tests") == "7"
        assert suite.get(f"{tag}s") == "1"
        assert [case.get("name") for case in suite][-1] == "run"
        assert suite[-1][0].tag == tag
    suite = ET.fromstring(junit_xml(checked(), HOSTILE))[0]
    assert suite.attrib.items() >= {"tests": "6", "failures": "0", "errors": "0"}.items()


def test_junit_is_always_the_same() -> None:
    result = checked("square", Plant("non-finite", (1,)))
    assert junit_xml(result, "n") == junit_xml(result, "n")
