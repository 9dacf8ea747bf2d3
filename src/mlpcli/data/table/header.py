"""Reads the top of a CSV file: its delimiter, its true column names and a few rows.

DuckDB folds case and renames duplicates, so that "A" and "a" would become "A" and "a_1"; here
names are what the file says, without surrounding blanks. A column of row names, which pandas and R
write without a name, is called "". R's `write.table` writes nothing at all above it, which is told
from a surplus field, such as half of `-1,5`, by what the column holds.
"""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING

from mlpcli.data.table.first_line import names_columns, refuse_numbers
from mlpcli.data.table.numerals import is_number
from mlpcli.data.table.reading import BLANKS, not_utf8
from mlpcli.errors import DataError
from mlpcli.records import dataclass
from mlpcli.text import counted, show_name, show_names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlpcli.data.table.files import File
    from mlpcli.data.table.reading import Reading

ROW_NAMES = "the first column has no name and is left out: row names or an index"
SAMPLE_ROWS = 50
HEAD_BYTES = 1 << 16
LARGEST_HEAD = 1 << 26
DELIMITERS = ",;\t| "
COMMENT = "#"
_NAMES = 4

_WHOLE = re.compile(r"[0-9]+")
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[\[{])')
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_EXCEL = re.compile(r'"?sep=(.)"?[;,\t]*\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Header:
    """What the first lines say, of which `skip` stand above the first row; `line` has the names.

    `plain` means that DuckDB can count these lines. `line_bytes` is the mean length of a line.
    `notes` say what was found besides.
    """

    names: tuple[str, ...]
    delimiter: str
    comment: str | None
    line: int
    skip: int
    plain: bool
    sample: list[list[str]]
    line_bytes: float
    notes: tuple[str, ...] = ()


def read_header(file: File, reading: Reading) -> Header:
    """Read names, delimiter and up to 50 rows; raise DataError where there is no usable header."""
    layout = reading.layout
    text = _head(file, layout.skip_lines)
    lines = _LINES.findall(text)
    above = layout.skip_lines
    delimiters = layout.delimiter or DELIMITERS
    if not layout.delimiter and above < len(lines) and (mark := _EXCEL.fullmatch(lines[above])):
        delimiters, above = mark[1], above + 1
    notes = []
    comments = _comments(lines[above:], layout.comment, delimiters)
    if comments and not layout.comment:
        notes.append(f'{counted(comments, "line")} of comment at the top left out ("#")')
    above += comments
    body = lines[above:]
    if layout.comment:
        body = [line for line in body if not line.startswith(layout.comment)]
    _refuse_json(file, text)
    if not "".join(body).strip():
        raise DataError(f"{file.path}: {_emptiness(lines, layout.skip_lines)}")
    parsed = {delimiter: _parse(body, delimiter) for delimiter in delimiters}
    delimiter = max(parsed, key=lambda d: _merit(d, parsed[d][1], reading.columns or ()))
    line, rows = parsed[delimiter]
    if len(rows[0] if rows else ()) < 2 and not all(rows for _, rows in parsed.values()):
        raise DataError(f"{file.path}:{above + 1}: a quote opens in the header and never closes")
    if layout.header is None:
        names, sample = _named(rows[0], rows[1:])
        if _lacks_a_name(names, sample, delimiter):
            names = ("", *names)
            notes.append(ROW_NAMES)
        refuse_numbers(f"{file.path}:{above + line}", names)
        skip = above + line
    else:
        width = len(_trimmed(rows[0], len(layout.header) if layout.header else 1))
        names, sample = layout.header or tuple(f"c{i}" for i in range(1, len(rows[0]) + 1)), rows
        if layout.header and len(names) != width:
            raise DataError(
                f"{file.path}:{above + line}: expected a name for each field in data.header, got "
                f"{counted(len(names), 'name')}, {counted(width, 'field')}"
            )
        if names_columns(rows[0], rows[1:], names, reading):
            raise DataError(
                f"{file.path}:{above + line}: expected a row, as data.header says, got column "
                f"names: {show_names([*map(str.strip, rows[0])], _NAMES)}; leave out data.header, "
                f"or that line (data.skip_lines: {above + line})"
            )
        skip = above
    size = len(text.encode(errors="surrogateescape"))
    return Header(
        names=names,
        delimiter=delimiter,
        comment=layout.comment,
        line=above + line,
        skip=skip,
        plain=_plain(lines[:skip], body, delimiter, one_line=line == 1 or skip == above),
        sample=sample,
        line_bytes=size / max(1, text.count("\n"), text.count("\r")),
        notes=tuple(notes),
    )


def _refuse_json(file: File, text: str) -> None:
    if _JSON.match(text):
        raise DataError(f"{file.path}: expected CSV or Parquet, got JSON; write it as CSV")


def _emptiness(lines: Sequence[str], skipped: int) -> str:
    """Return why a file has no line of names."""
    if skipped and "".join(lines).strip():
        return f"data.skip_lines is {skipped}, and the file has {counted(len(lines), 'line')}"
    return "the file is empty"


def complaints_of(where: str, names: Sequence[str], wanted: Collection[str]) -> list[str]:
    """Return what is wrong with the names that are wanted; "" is a column without a name."""
    lines = []
    first: dict[str, int] = {}
    for i, name in enumerate(names, 1):
        if name not in wanted:
            continue
        if not name:
            lines.append(f"{where}: column {i} has no name; give it one")
        elif complaint := not_utf8(name):
            lines.append(f"{where}: name of column {i}: {complaint}")
        elif first.setdefault(name, i) != i:
            both = f"columns {first[name]} and {i} are both named {show_name(name)}"
            lines.append(f"{where}: {both}; rename one")
    return lines


def _named(first: list[str], rows: list[list[str]]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the names in the first record, and the records below."""
    names = [name.strip(BLANKS) for name in first]
    while (
        len(names) > 1 and not names[-1] and all(not "".join(row[len(names) - 1 :]) for row in rows)
    ):
        names.pop()  # a delimiter at the end of each line
    return tuple(names), rows


def _lacks_a_name(names: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Say whether row names stand in front, in all rows and without a name."""
    surplus = [row for row in rows if row[len(names) :]]
    if not rows or len(surplus) < len(rows) or not any(row[len(names)] for row in surplus):
        return False
    firsts = [row[0].strip(BLANKS) for row in rows]
    halves = delimiter == "," and all(_WHOLE.fullmatch(row[1].strip(BLANKS)) for row in rows)
    return _are_row_names(firsts, halves=halves)


def _are_row_names(texts: Sequence[str], *, halves: bool) -> bool:
    """Say whether texts can name rows: all differ, and none is a number but 1, 2, ..

    Where `halves` says that whole numbers follow, as behind a decimal comma, they must be 1 to n.
    """
    if len({*texts}) < len(texts) or not all(texts) or any(map(opens_quote, texts)):
        return False
    numbers = [text for text in texts if is_number(text)]
    if halves and numbers:
        return len(texts) > 1 and [*texts] == [str(i) for i in range(1, len(texts) + 1)]
    return all(map(_WHOLE.fullmatch, numbers))


def opens_quote(text: str) -> bool:
    """Say whether a single quote opens in a field and does not close: a delimiter stands within."""
    return text.startswith("'") and not (len(text) > 1 and text.endswith("'"))


def _comments(lines: Sequence[str], declared: str | None, delimiters: str) -> int:
    """Return how many lines at the top are comments.

    If none is declared, the last of the lines that begin with # may be that of the names.
    """
    mark = declared or COMMENT
    count = 0
    for number, line in enumerate(lines, 1):
        if line.startswith(mark):
            count = number
        elif line.strip():
            break
    if declared or not count:
        return count
    names, below = lines[count - 1], lines[count : count + SAMPLE_ROWS]
    for delimiter in delimiters:
        _, rows = _parse([names, *below], delimiter)
        widths = {len(row) for row in rows}
        numbers = [any(map(is_number, row)) for row in rows]
        if len(rows) > 1 and len(widths) == 1 and widths != {1} and numbers[1] and not numbers[0]:
            return count - 1
    return count


def _head(file: File, skip: int) -> str:
    """Return whole lines from the top of the file: two below those to skip, if it has so many."""
    size = HEAD_BYTES
    with file.open() as stream:
        data = stream.read(size)
        while len(data) == size < LARGEST_HEAD and _ends(data) < skip + 4:
            size *= 8
            data += stream.read(size - len(data))
    if b"\0" in data:
        raise DataError(f"{file.path}: expected CSV or Parquet, got binary data")
    if len(data) == size:  # more follows: the last line may be cut
        data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
    return data.decode("utf-8-sig", errors="surrogateescape")


def _ends(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r")


def _plain(above: Sequence[str], body: Sequence[str], delimiter: str, *, one_line: bool) -> bool:
    """Say whether DuckDB finds the first row, and the fields of those in the sample, by itself."""
    ends = {line[len(line.rstrip("\r\n")) :] for line in (*above, *body[:1])}
    runs = delimiter == " " and any(re.search("^ |  | [\r\n]*$", line) for line in body)
    return one_line and len(ends) < 2 and not runs


def _parse(lines: Sequence[str], delimiter: str) -> tuple[int, list[list[str]]]:
    """Return the line on which the first record ends, and the records up to the first bad one."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    rows: list[list[str]] = []
    line = 0
    try:
        for row in islice(reader, SAMPLE_ROWS + 1):
            if rows or len(row) > 1 or "".join(row).strip():
                line = line or reader.line_num
                rows.append(row)
    except csv.Error:
        pass
    return line, rows


def _merit(
    delimiter: str, rows: list[list[str]], wanted: Sequence[str]
) -> tuple[int, bool, bool, int]:
    """Prefer the delimiter that finds what is wanted, and as many fields in rows as names."""
    width = len(rows[0]) if rows else 0
    even = width > 1 and all(len(_trimmed(row, width)) in (width, width + 1) for row in rows)
    found = len({name.strip(BLANKS) for name in (rows[0] if rows else ())}.intersection(wanted))
    if delimiter == " " and not even:
        return 0, False, False, 0
    return found, even, delimiter != " ", width


def _trimmed(row: list[str], width: int) -> list[str]:
    """Return a row without empty fields at its end, which delimiters there leave."""
    end = len(row)
    while end > width and not row[end - 1]:
        end -= 1
    return row[:end]
