"""`mlp gradcheck`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli.checks import refuse_contradictions
from mlpcli.cli.command import Force, Json, Overrides
from mlpcli.cli.console import put, put_json, put_table, put_words
from mlpcli.errors import UsageError

if TYPE_CHECKING:
    from mlpcli.check.run import GradcheckResult

__all__ = ["gradcheck"]


class Method(StrEnum):
    """How the numbers are made."""

    CENTRAL = "central"
    PLAIN = "plain"
    COMPLEX_STEP = "complex-step"


class Form(StrEnum):
    """Which form of the derivative our own gradient uses."""

    NAIVE = "naive"
    EPSILON = "epsilon"
    CLAMPED = "clamped"
    FUSED = "fused"
    STABLE = "stable"


class Dtype(StrEnum):
    """In which precision our own gradient is computed."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"


class Format(StrEnum):
    """What is written to stdout."""

    TEXT = "text"
    GITHUB = "github"


_STATUS = {"pass": 0, "fail": 1, "inconclusive": 4}
_GRADIENT = "FILE|MODULE:FUNCTION"


def gradcheck(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML config.", show_default=False)
    ] = None,
    overrides: Overrides = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="M", help="Trained weights, not fresh ones.")
    ] = None,
    method: Annotated[Method | None, typer.Option("--method", help="Default central.")] = None,
    rows: Annotated[
        int | None, typer.Option("--rows", metavar="N", min=1, help="Rows; default all, to 1000.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", metavar="T", help="Relative; default 1e-6.")
    ] = None,
    derivative: Annotated[
        Form | None, typer.Option("--derivative", help="Not the config's.")
    ] = None,
    dtype: Annotated[
        Dtype | None, typer.Option("--dtype", help="Of our own gradient; default float64.")
    ] = None,
    compare_losses: Annotated[
        bool, typer.Option("--compare-losses", help="Add a table of every form per tensor.")
    ] = False,
    gradient: Annotated[
        str | None, typer.Option("--gradient", metavar=_GRADIENT, help="Somebody else's gradient.")
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Option("--dump", metavar="FILE", help="Write the case: .npz, .safetensors."),
    ] = None,
    case: Annotated[
        Path | None, typer.Option("--case", metavar="FILE", help="A case, not data and weights.")
    ] = None,
    json: Json = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="Of stdout.")] = Format.TEXT,  # noqa: A002  the option's name
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the errors: png, svg, pdf.")
    ] = None,
    force: Force = False,
) -> int:
    """Check the gradient of every layer, ours or yours, against central differences.

    Example: mlp gradcheck configs/moons.yaml --gradient my_backprop:gradient

    Exit status: 0 every tensor was judged and is right, 1 something is wrong, 4 nothing is wrong
    but some tensor could not be judged.
    """
    options = {"--dtype": dtype, "--derivative": derivative}
    refuse_contradictions(config, overrides, tolerance, gradient, options)
    if json and format is Format.GITHUB:
        raise UsageError("--json and --format github: stdout holds one of them")

    from mlpcli.config import load_config

    settings = None if config is None else load_config(config, overrides or ())

    from mlpcli.check.run import gradcheck as run
    from mlpcli.cli.checks import check_options, counting, dump_case
    from mlpcli.cli.pictures import accept, draw, put_chart
    from mlpcli.cli.request import find_case, find_gradient
    from mlpcli.files import write_bytes
    from mlpcli.report.check_charts import error_chart
    from mlpcli.report.github import github_annotations
    from mlpcli.report.gradcheck import gradcheck_document
    from mlpcli.report.junit import junit_xml
    from mlpcli.report.plots import error_heat_map

    accept(plot)
    checked = find_case(settings, case_file=case, model=model, rows=rows)
    if dump is not None:
        dump_case(checked, dump, force=force)
    given = None if gradient is None else find_gradient(gradient, checked)
    with counting(checked.network.theta.size) as progress:
        result = run(
            checked,
            None if given is None else given.parameters,
            dtype=(dtype or Dtype.FLOAT64).value,
            compare_losses=compare_losses,
            findings=() if given is None else given.findings,
            progress=progress,
            **check_options(settings, method, tolerance, derivative),
        )
    if junit is not None:
        write_bytes(junit, junit_xml(result, str(config or case)))
    charted = draw(plot, lambda: error_heat_map(result))
    if json:
        put_json(gradcheck_document(result))
    elif format is Format.GITHUB:
        put("\n".join(github_annotations(result, None if config is None else str(config))))
    else:
        _show(result)
        if charted:
            put_chart(error_chart(result))
    return _STATUS[result.verdict]


def _show(result: GradcheckResult) -> None:
    from mlpcli.report.gradcheck import forms_table, gradcheck_table, gradcheck_words

    put_table(gradcheck_table(result))
    if result.forms is not None:
        put_table(forms_table(result.forms))
    put_words(*gradcheck_words(result))
