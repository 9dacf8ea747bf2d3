"""`mlp export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlpcli import names
from mlpcli.cli.command import Force, ModelFile
from mlpcli.cli.console import complain

__all__ = ["export"]

if TYPE_CHECKING:
    FormatName = str
else:
    FormatName = Literal[*names.EXPORTS]


def export(
    model: ModelFile,
    to: Annotated[FormatName, typer.Option("--to", help="Format of the file.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="What to write.")],
    force: Force = False,  # noqa: ARG001  judged in cli/paths.py
) -> int:
    """Write a model for other tools, with what turns raw columns into inputs.

    Example: mlp export runs/moons --to onnx -o moons.onnx

    onnx: raw columns in, probabilities and labels out. npz: arrays for NumPy. json: all of it, to
    be read anywhere. c: a header in C99 that needs no library.
    """
    from mlpcli.export.formats import FORMATS
    from mlpcli.files import write_bytes
    from mlpcli.training.model_file import load_model

    write_bytes(output, FORMATS[to](load_model(model), output.name))
    complain(f"{output}: written")
    return 0
