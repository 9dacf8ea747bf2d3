"""What is said of a wrong gradient, to the word: where, which number, and how to mend it."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.check.bugs.diagnosis import diagnosis, unknown
from mlpcli.check.bugs.likeness import Tensor
from mlpcli.check.bugs.record import Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from planted import network_case

SCENE = scene_of(network_case((3, 4, 4, 2), 7, loss="mse"))
WITHOUT = scene_of(network_case((3, 4, 4, 2), 7, bias=False))


def mutant(*layers: int, letters: str = "Wb", factor: float | None = None) -> Mutant:
    return Mutant(layers, lambda rules: rules, letters, factor=factor)


@pytest.mark.parametrize(
    ("made", "words", "parameters"),
    [
        (mutant(1, 2, 3), "", ("W1", "b1", "W2", "b2", "W3", "b3")),
        (mutant(2), " (layer 2)", ("W2", "b2")),
        (mutant(1, 2), " (layers 1, 2)", ("W1", "b1", "W2", "b2")),
        (mutant(1, 3, letters="W"), " (W1, W3)", ("W1", "W3")),
        (mutant(1, 2, 3, letters="b"), " (b1-b3)", ("b1", "b2", "b3")),
        (mutant(1, 2, 3, factor=0.2), " (factor 0.2)", ("W1", "b1", "W2", "b2", "W3", "b3")),
        (mutant(3, factor=0.1), " (factor 0.1; layer 3)", ("W3", "b3")),
    ],
)
def test_where_a_bug_is_made_is_said_unless_it_is_everywhere(
    made: Mutant, words: str, parameters: tuple[str, ...]
) -> None:
    bug = BUGS["sign-flipped"]
    found = diagnosis(SCENE, bug, made, 0.0)
    assert found.explanation == bug.explanation + words
    assert found.parameters == parameters


def test_a_network_without_biases_has_no_b() -> None:
    found = diagnosis(WITHOUT, BUGS["sign-flipped"], mutant(1, 3, letters="Wb"), None)
    assert found.parameters == ("W1", "W3")
    assert found.match_error is None


HIDDEN = "multiply (delta_{i+1} W_{i+1}) by Z_i (1 - Z_i), elementwise"
OUTPUT = "at the output delta_L is 2 (Z_L - Y) * sigma'(H_L)/N"


@pytest.mark.parametrize(
    ("layers", "fix"), [((1,), HIDDEN), ((3,), OUTPUT), ((1, 2, 3), f"{HIDDEN}; {OUTPUT}")]
)
def test_a_bug_is_mended_where_it_is(layers: tuple[int, ...], fix: str) -> None:
    assert diagnosis(SCENE, BUGS["missing-sigma-prime"], mutant(*layers), None).fix == fix


def tensor(layer: int, *values: float) -> Tensor:
    return Tensor(f"W{layer}", layer, np.array(values))


@pytest.mark.parametrize(
    ("layer", "where", "above"),
    [
        (3, "W3 (the output layer)", ""),
        (2, "W2 (layer 2 of 3)", "; layer 3 is right or explained, so delta_3 is"),
        (1, "W1 (layer 1 of 3)", "; layers 2 to 3 are right or explained, so delta_2 is"),
    ],
)
def test_what_is_unknown_is_placed(layer: int, where: str, above: str) -> None:
    found = unknown(3, tensor(layer, 3.0), tensor(layer, 2.0))
    assert (found.bug, found.layers, found.parameters) == ("unknown", (layer,), (f"W{layer}",))
    assert found.explanation == (
        "no known bug explains it: counted from the output the first wrong tensor is "
        f"{where}; given / right is 1.5 in its one entry{above}"
    )


def test_how_an_unknown_tensor_departs() -> None:
    """Entries of which there is no ratio, 0 and inf and nan, have no part in it."""
    right = tensor(3, 1.0, 2.0, 4.0, 0.0, np.nan, 8.0)
    said = unknown(3, tensor(3, 1.5, 3.0, 6.0, 7.0, 1.0, np.inf), right).explanation
    assert said.endswith("; given / right is 1.5 in the median, 90 % from 1.5 to 1.5")
    said = unknown(3, tensor(3, 1.0, 3.0, 8.0, 7.0, 1.0, np.inf), right, slight=True).explanation
    assert said.endswith(
        "; given / right is 1.5 in the median, 90 % from 1.05 to 1.95, so it is no constant "
        "factor, and so near to 1 that rounding or a finite difference may be all it is"
    )
    nothing = unknown(3, tensor(3, 1.0, 2.0), tensor(3, 0.0, np.nan)).explanation
    assert nothing.endswith("the first wrong tensor is W3 (the output layer)")
