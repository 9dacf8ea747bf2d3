"""`mlp gradcheck --gradient FUNCTION`: how it is called; nothing that it does passes for right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from planted import network_case

if TYPE_CHECKING:
    from mlp_runs import Mlp

FOLDER = Path(__file__).parents[1] / "check" / "given"
GUESTS, HOSTILE = FOLDER / "guests.py", FOLDER / "hostile.py"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    from mlpcli.check.exchange import write_case

    file = tmp_path / "case.npz"
    with file.open("wb") as stream:
        write_case(network_case((4, 5, 3), 7), stream, ".npz")
    return file


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("gradient", "batch"),
        ("gradient", "row"),
        ("Model.gradient", "batch"),
        ("in_place", "step"),
        ("online", "row-step"),
    ],
)
def test_a_right_function_passes_in_its_call(
    function: str, call: str, case: Path, mlp: Mlp
) -> None:
    options = ("--case", case, "--gradient", f"{GUESTS}:{function}", "--call", call)
    ran = mlp("gradcheck", *options, "--json")
    assert ran.status == 0
    assert ran.document["call"] == call
    assert mlp("gradcheck", *options, "--in-process").status == 0


def test_a_fitted_rate_and_what_it_hides_are_said(case: Path, mlp: Mlp) -> None:
    options = ("--case", case, "--gradient", f"{GUESTS}:of_its_own_rate", "--call", "step")
    ran = mlp("gradcheck", *options)
    assert ran.status == 0
    assert "scaled (the rate of the step is not known and was fitted; --learning-rate" in ran.out
    known = mlp("gradcheck", *options, "--learning-rate", "0.3")
    assert known.status == 0
    assert "fitted" not in known.out
    assert mlp("gradcheck", *options, "--learning-rate", "0.2").status == 1


def test_weights_updated_too_early_are_named_with_the_rate(case: Path, mlp: Mlp) -> None:
    options = ("--case", case, "--gradient", f"{GUESTS}:too_early", "--call", "step")
    (found,) = mlp("gradcheck", *options, "--json").document["diagnosis"]
    assert found["bug"] == "weights-updated-too-early"
    assert found["learning_rate"] == pytest.approx(1)


@pytest.mark.parametrize("function", ["leaves", "exits", "crashes", "hangs", "huge", "nothing"])
def test_what_gives_no_gradient_never_passes(function: str, case: Path, mlp: Mlp) -> None:
    name = f"{HOSTILE}:{function}"
    ran = mlp("gradcheck", "--case", case, "--gradient", name, "--timeout", "2", "--json")
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith(f"{name}: ")
    assert ran.err.count("\n") == 1


def test_the_way_in_which_it_runs_is_told(case: Path, mlp: Mlp) -> None:
    name = f"{FOLDER / 'others.py'}:one_sample_nabla"
    ran = mlp("gradcheck", "--case", case, "--gradient", name)
    assert ran.status == 2
    assert "; it runs with --call row --samples columns --bias column: add that" in ran.err


@pytest.mark.parametrize(
    ("function", "call", "suggestion"),
    [
        ("step_of_its_own", "batch", "--call step"),
        ("gradient", "step", "--call batch"),
        ("online", "step", "--call row-step"),
        ("online_half", "step", "--call row-step --factor 1/2"),
    ],
)
def test_another_call_is_suggested_and_passes(
    function: str, call: str, suggestion: str, case: Path, mlp: Mlp
) -> None:
    options = ("--case", case, "--gradient", f"{GUESTS}:{function}")
    ran = mlp("gradcheck", *options, "--call", call, "--json")
    assert (ran.status, ran.document["suggestion"]) == (1, suggestion)
    assert mlp("gradcheck", *options, *suggestion.split()).status == 0


def test_a_call_that_the_function_does_not_take_is_not_suggested(case: Path, mlp: Mlp) -> None:
    name = f"{GUESTS}:gradient_that_needs_a_rate"
    options = ("--case", case, "--gradient", name, "--call", "step")
    ran = mlp("gradcheck", *options, "--json")
    assert (ran.status, ran.document["suggestion"]) == (1, None)
    (found,) = ran.document["diagnosis"]
    assert (
        "is right for --call batch, a call that the function does not take" in found["explanation"]
    )
    assert found["fix"].startswith("return the weights after one step; or give what it takes")


@pytest.mark.parametrize("call", ["batch", "step"])
def test_without_a_case_each_built_in_one_is_called(call: str, mlp: Mlp) -> None:
    function = {"batch": "gradient", "step": "in_place"}[call]
    ran = mlp("gradcheck", "--gradient", f"{GUESTS}:{function}", "--call", call, "--json")
    assert ran.status == 0
    assert len(ran.document["cases"]) > 1


@pytest.mark.parametrize("call", ["row", "row-step"])
def test_rows_are_summed_where_the_loss_is(call: str, case: Path, mlp: Mlp) -> None:
    function = {"row": "gradient", "row-step": "step"}[call]
    options = ("--case", case, "--gradient", f"{GUESTS}:{function}", "--call", call)
    assert mlp("gradcheck", *options, "--reduction", "sum").status == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--call", "step"), "--call is about a function: --gradient MODULE:FUNCTION"),
        (("--in-process", "--gradient", "g.npz"), "--in-process is about a function: --gradient"),
        (("--gradient", "a:f", "--learning-rate", "1"), "--learning-rate is that of a step; add"),
        (("--gradient", "a:f", "--timeout", "0"), "--timeout: expected a number > 0, got 0"),
        (
            ("--gradient", "a:f", "--call", "batched"),
            "mlp gradcheck: Invalid value for '--call': 'batched' is not one of 'batch'",
        ),
        (("--slope", "0.3"), "--slope: sigmoid has none to choose; add --activation leaky_relu"),
        (("--slope", "0.3", "--activation", "tanh"), "--slope: tanh has none to choose; add"),
        (("--gradient", "a.py"), "a.py: expected a .npz, .safetensors or .json file, or"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], line: str, case: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", "--case", case, *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(line)
