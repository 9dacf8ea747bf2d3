"""Points are shared to the last one, and nothing is earned by a right answer for a wrong reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from buggy_backprop import Plant
from mlpcli.check.bugs.plant import planted_by
from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.run import gradcheck, gradcheck_each
from mlpcli.report.ci.marks import marks, no_marks, shared
from planted import network_case
from results import checked, doubtful, forgetful


@pytest.mark.parametrize("points", [0, 1, 5, 6, 7, 100, 1000])
@pytest.mark.parametrize("parts", [1, 2, 6, 7, 44])
def test_points_are_shared_as_evenly_as_whole_ones_can_be(points: int, parts: int) -> None:
    shares = shared(points, parts)
    assert sum(shares) == points
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_what_is_right_earns_and_what_is_wrong_says_why() -> None:
    found = marks(checked("square", Plant("sign-flipped", (1,))))
    assert [mark.name for mark in found if not mark.earned] == ["W1", "b1"]
    assert "sign-flipped" in found[0].words
    assert "worst at [" in found[0].words
    assert found[-1].words.startswith("right: all ")
    assert all(mark.earned for mark in marks(checked()))


def test_nothing_is_earned_where_the_run_is_not_right_though_its_tensors_are() -> None:
    for result in (doubtful(checked()), forgetful(checked())):
        assert not any(mark.earned for mark in marks(result))
        assert all(mark.words for mark in marks(replace(result, diagnosis=())))


def test_zeros_where_the_gradient_is_0_prove_nothing() -> None:
    case = network_case((2, 3, 1), 4)
    case.network.W[1][:] = 0
    result = gradcheck(case, case.network.like(case.gradient().theta))
    assert result.verdict == "pass"
    assert {m.name: m.earned for m in marks(result)} == {
        "W1": False, "b1": False, "W2": True, "b2": True,
    }  # fmt: skip
    assert "nothing is proven" in marks(result)[0].words


def test_what_rounding_hides_earns_nothing() -> None:
    case = network_case((2, 3, 1), 4)
    short = np.vectorize(lambda number: float(f"{number:.2g}"))
    result = gradcheck(case, case.network.like(short(case.gradient().theta)))
    assert result.verdict == "inconclusive"
    assert not any(mark.earned for mark in marks(result))


def test_a_tensor_has_to_be_right_on_every_case() -> None:
    cases = built_in_cases(Convention())
    right = {name: case.gradient() for name, case in cases.items()}
    last = right["A"].like(right["A"].theta.copy())
    last.b[-1][:] *= 2

    def of(case: object) -> object:
        name = next(name for name, one in cases.items() if one is case)
        return gradcheck(cases[name], last if name == "A" else right[name])

    result = gradcheck_each(cases, of)  # type: ignore[arg-type]
    assert result.name == "A"
    wrong_on_c = gradcheck(cases["C"], planted_by(cases["C"], "missing-sigma-prime@1"))
    both = gradcheck_each(
        {name: cases[name] for name in "CA"},
        lambda case: wrong_on_c if case is cases["C"] else of(case),  # type: ignore[arg-type, return-value]
    )
    assert both.name == "C"
    earned = {mark.name: mark for mark in marks(both)}
    assert [name for name, mark in earned.items() if mark.earned] == ["W2", "b2", "W3"]
    assert earned["b3"].words == "right on this case, not on another one"


def test_an_error_is_one_mark_that_is_not_earned() -> None:
    (mark,) = no_marks(["f.py: no such file", "and more"])
    assert (mark.name, mark.earned, mark.words) == (
        "gradcheck", False, "f.py: no such file\nand more",
    )  # fmt: skip
