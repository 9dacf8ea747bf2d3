"""The result of a gradient check: the whole report, its tables, and a chart."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, log10
from typing import TYPE_CHECKING

from mlpcli.report.figures import bar
from mlpcli.report.gradcheck_words import gradcheck_notes, gradcheck_words, objective_line
from mlpcli.report.marks import VERDICTS, names
from mlpcli.report.table import Table, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.result import FormResult, GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult
    from mlpcli.report.marks import Marks

__all__ = [
    "error_chart",
    "forms_table",
    "gradcheck_marks",
    "gradcheck_report",
    "gradcheck_table",
]

_HEADER = ("tensor", "verdict", "shape", "checked", "rel. error", "tolerance", "worst at",
           "given", "numeric")  # fmt: skip
_LEAST = ("shape", "checked", "tolerance", "worst at", "rel. error")  # what goes first
_DECADES = 16  # in a chart: from rounding, 1e-16, to an error as large as the gradient


def gradcheck_report(result: GradcheckResult, *, stated: bool = True) -> Iterator[Table | str]:
    """Yield all that is shown of a result, tables and sentences, from J to the blind spots."""
    yield objective_line(result.case)
    yield from gradcheck_words(result, stated=stated)
    yield ""
    yield gradcheck_table(result)
    if result.forms is not None:
        yield ""
        yield forms_table(result.forms)
    yield ""
    yield from gradcheck_notes(result)


def gradcheck_table(result: GradcheckResult) -> Table:
    """Return one row per tensor; in a narrow window what matters least is left out first."""
    check = result.check
    what = f"{check.derivative} derivative" if check.derivative else "given gradient"
    title = (
        f"{what} against {check.method}: {check.parameters} parameters, {check.rows} rows, "
        f"{check.seconds:.2f} s"
    )
    table, brief = (
        Table(
            title,
            _HEADER,
            tuple(_row(tensor, digits) for tensor in check.layers),
            marks=VERDICTS,
            together=2,
        )
        for digits in (".9g", ".5g")
    )
    narrower = [table.without(*_LEAST[:k]) for k in range(1, 4)]
    narrower += [brief.without(*_LEAST[:k]) for k in range(3, len(_LEAST) + 1)]
    return replace(table, narrower=tuple(narrower))


def _row(tensor: TensorResult, digits: str) -> tuple[str, ...]:
    return (
        tensor.name,
        tensor.verdict,
        "x".join(map(str, tensor.shape)),
        str(tensor.checked),
        number(tensor.max_relative_error),
        number(tensor.tolerance if isfinite(tensor.tolerance) else None),
        ",".join(map(str, tensor.worst.index)),
        number(tensor.worst.analytic, digits),
        number(tensor.worst.numeric, digits),
    )


def gradcheck_marks(result: GradcheckResult) -> Marks:
    """Return what stands out in the words: the verdict, and the names of bugs."""
    return {**VERDICTS, **names(d.bug for d in result.diagnosis)}


def forms_table(forms: tuple[FormResult, ...]) -> Table:
    """Return every form's worst relative error per tensor, one row per form."""
    rows: dict[str, dict[str, str]] = {}
    for form in forms:
        rows.setdefault(form.form, {})[form.tensor.name] = _form_cell(form)
    return Table(
        "every form against the true loss: worst relative error",
        ("form", *next(iter(rows.values()))),
        tuple((name, *cells.values()) for name, cells in rows.items()),
    )


def _form_cell(form: FormResult) -> str:
    mark = {"pass": "", "fail": " !", "inconclusive": " ?"}[form.tensor.verdict]
    return "nan !" if form.non_finite else number(form.tensor.max_relative_error) + mark


def error_chart(result: GradcheckResult) -> str:
    """Return a bar per tensor: from nothing for a relative error of 1e-16 to full for 1."""
    lines = ["largest relative error, on a logarithmic scale from 1e-16 to 1"]
    for tensor in result.check.layers:
        error = tensor.max_relative_error
        share = 1 + log10(max(1e-16, min(1, error))) / _DECADES
        lines.append(f"{tensor.name:<4} {bar(share)} {error:.1e} {tensor.verdict}")
    return "\n".join(lines)
