"""Opens data files as one typed table, or says what is wrong with them, line by line.

::

    Reading ─┐
    files ───┴▶ sources ── query ──▶ SELECTs ── stream ──▶ blocks ──▶ Table, a spool
              (header)               │ balks: as_text, bad_rows └───▶ Scan, read once
                                     ▼
                                 DataError

What a column is:

- Missing are an empty field, blanks, NA, N/A, NaN, nan, null, NULL, None and "?", and what the
  reading adds.
- A number column has at least as many finite numbers as other values that are not missing; `7.0`
  and `1e-3` are numbers, `inf` and `1_000` are not. Where nearly all that may be numbers is written
  in one way, as `3,14`, `1,234.5`, `12%`, `$5`, `12 kg` or `(5)`, or all is true and false, these
  are numbers. A column without any value is a number column. In a number column everything else is
  an error, never a silent missing value.
- All other columns are text: dates, digits of one width of which one begins with 0 (`02139`), and
  what Parquet calls text. Blanks around a text are no part of it.
"""

from mlpcli.data.table.frame import Frame
from mlpcli.data.table.numerals import PLAIN, TRUTH, Notation, Numerals, notation_from
from mlpcli.data.table.origin import Origin
from mlpcli.data.table.reading import (
    BLANKS,
    MISSING,
    Categorical,
    Column,
    Kind,
    Layout,
    Missing,
    Reading,
)
from mlpcli.data.table.scan import Scan
from mlpcli.data.table.table import Table

__all__ = [
    "BLANKS",
    "MISSING",
    "PLAIN",
    "TRUTH",
    "Categorical",
    "Column",
    "Frame",
    "Kind",
    "Layout",
    "Missing",
    "Notation",
    "Numerals",
    "Origin",
    "Reading",
    "Scan",
    "Table",
    "notation_from",
]
