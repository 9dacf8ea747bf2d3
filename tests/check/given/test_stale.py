"""What is kept from an earlier call is found on other numbers of the same shapes, and named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlpcli.check.given.function import FunctionRun, run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.check.run import gradcheck
from planted import network_case

GUESTS = Path(__file__).parent / "remembering.py"
CASE = network_case((4, 5, 3), 7)


def run(function: str, call: str = "batch") -> FunctionRun:
    with hosted(f"{GUESTS}:{function}", call=call, in_process=True) as host:
        return run_function(host, CASE, call=call)


@pytest.mark.parametrize(
    "function",
    ["activations_by_shape", "activations_by_length", "activations_by_place",
     "activations_by_numbers", "activations_once", "labels_by_shape", "rows_by_shape",
     "weights_by_shape", "weights_by_place", "one_buffer", "Net.gradient"],
)  # fmt: skip
def test_what_is_kept_is_named_though_the_gradient_of_the_case_is_right(function: str) -> None:
    found = run(function)
    assert [each.bug for each in found.known.findings] == ["depends-on-earlier-rows"]
    result = gradcheck(CASE, found.gradient, known=found.known)
    assert {tensor.verdict for tensor in result.check.layers} == {"pass"}
    assert result.verdict == "fail"


@pytest.mark.parametrize(
    ("function", "call"),
    [("step_with_labels_by_shape", "step"), ("labels_by_shape", "row"),
     ("weights_by_shape", "row"), ("step_with_labels_by_shape", "row-step")],
)  # fmt: skip
def test_what_is_kept_is_named_in_every_call(function: str, call: str) -> None:
    assert "depends-on-earlier-rows" in {each.bug for each in run(function, call).known.findings}


@pytest.mark.parametrize(
    ("function", "words"),
    [("weights_by_place", ": on other weights "),
     ("labels_by_shape", ": on other rows, labels and weights "),
     ("one_buffer", ": called on other rows: ValueError: could not broadcast")],
)  # fmt: skip
def test_what_was_changed_is_told(function: str, words: str) -> None:
    (found,) = run(function).known.findings
    assert words in found.explanation


def test_a_failure_that_is_there_only_after_other_calls_is_told_as_that() -> None:
    (found,) = run("one_buffer").known.findings
    assert found.explanation.endswith("; but not as the first call of all")


@pytest.mark.parametrize("call", ["batch", "row"])
@pytest.mark.parametrize(
    "function",
    ["activations_of_this_call", "activations_of_the_same_numbers", "wrong_for_other_reasons"],
)
def test_nothing_is_said_of_what_does_no_harm_or_is_wrong_in_itself(
    function: str, call: str
) -> None:
    assert run(function, call).known.findings == ()
