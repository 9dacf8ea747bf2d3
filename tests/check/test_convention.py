"""What J is, said, kept in a file, and turned into options."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention, convention_of, factor_text, read_convention
from mlpcli.check.run import gradcheck
from mlpcli.errors import CaseError

CONVENTIONS = [
    Convention(),
    Convention("tanh", loss="cross_entropy", reduction="sum"),
    Convention("leaky_relu", 0.2, loss="mse", reduction="mean_all", factor=0.5, l2=0.1),
    Convention("relu", output="identity", loss="mse", factor=-1.0),
]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_case_has_the_convention_that_was_applied(convention: Convention) -> None:
    for case in built_in_cases(convention).values():
        assert convention_of(case) == convention.settled()
        assert gradcheck(case).verdict == "pass"


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_document_says_all_of_it(convention: Convention) -> None:
    assert read_convention(json.dumps(convention.document())) == convention


@pytest.mark.parametrize(
    ("convention", "c"),
    [
        (Convention(), 1.0),
        (Convention(reduction="sum"), 7.0),
        (Convention(reduction="mean_all"), 1 / 3),
        (Convention(reduction="mean_all", factor=0.5), 1 / 6),
        (Convention(reduction="sum", factor=0.5), 3.5),
        (Convention(reduction="sum", factor=1 / 3), 7 / 3),
    ],
)
def test_c_multiplies_the_data_term_alone(convention: Convention, c: float) -> None:
    plain = built_in_cases(Convention())["A"]
    case = replace(convention, l2=0.3).applied(plain)
    penalty = 0.15 * sum(float((W**2).sum()) for W in case.network.W)
    assert case.value() == pytest.approx(c * plain.value() + penalty, rel=1e-14)
    for name, dW in plain.gradient().tensors():
        tensor = dict(case.network.tensors())[name]
        expected = c * dW + (0.3 * tensor if name[0] == "W" else 0)
        np.testing.assert_allclose(dict(case.gradient().tensors())[name], expected, rtol=1e-12)


def test_another_loss_has_its_own_output() -> None:
    linear = Convention(loss="mse", output="identity")
    assert linear.with_said(loss="bce").settled().output == "sigmoid"
    assert linear.with_said(loss="mse", output="identity") == linear
    assert linear.with_said(factor=None) == linear


@pytest.mark.parametrize(
    ("to", "options"),
    [
        (Convention(reduction="sum", factor=0.5), {"--reduction": "sum", "--factor": "1/2"}),
        (Convention(loss="mse").settled(), {"--loss": "mse"}),
        (Convention(loss="mse", output="identity"), {"--output": "identity", "--loss": "mse"}),
        (Convention("leaky_relu", 0.1).settled(), {"--activation": "leaky_relu", "--slope": "0.1"}),
        (Convention().settled(), {}),
    ],
)
def test_options_lead_from_one_to_another(to: Convention, options: dict[str, str]) -> None:
    assert to.options_from(Convention().settled()) == options


@pytest.mark.parametrize(
    ("factor", "text"), [(0.5, "1/2"), (1 / 3, "1/3"), (-1.0, "-1"), (0.1234567, "0.1234567")]
)
def test_factors_are_written_as_people_write_them(factor: float, text: str) -> None:
    assert factor_text(factor) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "objective: expected JSON: "),
        ("3", "objective: expected a JSON object"),
        ('{"los": "bce"}', 'objective: unknown key "los", did you mean "loss"?'),
        ('{"factor": "2"}', 'objective: factor: got "2"'),
        ('{"loss": 2}', "objective: loss: got 2"),
        ('{"l2": true}', "objective: l2: got true"),
    ],
)
def test_what_is_no_convention_is_refused(text: str, message: str) -> None:
    with pytest.raises(CaseError) as caught:
        read_convention(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("convention", "message"),
    [
        (Convention("tnah"), 'activation: got "tnah", did you mean "tanh"?'),
        (Convention(reduction="summ"), 'reduction: got "summ", did you mean "sum"?'),
        (Convention(output="softmax"), "output: expected sigmoid for loss bce"),
        (Convention(factor=0.0), "factor: expected a number other than 0, got 0.0"),
        (Convention(l2=-1.0), "l2: expected a number >= 0, got -1.0"),
    ],
)
def test_what_cannot_be_is_refused(convention: Convention, message: str) -> None:
    case = built_in_cases(Convention())["A"]
    with pytest.raises(CaseError) as caught:
        convention.applied(case)
    assert str(caught.value).startswith(message)
