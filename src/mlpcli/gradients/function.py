"""Somebody's gradient as a Python function: called on the case, and watched while it runs.

`f(weights, biases, X, y) -> (d_weights, d_biases)`, lists of arrays; weights[i] is n_{i+1} x n_i,
X N x n_0, y N x K, all float64. A network without biases passes an empty list and expects one.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import CaseError, did_you_mean
from mlpcli.gradients.case_file import parameters_from
from mlpcli.gradients.diagnosis import Diagnosis

if TYPE_CHECKING:
    from mlpcli.gradients.case import Case
    from mlpcli.nn.activations import FloatArray
    from mlpcli.nn.network import Parameters

__all__ = ["FunctionRun", "load_function", "run_function"]

GradientFunction = Callable[[list[Any], list[Any], Any, Any], Any]


@dataclass(frozen=True)
class FunctionRun:
    """The gradient that a function returned at its first call, and what is wrong with its ways."""

    gradient: Parameters
    misbehaviour: tuple[Diagnosis, ...]


def load_function(name: str) -> GradientFunction:
    """Return the function named "package.module:function"; the current folder is first on the path.

    Raises CaseError if it cannot be found or its module cannot be imported.
    """
    module_name, colon, attribute = name.partition(":")
    if not (colon and module_name and attribute):
        raise CaseError(f'{name}: expected a file, or "package.module:function"')
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        raise CaseError(f"{name}: no module {error.name}; looked in this folder first") from error
    except Exception as error:
        raise CaseError(f"{name}: importing it failed: {_described(error)}") from error
    finally:
        sys.path.pop(0)
    function = getattr(module, attribute, None)
    if not callable(function):
        guess = did_you_mean(attribute, [n for n in dir(module) if callable(getattr(module, n))])
        raise CaseError(f"{name}: {module_name} has no function {attribute}{guess}")
    return function  # type: ignore[no-any-return]  # checked when it is called


def run_function(function: GradientFunction, name: str, case: Case) -> FunctionRun:
    """Call the function on the case, again, and again after other rows; compare.

    Raises CaseError where it fails, or returns what is no gradient of the case.
    """
    everything = slice(None)
    first, changed = _call(function, name, case, everything)
    findings = [_changed_inputs(changed)] if changed else []
    second, _ = _call(function, name, case, everything)
    if not _equal(first, second):
        findings.append(_differs(first, second))
    else:
        half = slice(0, max(1, len(case.X) // 2))
        _call(function, name, case, half)
        third, _ = _call(function, name, case, everything)
        if not _equal(first, third):
            findings.append(_remembers(first, third))
    return FunctionRun(first, tuple(findings))


def _call(
    function: GradientFunction, name: str, case: Case, rows: slice
) -> tuple[Parameters, list[str]]:
    """Return the gradient for some rows, and the names of inputs that the call changed."""
    network = case.network
    weights = [W.copy() for W in network.W]
    biases = [b.copy() for b in network.b] if network.bias else []
    X, y = case.X[rows].copy(), case.y[rows].copy()
    try:
        returned = function(weights, biases, X, y)
        d_weights, d_biases = returned
        arrays = _named(d_weights, "W") | _named(d_biases if network.bias else [], "b")
    except Exception as error:
        raise CaseError(f"{name}: {_described(error)}") from error
    gradient = parameters_from(arrays, _rows_of(case, rows), name)
    pairs = [("X", X, case.X[rows]), ("y", y, case.y[rows])]
    pairs += [(f"W{i}", a, b) for i, (a, b) in enumerate(zip(weights, network.W, strict=True), 1)]
    pairs += [(f"b{i}", a, b) for i, (a, b) in enumerate(zip(biases, network.b, strict=False), 1)]
    return gradient, [label for label, now, before in pairs if not np.array_equal(now, before)]


def _rows_of(case: Case, rows: slice) -> Case:
    from dataclasses import replace

    omega = None if case.omega is None else case.omega[rows]
    return replace(case, X=case.X[rows], y=case.y[rows], omega=omega)


def _named(arrays: Sequence[Any], letter: str) -> dict[str, FloatArray]:
    return {f"{letter}{i}": np.asarray(array) for i, array in enumerate(arrays, start=1)}


def _described(error: Exception) -> str:
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})"


def _equal(a: Parameters, b: Parameters) -> bool:
    """Equal up to the rounding of a sum in another order, which threads may bring about."""
    return bool(np.allclose(a.theta, b.theta, rtol=1e-9, atol=0, equal_nan=True))


def _where(a: Parameters, b: Parameters) -> str:
    with np.errstate(invalid="ignore"):
        k = int(np.nanargmax(np.abs(np.nan_to_num(a.theta) - np.nan_to_num(b.theta))))
    return f"entry {k} of the gradient was {a.theta[k]:.9g}, then {b.theta[k]:.9g}"


def _changed_inputs(names: list[str]) -> Diagnosis:
    text = f"the function changes its inputs in place: {', '.join(names)}"
    return Diagnosis("changes-inputs", (), text, "work on copies", None)


def _differs(a: Parameters, b: Parameters) -> Diagnosis:
    text = f"two calls on the same input give different gradients: {_where(a, b)}"
    fix = "remove what is random, such as dropout, or fix its seed in every call"
    return Diagnosis("not-deterministic", (), text, fix, None)


def _remembers(a: Parameters, b: Parameters) -> Diagnosis:
    text = f"after a call on other rows the same input gives another gradient: {_where(a, b)}"
    fix = "reset what is kept between calls: accumulated gradients, running statistics, caches"
    return Diagnosis("depends-on-earlier-rows", (), text, fix, None)
