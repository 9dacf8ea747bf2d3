"""Opens data files as one typed table, or says what is wrong with them, line by line.

::

    files ── files ──▶ links ── parts ──▶ SELECTs ── stream ──▶ blocks ── load ──▶ Table, a spool
                               header     │ balks: texts, misfits, records └─────▶ Scan, read once
                                          ▼
                                    faults: DataError

What a column is:

- Missing are an empty field, blanks, NA, N/A, NaN, nan, null, NULL, None and "?".
- A number column has at least as many finite numbers as other values that are not missing;
  `007` and `1e-3` are numbers, `inf` and `1,5` are not. A column without any value is a number
  column. In a number column everything else is an error, never a silent missing value.
- All other columns are text: dates, true and false too. Blanks around a text are no part of it.
"""

from mlpcli.data.table.column import Categorical, Column
from mlpcli.data.table.opening import open_scan, open_table
from mlpcli.data.table.origin import Origin
from mlpcli.data.table.outlook import Outlook
from mlpcli.data.table.parts import MISSING, Kind
from mlpcli.data.table.scan import Scan
from mlpcli.data.table.table import Table

__all__ = [
    "MISSING",
    "Categorical",
    "Column",
    "Kind",
    "Origin",
    "Outlook",
    "Scan",
    "Table",
    "open_scan",
    "open_table",
]
