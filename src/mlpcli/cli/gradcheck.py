"""`mlp gradcheck`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.cli.command import MaybeConfig, Overrides, read_config
from mlpcli.cli.counter import counting
from mlpcli.cli.gradcheck_given import Called, source_of
from mlpcli.cli.gradcheck_options import Check, Given, Laid, Report, Said, Subject
from mlpcli.cli.gradcheck_output import (
    answering_who_is_graded,
    is_graded,
    put_result,
    put_template,
    refuse_unfit_output,
    told_by,
    write_files,
)
from mlpcli.cli.gradcheck_subject import find_subjects, refuse_unfit_options
from mlpcli.errors import UsageError
from mlpcli.heap import keep_freed_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlpcli.check.case import Case
    from mlpcli.check.found import Found
    from mlpcli.check.options import Options
    from mlpcli.check.result import GradcheckResult
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
    built-in cases, which show every known bug but softmax-overflow.

    Exit status: 0 every tensor was judged and is right, 1 something is wrong, 4 nothing is wrong
    but some tensor could not be judged.
    """
    keep_freed_memory()
    with answering_who_is_graded(report):
        _refuse(config, overrides, check, given)
        refuse_unfit_options(config, subject, given)
        refuse_unfit_output(report, given, called)
        settings = None if config is None else read_config(config, overrides)
        layout, options = laid.layout(), _options(settings, check)
        if given.template:
            subjects = find_subjects(settings, subject, said, layout)
            put_template(layout.of(next(iter(subjects.cases.values()))), layout, called)
            return 0
        with source_of(given.gradient, called, layout, graded=is_graded(report)) as source:
            subjects = find_subjects(settings, subject, said, layout)
            cases = {name: layout.of(case) for name, case in subjects.cases.items()}
            if given.plant is not None:
                cases = _plantable(cases, given.plant)
            write_files(next(iter(cases.values())), report, layout)
            result = _examined(
                cases, partial(source, smaller=subjects.smaller), check, given, options
            )
    name = str(config or subject.case or "built-in")
    put_result(result, report, told_by(report, config), name, stated=subjects.stated)
    return _STATUS[result.verdict]


def _examined(
    cases: Mapping[str, Case],
    source: Callable[[Case], Found],
    check: Check,
    given: Given,
    options: Options,
) -> GradcheckResult:
    """Return the check of these cases, with the gradients of a source.

    BLAS is held to one thread, so that the digits depend neither on cores nor on ranks.
    """
    from mlpcli.check.run import gradcheck_each
    from mlpcli.parallel import limit_blas

    count = sum(case.network.theta.size for case in cases.values())
    with counting("entry", count) as progress, limit_blas(1):
        options = replace(options, progress=progress)
        return gradcheck_each(
            cases,
            lambda case: _check(_planted(source(case), given), check, options),
            options.tolerance,
        )


def _plantable(cases: Mapping[str, Case], name: str) -> dict[str, Case]:
    from mlpcli.check.bugs.plant import plantable

    return plantable(cases, name)


def _refuse(config: Path | None, overrides: list[str] | None, check: Check, given: Given) -> None:
    """Raise UsageError where options contradict each other."""
    if config is None and overrides:
        raise UsageError("--set changes a CONFIG, and none is given")
    if given.plant is not None and given.gradient is not None:
        raise UsageError("--plant puts a bug into our own gradient; leave it out with --gradient")
    other = "--gradient" if given.plant is None else "--plant"
    for option, value in {"--dtype": check.dtype, "--derivative": check.derivative}.items():
        if (given.gradient or given.plant) is not None and value is not None:
            raise UsageError(f"{option} is about our own gradient; leave it out with {other}")
    if given.template and (given.gradient or given.plant) is not None:
        raise UsageError("--template prints a starter and ends; leave out --gradient and --plant")


def _planted(found: Found, given: Given) -> Found:
    """Return the same with a bug planted in our gradient, if one was asked for."""
    if given.plant is None:
        return found
    from mlpcli.check.bugs.plant import planted_by

    return replace(found, gradient=planted_by(found.case, given.plant))


def _check(found: Found, check: Check, options: Options) -> GradcheckResult:
    """Return the check of one case, with somebody's gradient of it or with ours."""
    from mlpcli.check.run import examine

    loss = found.case.objective.loss
    if check.derivative is not None and len(loss.forms) == 1:
        raise UsageError(f"--derivative: the {loss.name} has one form only; leave it out")
    return examine(found, options)


def _options(config: Config | None, check: Check) -> Options:
    """Return the options of a check: the command line's, else the config's, else the defaults."""
    from mlpcli.check.options import Options

    told = dict[str, Any]()
    if config is not None:
        section = config.gradcheck
        told = {"method": section.method, "tolerance": section.tolerance, "step": section.step}
        told |= {"form": config.loss.derivative, "epsilon": config.loss.epsilon}
    said = {"method": check.method, "tolerance": check.tolerance, "form": check.derivative}
    told |= {name: value for name, value in said.items() if value is not None}
    return Options.of(**told, dtype=check.dtype, compare_losses=check.compare_losses)
