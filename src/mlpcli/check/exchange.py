"""Cases and gradients as files, so that any language can compute a gradient that is checked here.

A case holds X (N x n_0), y (N x K), W1, b1, .. WL, bL, omega (N x K) where cells are weighed, and
the objective, what J is, as a JSON text; a gradient holds W1, b1, .. of the same shapes. Both are
.npz, .safetensors or .json, in any layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mlpcli.check.array_files import SUFFIXES, ArrayFile, read_array_file, write_array_file
from mlpcli.check.case_arrays import CaseArrays, arrays_of, listed, read_case_arrays
from mlpcli.check.convention import Convention, convention_of, read_convention
from mlpcli.check.given.intermediates import is_known
from mlpcli.check.given.layout import OURS
from mlpcli.check.given.returned import read
from mlpcli.errors import CaseError
from mlpcli.records import dataclass
from mlpcli.text import did_you_mean, show_name

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout
    from mlpcli.check.given.returned import Returned
    from mlpcli.nn.network import Network

__all__ = [
    "SUFFIXES",
    "CaseFile",
    "read_case",
    "read_case_file",
    "read_returned",
    "write_case",
]

Arrays = Mapping[str, NDArray[Any]]
_OBJECTIVE = "objective"


def write_case(case: Case, file: IO[bytes], suffix: str, layout: Layout = OURS) -> None:
    """Write the case to an open file in the format of the suffix, one of SUFFIXES."""
    objective = json.dumps(convention_of(case).document())
    write_array_file(file, suffix, arrays_of(case, layout), {_OBJECTIVE: objective})


@dataclass(frozen=True)
class CaseFile:
    """What a file says of a case; `convention` is None where it does not say what J is."""

    path: Path
    arrays: CaseArrays
    convention: Convention | None

    @property
    def network(self) -> Network:
        """The network of the case."""
        return self.arrays.network

    def case(self, convention: Convention, learning_rate: float | None = None) -> Case:
        """Return the case under this convention. Raises CaseError where that cannot be."""
        try:
            return self.arrays.case(convention, learning_rate)
        except CaseError as error:
            raise CaseError(*(f"{self.path}: {line}" for line in error.lines)) from error


def read_case(path: Path, **said: Any) -> Case:
    """Return the case of a file; `said` of a `Convention` comes before what the file says.

    Raises CaseError for what is no case.
    """
    found = read_case_file(path)
    return found.case((found.convention or Convention()).with_said(**said))


def read_case_file(path: Path, layout: Layout = OURS) -> CaseFile:
    """Return what a file in this layout says of a case: arrays of any real dtype.

    Raises CaseError for what is no case.
    """
    file = read_array_file(path)
    try:
        arrays = read_case_arrays(_named_arrays(file), layout)
        said = file.texts.get(_OBJECTIVE)
        convention = None if said is None else read_convention(said)
    except CaseError as error:
        raise CaseError(*(f"{path}: {line}" for line in error.lines)) from error
    return CaseFile(path, arrays, convention)


def _named_arrays(file: ArrayFile) -> Arrays:
    """Return the arrays of a case file, whose names are right."""
    arrays = file.arrays()
    for name in ("X", "y", "W1"):
        if name not in arrays:
            raise CaseError(f'expected an array "{name}", got {listed(arrays)}')
    unknown = [name for name in arrays if not re.fullmatch(r"X|y|omega|[Wb][1-9]\d*", name)]
    if unknown:
        guess = did_you_mean(unknown[0], ("X", "y", "W1", "b1")) or "; expected X, y, W1, b1, .."
        raise CaseError(f"unknown array {show_name(unknown[0])}{guess}")
    return arrays


def read_returned(path: Path, case: Case, layout: Layout = OURS) -> Returned:
    """Return the gradient in a file in this layout, with what stands beside it.

    Raises CaseError that says what was expected, and what bug or layout a wrong shape betrays.
    """
    file = read_array_file(path)
    found = read(dict(file.trees), case, layout, str(path))
    unknown = [name for name in (*found.beside, *file.texts) if not is_known(name)]
    if unknown:
        names = ", ".join(name for name, _ in case.network.tensors())
        name = show_name(unknown[0])
        raise CaseError(f"{path}: {name} is no tensor of the network; expected {names}")
    return found
