"""Cases and gradients as files, so that any language can compute a gradient that is checked here.

A case holds X (N x n_0), y (N x K), W1, b1, .. WL, bL, omega (N x K) where cells are weighed, and
the objective, what J is, as a JSON text; a gradient holds W1, b1, .. of the same shapes. Both are
.npz or .safetensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.check.case import Case, case_from
from mlpcli.check.convention import Convention, convention_of, read_convention
from mlpcli.errors import CaseError
from mlpcli.nn.network import Network, Parameters
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

__all__ = [
    "CaseFile",
    "parameters_from",
    "read_arrays",
    "read_case",
    "read_case_file",
    "read_gradient",
    "write_case",
]

Arrays = Mapping[str, NDArray[Any]]
_OBJECTIVE = "objective"
_SUFFIXES = (".npz", ".safetensors")


def write_case(case: Case, file: IO[bytes], suffix: str) -> None:
    """Write the case to an open file in the format of the suffix, .npz or .safetensors."""
    arrays = {"X": case.X, "y": case.y, **dict(case.network.tensors())}
    if case.omega is not None:
        arrays["omega"] = case.omega
    objective = json.dumps(convention_of(case).document())
    if suffix == ".npz":
        np.savez(file, **arrays, objective=np.array(objective))  # type: ignore[arg-type]  # numpy's stub takes the names for its own options
    else:
        from safetensors.numpy import save

        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        file.write(save(contiguous, {_OBJECTIVE: objective}))


@dataclass(frozen=True)
class CaseFile:
    """What a file says of a case; `convention` is None where it does not say what J is."""

    path: Path
    arrays: Arrays
    network: Network
    convention: Convention | None

    def case(self, convention: Convention, learning_rate: float | None = None) -> Case:
        """Return the case under this convention. Raises CaseError where that cannot be."""
        arrays = self.arrays
        try:
            case = case_from(
                self.network,
                arrays["X"],
                arrays["y"],
                omega=arrays.get("omega"),
                loss=convention.loss,
                output=convention.output,
                learning_rate=learning_rate,
            )
            return convention.applied(case)
        except CaseError as error:
            raise CaseError(*(f"{self.path}: {line}" for line in error.lines)) from error


def read_case(path: Path, **said: Any) -> Case:
    """Return the case of a file; `said` of a `Convention` comes before what the file says.

    Raises CaseError for what is no case.
    """
    found = read_case_file(path)
    return found.case((found.convention or Convention()).with_said(**said))


def read_case_file(path: Path) -> CaseFile:
    """Return what a file says of a case: arrays of any real dtype.

    Raises CaseError for what is no case.
    """
    arrays, said = _read(path)
    text = arrays.pop(_OBJECTIVE, None)
    if text is not None:
        said = str(text) if text.dtype.kind == "U" and text.ndim == 0 else "an array"
    for name in ("X", "y", "W1"):
        if name not in arrays:
            raise CaseError(f'{path}: expected an array "{name}", got {_listed(arrays)}')
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise CaseError(f"{path}: {name}: expected real numbers, got {array.dtype}")
        if array.ndim == 0 or array.size == 0:
            raise CaseError(f"{path}: {name}: expected numbers, got shape {array.shape}")
    unknown = [name for name in arrays if not re.fullmatch(r"X|y|omega|[Wb][1-9]\d*", name)]
    if unknown:
        guess = did_you_mean(unknown[0], ("X", "y", "W1", "b1")) or "; expected X, y, W1, b1, .."
        raise CaseError(f'{path}: unknown array "{unknown[0]}"{guess}')
    try:
        convention = None if said is None else read_convention(said)
    except CaseError as error:
        raise CaseError(f"{path}: {error}") from None
    return CaseFile(path, arrays, _network(path, arrays), convention)


def read_gradient(path: Path, case: Case) -> Parameters:
    """Return the gradient in a file, float32 or float64, for the network of the case.

    Raises CaseError that says what was expected, and what bug a wrong shape betrays.
    """
    return parameters_from(read_arrays(path), case, str(path))


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an .npz or .safetensors file; nothing in it is executed."""
    return _read(path)[0]


