"""Takes a stream of Arrow in, as chunks that can be handed out again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["held_chunks"]

_WITHOUT_COPY = ("v", "+v", "+r")
"""How the formats begin that nanoarrow cannot hand out again: views, and runs of equal values.

Their arrays have more buffers than the three that it knows of, and it ends in a crash. Texts of
polars are such. https://arrow.apache.org/docs/format/CDataInterface.html has the formats.
"""


@dataclass(frozen=True)
class _Once:
    """A stream that can be read once; its schema may be asked for before."""

    stream: Any
    schema: Any

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.stream.__arrow_c_stream__(requested_schema)


def held_chunks(stream: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return schema and chunks of nanoarrow's stream, whose memory is kept where that can be.

    Where it cannot, DuckDB copies what the stream holds. Raises duckdb.Error.
    """
    schema = stream.get_schema()
    if not any(form.startswith(_WITHOUT_COPY) for form in _formats(schema)):
        return schema, tuple(stream)
    import duckdb
    from nanoarrow import c_array_stream

    with duckdb.connect() as connection:
        connection.execute("SET arrow_output_version = '1.0'")  # which knows no views
        connection.register("once", _Once(stream, schema))
        with c_array_stream(connection.sql("FROM once").__arrow_c_stream__()) as copied:
            return copied.get_schema(), tuple(copied)


def _formats(schema: Any) -> Iterator[str]:
    """Yield the format of a schema and of all that is in it."""
    yield schema.format
    for part in (*schema.children, *([schema.dictionary] if schema.dictionary else [])):
        yield from _formats(part)
