"""The picture of a check: wrapped maps, the worst entry, the bug's name; no words collide."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from buggy_backprop import Plant, buggy
from mlpcli.check.case import Case, case_from
from mlpcli.check.run import gradcheck
from mlpcli.nn.network import initial_network
from mlpcli.report.figures import to_bytes
from mlpcli.report.gradcheck_figure import gradcheck_figure
from pictures import faults
from planted import CASES
from results import checked

if TYPE_CHECKING:
    from mlpcli.check.result import GradcheckResult

pytest.importorskip("matplotlib")


@cache
def deep(layers: int) -> GradcheckResult:
    """A network of so many layers, with a wrong sign half way."""
    rng = np.random.default_rng(layers)
    network = initial_network([2, *[3] * (layers - 1), 1], rng, init="normal", scale=2.0)
    case: Case = case_from(network, rng.normal(size=(4, 2)), rng.integers(0, 2, (4, 1)))
    return gradcheck(case, buggy(case, [Plant("sign-flipped", ((layers + 1) // 2,))]))


def maps(figure: Any) -> list[Any]:
    return [axes for axes in figure.axes if axes.images and axes.axison]


@pytest.mark.parametrize("layers", [1, 5, 8, 20])
def test_so_many_maps_fit_on_a_page(layers: int) -> None:
    figure = gradcheck_figure(deep(layers))
    width, height = figure.get_size_inches()
    assert width <= 12
    assert height <= 20
    assert len(maps(figure)) == layers
    assert faults(figure) == []


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_pictures_are_always_the_same(suffix: str) -> None:
    result = checked("square", Plant("non-finite", (1,)))
    path = Path(f"p.{suffix}")
    written = [to_bytes(gradcheck_figure(result), path) for _ in range(2)]
    assert written[0] == written[1]
    assert len(written[0]) > 2000


def test_the_title_names_the_bug_and_the_worst_entry_with_both_numbers() -> None:
    result = checked("square", Plant("bias-averaged", (2,)))
    title = gradcheck_figure(result).get_suptitle()
    worst = next(t for t in result.check.layers if t.name == "b2").worst
    named = ", ".join(f"{d.bug} in b2" for d in result.diagnosis)
    assert "bias-averaged in b2" in named
    assert title == (
        f"gradient check: FAIL, {named}\n"
        f"worst entry b2[{worst.index[0]}]: given {worst.analytic:.9g}, numeric {worst.numeric:.9g}"
    )
    passed = gradcheck_figure(checked()).get_suptitle()
    assert passed.startswith("gradient check: PASS, every tensor is right\nworst entry ")


def test_the_worst_entry_is_ringed_and_numbered_on_its_map() -> None:
    result = checked("square", Plant("zero-gradient", (2,)))
    wrong = maps(gradcheck_figure(result))[1]
    assert wrong.get_title() == "W2 5x5: W2 FAIL, b2 FAIL"
    weights = result.check.layers[2].worst
    ring = wrong.lines[0]
    assert (ring.get_ydata()[0], ring.get_xdata()[0]) == weights.index
    row, column = weights.index
    assert f"W2[{row},{column}] given 0, numeric {weights.numeric:.3g}" in wrong.get_xlabel()
    assert not any(axes.lines[:] for axes in maps(gradcheck_figure(checked())))


def test_the_cells_are_the_errors_and_the_bias_stands_beside() -> None:
    result = checked("square")
    first = maps(gradcheck_figure(result))[0]
    W, b = result.check.layers[:2]
    assert np.allclose(first.images[0].get_array(), np.clip(W.errors, 1e-17, 1))
    assert np.allclose(first.images[1].get_array()[:, 0], np.clip(b.errors, 1e-17, 1))
    without = maps(gradcheck_figure(checked("without bias")))[0]
    assert len(without.images) == 1


@pytest.mark.parametrize("count", [3, 12, 60])
@pytest.mark.parametrize("layers", [1, 4])
def test_the_first_map_names_the_inputs_and_the_last_the_outputs(count: int, layers: int) -> None:
    rng = np.random.default_rng(count)
    network = initial_network([count, *[3] * (layers - 1), 2], rng)
    labels = np.arange(8).reshape(4, 2) % 3 % 2
    names = tuple(f"a name in ${j}, rather long" for j in range(count))
    case = replace(case_from(network, rng.normal(size=(4, count)), labels), inputs=names,
                   outputs=("yes", "no"))  # fmt: skip
    gradient = case.gradient()
    gradient.W[0][1, 1] *= 2
    figure = gradcheck_figure(gradcheck(case, gradient))
    first, *_, last = (maps(figure) * 2)[: 2 * layers]
    shown = [text.get_text() for text in first.get_xticklabels()]
    assert shown[0] == "a name i...her long"
    assert shown[-1] == "b"
    assert len(shown) - 1 == len(range(0, count, -(-count // max(1, 70 // layers))))
    assert [text.get_text() for text in last.get_yticklabels()] == ["yes", "no"]
    assert r"worst entry W1[1, 1] (input a name in \$1, rather long): " in figure.get_suptitle()
    assert faults(figure) == []


def test_one_wrong_entry_of_a_large_layer_is_not_lost_between_pixels() -> None:
    rng = np.random.default_rng(0)
    network = initial_network([1000, 2, 1], rng)
    case = case_from(network, rng.normal(size=(3, 1000)), rng.integers(0, 2, (3, 1)))
    gradient = case.gradient()
    gradient.W[0][1, 777] *= 2
    first = maps(gradcheck_figure(gradcheck(case, gradient)))[0]
    shown = first.images[0].get_array()
    assert shown.shape == (2, 300)
    assert (shown > 0.4).sum() == 1
    assert (first.lines[0].get_xdata()[0], first.lines[0].get_ydata()[0]) == (777, 1)


SOME = ["logistic", "wide", "without bias", "saturated row", "features to 1e4, deep"]


@pytest.mark.parametrize("name", SOME)
def test_extreme_cases_can_be_drawn(name: str) -> None:
    result = gradcheck(CASES[name])
    assert faults(gradcheck_figure(result)) == []


def test_given_numbers_against_numeric_ones() -> None:
    result = checked("square", Plant("sign-flipped", (1,)))
    scatter = next(a for a in gradcheck_figure(result).axes if "against" in a.get_title())
    match, wrong = scatter.lines[:2]
    assert match.get_xdata() == pytest.approx(match.get_ydata())
    assert wrong.get_xdata() == pytest.approx(-np.array(wrong.get_ydata()))
    first = sum(tensor.checked for tensor in result.check.layers[:2])
    assert wrong.get_label() == f"wrong: {first}"
    assert scatter.get_xscale() == scatter.get_yscale() == "symlog"
    lost = gradcheck_figure(checked("square", Plant("non-finite", (1,))))
    assert any("nan or inf" in axes.get_title() for axes in lost.axes)
