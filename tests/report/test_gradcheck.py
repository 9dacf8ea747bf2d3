"""The words, the table and the annotations of a check; JUnit and pictures are well formed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from buggy_backprop import Plant, buggy
from mlpcli.check.bugs.search import Diagnosis
from mlpcli.check.run import GradcheckResult, gradcheck
from mlpcli.errors import UsageError
from mlpcli.report.check_charts import error_chart
from mlpcli.report.github import github_annotations
from mlpcli.report.gradcheck import (
    forms_table,
    gradcheck_document,
    gradcheck_table,
    gradcheck_words,
)
from mlpcli.report.junit import junit_xml
from mlpcli.report.plots import error_heat_map, require_format, to_bytes
from planted import CASES

HOSTILE = 'a<b>&"c",d:e%f\ng'


def checked(name: str = "square", *plants: Plant) -> GradcheckResult:
    return gradcheck(CASES[name], buggy(CASES[name], plants))


def doubtful(result: GradcheckResult) -> GradcheckResult:
    """The same with a second opinion that disagrees."""
    opinion = replace(result.check.second_opinion, agrees=False, max_relative_error=0.5)
    return replace(
        result,
        verdict="inconclusive",
        check=replace(result.check, verdict="inconclusive", second_opinion=opinion),
    )


def test_words_of_a_pass_a_failure_and_a_doubt() -> None:
    verdict, opinion, *spots = gradcheck_words(checked())
    assert verdict == "PASS: every tensor is right"
    assert opinion.startswith("second opinion: complex-step agrees with central on ")
    assert all(line.startswith("cannot be seen here: ") for line in spots)
    verdict, diagnosis, *_ = gradcheck_words(checked("square", Plant("bias-averaged", (2,))))
    assert verdict == "FAIL: wrong: b2"
    assert diagnosis == (
        "  bias-averaged: dJ/db_i is the mean of delta over rows, though delta is divided by N "
        "already (layer 2). Fix: sum delta_i over the rows."
    )
    verdict, opinion, *_ = gradcheck_words(doubtful(checked()))
    assert verdict.startswith("INCONCLUSIVE: two numeric methods disagree")
    assert "DISAGREES" in opinion


def test_the_table_has_a_row_per_tensor() -> None:
    table = gradcheck_table(checked("without bias", Plant("zero-gradient", (2,))))
    assert [row[0] for row in table.rows] == ["W1", "W2", "W3"]
    assert [row[2] for row in table.rows] == ["5x6", "5x5", "1x5"]
    assert [row[1] for row in table.rows] == ["pass", "fail", "pass"]
    assert "given gradient against central: 60 parameters, 50 rows" in table.title
    compared = gradcheck(CASES["saturated"], compare_losses=True)
    assert compared.forms is not None
    forms = forms_table(compared.forms)
    assert forms.header == ("form", "W1", "b1", "W2", "b2")
    assert [row[0] for row in forms.rows] == ["naive", "epsilon", "clamped", "fused", "stable"]
    assert any(cell.endswith(" !") for cell in forms.rows[1])


@pytest.mark.parametrize("bug", ["non-finite", "zero-gradient", "sign-flipped"])
def test_documents_are_strict_json(bug: str) -> None:
    result = checked("square", Plant(bug, (1,)))
    document = json.loads(json.dumps(gradcheck_document(result), allow_nan=False))
    assert [layer["verdict"] for layer in document["layers"]] == [
        "fail", "fail", "pass", "pass", "pass", "pass",
    ]  # fmt: skip
    assert ("reason" in document["layers"][0]) == (bug == "non-finite")


def test_junit_says_what_no_tensor_shows() -> None:
    for result, tag in ((doubtful(checked()), "error"), (memory(checked()), "failure")):
        suite = ET.fromstring(junit_xml(result, HOSTILE))[0]
        assert suite.get("tests") == "7"
        assert suite.get(f"{tag}s") == "1"
        assert [case.get("name") for case in suite][-1] == "run"
        assert suite[-1][0].tag == tag
    suite = ET.fromstring(junit_xml(checked(), HOSTILE))[0]
    assert suite.attrib.items() >= {"tests": "6", "failures": "0", "errors": "0"}.items()


def memory(result: GradcheckResult) -> GradcheckResult:
    finding = Diagnosis("depends-on-earlier-rows", (), HOSTILE, "forget", None)
    return replace(result, verdict="fail", diagnosis=(finding,))


def test_annotations_are_one_line_each_and_escaped() -> None:
    lines = list(github_annotations(memory(checked()), HOSTILE))
    assert len(lines) == 1
    assert lines[0].startswith('::error file=a<b>&"c"%2Cd%3Ae%25f%0Ag,title=gradcheck::verdict: f')
    assert lines[0].count("\n") == 0
    assert "%0A" in lines[0]
    (passed,) = github_annotations(checked(), None)
    assert passed == "::notice title=gradcheck::verdict: pass"
    (doubt,) = github_annotations(doubtful(checked()), None)
    assert doubt.startswith("::warning title=gradcheck::verdict: inconclusive. INCONCLUSIVE: two")
    wrong = list(github_annotations(checked("square", Plant("sign-flipped", (1,))), None))
    assert [line.partition(" ")[0] for line in wrong] == ["::error", "::error", "::notice"]


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_pictures_and_xml_are_always_the_same(suffix: str) -> None:
    result = checked("square", Plant("non-finite", (1,)))
    path = Path(f"p.{suffix}")
    written = [(to_bytes(error_heat_map(result), path), junit_xml(result, "n")) for _ in range(2)]
    assert written[0] == written[1]
    assert len(written[0][0]) > 2000
    with pytest.raises(UsageError, match=r"ends in \.png, \.svg or \.pdf"):
        require_format(Path("p.gif"))


def test_the_chart_has_a_bar_per_tensor() -> None:
    title, *bars = error_chart(checked("square", Plant("sign-flipped", (1,)))).splitlines()
    assert "logarithmic" in title
    lengths = {bar.split()[0]: bar.count("#") for bar in bars}
    assert lengths["W1"] == lengths["b1"] == 48
    assert all(n < 12 for name, n in lengths.items() if name not in {"W1", "b1"})
    assert bars[0].endswith("2.0e+00 fail")
    endless = error_chart(checked("square", Plant("non-finite", (1,))))
    assert "inf fail" in endless
