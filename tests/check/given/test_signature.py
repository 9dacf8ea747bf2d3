"""What a function's parameters take, and what is said where they take something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.check.given.called_by import RATES
from mlpcli.check.given.container import FORMS
from mlpcli.check.given.signature import signature_of
from mlpcli.check.given.tree import Refused
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.given.container import Form

ALL = ("weights", "biases", "X", "y")
GIVEN = ("W", "b", "x", "t")


def named(parameters: str) -> Callable[..., Any]:
    """A function of these parameters that returns them all."""
    names = [p.split("=")[0].strip(" *") for p in parameters.split(",") if p.strip() not in "*/"]
    space: dict[str, Any] = {}
    exec(f"def f({parameters}): return dict({', '.join(f'{n}={n}' for n in names)})", space)
    return space["f"]  # type: ignore[no-any-return]


def called(parameters: str, *, step: bool = False, roles: tuple[str, ...] = ALL) -> Any:
    function = named(parameters)
    signature = signature_of(function, roles, step)
    given = [GIVEN[ALL.index(role)] for role in roles]
    return signature.call(function, given, 0.5)


@pytest.mark.parametrize(
    ("parameters", "taken"),
    [
        ("p, q, r, s", "Wbxt"),
        ("weights, biases, X, y", "Wbxt"),
        ("X, y, weights, biases", "xtWb"),
        ("x, w, b, t", "xWbt"),
        ("w, W, x, y", "Wbxt"),  # two of one kind, as little
        ("x, y, theta, p", "Wbxt"),  # one name says nothing, so that places count
        ("p, q, r, s, /", "Wbxt"),
        ("p, q, r, s, verbose=False", "Wbxt"),
        ("W, b, *, X, y", "Wbxt"),
        ("*, y, weights, X, biases", "tWxb"),
        ("p, q, *, y, X", "Wbtx"),  # what is passed by name takes what it is called
        ("p, q, *, y, X, verbose=False", "Wbtx"),
        ("p, q, *, X, z", None),
        ("inputs, targets", "xt"),
        ("p, q, r=1", "xt"),
        ("X, y=None, reg=0.0", "xt"),
        ("X, y, reg=0.0, verbose=False", "xt"),
        ("y, X", "tx"),
    ],
)
def test_arguments_go_by_place_or_by_name(parameters: str, taken: str | None) -> None:
    if taken is None:
        with pytest.raises(CaseError):
            called(parameters)
    else:
        assert "".join(v for v in called(parameters).values() if v in GIVEN) == taken


def test_without_biases_two_places_are_the_last_two() -> None:
    roles = ("weights", "X", "y")
    assert called("p, q", roles=roles) == {"p": "x", "q": "t"}
    assert called("p, q, r", roles=roles) == {"p": "W", "q": "x", "r": "t"}


def test_any_number_of_arguments_takes_all() -> None:
    assert signature_of(lambda *case: case, ALL, False).call(lambda *case: case, GIVEN, 1) == GIVEN


def test_compiled_code_need_not_tell() -> None:
    found = signature_of(print, ALL, False)
    assert [pick(GIVEN) for pick in found.taken] == [*GIVEN]


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize(
    "parameters",
    [
        "p, q, r, s, {}",
        "{}, p, q, r, s",
        "p, q, r, s, *, {}",
        "p, q, r, s, {}=0.1",
        "p, q, r, s, k=1, {}=0.1",
    ],
)
def test_a_rate_is_known_by_its_name(name: str, parameters: str) -> None:
    found = called(parameters.format(name), step=True)
    assert found[name] == 0.5
    assert [found[p] for p in "pqrs"] == [*GIVEN]


def test_a_fifth_argument_that_is_needed_is_the_rate() -> None:
    assert called("p, q, r, s, how_far", step=True)["how_far"] == 0.5
    assert called("p, q, r, s, how_far=3", step=True)["how_far"] == 3


def test_a_trainer_makes_one_step() -> None:
    found = called("X, y, W, b, learning_rate=0.1, epochs=1000", step=True)
    assert found["epochs"] == 1
    assert found["learning_rate"] == 0.5
    assert called("p, q, r, s, lr, n_iter", step=True)["n_iter"] == 1


def test_without_biases_they_may_be_left_out() -> None:
    assert called("p, q, r") == {"p": "W", "q": "x", "r": "t"}
    assert called("p, q, r", roles=("weights", "X", "y")) == {"p": "W", "q": "x", "r": "t"}


@pytest.mark.parametrize(
    ("parameters", "step", "message"),
    [
        ("W, b, X, y, *, verbose", False, 'needs one more argument, "verbose"; expected f(weights'),
        (
            "p, q, r, s, cache",
            False,
            'needs one more argument, "cache"; expected f(weights, biases',
        ),
        ("p, q, r, s, cache, k", True, 'needs 2 more arguments, "cache", "k"; expected f(weights'),
        ("p, q, r, s, lr", False, 'needs a learning rate, "lr": a training step? Then add --call'),
        ("p", False, "takes p; expected f(weights, biases, X, y) -> (d_weights, d_biases), or a"),
        ("", True, "takes nothing; expected f(weights, biases, X, y[, learning_rate]) -> "),
    ],
)
def test_what_does_not_fit_is_said_with_the_fix(parameters: str, step: bool, message: str) -> None:
    with pytest.raises(CaseError) as caught:
        called(parameters, step=step)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("parameters", "wrapped"),
    [
        ("p, q, r, s, cache", "f(p=weights, q=biases, r=X, s=y, cache=..)"),
        ("nn_params, n_in, n_out, X, y", "f(nn_params=.., n_in=.., n_out=.., X=X, y=y)"),
        ("W, b, inputs, t, *, k", "f(W=weights, b=biases, inputs=X, t=y, k=..)"),
    ],
)
def test_a_wrapper_that_is_advised_binds(parameters: str, wrapped: str) -> None:
    with pytest.raises(CaseError) as caught:
        called(parameters)
    assert str(caught.value).endswith(f"def g(weights, biases, X, y): return {wrapped}")
    values = dict.fromkeys(["weights", "biases", "X", "y"], 0)
    eval(wrapped.replace("..", "0"), values | {"f": named(parameters)})


@pytest.mark.parametrize("parameters", ["params, batch", "data, model", "net, *, minibatch"])
def test_x_and_y_may_come_as_a_pair(parameters: str) -> None:
    function = named(parameters)
    case = (["W_1"], ["b_1"], "rows", "labels")
    got = [*signature_of(function, ALL, False).call(function, case, 1.0).values()]
    assert {"W1": "W_1", "b1": "b_1"} in got
    assert ("rows", "labels") in got


def test_weights_and_biases_stand_beside_a_pair() -> None:
    function = named("W, b, batch")
    got = signature_of(function, ALL, False).call(function, GIVEN, 1.0)
    assert got == {"W": "W", "b": "b", "batch": ("x", "t")}


@pytest.mark.parametrize("parameters", ["params, z", "z, W"])
def test_two_arguments_are_not_x_and_y_where_one_is_the_weights(parameters: str) -> None:
    with pytest.raises(CaseError, match=r"^takes .*; expected f\(weights, biases, X, y\)"):
        called(parameters)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.words)
def test_a_holder_comes_in_any_form(form: Form) -> None:
    function = named("params, X, y")
    case = (["W_1", "W_2"], ["b_1", "b_2"], "rows", "labels")
    held = form.holding(*case[:2])
    assert signature_of(function, ALL, False).call(function, case, 1.0, held)["params"] is held
    without: tuple[Any, ...] = (["W_1"], [], "rows", "labels")
    held = form.holding(*without[:2])
    assert signature_of(function, ALL, False).call(function, without, 1.0, held)["params"] == [
        "W_1"
    ]


@pytest.mark.parametrize(
    "parameters", ["W1, b1, W2, b2, X, y", "X, Y, w1, w2, b1, b2", "theta1, theta2, b1, b2, x, t"]
)
def test_arrays_are_handed_over_by_their_own_names(parameters: str) -> None:
    case = (["W_1", "W_2"], ["b_1", "b_2"], "rows", "labels")
    function = named(parameters)
    got = signature_of(function, ALL, False).call(function, case, 1.0)
    assert [*got.values()] == [
        {"w": f"W_{name[-1]}", "t": f"W_{name[-1]}" if name[-1].isdigit() else "labels",
         "b": f"b_{name[-1]}", "x": "rows", "y": "labels"}[name[0].lower()]
        for name in got
    ]  # fmt: skip


@pytest.mark.parametrize("parameters", ["params, X, y", "X, Y, parameters", "model, x, t"])
def test_a_dict_of_all_arrays(parameters: str) -> None:
    case = (["W_1", "W_2"], ["b_1", "b_2"], "rows", "labels")
    function = named(parameters)
    got = [*signature_of(function, ALL, False).call(function, case, 1.0).values()]
    assert {"W1": "W_1", "W2": "W_2", "b1": "b_1", "b2": "b_2"} in got
    assert got.index("rows") < got.index("labels")


def test_an_array_of_a_layer_that_is_not_there() -> None:
    function = named("W1, b1, W2, b2, X, y")
    with pytest.raises(Refused, match="there is no layer 2: the network has 1"):
        signature_of(function, ALL, False).call(function, (["W"], ["b"], "X", "y"), 1.0)


def test_an_async_function_is_refused_with_a_wrapper() -> None:
    async def later(weights: Any, biases: Any, X: Any, y: Any) -> Any: ...

    with pytest.raises(CaseError, match=r"^is async; wrap it, def g\(weights, biases, X, y\): "):
        signature_of(later, ALL, False)
