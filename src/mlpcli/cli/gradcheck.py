"""`mlp gradcheck`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.cli.command import MaybeConfig, Overrides, read_config
from mlpcli.cli.console import counting, draw, put, put_chart, put_json, put_table, put_words
from mlpcli.cli.gradcheck_given import Called, Found, source_of
from mlpcli.cli.gradcheck_options import Check, Given, Laid, Report, Said, Subject
from mlpcli.cli.gradcheck_subject import find_subjects, refuse_unfit_options
from mlpcli.errors import UsageError
from mlpcli.report.ci import FORMATS

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout
    from mlpcli.check.run import GradcheckResult
    from mlpcli.config import Config

__all__ = ["gradcheck"]

_STATUS = {"pass": 0, "fail": 1, "inconclusive": 4}


def gradcheck(
    subject: Subject,
    said: Said,
    check: Check,
    given: Given,
    called: Called,
    laid: Laid,
    report: Report,
    config: MaybeConfig = None,
    overrides: Overrides = None,
) -> int:
    """Check the gradient of every layer, ours or yours, against central differences.

    Example: mlp gradcheck --gradient my_backprop.py:gradient

    A function f(weights, biases, X, y) returns (d_weights, d_biases), lists of arrays: weights[i]
    is n_{i+1} x n_i, X has a row per sample. Without CONFIG, --case and --network it runs on
    built-in cases, which show every known bug.

    Exit status: 0 every tensor was judged and is right, 1 something is wrong, 4 nothing is wrong
    but some tensor could not be judged.
    """
    _refuse(config, overrides, check, given, report)
    refuse_unfit_options(config, subject, given)
    settings = None if config is None else read_config(config, overrides)

    from mlpcli.check.run import gradcheck_each
    from mlpcli.files import write_bytes
    from mlpcli.report.ci import junit_xml

    layout = laid.layout()
    subjects = find_subjects(settings, subject, said, layout)
    options = _options(settings, check)
    cases = {name: layout.of(case) for name, case in subjects.cases.items()}
    _write(next(iter(cases.values())), report, layout)
    count = sum(case.network.theta.size for case in cases.values())
    with source_of(given.gradient, called, layout) as source, counting(count) as progress:
        result = gradcheck_each(
            cases,
            lambda case: _check(source(case), check, options, progress),
            options.get("tolerance"),
        )
    if report.junit is not None:
        write_bytes(report.junit, junit_xml(result, str(config or subject.case or "built-in")))
    _put(result, report, None if config is None else str(config), stated=subjects.stated)
    return _STATUS[result.verdict]


def _refuse(
    config: Path | None, overrides: list[str] | None, check: Check, given: Given, report: Report
) -> None:
    """Raise UsageError where options contradict each other."""
    if config is None and overrides:
        raise UsageError("--set changes a CONFIG, and none is given")
    for option, value in {"--dtype": check.dtype, "--derivative": check.derivative}.items():
        if given.gradient is not None and value is not None:
            raise UsageError(f"{option} is about our own gradient; leave it out with --gradient")
    if report.json and report.format != "text":
        raise UsageError(f"--json and --format {report.format}: stdout holds one of them")


def _check(found: Found, check: Check, options: dict[str, Any], progress: Any) -> GradcheckResult:
    """Return the check of one case, with somebody's gradient of it or with ours."""
    from mlpcli.check.run import gradcheck as run

    loss = found.case.objective.loss
    if check.derivative is not None and len(loss.forms) == 1:
        raise UsageError(f"--derivative: the {loss.name} has one form only; leave it out")
    return run(
        found.case,
        found.gradient,
        dtype=check.dtype or "float64",
        compare_losses=check.compare_losses,
        progress=progress,
        **found.keywords,
        **options,
    )


def _put(result: GradcheckResult, report: Report, config: str | None, *, stated: bool) -> None:
    """Print the result in the format that was asked for, and draw it."""
    from mlpcli.report import gradcheck as words

    undrawn = draw(report.plot, lambda: words.error_heat_map(result))
    if report.json:
        put_json(words.gradcheck_document(result))
    elif report.format in FORMATS:
        put(FORMATS[report.format](result, config))
    else:
        put_words(words.objective_line(result.case))
        put_table(words.gradcheck_table(result))
        if result.forms is not None:
            put_table(words.forms_table(result.forms))
        put_words(*words.gradcheck_words(result, stated=stated))
        if undrawn:
            put_chart(words.error_chart(result))


def _write(case: Case, report: Report, layout: Layout) -> None:
    """Write the case and its answers to files."""
    from mlpcli.check.answers import write_answers
    from mlpcli.check.exchange import SUFFIXES, write_case
    from mlpcli.files import atomic_file

    asked = {"--dump": (report.dump, write_case), "--answers": (report.answers, write_answers)}
    for option, (path, write) in asked.items():
        if path is None:
            continue
        if path.suffix not in SUFFIXES:
            raise UsageError(
                f"{option} {path}: expected a name that ends in .npz, .safetensors or .json"
            )
        with atomic_file(path) as file:
            write(case, file, path.suffix, layout)


def _options(config: Config | None, check: Check) -> dict[str, Any]:
    """Return the keywords of a check: the command line's, else the config's, else the defaults."""
    options = dict[str, Any]()
    if config is not None:
        section = config.gradcheck
        options = {"method": section.method, "tolerance": section.tolerance, "step": section.step}
        options |= {"form": config.loss.derivative, "epsilon": config.loss.epsilon}
    said = {"method": check.method, "tolerance": check.tolerance, "form": check.derivative}
    return options | {name: value for name, value in said.items() if value is not None}
