"""Runs a SELECT and hands out its rows block by block, while DuckDB reads on.

DuckDB's own way to NumPy has the whole result in memory at once. Its Arrow stream has some 100,000
rows, which `nanoarrow` lets NumPy see where they lie; starting it takes longer than reading a small
file, which therefore comes as one block.
"""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import duckdb
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.data.table.reading import Kind

__all__ = ["Array", "Misfit", "Texts", "Verbatim", "empty_texts", "fitting", "raw_blocks", "stream"]

Numbers: TypeAlias = "NDArray[np.float64]"
Array: TypeAlias = "NDArray[Any]"
Raw: TypeAlias = "tuple[Numbers, int] | list[bytes]"


class Misfit(Exception):
    """A number column holds an infinite number, or a NaN in a spelling that is not `MISSING`."""


class Texts(dict[bytes, int]):
    """The codes of a text column's levels, numbered in the order in which they turn up."""

    def __init__(self) -> None:
        super().__init__({b"": -1})  # a missing text comes as an empty one
        self._levels: tuple[str, ...] = ()

    def __missing__(self, text: bytes) -> int:
        code = self[text] = len(self) - 1
        return code

    def codes(self, texts: Iterable[bytes]) -> NDArray[np.int32]:
        """Return the code of each text, adding levels where they are new."""
        return np.fromiter(map(self.__getitem__, texts), np.int32)

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels so far, by code."""
        new = islice(self, 1 + len(self._levels), None)
        self._levels += tuple(text.decode() for text in new)
        return self._levels


class Verbatim(Texts):
    """Keeps no levels: the texts of a column that is only handed on, as they are."""

    def codes(self, texts: Iterable[bytes]) -> NDArray[Any]:
        """Return the texts themselves."""
        return np.array([*texts], object)


def empty_texts(kinds: Mapping[str, Kind]) -> dict[str, Texts | None]:
    """Return levels still to be met for each text column, None for each number column."""
    return {name: Texts() if kind == "text" else None for name, kind in kinds.items()}


def stream(
    cursor: duckdb.DuckDBPyConnection,
    select: str,
    texts: Sequence[Texts | None],
    *,
    small: bool = False,
) -> Iterator[list[Array]]:
    """Yield the columns of some rows at a time, in order: numbers, nan where missing, or codes.

    `cursor` has nothing else to do. `texts` holds the levels of each text column, None for a number
    column. Numbers may be views of DuckDB's memory: they are not to be changed, and gone with the
    next block. Raises duckdb.Error, and Misfit.
    """
    kinds: list[Kind] = ["number" if known is None else "text" for known in texts]
    for raw in (_at_once if small else raw_blocks)(cursor, select, kinds):
        yield [
            _finite(*values) if known is None else known.codes(cast("list[bytes]", values))
            for known, values in zip(texts, raw, strict=True)
        ]


def fitting(
    cursor: duckdb.DuckDBPyConnection,
    select: str,
    texts: Sequence[Texts | None],
    *,
    small: bool = False,
) -> Iterator[list[Array]]:
    """Yield what `stream` does; raise Misfit wherever rows are not as the SELECT expects them."""
    try:
        yield from stream(cursor, select, texts, small=small)
    except duckdb.OutOfMemoryException:  # to read by way of text would take more yet
        raise
    except duckdb.Error as error:
        raise Misfit from error


def _finite(values: Numbers, missing: int) -> Numbers:
    if np.count_nonzero(np.isfinite(values)) != values.size - missing:
        raise Misfit
    return values


def _at_once(
    cursor: duckdb.DuckDBPyConnection, select: str, kinds: Sequence[Kind]
) -> Iterator[list[Raw]]:
    columns = cursor.execute(select).fetchnumpy().values()
    if len(next(iter(columns))):
        yield [
            _numbers(column) if kind == "number" else _bytes(column)
            for kind, column in zip(kinds, columns, strict=True)
        ]


def _numbers(column: Any) -> tuple[Numbers, int]:
    missing = int(np.count_nonzero(column.mask)) if _lacks_some(column) else 0
    values: Numbers = _filled(column, np.nan).astype(np.float64, copy=False)
    return values, missing


def _bytes(column: Any) -> list[bytes]:
    return [text.encode() for text in _filled(column, "").tolist()]


def _filled(column: Any, missing: object) -> NDArray[Any]:
    filled: NDArray[Any] = column.filled(missing) if _lacks_some(column) else column
    return filled


def _lacks_some(column: Any) -> bool:
    """Return whether a column is a masked one; `numpy.ma`, 6 ms to load, is not asked."""
    return hasattr(column, "mask")


def raw_blocks(
    cursor: duckdb.DuckDBPyConnection, select: str, kinds: Sequence[Kind]
) -> Iterator[list[Raw]]:
    """Yield columns of some rows at a time: (numbers, how many are missing), or texts."""
    from nanoarrow import c_array_stream

    views = {"number": _arrow_numbers, "text": _arrow_texts}
    try:  # the cursor is kept here, as its end would be that of the stream in some releases
        for block in c_array_stream(cursor.sql(select).__arrow_c_stream__()):
            view = block.view()
            yield [views[kind](view.child(j), block.length) for j, kind in enumerate(kinds)]
    except RuntimeError as error:  # what DuckDB raises while it reads passes through C
        out_of_memory = "Out of Memory" in str(error)
        raise (duckdb.OutOfMemoryException if out_of_memory else duckdb.Error)(
            str(error).partition(": ")[2]
        ) from error


def _arrow_numbers(view: Any, rows: int) -> Raw:
    values: Numbers = np.frombuffer(view.buffer(1), np.float64, rows, 8 * view.offset)
    if view.null_count:
        bits = np.frombuffer(view.buffer(0), np.uint8)
        valid = np.unpackbits(bits, bitorder="little")[view.offset : view.offset + rows]
        values = np.where(valid, values, np.nan)
    return values, int(view.null_count)


def _arrow_texts(view: Any, rows: int) -> Raw:
    bounds = np.frombuffer(view.buffer(1), np.int32, rows + 1, 4 * view.offset)
    text = bytes(view.buffer(2))
    return [text[start:stop] for start, stop in pairwise(bounds.tolist())]
