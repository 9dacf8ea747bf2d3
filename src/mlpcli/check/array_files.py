"""Files of named arrays: .npz, .safetensors and .json. They may come from anybody.

Nothing in them is executed; how much they unpack to is bounded, and known before it is unpacked.
JSON holds an object of nested lists of numbers, null where an entry is no number: a name that comes
twice, text among the numbers and rows of unequal length are refused.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from math import prod
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlpcli.errors import CaseError
from mlpcli.records import dataclass
from mlpcli.text import shorten, show_name

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SUFFIXES", "ArrayFile", "read_array_file", "write_array_file"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]

_MOST_BYTES = 1 << 30  # of all arrays together; every entry of a case is checked, one by one
_MOST_TEXT = 1 << 28  # characters of a .json file
_MOST_NAMES = 10_000


@dataclass(frozen=True)
class ArrayFile:
    """What a file holds under its names: trees of arrays, and texts.

    A tree is an array; in JSON it may also be lists or objects of arrays.
    """

    trees: Mapping[str, Any]
    texts: Mapping[str, str]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees as arrays. Raises CaseError that names the first that is none."""
        return {name: _whole(name, tree) for name, tree in self.trees.items()}


def read_array_file(path: Path) -> ArrayFile:
    """Return what a file holds. Raises CaseError, in one line, for what cannot be read."""
    if path.suffix not in _FORMATS:
        raise CaseError(f"{path}: expected a {_EITHER} file, got {path.suffix or 'none'}")
    try:
        return _FORMATS[path.suffix].read(path)
    except FileNotFoundError:
        raise CaseError(f"{path}: no such file") from None
    except OSError as error:
        raise CaseError(f"{path}: cannot be read: {error.strerror or error}") from None
    except CaseError as error:
        raise CaseError(f"{path}: {error}") from None
    except RecursionError:
        raise CaseError(f"{path}: its lists are nested too deeply") from None
    except Exception as error:  # noqa: BLE001  what zlib, zipfile and safetensors raise has no common base
        why = shorten((str(error) or type(error).__name__).splitlines()[0], 200)
        raise CaseError(f"{path}: no {path.suffix[1:]} file, or a damaged one: {why}") from None


def write_array_file(
    file: IO[bytes], suffix: str, arrays: Arrays, texts: Mapping[str, str] | None = None
) -> None:
    """Write arrays and texts to an open file in the format of the suffix, one of SUFFIXES."""
    _FORMATS[suffix].write(file, arrays, texts or {})


def _read_npz(path: Path) -> ArrayFile:
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        names = [info.filename for info in archive.infolist()]
        _require_few(names)
        _require_once(name.removesuffix(".npy") for name in names)
        _require_small(sum(_declared_bytes(archive, name) for name in names))
        arrays = {name.removesuffix(".npy"): _member(archive, name) for name in names}
    texts = {name: str(a) for name, a in arrays.items() if a.dtype.kind == "U" and a.ndim == 0}
    return ArrayFile({name: a for name, a in arrays.items() if name not in texts}, texts)


def _declared_bytes(archive: zipfile.ZipFile, name: str) -> int:
    """Return how many bytes a member says that its array has."""
    with archive.open(name) as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            read = np.lib.format.read_array_header_2_0
        shape, _, dtype = read(member)
    if dtype.hasobject:
        raise CaseError("holds Python objects; only plain arrays are read")
    return prod(shape) * dtype.itemsize


def _member(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as member:
        array: NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
        return array


def _read_safetensors(path: Path) -> ArrayFile:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:  # what it declares has to be in the file
        names = [*file.keys()]
        _require_few(names)
        return ArrayFile({name: file.get_tensor(name) for name in names}, file.metadata() or {})


def _read_json(path: Path) -> ArrayFile:
    with path.open(encoding="utf-8") as file:
        text = file.read(_MOST_TEXT + 1)
    if len(text) > _MOST_TEXT:
        raise CaseError(f"is longer than {_MOST_TEXT:,} characters")
    document = json.loads(text, object_pairs_hook=_once, parse_int=float)
    if not isinstance(document, dict):
        raise CaseError(f"expected an object of named arrays, got {_kind(document)}")
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    trees = {n: _tree(n, value) for n, value in document.items() if n not in texts}
    return ArrayFile(trees, texts)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _require_few([name for name, _ in pairs])
    _require_once(name for name, _ in pairs)
    return dict(pairs)


def _tree(name: str, value: Any) -> Any:
    """Return a value of JSON with its innermost lists as arrays; null is nan in them."""
    if isinstance(value, dict):
        return {key: _tree(f"{name}.{key}", item) for key, item in value.items()}
    if isinstance(value, list):
        if any(isinstance(item, (list, dict)) for item in value):
            return [_tree(name, item) for item in value]
        if not any(isinstance(item, str) for item in value):
            return np.array(value, np.float64)  # None becomes nan
        value = next(item for item in value if isinstance(item, str))
    if isinstance(value, (str, bool)) or value is None:
        raise CaseError(f"{shorten(name)}: expected numbers, got {_kind(value)}")
    return np.array(value, np.float64)


def _whole(name: str, tree: Any) -> NDArray[Any]:
    if isinstance(tree, dict):
        raise CaseError(f"{shorten(name)}: expected an array, got an object")
    try:
        array = np.asarray(tree)
    except ValueError:
        raise CaseError(f"{shorten(name)}: expected rows of one length") from None
    if array.dtype.hasobject:
        raise CaseError(f"{shorten(name)}: expected rows of numbers, got an object in one")
    return array


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")


def _require_few(names: list[str]) -> None:
    if len(names) > _MOST_NAMES:
        raise CaseError(f"holds {len(names):,} names; expected at most {_MOST_NAMES:,}")


def _require_once(names: Any) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise CaseError(f"{show_name(shorten(name))} comes twice")
        seen.add(name)


def _require_small(size: int) -> None:
    if size > _MOST_BYTES:
        raise CaseError(f"unpacks to {size:,} bytes; expected at most {_MOST_BYTES:,}")


def _write_npz(file: IO[bytes], arrays: Arrays, texts: Mapping[str, str]) -> None:
    members: dict[str, Any] = {**arrays, **{name: np.array(text) for name, text in texts.items()}}
    np.savez(file, **members)


def _write_safetensors(file: IO[bytes], arrays: Arrays, texts: Mapping[str, str]) -> None:
    from mlpcli.files import to_safetensors

    file.write(to_safetensors(arrays, texts))


def _write_json(file: IO[bytes], arrays: Arrays, texts: Mapping[str, str]) -> None:
    """Write a line per array, numbers with all their digits, null for nan and inf."""
    values = {name: _lists(array) for name, array in arrays.items()} | dict(texts)
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    file.write(("{\n" + ",\n".join(lines) + "\n}\n").encode())


def _lists(array: NDArray[Any]) -> Any:
    if array.ndim:
        return [_lists(item) for item in array]
    number = float(array)
    return number if np.isfinite(number) else None


@dataclass(frozen=True)
class _Format:
    read: Callable[[Path], ArrayFile]
    write: Callable[[IO[bytes], Arrays, Mapping[str, str]], None]


_FORMATS = {
    ".npz": _Format(_read_npz, _write_npz),
    ".safetensors": _Format(_read_safetensors, _write_safetensors),
    ".json": _Format(_read_json, _write_json),
}
SUFFIXES = tuple(_FORMATS)
_EITHER = ".npz, .safetensors or .json"
