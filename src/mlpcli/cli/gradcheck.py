"""`mlp gradcheck`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlpcli.cli.command import (
    Force,
    Json,
    MaybeConfig,
    Overrides,
    Rows,
    Weights,
    find_case,
    plot_option,
    read_config,
)
from mlpcli.cli.console import counting, draw, put, put_chart, put_json, put_table, put_words
from mlpcli.errors import UsageError
from mlpcli.names import DERIVATIVES
from mlpcli.report.ci import FORMATS

if TYPE_CHECKING:
    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.run import GradcheckResult
    from mlpcli.config import Config
    from mlpcli.nn.network import Parameters

    Format = str
    Form = str
else:
    Format = Literal["text", *FORMATS]
    Form = Literal[*DERIVATIVES["bce"]]

__all__ = ["gradcheck"]

Method = Literal["central", "plain", "complex-step"]
Dtype = Literal["float32", "float64"]

_STATUS = {"pass": 0, "fail": 1, "inconclusive": 4}
_CASES = {".npz", ".safetensors"}  # the formats of a case and of a gradient
_GRADIENT = "FILE|MODULE:FUNCTION"


def gradcheck(
    config: MaybeConfig = None,
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
    from mlpcli.files import write_bytes
    from mlpcli.report import gradcheck as report
    from mlpcli.report.ci import junit_xml

    checked = _find_case(settings, case, model, rows)
    if dump is not None:
        _dump(checked, dump, force=force)
    given, findings = (None, ()) if gradient is None else _find_gradient(gradient, checked)
    with counting(checked.network.theta.size) as progress:
        result = run(
            checked,
            given,
            dtype=dtype or "float64",
            compare_losses=compare_losses,
            findings=findings,
            progress=progress,
            **_options(checked, settings, method, tolerance, derivative),
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


def _find_case(
    config: Config | None, file: Path | None, model: Path | None, rows: int | None
) -> Case:
    """Return the case of a file, with the objective of the config if there is one, or of a config.

    Raises UsageError where neither is given or the options contradict each other.
    """
    if file is None:
        if config is None:
            raise UsageError("expected a CONFIG or --case FILE; see mlp gradcheck --help")
        return find_case(config, model=model, rows=rows)
    if model is not None or rows is not None:
        raise UsageError("--case brings its own weights and rows; leave out --model and --rows")

    from mlpcli.check.exchange import read_arrays, read_case
    from mlpcli.compare.on_data import objective_keywords
    from mlpcli.training.build import activation_from

    keywords = {} if config is None else objective_keywords(config)
    if config is not None and "loss" not in keywords:
        y = read_arrays(file).get("y")
        many = y is not None and y.ndim == 2 and y.shape[1] > len(config.data.target) == 1
        keywords["loss"] = "cross_entropy" if many else "bce"
    activation = None if config is None else activation_from(config.network)
    case = read_case(file, activation, **keywords)
    if config is not None and case.omega is None and _weighs(config):
        raise UsageError(
            f"{file}: has no omega, but the config weighs rows or classes; dump the case "
            "with this config, or leave the weights out"
        )
    return case


def _weighs(config: Config) -> bool:
    return config.loss.class_weight is not None or config.data.weight is not None


def _dump(case: Case, path: Path, *, force: bool) -> None:
    """Write the case to a file that is not there yet, or with `force` to any."""
    from mlpcli.check.exchange import write_case
    from mlpcli.files import atomic_file, refuse_existing

    if path.suffix not in _CASES:
        raise UsageError(f"--dump {path}: expected a name that ends in .npz or .safetensors")
    refuse_existing(path, force=force)
    with atomic_file(path) as file:
        write_case(case, file, path.suffix)


def _find_gradient(name: str, case: Case) -> tuple[Parameters, tuple[Diagnosis, ...]]:
    """Return the gradient of a file, or of a function "package.module:function" run on the case.

    With it comes what was found out about the function. Raises CaseError where the gradient cannot
    be had or does not fit the case.
    """
    from mlpcli.check.exchange import read_gradient
    from mlpcli.check.given import load_function, run_function

    path = Path(name)
    if path.suffix in _CASES or path.exists():
        return read_gradient(path, case), ()
    run = run_function(load_function(name), name, case)
    return run.gradient, run.misbehaviour


def _options(
    case: Case,
    config: Config | None,
    method: str | None,
    tolerance: float | None,
    derivative: str | None,
) -> dict[str, Any]:
    """Return the keywords of a check: the command line's, else the config's, else the defaults."""
    loss, options = case.objective.loss, dict[str, Any]()
    if derivative is not None and len(loss.forms) == 1:
        raise UsageError(f"--derivative: the {loss.name} has one form only; leave it out")
    if config is not None:
        section = config.gradcheck
        options = {"method": section.method, "tolerance": section.tolerance, "step": section.step}
        options |= {"form": config.loss.derivative, "epsilon": config.loss.epsilon}
    given = {"method": method, "tolerance": tolerance, "form": derivative}
    return options | {name: value for name, value in given.items() if value is not None}


def _put_text(result: GradcheckResult, *, charted: bool) -> None:
    from mlpcli.report import gradcheck as report

    put_table(report.gradcheck_table(result))
    if result.forms is not None:
        put_table(report.forms_table(result.forms))
    put_words(*report.gradcheck_words(result))
    if charted:
        put_chart(report.error_chart(result))
