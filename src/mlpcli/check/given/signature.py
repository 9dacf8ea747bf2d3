"""What a function's parameters take: by their places, or by their names where all of them tell.

f(weights, biases, X, y)                   and the same in any other order, if the names say it
f(weights, biases, X, y, learning_rate)    a training step
f(weights, X, y)                           where there are no biases, or they are in the matrices
f(X, y)                                    a method of an object that keeps its weights
f(W1, b1, W2, b2, X, y)                    every array by its own name, in any order
f(syn0, syn1, X, y), f(w, b, X, y)         as many as there are arrays, without biases or of one
                                           layer: each array by itself, where lists will not do
f(params, X, y)                            where params is named so: a dict of W1, b1, .., or
                                           another of the usual shapes; f(.., batch) of both
                                           X and y likewise
"""

from __future__ import annotations

import inspect
from dataclasses import field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mlpcli.check.given.called_by import COUNTS, HOLDERS, RATES, role_of
from mlpcli.check.given.container import FORMS
from mlpcli.check.given.picks import apart, are_numbered, held, singly
from mlpcli.errors import CaseError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlpcli.check.given.picks import Pick

__all__ = ["Signature", "expected", "signature_of"]


@dataclass(frozen=True)
class Signature:
    """Which of (weights, biases, X, y) a function takes and by which names.

    `taken` pick values from the arguments, `names` are the parameters for them (empty: by
    position).
    `rate` names the parameter of the learning rate; None: there is none. `keeps_weights` says that
    it takes X and y alone, `takes_biases` that biases are handed over, or kept where the weights
    are. `holder` names the parameter that holds all weights and biases, in some form. `single` is
    how the parameters take one array each, where there are as many of them.
    """

    taken: tuple[Pick, ...]
    names: tuple[str, ...] = ()
    rate: str | None = None
    constants: Mapping[str, Any] = field(default_factory=dict)
    bound_to: inspect.Signature | None = None
    keeps_weights: bool = False
    takes_biases: bool = True
    holder: str | None = None
    single: Signature | None = None

    def call(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        rate: float,
        held: Any = None,
    ) -> Any:
        """Return what the function returns for these arguments, and this rate if it takes one.

        `held` are all weights and biases as its holder takes them; None: in the first form.
        """
        values = [pick(arguments) for pick in self.taken]
        if self.bound_to is None:
            return function(*values)
        named = {**dict(zip(self.names, values, strict=True)), **self.constants}
        if self.holder is not None:
            first = FORMS[0].holding
            named[self.holder] = first(*arguments[:2]) if held is None else held
        if self.rate is not None:
            named[self.rate] = rate
        bound = inspect.BoundArguments(
            self.bound_to, {name: named[name] for name in self.bound_to.parameters if name in named}
        )
        return function(*bound.args, **bound.kwargs)


def expected(step: bool) -> str:
    """Return the signature that is expected, in words."""
    if step:
        return "f(weights, biases, X, y[, learning_rate]) -> (weights, biases) after one step"
    return "f(weights, biases, X, y) -> (d_weights, d_biases)"


def signature_of(
    function: Callable[..., Any],
    roles: Sequence[str],
    step: bool,
    arrays: Sequence[int] = (0, 0),
) -> Signature:
    """Return how the function takes arguments of these roles (weights, biases, X, y).

    `arrays` says how many matrices and biases there are.
    Raises CaseError that names what it needs beyond them, or lacks, and says how to mend it.
    """
    if inspect.iscoroutinefunction(function):
        call = f"asyncio.run({function.__name__}({', '.join(roles)}))"
        raise CaseError(f"is async; wrap it, def g({', '.join(roles)}): return {call}")
    everything = tuple(map(itemgetter, range(len(roles))))
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # compiled code need not tell
        return Signature(everything)
    parameters = [*signature.parameters.values()]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return Signature(everything)
    rate = _rate(parameters, len(roles)) if step else None
    counts = {p.name: 1 for p in parameters if step and p.name.lower() in COUNTS}
    free = [p for p in parameters if p.name != rate and p.name not in counts]
    places = [p for p in free if _is_place(p)]
    required = [p.name for p in free if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    each = _each(required, roles, arrays)
    single = None if each is None else Signature(each, tuple(required), rate, counts, signature)
    picks = held(required, roles) or apart(required, roles)
    if picks is not None:
        holder = next((name for name in required if name.lower() in HOLDERS), None)
        return Signature(picks, tuple(required), rate, counts, signature, holder=holder)
    taken = _taken(roles, [p.name for p in places], len(required))
    own = [name for name in required if role_of(name) not in {"X", "y"}]
    if single and (taken is None or are_numbered(own)):
        return single
    if taken is None or len(required) > len(taken):
        name = getattr(function, "__name__", "f")
        raise CaseError(_misfit(name, required, roles, step))
    names = tuple(p.name for p in places[: len(taken)])
    by_name = [p.name for p in places[: len(taken)] if p.kind is p.KEYWORD_ONLY]
    return Signature(
        taken=tuple(map(itemgetter, _order(names, by_name, taken, roles))),
        names=names,
        rate=rate,
        constants=counts,
        bound_to=signature,
        keeps_weights=len(taken) == 2 < len(roles),
        takes_biases=len(taken) != 3,
        single=single,
    )


def _each(
    required: Sequence[str], roles: Sequence[str], arrays: Sequence[int]
) -> tuple[Pick, ...] | None:
    """Return how each array is taken by itself; of a function of X and y alone there is none."""
    return singly(required, roles, arrays) if "weights" in roles else None


def _is_place(parameter: inspect.Parameter) -> bool:
    """Whether it may take an argument: one that is passed by name only has to say which."""
    if parameter.kind is parameter.KEYWORD_ONLY:
        return parameter.default is parameter.empty and role_of(parameter.name) is not None
    return parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)


