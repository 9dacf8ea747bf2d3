"""Somebody's gradient as a Python function: called on the case, and watched while it runs.

`f(weights, biases, X, y) -> (d_weights, d_biases)`, lists of arrays; weights[i] is n_{i+1} x n_i,
X N x n_0, y N x K, all float64. A network without biases passes an empty list and expects one.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.bugs.calls import CHANGES_INPUTS, DEPENDS_ON_EARLIER_ROWS, NOT_DETERMINISTIC
from mlpcli.check.bugs.diagnosis import Diagnosis, finding
from mlpcli.check.exchange import parameters_from
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.precision import single_precision
from mlpcli.errors import CaseError
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from types import ModuleType

    from mlpcli.check.case import Case
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["FunctionRun", "load_function", "run_function"]

GradientFunction = Callable[[list[Any], list[Any], Any, Any], Any]
_FAILURES = (Exception, SystemExit)  # a guest must not end the check
_SAME = 1e-9


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
        raise CaseError(
            f'{name}: expected a .npz or .safetensors file, or "package.module:function"'
        )
    try:
        with _guest():
            module = _import(module_name)
    except ModuleNotFoundError as error:
        dotted = module_name.removesuffix(".py").replace("/", ".")
        hint = f", or write {dotted}:{attribute}" if dotted != module_name else ""
        raise CaseError(
            f"{name}: no module {error.name}; looked in this folder first{hint}"
        ) from error
    except _FAILURES as error:
        raise CaseError(f"{name}: importing it failed: {_described(error)}") from error
    function = getattr(module, attribute, None)
    if not callable(function):
        guess = did_you_mean(attribute, [n for n in dir(module) if callable(getattr(module, n))])
        raise CaseError(f"{name}: {module_name} has no function {attribute}{guess}")
    return function  # type: ignore[no-any-return]  # checked when it is called


@contextmanager
def _guest() -> Iterator[None]:
    """Put the current folder first on the path, and what a guest prints on stderr."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        with redirect_stdout(sys.stderr), _descriptor_to_stderr():  # stdout is the report's alone
            yield
    finally:
        with suppress(ValueError):
            sys.path.remove(folder)


@contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    """Send what compiled code prints, past Python's own stdout, to stderr too."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is no such descriptor, so nothing can be written to it
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _import(module_name: str) -> ModuleType:
    """Import a module; one in the current folder comes before another imported already."""
    top = module_name.partition(".")[0]
    local = [Path.cwd() / f"{top}.py", Path.cwd() / top / "__init__.py"]
    known = sys.modules.get(top)
    if known is None or not any(path.is_file() for path in local):
        return import_module(module_name)
    if Path(getattr(known, "__file__", None) or "").resolve() in [p.resolve() for p in local]:
        return import_module(module_name)
    hidden = {n: sys.modules.pop(n) for n in [*sys.modules] if n.partition(".")[0] == top}
    try:
        return import_module(module_name)
    finally:
        sys.modules.update(hidden)


def run_function(function: GradientFunction, name: str, case: Case) -> FunctionRun:
    """Call the function on the case, again, and again after other rows; compare.

    Raises CaseError where it fails, or returns what is no gradient of the case.
    """
    first, changed = _call(function, name, case)
    findings = [finding(CHANGES_INPUTS, (), ", ".join(changed))] if changed else []
    slack = rounding_bounds(case).textbook(single_precision(first))
    second, _ = _call(function, name, case)
    if not _equal(first, second, slack):
        findings.append(finding(NOT_DETERMINISTIC, (), _where(first, second)))
    else:
        _call(function, name, _other_rows(case), " on other rows")
        third, _ = _call(function, name, case)
        if not _equal(first, third, slack):
            findings.append(finding(DEPENDS_ON_EARLIER_ROWS, (), _where(first, third)))
    return FunctionRun(first, tuple(findings))


def _other_rows(case: Case) -> Case:
    """Return the first half of the rows; of a single row, half of its features."""
    rows = slice(0, max(1, len(case.X) // 2))
    omega = None if case.omega is None else case.omega[rows]
    X = case.X[rows] if len(case.X) > 1 else case.X / 2
    return replace(case, X=X, y=case.y[rows], omega=omega)


def _call(
    function: GradientFunction, name: str, case: Case, where: str = ""
) -> tuple[Parameters, list[str]]:
    """Return the gradient of a case, and the names of inputs that the call changed."""
    network = case.network
    weights = [W.copy() for W in network.W]
    biases = [b.copy() for b in network.b] if network.bias else []
    X, y = case.X.copy(), case.y.copy()
    given = [("X", X, case.X), ("y", y, case.y)]
    given += [(f"W{i}", a, b) for i, (a, b) in enumerate(zip(weights, network.W, strict=True), 1)]
    given += [(f"b{i}", a, b) for i, (a, b) in enumerate(zip(biases, network.b, strict=False), 1)]
    try:
        with _guest():
            returned = function(weights, biases, X, y)
            arrays = _named(returned, network.bias)
    except _FAILURES as error:
        raise CaseError(f"{name}: called{where}: {_described(error)}") from error
    if arrays is None:
        raise CaseError(
            f"{name}: expected two lists of arrays, (d_weights, d_biases), got "
            f"{_kind(returned)}{where}"
        )
    gradient = parameters_from(arrays, case, f"{name}{where}")
    return gradient, [label for label, now, before in given if not np.array_equal(now, before)]


def _named(returned: Any, bias: bool) -> dict[str, FloatArray] | None:
    """Return the arrays of both lists by their names, None where there are no two lists."""
    lists = (list, tuple)
    if not isinstance(returned, lists) or len(returned) != 2:
        return None
    if not all(isinstance(part, lists) for part in (returned if bias else returned[:1])):
        return None
    arrays = {f"W{i}": np.asarray(array) for i, array in enumerate(returned[0], start=1)}
    if bias:
        arrays |= {f"b{i}": np.asarray(array) for i, array in enumerate(returned[1], start=1)}
    return arrays


def _kind(returned: Any) -> str:
    """Return what somebody returned instead of a pair of lists."""
    if not isinstance(returned, (list, tuple)):
        return type(returned).__name__
    return f"a {type(returned).__name__} of {', '.join(type(x).__name__ for x in returned[:4])}"


def _described(error: BaseException) -> str:
    """Return the error and the last line of the user's own code on the way to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent.is_relative_to(Path.cwd())]
    at = (own or frames)[-1]
    return f"{type(error).__name__}: {error} ({Path(at.filename).name}:{at.lineno})"


def _equal(a: Parameters, b: Parameters, slack: FloatArray) -> bool:
    """Equal up to the rounding of sums in another order, which threads may bring about."""
    A, B = a.theta.astype(np.float64), b.theta.astype(np.float64)
    with np.errstate(all="ignore"):
        near = np.abs(A - B) <= _SAME * np.abs(A) + 2 * slack
    return bool((near | (A == B) | (np.isnan(A) & np.isnan(B))).all())


def _where(a: Parameters, b: Parameters) -> str:
    """Return the entry that differs most, and both its values."""
    with np.errstate(all="ignore"):
        apart = np.nan_to_num(np.abs(a.theta - b.theta), nan=np.inf)
    place = int(np.argmax(apart))
    for (name, one), (_, other) in zip(a.tensors(), b.tensors(), strict=True):
        if place < one.size:
            index = [int(i) for i in np.unravel_index(place, one.shape)]
            values = one.ravel()[place], other.ravel()[place]
            return f"{name}{index} was {values[0]:.9g}, then {values[1]:.9g}"
        place -= one.size
    raise AssertionError("no such entry")
