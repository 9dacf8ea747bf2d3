"""The check of a function from Python, for tests and notebooks: no files, no config, no process."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from mlpcli.errors import CaseError, UsageError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike

    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.convention import Convention
    from mlpcli.check.given.host import Host
    from mlpcli.check.given.layout import Layout
    from mlpcli.check.result import GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult, Verdict
    from mlpcli.report.table import Table

__all__ = ["CheckedGradient", "assert_gradient", "check_gradient"]

_ROWS = 7  # of a case that is drawn
_OTHERWISE = (
    "if your arrays lie otherwise, say so by samples=, weights_layout=, bias=, labels= or call=, "
    "as mlp gradcheck --help has them"
)


@dataclass(frozen=True, repr=False)
class CheckedGradient:
    """What a check found; `str` is the report of `mlp gradcheck`, in a notebook a table.

    `result` holds all of it; `stated` says that J was told and not assumed.
    """

    result: GradcheckResult
    stated: bool = True

    @property
    def verdict(self) -> Verdict:
        """pass, fail or inconclusive."""
        return self.result.verdict

    @property
    def diagnosis(self) -> tuple[Diagnosis, ...]:
        """The bugs that compute the given numbers, the most specific first."""
        return self.result.diagnosis

    @property
    def bug(self) -> str | None:
        """The name of the first bug, None if there is none."""
        return self.diagnosis[0].bug if self.diagnosis else None

    @property
    def fix(self) -> str | None:
        """How that bug is mended, None if there is none."""
        return self.diagnosis[0].fix if self.diagnosis else None

    @property
    def layers(self) -> tuple[TensorResult, ...]:
        """What is said of each tensor, in the order W1, b1, .. WL, bL."""
        return self.result.check.layers

    @property
    def suggestion(self) -> str | None:
        """The options of `mlp gradcheck` under which a wrong gradient is right, None if none."""
        return self.result.suggestion

    def to_document(self) -> dict[str, Any]:
        """Return the JSON document of `mlp gradcheck --json`."""
        from mlpcli.report.gradcheck_document import gradcheck_document

        return gradcheck_document(self.result)

    def __str__(self) -> str:
        """Return the table and the words of `mlp gradcheck`."""
        return "\n".join(p if isinstance(p, str) else p.plain() for p in self._report())

    def _repr_html_(self) -> str:
        from mlpcli.report.html import html

        return html(self._report())

    def __repr__(self) -> str:
        return repr(self.result).replace(type(self.result).__name__, type(self).__name__, 1)

    def _report(self) -> Iterator[Table | str]:
        from mlpcli.report.gradcheck import gradcheck_report

        return gradcheck_report(self.result, stated=self.stated)


def check_gradient(
    f: Callable[..., Any],
    weights: Sequence[ArrayLike] | None = None,
    biases: Sequence[ArrayLike] | None = None,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    sizes: Sequence[int] | None = None,
    rows: int = _ROWS,
    seed: int = 0,
    activation: str = "sigmoid",
    loss: str = "bce",
    output: str | None = None,
    reduction: str = "mean",
    factor: float | str = 1,
    l2: float = 0,
    samples: str = "rows",
    weights_layout: str = "out-in",
    bias: str = "vector",
    labels: str = "columns",
    call: str = "batch",
    learning_rate: float | None = None,
    tolerance: float | None = None,
) -> CheckedGradient:
    """Check f(weights, biases, X, y) -> (d_weights, d_biases) against central differences.

    It is checked on these arrays, which lie as `samples`, `weights_layout`, `bias` and `labels`
    say; or on a case of `sizes` n_0 .. n_L, whose `rows` are drawn by `seed`; or, with neither, on
    the built-in cases, which show every known bug but softmax-overflow (a `seed` other than 0 draws
    others like them).
    J, the layout and the call are said as by the options of `mlp gradcheck`; `factor` may be
    "1/2". f runs in this process, on copies. Raises CaseError where f fails or returns what is no
    gradient, and for arrays that do not fit; UsageError for arguments that contradict each other.
    """
    from mlpcli.check.convention import Convention
    from mlpcli.check.found import found_by_function
    from mlpcli.check.given.call import CALLS
    from mlpcli.check.given.hosting import hosted
    from mlpcli.check.options import Options
    from mlpcli.check.run import examine, gradcheck_each

    _require_one("call", call, CALLS)
    layout = _layout(samples=samples, weights=weights_layout, bias=bias, labels=labels)
    said = {"activation": activation, "loss": loss, "output": output, "reduction": reduction}
    convention = Convention().with_said(**said, factor=_number(factor), l2=float(l2))
    arrays = _named(weights, biases, X, y)
    cases = _cases(arrays, convention, layout, sizes=sizes, rows=rows, seed=seed)
    options = Options.of(tolerance=tolerance)
    with hosted(f, call=call) as host:
        ask = partial(found_by_function, call=call, layout=layout, learning_rate=learning_rate)

        def of(case: Case) -> GradcheckResult:
            return examine(_told(ask, host, case), options)

        result = gradcheck_each(cases, of, options.tolerance)
    return CheckedGradient(result, stated=(loss, reduction) != (Convention.loss, "mean"))


def assert_gradient(*args: Any, allow_inconclusive: bool = False, **keywords: Any) -> None:
    """Raise AssertionError with the table, the bug and the fix unless a gradient is right.

    Takes what `check_gradient` takes, and raises what that raises. What rounding leaves open is
    wrong too, unless that is allowed.
    """
    checked = check_gradient(*args, **keywords)
    if checked.verdict == "fail" or (checked.verdict != "pass" and not allow_inconclusive):
        raise AssertionError(f"the gradient is not right\n{checked}")


def _told(ask: Callable[..., Any], host: Host, case: Case) -> Any:
    """Return what a function has found; where it fails, say what its arrays may be about."""
    try:
        return ask(host, case)
    except CaseError as error:
        if "--" in str(error):
            raise
        first, *others = error.lines
        raise CaseError(f"{first}; {_OTHERWISE}", *others) from error


def _cases(
    arrays: Mapping[str, Any] | None,
    convention: Convention,
    layout: Layout,
    *,
    sizes: Sequence[int] | None,
    rows: int,
    seed: int,
) -> Mapping[str, Case]:
    from mlpcli.check.built_in import built_in_cases, drawn_case, labelled_for
    from mlpcli.check.case_arrays import read_case_arrays

    if arrays is not None:
        if sizes is not None:
            raise UsageError("sizes: the arrays say them already; leave out one of the two")
        return {"given": read_case_arrays(arrays, layout).case(convention)}
    if sizes is not None:
        _require_sizes(sizes)
        drawn = drawn_case(list(sizes), convention, rows=rows, seed=seed)
        return labelled_for(layout, {"drawn": drawn})
    if rows != _ROWS:
        raise UsageError("rows: the built-in cases have their own; give sizes too")
    return labelled_for(layout, built_in_cases(convention, seed or None))


def _named(
    weights: Sequence[ArrayLike] | None,
    biases: Sequence[ArrayLike] | None,
    X: ArrayLike | None,
    y: ArrayLike | None,
) -> dict[str, Any] | None:
    """Return the arrays under the names that a case file has for them; None without any."""
    import numpy as np

    given = {"weights": weights, "biases": biases, "X": X, "y": y}
    if all(value is None for value in given.values()):
        return None
    missing = [name for name in ("weights", "X", "y") if given[name] is None]
    if missing:
        raise UsageError(f"{missing[0]}: expected weights, biases, X and y, or none of them")
    arrays = {"X": np.asarray(X), "y": np.asarray(y)}
    for letter, listed in (("W", weights), ("b", biases)):
        arrays |= {f"{letter}{i}": np.asarray(a) for i, a in enumerate(listed or (), start=1)}
    return arrays


def _layout(**said: str) -> Layout:
    from typing import get_args

    from mlpcli.check.given import layout

    known = {
        "samples": layout.Samples,
        "weights": layout.Weights,
        "bias": layout.Bias,
        "labels": layout.Labels,
    }
    for name, value in said.items():
        _require_one(name, value, get_args(known[name]))
    return layout.Layout(**said)  # type: ignore[arg-type]  # just compared with the literals


def _require_one(name: str, value: object, known: Any) -> None:
    if value not in known:
        raise UsageError(f"{name}: expected one of {', '.join(known)}, got {value!r}")


def _require_sizes(sizes: Sequence[int]) -> None:
    if len(sizes) < 2 or min(sizes) < 1:
        raise UsageError(f"sizes: expected those of every layer, as [3, 5, 2], got {sizes!r}")


def _number(factor: float | str) -> float:
    try:
        return float(Fraction(factor))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise UsageError(f'factor: expected a number as 0.5 or "1/2", got {factor!r}') from None
