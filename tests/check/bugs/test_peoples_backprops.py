"""What people write is right, and what they get wrong is found and called by its name."""

from __future__ import annotations

from typing import Any

import pytest

from mlpcli.checked import check_gradient
from peoples_backprops import CONVENTIONS, MISTAKES, WAYS, Mistake

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_right_by_options_alone(way: str) -> None:
    right = Mistake(way, ())
    assert check_gradient(right.function(), **right.arguments()).verdict == "pass"


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_found_and_named(name: str) -> None:
    mistake = MISTAKES[name]
    checked = check_gradient(mistake.function(), **mistake.arguments())
    assert checked.verdict == "fail"
    assert checked.bug in mistake.names
    assert {*mistake.names} <= {found.bug for found in checked.diagnosis}
    assert all("hidden" not in found.explanation for found in checked.diagnosis)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_what_is_right_for_another_J_is_told_so_and_passes_then(name: str) -> None:
    other = CONVENTIONS[name]
    checked = check_gradient(other.function(), **other.arguments())
    assert checked.verdict == "fail"
    assert checked.suggestion == other.suggested
    words = (other.suggested or "").split()
    said = {k.removeprefix("--"): v for k, v in zip(words[::2], words[1::2], strict=True)}
    assert check_gradient(other.function(), **{**other.arguments(), **said}).verdict == "pass"


def test_half_the_square_is_called_so_before_what_it_equals_for_two_outputs() -> None:
    half = CONVENTIONS["half the square, K = 2"]
    names = [d.bug for d in check_gradient(half.function(), **half.arguments()).diagnosis]
    assert names[:2] == ["half-squared-error", "mean-over-outputs"]


def test_names_stand_on_the_tensors_that_are_wrong() -> None:
    mistake = MISTAKES["twice and nothing"]
    checked = check_gradient(mistake.function(), **mistake.arguments())
    assert {d.bug: d.parameters for d in checked.diagnosis} == {
        "scaled": ("W2",),
        "zero-gradient": ("b2",),
    }
    entry = MISTAKES["one entry"]
    (found,) = check_gradient(entry.function(), **entry.arguments()).diagnosis
    assert "[2, 1]" in found.explanation


def names(old: str, new: str, **said: Any) -> list[str]:
    """Return the bugs that are named for the notebook with these words replaced."""
    mistake = Mistake("notebook", ((old, new),), (), said)
    return [d.bug for d in check_gradient(mistake.function(), **mistake.arguments()).diagnosis]


def test_a_bug_is_not_looked_for_in_what_is_right() -> None:
    """W1 in the place of all others is what reversed weights would have in the last one."""
    same = names("return dW, db", "return [dW[0]] * L, db", sizes=[4, 4, 4, 4])
    assert same == ["unknown"]


def test_what_differs_between_two_calls_is_not_called_unknown() -> None:
    noise = "delta = (acts[-1] - y) / m * np.random.rand(m, 1)"
    assert names("delta = (acts[-1] - y) / m", noise) == ["not-deterministic"]


def test_a_penalty_stands_on_its_layers() -> None:
    missing = MISTAKES["penalty missing in a layer"]
    (found,) = check_gradient(missing.function(), **missing.arguments()).diagnosis
    assert (found.bug, found.parameters) == ("missing-l2", ("W1",))
    one = MISTAKES["penalty of one layer, unasked"]
    (found,) = check_gradient(one.function(), **one.arguments()).diagnosis
    assert (found.bug, found.parameters) == ("extra-l2", ("W2",))
    assert "(l2 0.3; W2)" in found.explanation
    over_rows = MISTAKES["penalty over N, unasked"]
    (found,) = check_gradient(over_rows.function(), **over_rows.arguments()).diagnosis
    assert "l2 0.3/N" in found.explanation
