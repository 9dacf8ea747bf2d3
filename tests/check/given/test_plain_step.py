"""A step with more in it than the gradient is said to be none, and not judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlpcli.check.given.function import run_function
from mlpcli.check.given.hosting import hosted
from mlpcli.errors import CaseError
from planted import network_case

HOSTILE = Path(__file__).parent / "hostile.py"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("momentum", r"is 1\.9 times the first, as with momentum 0\.9: no plain step"),
        ("adam", "as in the first step of Adam or RMSprop"),
        ("rmsprop", "as in the first step of Adam or RMSprop"),
        ("decay", r"the step is \(1 - rate x 0.01\) theta - rate x gradient"),
    ],
)
@pytest.mark.parametrize("rate", [None, 0.1])
@pytest.mark.parametrize("call", ["step", "row-step"])
def test_what_is_no_plain_step_is_said(
    function: str, message: str, rate: float | None, call: str
) -> None:
    case = network_case((4, 5, 3), 7)
    with (
        hosted(f"{HOSTILE}:{function}", call=call, in_process=True) as host,
        pytest.raises(CaseError, match=message),
    ):
        run_function(host, case, call=call, learning_rate=rate)


def test_a_penalty_is_no_decay_of_all_parameters() -> None:
    """Biases have no part in it, and the check of J with l2 is there for it."""
    case = network_case((4, 5, 3), 7, l2=0.01)
    with hosted(f"{HOSTILE}:decay_of_weights", call="step", in_process=True) as host:
        run_function(host, network_case((4, 5, 3), 7), call="step")
        found = run_function(host, case, call="step")
    assert abs(found.gradient.theta - case.gradient().theta).max() < 1e-12
