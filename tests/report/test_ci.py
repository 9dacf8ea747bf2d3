"""Annotations are one line each and escaped, and JUnit XML is well formed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from buggy_backprop import Plant
from mlpcli.check.bugs.diagnosis import Diagnosis
from mlpcli.report.ci import github, junit_xml
from results import checked, doubtful

if TYPE_CHECKING:
    from mlpcli.check.result import GradcheckResult

HOSTILE = 'a<b>&"c",d:e%f\ng'


def test_junit_says_what_no_tensor_shows() -> None:
    for result, tag in ((doubtful(checked()), "error"), (memory(checked()), "failure")):
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


def memory(result: GradcheckResult) -> GradcheckResult:
    finding = Diagnosis("depends-on-earlier-rows", (), (), HOSTILE, "forget", None)
    return replace(result, verdict="fail", diagnosis=(finding,))


def test_annotations_are_one_line_each_and_escaped() -> None:
    lines = github(memory(checked()), HOSTILE).split("\n")
    assert len(lines) == 1
    assert lines[0].startswith('::error file=a<b>&"c"%2Cd%3Ae%25f%0Ag,title=gradcheck::verdict: f')
    assert lines[0].count("\n") == 0
    assert "%0A" in lines[0]
    passed = github(checked(), None)
    assert passed == "::notice title=gradcheck::verdict: pass"
    doubt = github(doubtful(checked()), None)
    assert "\n" not in doubt
    assert doubt.startswith("::warning title=gradcheck::verdict: inconclusive. INCONCLUSIVE: two")
    wrong = github(checked("square", Plant("sign-flipped", (1,))), None).split("\n")
    assert [line.partition(" ")[0] for line in wrong] == ["::error", "::error", "::notice"]
