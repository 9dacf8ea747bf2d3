"""The options of `mlp gradcheck`, in the groups that belong together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlpcli import names
from mlpcli.cli import completion
from mlpcli.cli.command import Force, Json, Rows, Weights, plot_option
from mlpcli.errors import UsageError
from mlpcli.records import dataclass
from mlpcli.report.ci import FORMATS

if TYPE_CHECKING:
    from typing import TypeAlias

    from mlpcli.check.given.layout import Layout

    Activation: TypeAlias = str
    Form: TypeAlias = str
    Format: TypeAlias = str
    Loss: TypeAlias = str
    Output: TypeAlias = str
    Reduction: TypeAlias = str
else:
    Activation = Literal[*names.ACTIVATIONS]
    Form = Literal[*names.DERIVATIVES["bce"]]
    Format = Literal["text", *FORMATS]
    Loss = Literal[*names.LOSSES]
    Output = Literal[*names.OUTPUTS]
    Reduction = Literal[*names.REDUCTIONS]

Bias = Literal["vector", "row", "column", "first", "last", "none"]
Dtype = Literal["float32", "float64"]
Labels = Literal["columns", "numbers"]
Layer = Literal["out-in", "in-out"]
Method = Literal["central", "plain", "complex-step"]
Samples = Literal["rows", "columns", "vector"]

__all__ = ["Check", "Given", "Laid", "Report", "Said", "Subject"]


def _tolerance(value: float | None) -> float | None:
    if value is not None and not 0 < value < 1:
        raise UsageError(f"--tolerance: expected a number > 0 and < 1, got {value:g}")
    return value


def _points(value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise UsageError(f"--points: expected a number > 0, got {value:g}")
    return value


def _factor(text: str | None) -> str | None:
    """Refuse what is no number other than 0, such as 1/2 or -0.5."""
    if text is not None:
        from fractions import Fraction

        try:
            fine = Fraction(text) != 0
        except (ValueError, ZeroDivisionError):
            fine = False
        if not fine:
            raise UsageError(
                f'--factor: expected a number other than 0, as 1/2 or 0.5, got "{text}"'
            )
    return text


@dataclass(frozen=True)
class Subject:
    """What is checked, where it is not the case of a CONFIG with fresh weights."""

    model: Weights = None
    case: Annotated[
        Path | None,
        typer.Option("--case", metavar="FILE", help="A case: .npz, .safetensors, .json."),
    ] = None
    network: Annotated[
        str | None,
        typer.Option("--network", metavar="3-5-2", help="Sizes of a network that is drawn."),
    ] = None
    rows: Rows = None
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="S", min=0, help="Of what is drawn.")
    ] = None


@dataclass(frozen=True)
class Said:
    """What J is, where no CONFIG and no case says it; beside one it is another."""

    loss: Annotated[
        Loss | None, typer.Option("--loss", help="Default bce; cross_entropy is softmax's.")
    ] = None
    activation: Annotated[
        Activation | None, typer.Option("--activation", help="Of hidden layers; default sigmoid.")
    ] = None
    slope: Annotated[
        float | None,
        typer.Option("--slope", metavar="A", min=0, help="Of leaky_relu below 0; default 0.01."),
    ] = None
    output: Annotated[
        Output | None,
        typer.Option("--output", help="The loss's own; mse: sigmoid, or identity."),
    ] = None
    reduction: Annotated[
        Reduction | None,
        typer.Option("--reduction", help="Over rows, and outputs too (mean_all); default mean."),
    ] = None
    factor: Annotated[
        str | None,
        typer.Option("--factor", metavar="C", help="Of the data term: 1/2.", callback=_factor),
    ] = None
    l2: Annotated[
        float | None, typer.Option("--l2", metavar="L", min=0, help="J has L/2 |W|^2 more.")
    ] = None

    def keywords(self) -> dict[str, Any]:
        """Return what was said, by the names of a `Convention`."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        if self.factor is not None:
            from fractions import Fraction

            said["factor"] = float(Fraction(self.factor))
        return said


@dataclass(frozen=True)
class Check:
    """How it is checked."""

    method: Annotated[Method | None, typer.Option("--method", help="Default central.")] = None
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance", metavar="T", help="Relative; default 1e-6.", callback=_tolerance
        ),
    ] = None
    derivative: Annotated[Form | None, typer.Option("--derivative", help="Not the config's.")] = (
        None
    )
    dtype: Annotated[
        Dtype | None, typer.Option("--dtype", help="Of our own gradient; default float64.")
    ] = None
    compare_losses: Annotated[
        bool, typer.Option("--compare-losses", help="Add a table of every form per tensor.")
    ] = False


@dataclass(frozen=True)
class Given:
    """Somebody else's gradient."""

    gradient: Annotated[
        str | None,
        typer.Option(
            "--gradient",
            metavar="FILE|MODULE:FUNCTION",
            autocompletion=completion.gradients,
            help="Somebody else's: a file, or f(weights, biases, X, y) -> (d_weights, d_biases).",
        ),
    ] = None
    template: Annotated[
        bool,
        typer.Option("--template", help="Print a starter function for these options, and end."),
    ] = False
    plant: Annotated[
        str | None,
        typer.Option(
            "--plant",
            metavar="BUG[@LAYER]",
            autocompletion=completion.bugs,
            help="Ours with a known bug in it.",
        ),
    ] = None


@dataclass(frozen=True)
class Laid:
    """How the arrays lie that a function takes and returns, and those of files."""

    samples: Annotated[
        Samples | None,
        typer.Option("--samples", help="Of X and y; vector is one sample alone; default rows."),
    ] = None
    weights: Annotated[
        Layer | None,
        typer.Option("--weights", help="W is n_i x n_{i-1}, or the other way; default out-in."),
    ] = None
    bias: Annotated[
        Bias | None,
        typer.Option("--bias", help="Its shape, or where in W it is; default vector."),
    ] = None
    labels: Annotated[
        Labels | None,
        typer.Option("--labels", help="Of y: a column per output; numbers is y (N,) of classes."),
    ] = None

    def layout(self) -> Layout:
        """Return the layout; loads NumPy."""
        from mlpcli.check.given.layout import Layout

        return Layout(**{name: value for name, value in vars(self).items() if value is not None})


@dataclass(frozen=True)
class Report:
    """What is printed and written."""

    json: Json = False
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")
    ] = None
    format: Annotated[Format, typer.Option("--format", help="Of stdout.")] = "text"
    points: Annotated[
        float | None,
        typer.Option(
            "--points", metavar="P", help="To share by tensors; default 100.", callback=_points
        ),
    ] = None
    hide_diagnosis: Annotated[
        bool, typer.Option("--hide-diagnosis", help="Say what is wrong, not why.")
    ] = False
    plot: Annotated[Path | None, plot_option("Draw the errors: png, svg, pdf.")] = None
    dump: Annotated[
        Path | None,
        typer.Option("--dump", metavar="FILE", help="Write the case: .npz, .safetensors, .json."),
    ] = None
    answers: Annotated[
        Path | None,
        typer.Option("--answers", metavar="FILE", help="Write our H, Z, delta, dW, db."),
    ] = None
    force: Force = False