def _read(path: Path) -> tuple[dict[str, NDArray[Any]], str | None]:
    """Return the arrays, and the objective of which a .safetensors file holds the text."""
    if path.suffix not in _SUFFIXES:
        raise CaseError(
            f"{path}: expected a .npz or .safetensors file, got {path.suffix or 'none'}"
        )
    try:
        if path.suffix == ".npz":
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays), None
        from safetensors import safe_open

        with safe_open(path, "numpy") as tensors:
            names = list(tensors.keys())
            return {n: tensors.get_tensor(n) for n in names}, (tensors.metadata() or {}).get(
                _OBJECTIVE
            )
    except FileNotFoundError:
        raise CaseError(f"{path}: no such file") from None
    except OSError as error:
        raise CaseError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # noqa: BLE001  what zlib, zipfile and safetensors raise has no common base
        if "pickle" in str(error):
            raise CaseError(f"{path}: holds Python objects; only plain arrays are read") from None
        why = (str(error) or type(error).__name__).splitlines()[0]
        raise CaseError(f"{path}: no {path.suffix[1:]} file, or a damaged one: {why}") from None


def _listed(arrays: Arrays) -> str:
    return ", ".join(list(arrays)[:8]) or "nothing"


def _network(path: Path, arrays: Arrays) -> Network:
    depth = sum(name[0] == "W" for name in arrays)
    bias = any(name[0] == "b" for name in arrays)
    for i in range(1, depth + 1):
        for name in (f"W{i}", f"b{i}")[: 1 + bias]:
            if name not in arrays:
                raise CaseError(f'{path}: no array "{name}"; it has {_listed(arrays)}')
        if arrays[f"W{i}"].ndim != 2:
            raise CaseError(f"{path}: W{i}: expected a matrix, got {arrays[f'W{i}'].shape}")
    sizes = [arrays["W1"].shape[1], *(arrays[f"W{i}"].shape[0] for i in range(1, depth + 1))]
    network = Network(sizes, bias, np.empty(Network.count(sizes, bias)))
    expected = {name for name, _ in network.tensors()}
    extra = [name for name in arrays if name[0] in "Wb" and name not in expected]
    if extra:
        raise CaseError(f'{path}: "{extra[0]}" belongs to no layer of a network of {depth} layers')
    for name, view in network.tensors():
        if arrays[name].shape != view.shape:
            raise CaseError(f"{path}: {name}: expected {view.shape}, got {arrays[name].shape}; "
                            "W_i is n_i x n_{i-1}, rows of X are samples")  # fmt: skip
        view[:] = arrays[name]
    return network


def parameters_from(arrays: Arrays, case: Case, source: str) -> Parameters:
    """Return arrays named W1, b1, .. as a gradient of the case's network; see `read_gradient`."""
    network = case.network
    names = [name for name, _ in network.tensors()]
    lines = [f'{source}: no array "{name}"; it has {_listed(arrays)}'
             for name in names if name not in arrays]  # fmt: skip
    lines += [f'{source}: "{name}" is no tensor of the network; expected {", ".join(names)}'
              for name in arrays if name not in names]  # fmt: skip
    for name, tensor in network.tensors():
        if name in arrays:
            lines += _wrong(source, name, arrays, tensor.shape, rows=len(case.X), network=network)
    if lines:
        raise CaseError(*lines)
    single = all(array.dtype.itemsize == 4 for array in arrays.values())
    dtype = np.float32 if single else np.float64
    flat = [np.asarray(arrays[name], dtype).ravel() for name in names]
    return Parameters(network.sizes, network.bias, np.concatenate(flat))


def _wrong(
    source: str, name: str, arrays: Arrays, shape: tuple[int, ...], *, rows: int, network: Network
) -> list[str]:
    array = arrays[name]
    if array.dtype.newbyteorder("=") not in (np.float32, np.float64):
        return [f"{source}: {name}: expected float32 or float64, got {array.dtype}"]
    if array.shape == shape:
        return []
    hint = _betrayed(name, array.shape, shape, rows, network)
    return [f"{source}: {name}: expected shape {shape}, got {array.shape}{hint}"]


def _betrayed(
    name: str, got: tuple[int, ...], shape: tuple[int, ...], rows: int, network: Network
) -> str:
    """Return the bug that a wrong shape gives away."""
    mirrored = network.W if name[0] == "W" else network.b
    position = int(name[1:]) - 1
    if got == shape[::-1]:
        return ": it is transposed; W_i is n_i x n_{i-1}, so dJ/dW_i = delta_i^T Z_{i-1}"
    if got == (rows, *shape):
        return ": it is one gradient per row; sum over rows"
    if name[0] == "b" and got in {(1, *shape), (*shape, 1)}:
        return ": a bias gradient has one dimension"
    if got == mirrored[len(mirrored) - 1 - position].shape:
        return ": that is the shape of the mirrored layer; are the layers reversed?"
    return ""
