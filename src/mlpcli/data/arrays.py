"""Turns a column of Python's or NumPy's values into Arrow, without a copy where its bytes allow."""

from __future__ import annotations

import datetime
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import numpy as np

from mlpcli.errors import DataError
from mlpcli.text import show_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Gaps: TypeAlias = NDArray[np.bool_] | None

__all__ = ["arrow_column"]

_PLAIN = (str, Real, Decimal, UUID, datetime.date, datetime.time)


def arrow_column(path: Path, name: str, values: Any) -> Any:
    """Return nanoarrow's array of a column: its numbers, truth values, times or texts.

    None, nan, NaT and masked entries are missing. Raises DataError for what is not a column, or
    holds something else.
    """
    try:
        return _made(_array(values))
    except _Unfit as error:
        raise DataError(f"{path}: column {show_name(name)}: {error}") from None


def _made(array: NDArray[Any]) -> Any:
    if array.ndim != 1:
        raise _Unfit(f"expected one value per row, got an array of shape {array.shape}")
    make = _MAKERS.get(array.dtype.kind)
    if make is None:
        raise _Unfit(f"expected numbers or text, got {array.dtype}")
    masked = isinstance(array, np.ma.MaskedArray)
    return make(np.ma.getdata(array), np.ma.getmaskarray(array) if masked else None)


class _Unfit(Exception):
    """What is wrong with the values of a column, in words."""


def _array(values: Any) -> NDArray[Any]:
    """Return the column as an array; values of several types stay what they are."""
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise _Unfit(f"expected a list or an array of values, got {type(values).__name__}")
    if isinstance(values, np.ma.MaskedArray):
        return values
    if not isinstance(values, list | tuple):
        return np.asarray(values)
    out = np.empty(len(values), object)
    out[:] = values
    return out


def _numbers(values: NDArray[Any], gaps: Gaps) -> Any:
    """Return integers and floats as they lie in memory, where Arrow has such."""
    native = values.dtype.newbyteorder("=")
    if native.kind == "f" and native.itemsize not in (4, 8):
        native = np.dtype(np.float64)
    return _built(native.str[1:], len(values), np.ascontiguousarray(values, native), gaps)


def _truths(values: NDArray[Any], gaps: Gaps) -> Any:
    packed = np.packbits(values, bitorder="little")
    return _built("b1", len(values), packed, gaps)


def _times(values: NDArray[Any], gaps: Gaps) -> Any:
    gaps = np.isnat(values) if gaps is None else gaps | np.isnat(values)
    days = np.datetime_data(values.dtype)[0] in ("Y", "M", "W", "D")
    if days:
        return _built("date", len(values), values.astype("M8[D]").astype(np.int32), gaps)
    return _built("time", len(values), values.astype("M8[us]").astype(np.int64), gaps)


def _texts(values: NDArray[Any], gaps: Gaps) -> Any:
    from nanoarrow import c_array, string

    texts: list[Any] = values.tolist()
    if values.dtype.kind == "S":
        texts = [_decoded(text) for text in texts]
    for row in () if gaps is None else np.flatnonzero(gaps).tolist():
        texts[row] = None
    return c_array(texts, string())


def _objects(values: NDArray[Any], gaps: Gaps) -> Any:
    """Return Python's objects as what all of them are: truth values, numbers, or else texts."""
    items: list[Any] = values.tolist()
    missing = np.fromiter(map(_is_missing, items), np.bool_, len(items))
    if gaps is not None:
        missing |= gaps
    present = [item for item, lacks in zip(items, missing.tolist(), strict=True) if not lacks]
    if present and all(isinstance(item, bool | np.bool_) for item in present):
        return _truths(_filled(present, missing, np.dtype(np.bool_)), missing)
    if all(isinstance(item, Real | Decimal) for item in present):
        return _numbers(_filled(present, missing, np.dtype(np.float64)), missing)
    texts = np.empty(len(items), object)
    texts[~missing] = [_text(item) for item in present]
    return _texts(texts, missing)


def _filled(present: list[Any], missing: NDArray[np.bool_], dtype: np.dtype[Any]) -> NDArray[Any]:
    out = np.zeros(missing.size, dtype)
    out[~missing] = present
    return out


def _is_missing(item: object) -> bool:
    """Say whether an object stands for no value: None, and nan, NaT and NA, which equal nothing."""
    if item is None:
        return True
    if isinstance(item, str):
        return False
    same: object = item == item  # noqa: PLR0124
    return not hasattr(same, "__len__") and not (isinstance(same, bool | np.bool_) and bool(same))


def _text(item: object) -> str:
    if isinstance(item, bytes):
        return _decoded(item)
    if isinstance(item, bool | np.bool_):
        return str(bool(item)).lower()
    if isinstance(item, _PLAIN):
        return str(item)
    raise _Unfit(f"expected numbers or text, got {type(item).__name__}")


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise _Unfit("expected text, got bytes that are not UTF-8") from None


def _built(code: str, rows: int, buffer: NDArray[Any], gaps: Gaps) -> Any:
    """Return an array of Arrow over a buffer; `gaps` mark what is missing."""
    import nanoarrow

    types = {
        "b1": nanoarrow.bool_, "date": nanoarrow.date32, "time": lambda: nanoarrow.timestamp("us"),
        "i1": nanoarrow.int8, "i2": nanoarrow.int16, "i4": nanoarrow.int32, "i8": nanoarrow.int64,
        "u1": nanoarrow.uint8, "u2": nanoarrow.uint16, "u4": nanoarrow.uint32,
        "u8": nanoarrow.uint64, "f4": nanoarrow.float32, "f8": nanoarrow.float64,
    }  # fmt: skip
    valid = None if gaps is None or not gaps.any() else np.packbits(~gaps, bitorder="little")
    return nanoarrow.c_array_from_buffers(types[code](), rows, [valid, buffer])


_MAKERS: dict[str, Callable[[NDArray[Any], Gaps], Any]] = {
    "b": _truths,
    "i": _numbers,
    "u": _numbers,
    "f": _numbers,
    "M": _times,
    "U": _texts,
    "S": _texts,
    "T": _objects,
    "O": _objects,
}
"""By the kind of NumPy's dtype what makes Arrow of an array."""