def _rate(parameters: Sequence[inspect.Parameter], count: int) -> str | None:
    """Return the parameter of the rate: by its name, or a required one after all others."""
    for parameter in parameters:
        if parameter.name.lower() in RATES:
            return parameter.name
    after = [p for p in parameters[count:] if p.default is p.empty and p.kind != p.VAR_KEYWORD]
    after = [p for p in after if p.name.lower() not in COUNTS and role_of(p.name) is None]
    return after[0].name if len(after) == 1 else None


def _taken(roles: Sequence[str], places: Sequence[str], required: int) -> tuple[int, ...] | None:
    """Return the arguments that parameters of these names take: all, all but biases, or X and y."""
    everything = tuple(range(len(roles)))
    said = [role_of(name) for name in places]
    alone = {*said[:2]} == {"X", "y"} and not {"weights", "biases"} & {*said}
    if alone and required <= 2:
        return everything[-2:]
    if len(places) >= len(roles):
        return everything
    if "biases" in roles and len(places) == required == len(roles) - 1:
        return tuple(i for i in everything if roles[i] != "biases")
    others = {"weights", "biases"} & {*said[:2]}
    return everything[-2:] if len(places) >= 2 >= required and not others else None


def _by_names(names: Sequence[str], roles: Sequence[str]) -> tuple[int, ...] | None:
    """Return the order that the names say, if each of them says a role and no two the same."""
    said = [role_of(name) for name in names]
    if None in said or len(set(said)) < len(said) or not set(said) <= set(roles):
        return None
    return tuple(roles.index(role) for role in said if role is not None)


def _order(
    names: Sequence[str], by_name: Sequence[str], taken: Sequence[int], roles: Sequence[str]
) -> tuple[int, ...]:
    """Return which argument each parameter takes: by all names, else by place.

    What is passed `by_name` only takes what it is called, before the others take their places.
    """
    said = _by_names(names, roles)
    if said is not None:
        return said
    sure = {name: roles.index(str(role_of(name))) for name in by_name}
    rest = iter([i for i in taken if i not in sure.values()])
    return tuple(sure[name] if name in sure else next(rest) for name in names)


def _misfit(function: str, required: Sequence[str], roles: Sequence[str], step: bool) -> str:
    known = _known(required, roles)
    more = [f'"{name}"' for name in required if name not in known]
    if not more or len(required) <= len(roles):
        takes = ", ".join(required) or "nothing"
        return f"takes {takes}; expected {expected(step)}, or a method of X and y"
    named = [name.strip('"') for name in more]
    if not step and any(name.lower() in RATES for name in named):
        return f"needs a learning rate, {more[0]}: a training step? Then add --call step"
    inner = ", ".join(f"{name}={known.get(name, '..')}" for name in required)
    one = "one more argument" if len(more) == 1 else f"{len(more)} more arguments"
    return (
        f"needs {one}, {', '.join(more)}; expected {expected(step)}: give a default, or wrap it, "
        f"def g({', '.join(roles)}): return {function}({inner})"
    )


def _known(required: Sequence[str], roles: Sequence[str]) -> dict[str, str]:
    """Return the role of each parameter that says one, or where none does of those in front."""
    by_role = {role_of(name): name for name in reversed(required)}
    known = {by_role[role]: role for role in roles if role in by_role}
    return known or dict(zip(required, roles, strict=False))
