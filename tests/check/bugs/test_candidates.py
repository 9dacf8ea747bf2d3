"""Where rounding hides what is wrong the bug that computes the numbers is named, and no other."""

from __future__ import annotations

from mlpcli.check.bugs.plant import planted
from mlpcli.check.run import gradcheck
from planted import network_case


def test_a_deep_network() -> None:
    case = network_case((4, *[4] * 59, 1), 7, seed=3, activation="tanh")
    result = gradcheck(case, planted(case, "missing-sigma-prime", 30))
    assert {tensor.verdict for tensor in result.check.layers} == {"inconclusive", "pass"}
    assert result.verdict == "fail"
    assert [(named.bug, named.layers) for named in result.diagnosis] == [
        ("missing-sigma-prime", (30,))
    ]
