"""What `mlp gradcheck` prints and writes: the report, the formats of services, pictures, files."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from mlpcli.cli.console import draw, put, put_chart, put_json, put_report
from mlpcli.errors import InputError, UsageError
from mlpcli.report.ci import FORMATS, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout
    from mlpcli.check.result import GradcheckResult
    from mlpcli.cli.gradcheck_given import Called
    from mlpcli.cli.gradcheck_options import Given, Report

__all__ = [
    "answering_who_is_graded",
    "is_graded",
    "put_result",
    "put_template",
    "refuse_unfit_output",
    "told_by",
    "write_files",
]


def is_graded(report: Report) -> bool:
    """Whether somebody gets points for the result."""
    return report.format in FORMATS and FORMATS[report.format].grades


def refuse_unfit_output(report: Report, given: Given, called: Called) -> None:
    """Raise UsageError where options of the output contradict each other, or grade nobody."""
    if report.json and report.format != "text":
        raise UsageError(f"--json and --format {report.format}: stdout holds one of them")
    if not is_graded(report):
        if report.points is not None:
            graded = " or ".join(name for name, known in FORMATS.items() if known.grades)
            raise UsageError(f"--points are shared out under --format {graded}")
        return
    option = f"--format {report.format}"
    if given.gradient is None and given.plant is None:
        raise UsageError(f"{option} grades somebody's gradient, not ours; add --gradient")
    if called.in_process:
        raise UsageError(f"{option} keeps who is graded in a process of its own: no --in-process")
    if not FORMATS[report.format].fractions and (report.points or 0) % 1:
        raise UsageError(f"--points: {option} has whole points only, got {report.points:g}")


@contextmanager
def answering_who_is_graded(report: Report) -> Iterator[None]:
    """Print a document with the error, and no points, before an InputError goes on."""
    try:
        yield
    except InputError as error:
        answer = FORMATS[report.format].of_error if report.format in FORMATS else None
        if answer is not None:
            lines = error.lines
            if report.hide_diagnosis:  # a line says what is wrong, then what may be the cause
                lines = tuple(line.partition(";")[0] for line in lines)
            put(answer(lines, told_by(report)))
        raise


def put_result(
    result: GradcheckResult, report: Report, told: Told, name: str, *, stated: bool
) -> None:
    """Print the result in the format that was asked for; write JUnit XML of this name, draw it."""
    from mlpcli.report import gradcheck as shown

    if report.hide_diagnosis:
        known = replace(result.known, beside=())
        result = replace(result, diagnosis=(), suggestion=None, known=known)
    _write_junit(result, report, name)
    undrawn = draw(report.plot, lambda: _figure(result))
    if report.json:
        from mlpcli.report.gradcheck_document import gradcheck_document

        put_json(gradcheck_document(result))
        return
    service = FORMATS.get(report.format)
    if service is None or service.below:
        put_report(
            shown.gradcheck_report(result, stated=stated), marks=shown.gradcheck_marks(result)
        )
    if service is not None:
        put(service.of_result(result, told))
    elif undrawn:
        put_chart(shown.error_chart(result))


def _figure(result: GradcheckResult) -> Figure:
    from mlpcli.report.gradcheck_figure import gradcheck_figure

    return gradcheck_figure(result)


def put_template(case: Case, layout: Layout, called: Called) -> None:
    """Print a starter for this case, so laid out and called."""
    from mlpcli.report.template import template

    put(template(case, layout, called.call or "batch"), end="")


def told_by(report: Report, config: Path | None = None) -> Told:
    """Return what a format is told beside the result."""
    points = {} if report.points is None else {"points": report.points}
    return Told(config=None if config is None else str(config), **points)


def _write_junit(result: GradcheckResult, report: Report, name: str) -> None:
    if report.junit is not None:
        from mlpcli.files import write_bytes
        from mlpcli.report.ci.junit import junit_xml

        write_bytes(report.junit, junit_xml(result, name))


def write_files(case: Case, report: Report, layout: Layout) -> None:
    """Write the case and its answers to files that are not there yet, or with force to any."""
    if report.dump is None and report.answers is None:
        return
    from mlpcli.check.answers import write_answers
    from mlpcli.check.exchange import SUFFIXES, write_case
    from mlpcli.files import atomic_file, refuse_existing

    asked = {"--dump": (report.dump, write_case), "--answers": (report.answers, write_answers)}
    for option, (path, write) in asked.items():
        if path is None:
            continue
        if path.suffix not in SUFFIXES:
            raise UsageError(
                f"{option} {path}: expected a name that ends in .npz, .safetensors or .json"
            )
        refuse_existing(path, force=report.force)
        with atomic_file(path) as file:
            write(case, file, path.suffix, layout)
