"""The starter is right under every convention, in every layout and by every call."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest

from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.given.call import CALLS
from mlpcli.check.given.layout import OURS, Bias, Layout, Samples, Weights
from mlpcli.checked import check_gradient
from mlpcli.errors import UsageError
from mlpcli.names import REDUCTIONS
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS
from mlpcli.report.template import template

if TYPE_CHECKING:
    from mlpcli.check.case import Case

ALL_LOSSES = [*LOSSES.values(), *OTHER_OUTPUTS.values()]
LAYOUTS = [Layout(*each) for each in product(*map(get_args, (Samples, Weights, Bias)))]


def case_under(**said: Any) -> Case:
    return next(iter(built_in_cases(Convention(**said).settled()).values()))


def passes(said: dict[str, Any], layout: Layout = OURS, call: str = "batch") -> bool:
    """Whether the starter for these options passes with the same options."""
    text = template(case_under(**said), layout, call)
    names: dict[str, Any] = {}
    exec(compile(text, "starter.py", "exec"), names)
    laid: dict[str, Any] = {
        "samples": layout.samples,
        "weights_layout": layout.weights,
        "bias": layout.bias,
        "labels": layout.labels,
    }
    return check_gradient(names["gradient"], **said, **laid, call=call).verdict == "pass"


@pytest.mark.parametrize("loss", ALL_LOSSES, ids=lambda loss: f"{loss.name} {loss.output}")
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss(activation: str, loss: Any) -> None:
    assert passes({"activation": activation, "loss": loss.name, "output": loss.output, "l2": 0.1})


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_every_reduction(reduction: str) -> None:
    assert passes({"loss": "cross_entropy", "reduction": reduction, "factor": 0.5})


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: " ".join(vars(layout).values()))
def test_every_layout(layout: Layout) -> None:
    calls = [call.name for call in CALLS.values() if call.rows or layout.samples != "vector"]
    said = {"loss": "cross_entropy", "reduction": "mean_all"}
    for call in calls[:: 1 if layout == OURS else 2]:
        assert passes(said, layout, call)


@pytest.mark.parametrize("samples", get_args(Samples))
@pytest.mark.parametrize("loss", ALL_LOSSES, ids=lambda loss: f"{loss.name} {loss.output}")
def test_labels_by_number(samples: Samples, loss: Any) -> None:
    call = "row" if samples == "vector" else "batch"
    for bias in get_args(Bias):
        layout = Layout(samples, bias=bias, labels="numbers")
        assert passes({"loss": loss.name, "output": loss.output}, layout, call)


def test_the_signature_and_the_command_stand_in_it() -> None:
    text = template(case_under(activation="tanh"), Layout(weights="in-out"), "step")
    assert "f(weights, biases, X, y[, learning_rate]) -> (weights, biases) after one step" in text
    command = "mlp gradcheck --gradient starter.py:gradient --activation tanh --weights in-out"
    assert f"{command} --call step\n" in text
    assert "tanh hidden layers" in " ".join(text.split())
    assert "{" not in text.replace("n_{i-1}", "")


def test_what_no_function_can_know_is_refused() -> None:
    case = case_under()
    with pytest.raises(UsageError, match="row or class weights"):
        template(replace(case, omega=np.ones_like(case.y)), OURS, "batch")
    with pytest.raises(UsageError, match="leave out --l2"):
        template(case_under(reduction="sum", l2=0.1), OURS, "row")


def test_an_activation_that_nobody_has_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Activation, "in_numpy", None)
    monkeypatch.delattr(ACTIVATIONS["sigmoid"], "in_numpy")
    with pytest.raises(UsageError, match="nobody has written sigmoid in NumPy"):
        template(case_under(), OURS, "batch")
