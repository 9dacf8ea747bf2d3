"""Takes a table from Python wherever a path is: an Arrow stream, or a dict of columns."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.data.arrays import arrow_column
from mlpcli.data.table import BLANKS, Frame
from mlpcli.data.table.held import held_chunks
from mlpcli.data.table.store import duckdb_errors
from mlpcli.errors import DataError
from mlpcli.names import in_memory
from mlpcli.text import show_name

if TYPE_CHECKING:
    from typing import TypeAlias

    from mlpcli.config import Config

__all__ = ["Data", "Tables", "config_of", "tables_of", "with_table"]

Data: TypeAlias = Any
"""A path, a list of paths, or a table: see `tables_of`."""
Tables: TypeAlias = "Sequence[str | Path | Frame]"

_INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls an index without a name."""
_EXPECTED = ("expected a path, a table that exports an Arrow stream (pandas, polars, pyarrow, "
             "DuckDB) or a dict of columns")  # fmt: skip


def tables_of(data: Data) -> Tables:
    """Return what the reader of tables takes, for a path, several, or a table in memory.

    A table is what exports an Arrow stream, whose memory is read where it lies, a mapping of names
    to columns (arrays or lists), or what has `items` as one has. Raises DataError for anything
    else, and for columns that hold neither numbers nor text.
    """
    if isinstance(data, str | os.PathLike):
        return [Path(data)]
    if isinstance(data, Frame):
        return [data]
    if (
        isinstance(data, list | tuple)
        and data
        and all(isinstance(path, str | os.PathLike) for path in data)
    ):
        return [Path(path) for path in data]
    return [_frame(data)]


def config_of(config: Config | Mapping[str, Any] | str | Path, data: Data) -> Config:
    """Return a config, also of a dict or a path; with `data`, a dict needs no `data.train`.

    Raises ConfigError.
    """
    from mlpcli.config import Config, load_config

    if isinstance(config, Config):
        return config
    if data is not None and isinstance(config, Mapping) and isinstance(config.get("data"), Mapping):
        config = {**config, "data": {"train": in_memory(type(data).__name__), **config["data"]}}
    return load_config(config)


def with_table(config: Config, data: Data) -> tuple[Config, Tables]:
    """Return the config of training on other data than its own, and the tables; None is its own."""
    if data is None:
        return config, config.data.train
    tables = tables_of(data)
    return config.with_train(map(str, tables)), tables


def _frame(data: Data) -> Frame:
    """Return a table in memory with its columns as Arrow."""
    path = Path(in_memory(type(data).__name__))
    columns = isinstance(data, Mapping) or (hasattr(data, "items") and hasattr(data, "columns"))
    if any(hasattr(data, name) for name in ("__arrow_c_stream__", "__arrow_c_array__")):
        try:
            return _from_stream(path, data)
        except (ImportError, RuntimeError, ValueError, TypeError) as error:
            if not columns:  # else these will do: pandas has no pyarrow, or one of mixed values
                reason = str(error).partition("\n")[0]
                raise DataError(f"{path}: cannot be had as Arrow: {reason}") from error
    if columns:
        return _from_columns(path, data)
    if hasattr(data, "__array__"):
        raise DataError(
            f"{path}: an array has no names of columns; pass a dict of columns, such as "
            '{"x1": X[:, 0], "y": y}'
        )
    raise DataError(f"{path}: {_EXPECTED}, got {type(data).__name__}")


def _from_stream(path: Path, data: Data) -> Frame:
    from nanoarrow import c_array_stream

    with duckdb_errors(path), c_array_stream(data) as stream:
        schema = stream.get_schema()
        if schema.format != "+s":
            raise DataError(f"{path}: expected a table, got one column; name it: "
                            '{"x": column}')  # fmt: skip
        names = tuple((field.name or "") for field in schema.children)
        schema, chunks = held_chunks(stream)
        return _with_positions(path, schema, chunks, names)


def _from_columns(path: Path, data: Data) -> Frame:
    from nanoarrow import c_array_from_buffers, struct

    names = tuple(str(name) for name, _ in data.items())
    columns = [arrow_column(path, str(name), values) for name, values in data.items()]
    rows = len(columns[0]) if columns else 0
    for name, column in zip(names, columns, strict=True):
        if len(column) != rows:
            raise DataError(
                f"{path}: columns {show_name(names[0])} and {show_name(name)} differ in length: "
                f"{rows} and {len(column)} rows"
            )
    schema = struct([column.schema for column in columns])
    chunk = c_array_from_buffers(schema, rows, [None], children=columns)
    return _with_positions(path, chunk.schema, (chunk,), names)


def _with_positions(
    path: Path, schema: Any, chunks: tuple[Any, ...], names: tuple[str, ...]
) -> Frame:
    """Return the table under a schema that names columns by position."""
    fields = list(schema.children)
    if not fields:
        raise DataError(f"{path}: expected at least one column, got none")
    names = tuple("" if _INDEX.fullmatch(name) else name.strip(BLANKS) for name in names)
    placed = schema.modify(children=[field.modify(name=f"c{i}") for i, field in enumerate(fields)])
    return Frame(path, names, placed, chunks)
