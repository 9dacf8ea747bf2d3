"""Tables: what is taken has the values that a slow reader finds, read at once or row by row."""

from __future__ import annotations

import gzip
import io
import math
import re
import zipfile
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock

import duckdb
import numpy as np

from fuzz.format import Format, Wrong
from fuzz.mutate import spoiled
from fuzz.slow_table import NoOpinion, slow_cells, slow_value, unpacked
from mlp_runs import POINTS
from mlpcli.data.table import PLAIN, Categorical, Column, Reading, Scan, Table
from mlpcli.errors import DataError
from mlpcli.training.model_file import Model, load_model

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

__all__ = ["CsvTable", "PackedTable", "Predicted", "one_database"]

ROWS = "\n".join(POINTS.splitlines()[:12]) + "\n"
SEEDS = (
    ROWS,
    'x,c,y\n1,"a, b",no\n"2","say ""no""",yes\n,NA,no\n-3e-5,"",yes\n',
    "x;c;y\r\n3,14;a;1\r\n2,5;b;0\r\n-1;c;1\r\n",
    "x\tc\ty\n1.5\ta\tTrue\n2\tb\tFalse\n",
    "# made by me\nx,c,y\n1%,02139,no\n12.5%,10001,yes\n",
    ",x,c\n0,$5,a\n1,-$7.50,b\n",
    "sep=;\nx;c\n1.234,5;a\n2;b\n",
    "x y\n1 a\n 2  b\n",
    "x\n1\n\n2\nNA\n",
    'x,c\n1,"two\nlines"\n2,"a\r\nb"\n',
    'x,c,y\n"1,234",5 \u20ac,T\n"12,345",6 \u20ac,F\n',
)
WORDS = """NA nan null ? -999 1e3 1_000 0x1 Inf -inf 1,5 1.234,5 1,234.5 12% $5 \u20ac 02139 TRUE f
    yes 2020-01-01 \u00e9 , ; | " "" '"""


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1})


@contextmanager
def one_database() -> Iterator[None]:
    """Let all tables be read in one database: to open one takes longer than all the rest."""

    database = _database()

    def connect(**_config: object) -> duckdb.DuckDBPyConnection:
        cursor = database.cursor()
        for name in ("texts", "misfits"):
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
        return cursor

    with mock.patch("mlpcli.data.table.store.duckdb.connect", connect):
        yield


class CsvTable(Format):
    name = "CSV"
    file = "table.csv"
    tokens: ClassVar[list[bytes]] = [word.encode() for word in (*WORDS.split(), "\t")]
    commands = (("init", "table.csv", "--target", "y"), ("evaluate", "run", "table.csv"))

    def seeds(self) -> list[bytes]:
        return [seed.encode() for seed in SEEDS] + [
            SEEDS[1].encode("utf-16"), "x,c\n1,caf\u00e9\n2,b\n".encode("cp1252"),
            b"\xef\xbb\xbf" + ROWS.encode(),
        ]  # fmt: skip

    def judge(self) -> None:
        with one_database():
            self._judge()

    def _judge(self) -> None:
        with Table([self.path], Reading()).load() as table:
            columns = table.read(table.names)
            _as_slowly(table, columns)
            kinds, notations = table.kinds, table.notations
        reading = Reading(tuple(kinds), kinds=kinds, notations=notations)
        try:
            with Scan([self.path], reading) as scan:
                blocks = [values for block in scan.blocks() for values in [_values(block)]]
        except DataError as error:
            raise Wrong(f"a table, but no scan: {error}") from None
        scanned = {name: [v for b in blocks for v in b[name]] for name in kinds}
        if scanned != _values(columns):
            raise Wrong("a scan has other values than a table")


