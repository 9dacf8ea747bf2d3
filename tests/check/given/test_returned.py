"""What functions return in a hundred shapes: one reading fits, or both are named, or the reason."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import numpy as np
import pytest

from mlpcli.check.given.layout import OURS, Bias, Layout, Weights
from mlpcli.check.given.returned import read
from mlpcli.errors import CaseError
from planted import network_case

CASE = network_case((3, 4, 5, 2), 7)
ONE = network_case((3, 1), 7)
SQUARE = network_case((3, 3, 3, 3), 7)
LAYOUTS = [Layout("rows", *fields) for fields in product(get_args(Weights), get_args(Bias))]


def numbered(name: str, arrays: list[Any], start: int = 1) -> dict[str, Any]:
    return {f"{name}{i}": array for i, array in enumerate(arrays, start)}


def flat(*arrays: Any, order: Any = "C") -> Any:
    return np.concatenate([np.ravel(array, order) for array in arrays])


def alternating(W: list[Any], b: list[Any]) -> list[Any]:
    return [x for pair in zip(W, b, strict=True) for x in pair] if b else [*W]


FORMS: dict[str, Any] = {
    "the signature": lambda W, b: (W, b),
    "lists swapped": lambda W, b: (b, W) if b else (W, b),
    "tuples in a list": lambda W, b: [tuple(W), tuple(b)],
    "pairs": lambda W, b: list(zip(W, b, strict=True)) if b else W,
    "pairs, bias first": lambda W, b: list(zip(b, W, strict=True)) if b else W,
    "one list": alternating,
    "one list, bias first": lambda W, b: alternating(b, W) if b else W,
    "matrices, then biases": lambda W, b: [*W, *b],
    "biases, then matrices": lambda W, b: [*b, *W],
    "a number in front": lambda W, b: (0.25, W, b),
    "a number behind": lambda W, b: ((W, b), np.float64(0.25)),
    "a number in front of a list": lambda W, b: (0.25, *alternating(W, b)),
    "named": lambda W, b: numbered("W", W) | numbered("b", b),
    "named dW": lambda W, b: numbered("dW", W) | numbered("db", b),
    "named from 0": lambda W, b: numbered("W", W, 0) | numbered("b", b, 0),
    "named grad_W": lambda W, b: numbered("grad_W", W) | numbered("grad_b", b),
    "named W1_grad": lambda W, b: (
        {f"{k}_grad": x for k, x in numbered("W", W).items()}
        | {f"{k}_grad": x for k, x in numbered("b", b).items()}
    ),
    "named dTheta": lambda W, b: numbered("dTheta", W) | numbered("db", b),
    "named Theta": lambda W, b: numbered("Theta", W) | numbered("bias", b),
    "lists in a dict": lambda W, b: {"d_weights": W, "d_biases": b},
    "nabla": lambda W, b: {"nabla_b": b, "nabla_w": W},
    "numbers as keys": lambda W, b: (dict(enumerate(W, 1)), dict(enumerate(b, 1)) if b else []),
    "a dict a layer": lambda W, b: [{"W": w} | ({"b": b[i]} if b else {}) for i, w in enumerate(W)],
    "dicts under one key": lambda W, b: {
        "layers": [{"dW": w} | ({"db": b[i]} if b else {}) for i, w in enumerate(W)]
    },
    "a dict in a dict": lambda W, b: {"cost": 3.0, "grads": numbered("dW", W) | numbered("db", b)},
    "weights and gradients": lambda W, b: (
        numbered("dW", W) | numbered("db", b) | numbered("W", CASE.network.W)
    ),
    "lists of numbers": lambda W, b: ([w.tolist() for w in W], [v.tolist() for v in b]),
    "matrix": lambda W, b: ([np.asmatrix(w) for w in W], [np.asmatrix(v) for v in b]),
    "vector": lambda W, b: flat(*alternating(W, b)),
    "vector, Fortran order": lambda W, b: flat(*alternating(W, b), order="F"),
    "vector, matrices first": lambda W, b: flat(*W, *b),
    "vector, matrices first, Fortran order": lambda W, b: flat(*W, *b, order="F"),
    "vector, column": lambda W, b: flat(*W, *b)[:, np.newaxis],
    "loss and vector": lambda W, b: (0.25, flat(*W, *b, order="F")),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_every_form_in_every_layout(layout: Layout, form: str) -> None:
    case = layout.of(CASE)
    right = case.gradient()
    W = [layout.matrix(W, b) for W, b in zip(right.W, right.b, strict=True)]
    b = [layout.vector(b) for b in right.b] if layout.shapes(right)[1] else []
    got = read(FORMS[form](W, b), case, layout)
    np.testing.assert_array_equal(got.gradient.theta, right.theta)
    loss = got.beside.get("loss", got.beside.get("cost"))
    assert (loss is not None) == ("number in" in form or "dict in a dict" in form or "loss" in form
                                  or "number behind" in form)  # fmt: skip


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("form", [f for f in FORMS if f != "weights and gradients"])
def test_one_layer_and_squares(form: str) -> None:
    for case in (ONE, SQUARE):
        right = case.gradient()
        got = read(FORMS[form](right.W, right.b), case)
        np.testing.assert_array_equal(got.gradient.theta, right.theta)


@pytest.mark.parametrize("swap", [False, True])
def test_one_layer_without_lists(swap: bool) -> None:
    right = ONE.gradient()
    tree = (right.W[0], float(right.b[0][0]))[:: -1 if swap else 1]
    np.testing.assert_array_equal(read(tree, ONE).gradient.theta, right.theta)


def test_one_layer_in_an_array_of_layers() -> None:
    right = ONE.gradient()
    stacked = {"W": right.W[0][np.newaxis], "b": right.b[0][np.newaxis]}
    np.testing.assert_array_equal(read(stacked, ONE).gradient.theta, right.theta)


def test_float32_is_kept() -> None:
    right = CASE.gradient()
    W, b = ([x.astype(np.float32) for x in part] for part in (right.W, right.b))
    assert read((W, b), CASE).gradient.theta.dtype == np.float32
    assert read((W, right.b), CASE).gradient.theta.dtype == np.float64


def test_a_wrong_vector_is_read_in_its_order() -> None:
    right = CASE.gradient()
    W = [right.W[0] * 3, -right.W[1], right.W[2]]
    for order in ("C", "F"):
        got = read(flat(*W, *right.b, order=order), CASE).gradient
        np.testing.assert_array_equal(got.W[1], W[1])


def test_weights_after_a_step_are_read_too() -> None:
    network = CASE.network
    after = [W - 1e-3 for W in network.W]
    got = read(flat(*after, *network.b, order="F"), CASE).gradient
    np.testing.assert_array_equal(got.W[0], after[0])


def refusal(tree: Any, case: Any = CASE, layout: Layout = OURS) -> str:
    with pytest.raises(CaseError) as caught:
        read(tree, case, layout, "f")
    assert all(line.startswith("f: ") for line in caught.value.lines)
    return "\n".join(caught.value.lines)


def test_two_readings_that_differ_are_refused_and_named() -> None:
    rng = np.random.default_rng(5)
    noise = CASE.network.like(rng.standard_normal(CASE.network.theta.size))
    other = {f"d{name}": rng.standard_normal(array.shape) for name, array in noise.tensors()}
    line = refusal(dict(noise.tensors()) | other)
    assert "the names dW1, db1, .." in line
    assert "and as the names " in line
    assert "and they differ; name the arrays in a dict" in line


@pytest.mark.parametrize(
    ("bias", "turn", "after"),
    [
        ("column", (-1,), "(4, 4)"),
        ("column", (1, -1), "(4, 4)"),
        ("vector", (-1, 1), "(4, 4)"),
        ("vector", (1, -1), None),
        ("row", (-1,), None),
    ],
)
def test_biases_that_a_step_would_spoil_are_noticed(
    bias: Any, turn: tuple[int, ...], after: str | None
) -> None:
    layout, right = Layout(bias=bias), CASE.gradient()
    found = read([right.W, [b.reshape(turn) for b in right.b]], CASE, layout)
    np.testing.assert_array_equal(found.gradient.theta, right.theta)
    assert (found.outgrown or "").endswith(f"b1 - eta db1 would be {after}" if after else "")
    assert (found.outgrown is None) == (after is None)


def test_a_vector_that_is_near_in_no_order_is_taken_row_by_row() -> None:
    noise = np.random.default_rng(5).standard_normal(CASE.network.theta.size)
    found = read(noise, CASE)
    assert (found.reading, found.packed) == ("one vector, W1, b1, W2, .., row by row", True)
    np.testing.assert_array_equal(found.gradient.W[0].ravel(), noise[: found.gradient.W[0].size])


def test_numbers_tell_where_shapes_leave_two_readings() -> None:
    """Pairs of a network 2-3-1 with rows as biases fit as two lists too."""
    case = network_case((2, 3, 1), 7)
    right = case.gradient()
    pairs = [(W, b[np.newaxis]) for W, b in zip(right.W, right.b, strict=True)]
    got = read(pairs, case)
    np.testing.assert_array_equal(got.gradient.theta, right.theta)
    assert got.reading == "pairs (dW1, db1), .."


G = CASE.gradient()
FOLDED = [np.hstack([W, b[:, np.newaxis]]) for W, b in zip(G.W, G.b, strict=True)]


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (([W.T for W in G.W], G.b), ("W1: expected shape (4, 3), got (3, 4); it is transposed "
         "(gradient-transposed), dJ/dW_i = delta_i^T Z_{i-1}; or, if W_i is so too, the arrays fit "
         "--weights in-out: add that")),
        ((FOLDED, []), ("every matrix has one column more, as where biases are folded in: "
         "--bias first or --bias last says in which; the arrays fit --bias last: add that")),
        (([W.T for W in FOLDED],), "fit --weights in-out --bias last"),
        (([W + 1 for W in FOLDED], []), "--bias last says in which"),
        ((G.W[::-1], G.b[::-1]), ("W1: expected shape (4, 3), got (2, 5): the layers come in "
         "reverse order (layers-reversed)")),
        ((G.W, [np.ones((7, n)) for n in (4, 5, 2)]), ("b1 (and b2, b3): expected shape "
         "(4,), got (7, 4): it is one gradient per row; sum over rows")),
        (([np.ones((7, *W.shape)) for W in G.W], G.b), ("W1 (and W2, W3): expected shape "
         "(4, 3), got (7, 4, 3): it is one gradient per row")),
        (([np.ones((4, 7)), *G.W[1:]], G.b), ("W1: expected shape (4, 3), got (4, 7): it is n_1 x "
         "N: delta_1 before it meets Z_0")),
        (([G.W[0], G.W[1].T, G.W[2]], G.b), ("W2: expected shape (5, 4), got (4, 5): it is "
         "transposed; W_i is n_i x n_{i-1}")),
        (G.W, ("db1, db2, db3 are missing: expected two lists of arrays, (d_weights, "
         "d_biases), got d_weights alone")),
        (numbered("dW", G.W), "db1, db2, db3 are missing"),
        (([W.ravel() for W in G.W], G.b), ("W1: expected shape (4, 3), got (12,): it is ravelled, "
         "and so are W2, W3; give it its shape, as in dW.reshape(W.shape)")),
        (([G.W[0], G.W[1].reshape(-1, 1), G.W[2]], G.b),
         "W2: expected shape (5, 4), got (20, 1): it is ravelled; give"),
        (([*(W.ravel() for W in G.W[:2]), G.W[2]], G.b), "(12,): it is ravelled, and so is W2;"),
        ((G.W, [b * 1j for b in G.b]), "expected float32 or float64, got complex128"),
        ({"W1": G.W[0].astype(np.float16)}, "W1: expected float32 or float64, got float16"),
        (numbered("W", G.W) | {"b1": G.b[0]}, 'no array "b2"; it has W1, W2, W3, b1'),
        ((G.W, [np.ones(7)] * 3), ("b1 (and b2, b3): expected shape (4,), got (7,): it is summed "
         "over the wrong axis: 7 is the number of rows")),
        ((G.W, [np.ones((1, 7)), *G.b[1:]]), "b1: expected shape (4,), got (1, 7): it is summed"),
        (numbered("W", [W.ravel() for W in G.W]) | numbered("b", G.b),
         "W1: expected shape (4, 3), got (12,)"),
        (numbered("dW", [G.W[0], [[1.0], [1.0, 2.0]], G.W[2]]) | numbered("db", G.b),
         "W2: expected shape (5, 4), got rows of different lengths"),
        (flat(*alternating(G.W, G.b), 1.0), "expected two lists of arrays"),
        (flat(*alternating(G.W, G.b))[:-1], "expected two lists of arrays"),
        (np.stack([flat(*alternating(G.W, G.b))] * 2, axis=1), "expected two lists of arrays"),
        (dict.fromkeys("abcdefghij", 1), "got a dict of a, b, c, d, e, f, g, h;"),
        ([[[[[1.0]], [[2.0]]], []]], "got a list of (a list of (a list of (list, list), list))"),
        (None, ("expected two lists of arrays, (d_weights, d_biases), got NoneType; shapes (4, 3), "
         "(5, 4), (2, 5) and (4,), (5,), (2,)")),
        (np.float64(0.1), "got a number"),
        ((G.W, "str"), "got a tuple of (a list of (shape (4, 3), shape (5, 4), shape (2, 5)), s"),
        ({"a": 1, "b\n": 2}, "got a dict of a, b\\n"),
    ],
)  # fmt: skip
def test_what_is_no_gradient_is_explained(tree: Any, words: str) -> None:
    line = refusal(tree)
    assert words in line
    assert "\n" not in line


def test_the_rows_of_a_layer_stay_its_own() -> None:
    """No reading mends what is wrong: a right gradient in a wrong order stays wrong."""
    right = SQUARE.gradient()
    got = read((right.W[::-1], right.b[::-1]), SQUARE).gradient
    np.testing.assert_array_equal(got.W[0], right.W[2])
    got = read(([W.T for W in right.W], right.b), SQUARE).gradient
    np.testing.assert_array_equal(got.W[0], right.W[0].T)


@pytest.mark.parametrize(
    "tree",
    [
        (0.3, 0.9, G.W, G.b),
        (0.3, 0.9, (G.W, G.b)),
        (G.W, G.b, 0.3, 0.9),
        (0.3, G.W, G.b, 0.9),
        (0.3, (G.W, G.b), 0.9),
    ],
)
def test_numbers_around_a_gradient_may_all_be_the_loss(tree: Any) -> None:
    got = read(tree, CASE)
    np.testing.assert_array_equal(got.gradient.theta, G.theta)
    assert got.beside == {"loss": (0.3, 0.9)}
