"""What a function's parameters take: by their places, or by their names where all of them tell.

f(weights, biases, X, y)                   and the same in any other order, if the names say it
f(weights, biases, X, y, learning_rate)    a training step
f(weights, X, y)                           where there are no biases, or they are in the matrices
f(X, y)                                    a method of an object that keeps its weights
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Signature", "expected", "signature_of"]

RATES = ("lr", "learning_rate", "eta", "alpha", "rate", "step_size")
# How many steps a trainer makes: one, when a step is asked for.
_COUNTS = ("epochs", "n_epochs", "num_epochs", "epoch", "iterations", "num_iterations",
           "n_iterations", "iters", "num_iters", "n_iter", "max_iter", "steps", "n_steps",
           "num_steps")  # fmt: skip
_ROLES = {
    "weights": ("weights", "weight", "w", "ws", "theta", "thetas", "params", "parameters"),
    "biases": ("biases", "bias", "b", "bs"),
    "X": ("x", "xs", "inputs", "input", "data", "features", "x_train", "x_batch"),
    "y": ("y", "ys", "t", "targets", "target", "labels", "label", "y_train", "y_true", "y_batch"),
}


@dataclass(frozen=True)
class Signature:
    """Which of (weights, biases, X, y) a function takes and by which names.

    `taken` are places among the arguments, `names` the parameters for them (empty: by position).
    `rate` names the parameter of the learning rate; None: there is none. `keeps_weights` says that
    it takes X and y alone.
    """

    taken: tuple[int, ...]
    names: tuple[str, ...] = ()
    rate: str | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)
    bound_to: inspect.Signature | None = None
    keeps_weights: bool = False

    def call(self, function: Callable[..., Any], arguments: Sequence[Any], rate: float) -> Any:
        """Return what the function returns for these arguments, and this rate if it takes one."""
        values = [arguments[i] for i in self.taken]
        if self.bound_to is None:
            return function(*values)
        named = {**dict(zip(self.names, values, strict=True)), **self.constants}
        if self.rate is not None:
            named[self.rate] = rate
        bound = inspect.BoundArguments(
            self.bound_to, {name: named[name] for name in self.bound_to.parameters if name in named}
        )
        return function(*bound.args, **bound.kwargs)

    @property
    def takes_biases(self) -> bool:
        """Whether biases are handed over, or kept where the weights are."""
        return self.keeps_weights or len(self.taken) > 3


def expected(step: bool) -> str:
    """Return the signature that is expected, in words."""
    if step:
        return "f(weights, biases, X, y[, learning_rate]) -> (weights, biases) after one step"
    return "f(weights, biases, X, y) -> (d_weights, d_biases)"


def signature_of(function: Callable[..., Any], roles: Sequence[str], step: bool) -> Signature:
    """Return how the function takes arguments of these roles (weights, biases, X, y).

    Raises CaseError that names what it needs beyond them, or lacks, and says how to mend it.
    """
    everything = tuple(range(len(roles)))
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # compiled code need not tell
        return Signature(everything)
    parameters = [*signature.parameters.values()]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return Signature(everything)
    rate = _rate(parameters, len(roles)) if step else None
    counts = {p.name: 1 for p in parameters if step and p.name.lower() in _COUNTS}
    free = [p for p in parameters if p.name != rate and p.name not in counts]
    places = [p for p in free if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p.name for p in free if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    taken = _taken(roles, [p.name for p in places], len(required))
    if taken is None or len(required) > len(taken):
        raise CaseError(_misfit(required, roles, step))
    names = tuple(p.name for p in places[: len(taken)])
    return Signature(
        taken=_by_names(names, roles) or taken,
        names=names,
        rate=rate,
        constants=counts,
        bound_to=signature,
        keeps_weights=len(taken) == 2 < len(roles),
    )


def _rate(parameters: Sequence[inspect.Parameter], count: int) -> str | None:
    """Return the parameter of the rate: by its name, or a required one after all others."""
    for parameter in parameters:
        if parameter.name.lower() in RATES:
            return parameter.name
    after = [p for p in parameters[count:] if p.default is p.empty and p.kind != p.VAR_KEYWORD]
    after = [p for p in after if p.name.lower() not in _COUNTS]
    return after[0].name if len(after) == 1 else None


def _taken(roles: Sequence[str], places: Sequence[str], required: int) -> tuple[int, ...] | None:
    """Return the arguments that parameters of these names take: all, all but biases, or X and y."""
    everything = tuple(range(len(roles)))
    said = [_role(name) for name in places]
    alone = {*said[:2]} == {"X", "y"} and not {"weights", "biases"} & {*said}
    if alone and required <= 2:
        return everything[-2:]
    if len(places) >= len(roles):
        return everything
    if "biases" in roles and len(places) == required == len(roles) - 1:
        return tuple(i for i in everything if roles[i] != "biases")
    return everything[-2:] if len(places) >= 2 >= required else None


def _role(name: str) -> str | None:
    return next((role for role, known in _ROLES.items() if name.lower() in known), None)


def _by_names(names: Sequence[str], roles: Sequence[str]) -> tuple[int, ...] | None:
    """Return the order that the names say, if each of them says a role and no two the same."""
    said = [_role(name) for name in names]
    if None in said or len(set(said)) < len(said) or not set(said) <= set(roles):
        return None
    return tuple(roles.index(role) for role in said if role is not None)


def _misfit(required: Sequence[str], roles: Sequence[str], step: bool) -> str:
    more = [f'"{name}"' for name in required[len(roles) :]]
    if not more:
        takes = ", ".join(required) or "nothing"
        return f"takes {takes}; expected {expected(step)}, or a method of X and y"
    named = [name.strip('"') for name in more]
    if not step and any(name.lower() in RATES for name in named):
        return f"needs a learning rate, {more[0]}: a training step? Then add --call step"
    inner = ", ".join([*roles, *(f"{name}=.." for name in named)])
    one = "one more argument" if len(more) == 1 else f"{len(more)} more arguments"
    return (
        f"needs {one}, {', '.join(more)}; expected {expected(step)}: give a default, or wrap it, "
        f"def g({', '.join(roles)}): return f({inner})"
    )