class PackedTable(CsvTable):
    """Parquet, gzip and zip: bytes that are spoiled before or after they are packed."""

    name = "packed tables"
    file = "table.any"
    commands = (("init", "table.any", "--target", "y"), ("evaluate", "run", "table.any"))

    def seeds(self) -> list[bytes]:
        path = self.folder / "some.parquet"
        for i, select in enumerate((
            "SELECT 1.5 AS x, 'a' AS c, true AS y UNION ALL SELECT NULL, 'b', false",
            "SELECT i AS x, i % 3 AS c, DATE '2020-01-01' AS d FROM range(40) t(i)",
        )):  # fmt: skip
            duckdb.execute(f"COPY ({select}) TO '{path}{i}' (FORMAT parquet)")
        parquet = [(self.folder / f"some.parquet{i}").read_bytes() for i in range(2)]
        return [*parquet, gzip.compress(ROWS.encode()), _zipped(ROWS.encode())]

    def mutated(self, content: bytes, rng: random.Random) -> bytes:
        if content[:4] == b"PAR1" or rng.random() < 0.3:
            return spoiled(content, rng, self.tokens, self.pool)
        try:
            inside = unpacked(content)
        except NoOpinion:
            inside = ROWS.encode()
        return rng.choice((gzip.compress, _zipped))(spoiled(inside, rng, self.tokens))


class Predicted(Format):
    """Rows to be predicted: by block as when all are read at once, and none is nan."""

    name = "rows to predict"
    file = "rows.csv"
    tokens: ClassVar[list[bytes]] = [
        *CsvTable.tokens,
        b"red",
        b"blue",
        b"green",
        b"1e38",
        b"-1e308",
    ]
    commands = (("predict", "run", "rows.csv", "--keep-all"),)
    _model: Model | None = None

    def seeds(self) -> list[bytes]:
        return [ROWS.encode(), b"c,x\nred,1\n,\nblue,-2.5\ngreen,NA\n", b"x\tc\n1\tred\n2\tblue\n"]

    def judge(self) -> None:
        self._model = self._model or load_model(self.folder / "run")
        with one_database():
            self._judge(self._model)

    def _judge(self, model: Model) -> None:
        p = model.predict_proba(self.path)
        kinds = model.encoder.kinds
        with Table([self.path], model.reading_of(kinds)).load() as table:
            columns = table.read([*kinds])
        with np.errstate(all="ignore"):
            h, _ = model.score(columns)
            expected = model.loss.predict(h)[:, 0]
        lacks = np.any([*model.encoder.missing(columns).values(), np.zeros(len(h), bool)], axis=0)
        if not np.array_equal(p, np.where(lacks, np.nan, expected), equal_nan=True):
            raise Wrong("predicted by blocks as not when read at once")
        if not ((p[~lacks] >= 0) & (p[~lacks] <= 1)).all():
            raise Wrong("a probability that is none")


def _zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("t.csv", content)
    return buffer.getvalue()


def _values(columns: dict[str, Column]) -> dict[str, list[Any]]:
    return {name: _listed(column) for name, column in columns.items()}


def _listed(column: Column) -> list[Any]:
    if isinstance(column, Categorical):
        return [None if code < 0 else column.levels[code] for code in column.codes]
    return [None if math.isnan(x) else x for x in column.tolist()]


def _as_slowly(table: Table, columns: dict[str, Column]) -> None:
    """Raise Wrong where a table of text has other values than the csv module finds."""
    header = table.sources[0].header
    if header is None or header.delimiter == " ":
        return
    try:
        text = _decoded(unpacked(table.paths[0].read_bytes()), table.notes)
        rows = slow_cells(text, header.skip, header.delimiter, len(table.sources[0].names))
    except NoOpinion:
        return
    for name, found in _values(columns).items():
        place = table.sources[0].places[name]
        notation = table.notations.get(name, PLAIN)
        cells = [row[place] for row in rows]
        try:
            expected = [slow_value(cell, table.kinds[name], notation) for cell in cells]
        except ValueError as error:
            raise Wrong(f"taken for a number: {error}") from None
        if expected != found:
            raise Wrong(f"column {name!r}: {found[:5]!r} where csv has {expected[:5]!r}")


def _decoded(content: bytes, notes: tuple[str, ...]) -> str:
    said = next((found[1] for note in notes if (found := re.search("is read as (.+?);", note))), "")
    try:
        return content.decode(said or "utf-8-sig")
    except (UnicodeDecodeError, LookupError) as error:
        raise NoOpinion("another encoding") from error
