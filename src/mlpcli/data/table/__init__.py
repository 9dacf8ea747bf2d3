"""Opens data files as one typed table, or says what is wrong with them, line by line.

::

    Reading ─┐
    files ───┴▶ sources ── query ──▶ SELECTs ── stream ──▶ blocks ──▶ Table, a spool
              (header)               │ balks: as_text, bad_rows └───▶ Scan, read once
                                     ▼
                                 DataError

What a column is:

- Missing are an empty field, blanks, NA, N/A, NaN, nan, null, NULL, None and "?".
- A number column has at least as many finite numbers as other values that are not missing;
  `007` and `1e-3` are numbers, `inf` and `1,5` are not. A column without any value is a number
  column. In a number column everything else is an error, never a silent missing value.
- All other columns are text: dates, true and false too. Blanks around a text are no part of it.
"""

from mlpcli.data.table.origin import Origin
from mlpcli.data.table.reading import MISSING, Categorical, Column, Kind, Reading
from mlpcli.data.table.scan import Scan
from mlpcli.data.table.table import Table

__all__ = [
    "MISSING",
    "Categorical",
    "Column",
    "Kind",
    "Origin",
    "Reading",
    "Scan",
    "Table",
]
