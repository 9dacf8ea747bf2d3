"""The picture of the chain: a graph of few layers, curves of many, in its own letters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.check.case import Case, case_from
from mlpcli.check.chain import Chain, chain
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.network import initial_network
from mlpcli.report.chain_figure import chain_figure
from mlpcli.report.figures import to_bytes
from pictures import faults

pytest.importorskip("matplotlib")


def case(layers: int, loss: str = "bce", *, bias: bool = True) -> Case:
    rng = np.random.default_rng(layers)
    network = initial_network([3, *[4] * (layers - 1), 2], rng, bias=bias)
    labels = np.eye(2)[rng.integers(0, 2, 9)]
    return case_from(network, rng.normal(size=(9, 3)), labels, loss=loss)


def drawn(found: Chain) -> Any:
    figure = chain_figure(found)
    assert to_bytes(figure, Path("x.png")).startswith(b"\x89PNG")
    return figure


def words(figure: Any) -> str:
    return "\n".join(text.get_text() for text in figure.axes[0].texts)


@pytest.mark.parametrize("layers", [1, 2, 6])
def test_few_layers_are_a_graph_with_every_norm(layers: int) -> None:
    found = chain(case(layers))
    said = words(drawn(found))
    for layer in found.all_rows.layers:
        assert f"$\\delta_{{{layer.layer}}}$\n{layer.delta_norm:.2e}" in said
        assert f"$dJ/dW_{{{layer.layer}}}$\n{layer.gradient_norm:.2e}" in said


@pytest.mark.parametrize(("loss", "start"), [
    ("bce", "$(Z_L - Y)/N$"), ("cross_entropy", "$(Z_L - Y)/N$"),
    ("mse", "$2 (Z_L - Y) \\odot \\sigma$\N{PRIME}$(H_L)/N$"),
])  # fmt: skip
def test_the_graph_says_what_this_loss_starts_with(loss: str, start: str) -> None:
    assert start in words(drawn(chain(case(2, loss)))).splitlines()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_graph_has_the_letter_of_the_activation(name: str) -> None:
    found = chain(case(2).with_activation(ACTIVATIONS[name]()))
    letter = {"sigma": "\\sigma"}.get(found.activation.letter, found.activation.letter)
    assert f"$W_{{2}}$, ${letter}$\N{PRIME}\n" in words(drawn(found))


def test_without_biases_none_is_drawn() -> None:
    assert "b_{" in words(drawn(chain(case(2))))
    assert "b_{" not in words(drawn(chain(case(2, bias=False))))


@pytest.mark.parametrize("layers", [7, 31, 100])
def test_many_layers_are_curves_in_decades(layers: int) -> None:
    found = chain(case(layers))
    figure = drawn(found)
    norms, factors = figure.axes
    delta, gradient = (line for line in norms.lines if line.get_label()[0] == "$")
    assert delta.get_ydata().tolist() == [layer.delta_norm for layer in found.all_rows.layers]
    assert gradient.get_ydata().tolist() == [layer.gradient_norm for layer in found.all_rows.layers]
    assert norms.get_yscale() == factors.get_yscale() == "log"
    assert figure.get_size_inches().max() < 10
    assert faults(figure) == []


def test_what_vanished_is_crossed_and_named() -> None:
    found = chain(case(9))
    layers = found.all_rows.layers
    gone = tuple(replace(layer, delta_norm=0.0) for layer in layers[:3])
    figure = drawn(replace(found, all_rows=replace(found.all_rows, layers=(*gone, *layers[3:]))))
    norms = figure.axes[0]
    assert norms.get_title() == "$\\delta_i$ is 0 from layer 3 down (crosses)"
    assert norms.lines[1].get_xdata().tolist() == [1, 2, 3]


def test_what_overflows_is_called_so() -> None:
    found = chain(case(9))
    layers = found.all_rows.layers
    lost = tuple(replace(layer, delta_norm=float("nan")) for layer in layers[:2])
    figure = drawn(replace(found, all_rows=replace(found.all_rows, layers=(*lost, *layers[2:]))))
    title = "$\\delta_i$ is no number from layer 2 down: this network overflows"
    assert figure.axes[0].get_title() == title


def test_the_same_bytes_twice_and_the_words_of_an_svg_are_words() -> None:
    for layers in (3, 20):
        first, second = (to_bytes(drawn(chain(case(layers))), Path("x.svg")) for _ in range(2))
        assert first == second
        assert b"links the layers" in first
