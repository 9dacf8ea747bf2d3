"""A bug that is planted is found again by its name; what cannot be planted is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from mlpcli.check.bugs.plant import plantable, planted, planted_by
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.search import diagnose
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.errors import CaseError
from planted import CASES, network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

PLANTABLE = [
    network_case((3, 3, 3, 3), 7, seed=4, scale=2, l2=0.1),
    network_case((3, 3, 3, 3), 7, seed=4, activation="leaky_relu", loss="cross_entropy", l2=0.1),
    network_case((3, 4, 5, 1), 7, seed=4, loss="mse"),
    network_case((3, 3, 3, 3), 7, seed=4, loss="mse", output="identity", activation="tanh"),
    network_case((3, 4, 4), 12, seed=7, scale=60),
    network_case((3, 4, 3), 12, scale=3000, loss="cross_entropy"),
    CASES["weighted"],
]


def found(case: Case, name: str, layer: int | None = None) -> dict[str, tuple[int, ...]]:
    gradient = planted(case, name, layer)
    found = diagnose(case, gradient, rounding_bounds(case), 1e-6)
    return {diagnosis.bug: diagnosis.layers for diagnosis in found}


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("name", BUGS)
def test_every_bug_can_be_planted_somewhere_and_is_named(name: str) -> None:
    named = []
    for case in PLANTABLE:
        with suppress(CaseError):  # where it cannot be made
            named.append(name in found(case, name))
    assert any(named)


def test_the_layer_is_the_one_that_is_asked_for() -> None:
    case = PLANTABLE[0]
    for layer in (1, 2):
        assert found(case, "missing-sigma-prime", layer)["missing-sigma-prime"] == (layer,)
    assert found(case, "missing-sigma-prime")["missing-sigma-prime"] == (1, 2)
    assert found(case, "weights-updated-too-early", 1)["weights-updated-too-early"] == (1, 2)


HIDDEN = "multiply (delta_{i+1} W_{i+1}) by Z_i (1 - Z_i), elementwise"
OUTPUT = "at the output delta_L is 2 (Z_L - Y) * sigma'(H_L)/N"


@pytest.mark.parametrize(
    ("bug", "layer", "fix"),
    [
        ("missing-sigma-prime", 2, HIDDEN),
        ("slope-twice", 3, OUTPUT),
        ("missing-sigma-prime", None, f"{HIDDEN}; {OUTPUT}"),
    ],
)
def test_the_output_layer_is_mended_in_its_own_words(bug: str, layer: int | None, fix: str) -> None:
    case = PLANTABLE[2]
    first, *_ = diagnose(case, planted(case, bug, layer), rounding_bounds(case), 1e-6)
    assert (first.bug, first.fix) == (bug, fix)


REFUSED = [
    ("bias-average", None, 'no such bug: bias-average, did you mean "bias-averaged"?'),
    ("non-finite", None, "non-finite: is no line of backpropagation, so that it cannot be planted"),
    ("slope-twice", 3, "slope-twice@3: cannot be made at layer 3, only at 1, 2"),
    ("y-broadcast", None, "y-broadcast: cannot be made on this network with this loss"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "layer", "line"), REFUSED)
def test_what_cannot_be_planted_is_refused_in_one_line(
    name: str, layer: int | None, line: str
) -> None:
    with pytest.raises(CaseError) as refused:
        planted(PLANTABLE[0], name, layer)
    assert str(refused.value) == line


def test_a_layer_may_stand_behind_the_name() -> None:
    case = PLANTABLE[0]
    at_1, alone = planted_by(case, "slope-twice@1"), planted(case, "slope-twice", 1)
    assert (at_1.theta == alone.theta).all()
    assert (planted_by(case, "slope-twice").theta == planted(case, "slope-twice").theta).all()
    with pytest.raises(CaseError, match=r'^slope-twice@x: expected BUG or BUG@LAYER, .* got "x"$'):
        planted_by(case, "slope-twice@x")


def test_of_several_cases_those_remain_in_which_it_can_be_made() -> None:
    cases = {"square": PLANTABLE[0], "one output": PLANTABLE[2]}
    assert [*plantable(cases, "y-broadcast")] == ["one output"]
    assert [*plantable(cases, "gradient-transposed")] == ["square"]
    assert [*plantable(cases, "slope-twice@2")] == [*cases]
    with pytest.raises(CaseError, match=r"^softmax-diagonal: cannot be made"):
        plantable(cases, "softmax-diagonal")
