"""`mlp compare-losses`."""

from __future__ import annotations

import math
import shutil
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.colour import paint
from mlpcli.cli.command import (
    Details,
    Json,
    MaybeConfig,
    Overrides,
    find_case,
    plot_option,
    read_config,
)
from mlpcli.cli.console import draw, put, put_chart, put_words
from mlpcli.cli.counter import counting
from mlpcli.errors import UsageError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from mlpcli.check.case import Case
    from mlpcli.compare.summary import Comparison
    from mlpcli.config import Config
    from mlpcli.nn.losses import Loss

__all__ = ["compare_losses"]

_DEFAULT_SEEDS = 3


def _positive(scale: float | None) -> float | None:
    if scale is not None and not 0 < scale < math.inf:
        raise UsageError(f"--weight-scale: expected a number > 0, got {scale:g}")
    return scale


def compare_losses(
    config: MaybeConfig = None,
    overrides: Overrides = None,
    loss: Annotated[
        str | None,
        typer.Option(
            "--loss",
            metavar="L",
            autocompletion=completion.losses,
            help="bce (default), or cross_entropy.",
        ),
    ] = None,
    form: Annotated[
        list[str] | None,
        typer.Option(
            "--form",
            metavar="F",
            autocompletion=completion.forms,
            help="Only these; also torch, keras, scikit-learn.",
        ),
    ] = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(
            "--dtype",
            metavar="D",
            autocompletion=completion.dtypes,
            help="Only these: float16, .., longdouble.",
        ),
    ] = None,
    logits: Annotated[
        str | None, typer.Option("--logits", metavar="LO:HI:STEP", help="Default -800 to 800.")
    ] = None,
    epsilon: Annotated[
        str | None,
        typer.Option(
            "--epsilon",
            metavar="E",
            autocompletion=completion.libraries,
            help="A number, or torch, keras, scikit-learn.",
        ),
    ] = None,
    model: Annotated[
        Path | None, typer.Option("--model", metavar="M", help="Trained weights for the layers.")
    ] = None,
    weight_scale: Annotated[
        float | None,
        typer.Option(
            "--weight-scale",
            metavar="S",
            help="Multiplies the first weights.",
            callback=_positive,
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", metavar="N", min=1, help="Runs per form; default 3.")
    ] = None,
    details: Details = False,
    json: Json = False,
    plot: Annotated[Path | None, plot_option("Draw it: png, svg or pdf.")] = None,
) -> int:
    """Compare the forms of the derivative of cross-entropy with the exact value.

    Example: mlp compare-losses --dtype float32 --form naive --form stable

    With a CONFIG also the gradient of each layer under each form, and training under each form, all
    of its loss: binary cross-entropy, or cross-entropy of a softmax.
    """
    from mlpcli.compare.choices import LOSS, comparable, parse_grid

    grid = _Grid(form, dtype, None if logits is None else parse_grid(logits), epsilon)
    if config is None:
        on_data = {"model": model, "weight-scale": weight_scale, "seeds": seeds, "set": overrides}
        _refuse_without_config(on_data)
        result = grid.compared(LOSS if loss is None else comparable(loss, "--loss"))
    else:
        if loss is not None:
            raise UsageError(f"--loss: with a CONFIG it is --set loss.kind={loss}")
        settings = read_config(config, overrides)
        case = find_case(settings, model=model)
        result = _compared(grid, settings, case, weight_scale or 1.0, seeds or _DEFAULT_SEEDS)
    undrawn = draw(plot, lambda: _figure(result))
    if json:
        _put_document(result)
        return 0
    _put_text(result, details=details)
    if undrawn:
        from mlpcli.report.compare_losses_figure import comparison_chart

        put_chart(comparison_chart(result))
    return 0


@dataclass(frozen=True)
class _Grid:
    """What the command line says of the grid: `form`, `dtype` and `epsilon` still as texts."""

    form: Sequence[str] | None
    dtype: Sequence[str] | None
    logits: NDArray[np.float64] | None
    epsilon: str | None

    def forms(self, loss: Loss) -> tuple[str, ...]:
        """Return the forms of a loss that are compared; raises UsageError."""
        from mlpcli.compare.choices import parse_forms

        return parse_forms(self.form, self.epsilon, loss)

    def compared(self, loss: Loss, epsilon: float | None = None) -> Comparison:
        """Return the comparison, by this epsilon where the command line has none."""
        from mlpcli.compare.choices import EPSILON, parse_dtypes, parse_epsilon
        from mlpcli.compare.summary import compare_on_grid

        dtypes = parse_dtypes(self.dtype or ())
        chosen = (epsilon or EPSILON) if self.epsilon is None else parse_epsilon(self.epsilon)
        return compare_on_grid(self.forms(loss), chosen, dtypes, self.logits, loss)


def _refuse_without_config(options: Mapping[str, object]) -> None:
    for option, given in options.items():
        if given:
            raise UsageError(f"--{option}: needs a CONFIG, whose network and data it is about")


def _compared(
    grid: _Grid, settings: Config, case: Case, weight_scale: float, seeds: int
) -> Comparison:
    """Return the comparison on the grid and on the data of a config."""
    from mlpcli.compare.choices import comparable
    from mlpcli.compare.on_data import compare_on_data

    loss = comparable(case.objective.loss.name, "loss.kind")
    on_grid, forms = grid.compared(loss, settings.loss.epsilon), grid.forms(loss)
    with counting("training", (len(forms) + 1) * seeds) as count:  # and those of another loss
        return compare_on_data(
            on_grid,
            forms,
            settings,
            case,
            weight_scale=weight_scale,
            seeds=seeds,
            progress=lambda _form, _seed: count(1),
        )


def _figure(result: Comparison) -> Figure:
    from mlpcli.report.compare_losses_figure import comparison_figure

    return comparison_figure(result)


def _put_document(result: Comparison) -> None:
    from mlpcli.report.compare_losses import comparison_json

    for piece in comparison_json(result):
        put(piece, end="")


def _put_text(result: Comparison, *, details: bool) -> None:
    from mlpcli.report.compare_losses import comparison_text
    from mlpcli.report.compare_losses_answer import (
        MORE,
        asks_for_values,
        comparison_answer,
        right_forms,
    )
    from mlpcli.report.marks import VERDICTS, names

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else sys.maxsize
    values = asks_for_values(result)
    answer = () if values else comparison_answer(result, width)
    rest = comparison_text(result, width) if details or values else ()
    marks = {**names(right_forms(result)), "nan": VERDICTS["FAIL"]}
    for k, section in enumerate(chain(answer, rest)):
        if k and section.title:
            put("")
        title = section.title.replace("\n", " ") if terminal else section.title
        put_words(*title.splitlines(), marks=marks)
        for line in section.table:
            put(paint(line, marks, sys.stdout))
        put_words(*section.words)
    if answer and not details:
        put_words("", MORE)
