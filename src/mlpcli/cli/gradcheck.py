"""`mlp gradcheck`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlpcli.cli.command import Force, Json, Overrides, Rows, Weights, read_config
from mlpcli.cli.console import counting, put, put_json, put_table, put_words
from mlpcli.cli.pictures import draw, plot_option, put_chart
from mlpcli.errors import UsageError
from mlpcli.names import DERIVATIVES
from mlpcli.report.ci import FORMATS

if TYPE_CHECKING:
    from mlpcli.check.run import GradcheckResult

    Format = str
    Form = str
else:
    Format = Literal["text", *FORMATS]
    Form = Literal[*DERIVATIVES["bce"]]

__all__ = ["gradcheck"]

Method = Literal["central", "plain", "complex-step"]
Dtype = Literal["float32", "float64"]

_STATUS = {"pass": 0, "fail": 1, "inconclusive": 4}
_GRADIENT = "FILE|MODULE:FUNCTION"


def gradcheck(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML config.", show_default=False)
    ] = None,
    overrides: Overrides = None,
    model: Weights = None,
    method: Annotated[Method | None, typer.Option("--method", help="Default central.")] = None,
    rows: Rows = None,
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
    format: Annotated[Format, typer.Option("--format", help="Of stdout.")] = "text",  # noqa: A002  the option's name
    plot: Annotated[Path | None, plot_option("Draw the errors: png, svg, pdf.")] = None,
    force: Force = False,
) -> int:
    """Check the gradient of every layer, ours or yours, against central differences.

    Example: mlp gradcheck configs/moons.yaml --gradient my_backprop:gradient

    Exit status: 0 every tensor was judged and is right, 1 something is wrong, 4 nothing is wrong
    but some tensor could not be judged.
    """
    if tolerance is not None and not 0 < tolerance < 1:
        raise UsageError(f"--tolerance: expected a number > 0 and < 1, got {tolerance:g}")
    if config is None and overrides:
        raise UsageError("--set changes a CONFIG, and none is given")
    for option, value in {"--dtype": dtype, "--derivative": derivative}.items():
        if gradient is not None and value is not None:
            raise UsageError(f"{option} is about our own gradient; leave it out with --gradient")
    if json and format in FORMATS:
        raise UsageError(f"--json and --format {format}: stdout holds one of them")

    settings = None if config is None else read_config(config, overrides)

    from mlpcli.check.run import gradcheck as run
    from mlpcli.cli.request import check_options, dump_case, find_case, find_gradient
    from mlpcli.files import write_bytes
    from mlpcli.report import gradcheck as report
    from mlpcli.report.ci import junit_xml

    checked = find_case(settings, case_file=case, model=model, rows=rows)
    if dump is not None:
        dump_case(checked, dump, force=force)
    given, findings = (None, ()) if gradient is None else find_gradient(gradient, checked)
    with counting(checked.network.theta.size) as progress:
        result = run(
            checked,
            given,
            dtype=dtype or "float64",
            compare_losses=compare_losses,
            findings=findings,
            progress=progress,
            **check_options(settings, method, tolerance, derivative),
        )
    if junit is not None:
        write_bytes(junit, junit_xml(result, str(config or case)))
    undrawn = draw(plot, lambda: report.error_heat_map(result))
    if json:
        put_json(report.gradcheck_document(result))
    elif format in FORMATS:
        put(FORMATS[format](result, None if config is None else str(config)))
    else:
        _put_text(result, charted=undrawn)
    return _STATUS[result.verdict]


def _put_text(result: GradcheckResult, *, charted: bool) -> None:
    from mlpcli.report import gradcheck as report

    put_table(report.gradcheck_table(result))
    if result.forms is not None:
        put_table(report.forms_table(result.forms))
    put_words(*report.gradcheck_words(result))
    if charted:
        put_chart(report.error_chart(result))
