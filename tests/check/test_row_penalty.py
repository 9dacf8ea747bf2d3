"""A penalty over N is told from one that is not, in a way that passes when it is obeyed."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.check.built_in import built_in_cases, drawn_case
from mlpcli.check.convention import Convention
from mlpcli.check.row_penalty import penalty_over_rows
from mlpcli.check.run import gradcheck, gradcheck_each

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.result import GradcheckResult
    from mlpcli.nn.network import Parameters


def theirs(case: Case, strength: float) -> Parameters:
    """Return the gradient of somebody whose penalty adds strength/N W_i."""
    gradient = replace(case, objective=replace(case.objective, l2=0.0)).gradient()
    for dW, W in zip(gradient.W, case.network.W, strict=True):
        dW[:] += strength / case.rows * W
    return gradient


def checked(said: Convention, strength: float) -> GradcheckResult:
    return gradcheck_each(
        built_in_cases(said), lambda case: gradcheck(case, theirs(case, strength))
    )


def obeyed(options: str, said: Convention, strength: float) -> GradcheckResult:
    """Return the check with these options added."""
    words = options.split()
    told: dict[str, Any] = dict(zip(words[::2], words[1::2], strict=True))
    said = replace(said, l2=float(told.pop("--l2", said.l2)))
    if "--network" not in told:
        assert not told
        return checked(said, strength)
    sizes = [int(n) for n in told.pop("--network").split("-")]
    case = drawn_case(sizes, said, int(told.pop("--rows")))
    assert not told
    return gradcheck(case, theirs(case, strength))


SAID = [
    Convention(), Convention(loss="cross_entropy", activation="relu"), Convention(loss="mse"),
    Convention(loss="mse", output="identity", factor=0.5), Convention(reduction="sum"),
    Convention(reduction="mean_all", loss="cross_entropy"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "strength"),
    [*zip(SAID, cycle([0.7, 0.35, 0.05]), strict=False)],
    ids=lambda c: f"{c.loss} {c.reduction} {c.factor}" if isinstance(c, Convention) else str(c),
)
def test_what_is_told_of_a_penalty_over_N_passes_when_obeyed(
    said: Convention, strength: float
) -> None:
    over_7 = float(f"{strength / 7:.15g}")
    for l2 in (0.0, strength, 2 * strength, over_7):
        stated = replace(said, l2=l2)
        result = checked(stated, strength)
        if result.verdict == "pass":
            assert l2 == over_7  # where every case has 7 rows
            continue
        assert result.suggestion is not None
        assert obeyed(result.suggestion, stated, strength).verdict == "pass"
        assert ("--network" in result.suggestion) == ("B" in built_in_cases(said))
        assert "--l2" not in result.suggestion or l2 != over_7


def test_its_strength_is_said_beside_the_bug() -> None:
    result = checked(Convention(l2=0.7), 0.7)
    (found,) = (each for each in result.diagnosis if each.bug == "l2-strength")
    assert found.fix == (
        "what is added is 0.7/N W_i, and l2 is not divided by N: if that is meant, check it for "
        "one N, with --network 3-4-5-1 --rows 7 --l2 0.1"
    )


def test_another_strength_is_a_bug_and_no_penalty_over_N() -> None:
    """Twice as strong on every case; or on cases of one N, where nothing says that it is over N."""
    for said, strength in ((Convention(l2=0.1), 0.2), (Convention(l2=0.1, loss="mse"), 0.23)):
        given = []
        for case in built_in_cases(said).values():
            wrong = case.gradient()
            for dW, W in zip(wrong.W, case.network.W, strict=True):
                dW[:] += (strength - 0.1) * W
            given.append((case, wrong))
        assert penalty_over_rows(given, 1e-6) is None
    broken = built_in_cases(Convention())["A"]
    nothing = broken.gradient()
    nothing.theta[0] = float("nan")
    assert penalty_over_rows([(broken, nothing)], 1e-6) is None
