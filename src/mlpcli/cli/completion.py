"""What the shell offers at Tab: keys, values, columns, forms, scores, bugs, functions.

Nothing of the user's is run: a function is found in the syntax tree of its file, a column in the
first line of its table; only other tables than plain text are opened by DuckDB. What cannot be read
offers nothing, in silence.
"""

from __future__ import annotations

import ast
import gzip
import io
import os
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli import names
from mlpcli.cli.kinds import kind_of
from mlpcli.errors import MlpError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "bounds",
    "bugs",
    "columns",
    "dtypes",
    "examples",
    "forms",
    "gradients",
    "in_whole_words",
    "libraries",
    "losses",
    "scores",
    "settings",
]

_DELIMITERS = ",;\t|"
_PLAIN = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_OTHER_GRADIENTS = (".npz", ".safetensors", ".json")
_BREAKS = "=:"  # where bash cuts a word
_SHELL = "_MLP_COMPLETE"


def scores() -> list[str]:
    """Return what predictions are measured by."""
    return list(names.SCORES)


def bounds() -> list[str]:
    """Return the scores, each ready for the value that it is bound by."""
    return [f"{score}=" for score in names.SCORES]


def forms() -> list[str]:
    """Return the forms of a derivative, ours and those of libraries."""
    return [*names.DERIVATIVES["bce"], *names.LIBRARIES]


def examples() -> list[str]:
    """Return the examples that can be copied."""
    from mlpcli.examples import list_examples

    with suppress(MlpError):
        return [example.name for example in list_examples()]
    return []


def bugs() -> list[str]:
    """Return the names of the known bugs that stand in the text of their records."""
    from mlpcli.check import bugs as room

    files = sorted(Path(room.__path__[0]).glob("*.py"))
    found = {name for file in files for name in _bugs_in(ast.parse(file.read_bytes()))}
    return sorted(found - {"unknown"})


def _bugs_in(tree: ast.Module) -> Iterator[str]:
    """Yield the first argument of what makes a record, alone or in a tuple, at the top level."""
    for node in tree.body:
        value = getattr(node, "value", None)
        for record in getattr(value, "elts", (value,)):
            if isinstance(record, ast.Call) and record.args:
                name = record.args[0]
                if isinstance(name, ast.Constant) and "Bug" in _returned(tree, record.func):
                    yield str(name.value)


def _returned(tree: ast.Module, function: ast.expr) -> str:
    """Return what a function of the file says that it returns, or its own name: Bug is a class."""
    name = getattr(function, "id", "")
    made = {node.name: node.returns for node in tree.body if isinstance(node, ast.FunctionDef)}
    return str(getattr(made.get(name), "id", name))


def dtypes() -> list[str]:
    """Return the dtypes in which forms can be compared."""
    return list(names.DTYPES)


def libraries() -> list[str]:
    """Return the libraries whose epsilon has a name."""
    return list(names.LIBRARIES)


def losses() -> list[str]:
    """Return the losses whose forms can be compared."""
    return list(names.DERIVATIVES)


def settings(incomplete: str) -> list[str]:
    """Return the keys of a config, or after the equals sign what a key may be."""
    from mlpcli.config.keys import all_keys

    key, equals, _ = incomplete.partition("=")
    if not equals:
        return [f"{path}=" for path in all_keys()]
    values = (value for kind in all_keys().get(key, ()) for value in _values(kind))
    return [f"{key}={value}" for value in dict.fromkeys(values)]


def _values(kind: object) -> Iterable[str]:
    from mlpcli.config.keys import bare
    from mlpcli.config.messages import expected

    if bare(kind)[0] is bool:
        return ("true", "false")
    wanted = expected(kind)
    if wanted.column:
        return map(wanted.column.format, columns())
    return map(str, wanted.choices)


def columns() -> list[str]:
    """Return the columns of the table that the command line names, itself or by a config."""
    path = next((Path(word) for word in _words() if kind_of(word) in {"table", "config"}), None)
    if path is None:
        return []
    with suppress(MlpError, OSError):
        return _header(_table_of(path))
    return []


def _words() -> list[str]:
    """Return the words of the command line, as bash or as other shells hand them over."""
    from click.shell_completion import split_arg_string

    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return [os.path.expanduser(word) for word in split_arg_string(line)]  # noqa: PTH111  a word is no path yet


def _table_of(path: Path) -> Path:
    """Return the table, or the first one that a config or a glob stands for."""
    if path.suffix.lower() in {".yaml", ".yml"}:
        from mlpcli.config import load_config

        path = Path(load_config(path).data.train[0])
    if path.exists():
        return path
    return min(map(Path, glob(str(path))), default=path)  # noqa: PTH207  absolute ones too


def _header(path: Path) -> list[str]:
    """Return the names of the columns: by the first line of a plain text table, which is soon had.

    Only where that does not do the table is opened as the commands would.
    """
    name = path.name.lower()
    if name.endswith(_PLAIN):
        read = gzip.open if name.endswith(".gz") else open
        with suppress(UnicodeDecodeError), read(path, "rt", encoding="utf-8-sig") as file:
            return _fields(file.readline())
    from mlpcli.data.table import Origin

    with Origin([path]) as table:
        return [*table.all_names]


def _fields(line: str) -> list[str]:
    import csv

    return next(csv.reader([line], delimiter=max(_DELIMITERS, key=line.count)), [])


def gradients(incomplete: str) -> list[str]:
    """Return files that may hold a gradient, or after the colon the functions of a file."""
    place, colon, _ = incomplete.rpartition(":")
    if colon:
        from mlpcli.check.given.name import defined

        file = Path(place if place.endswith(".py") else f"{place.replace('.', '/')}.py")
        with suppress(OSError):
            return [f"{place}:{function}" for function in defined(file)]
        return []
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    with suppress(OSError):
        return [word for path in sorted(folder.iterdir()) for word in _offered(path)]
    return []


def _offered(path: Path) -> Iterator[str]:
    if path.name.startswith((".", "_")):
        return
    if path.is_dir():
        yield f"{path}/"
    elif path.suffix == ".py":
        yield f"{path}:"
    elif path.suffix in _OTHER_GRADIENTS:
        yield str(path)


@contextmanager
def in_whole_words() -> Iterator[None]:
    """Let bash complete a word with = or : in it, which it cuts there, as it does any other.

    Its pieces are put together before, and what stands before the last piece is left out after.
    """
    if os.environ.get(_SHELL) != "complete_bash":
        yield
        return
    words = os.environ.get("COMP_WORDS", "").split("\n")
    current = int(os.environ.get("COMP_CWORD", "0") or 0)
    joined, prefix = _joined(words[: current + 1])
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(joined), str(len(joined) - 1)
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            yield
    finally:
        sys.stdout.writelines(
            f"{line.removeprefix(prefix)}\n" for line in out.getvalue().splitlines()
        )


def _joined(words: list[str]) -> tuple[list[str], str]:
    """Return the words that bash cut, and what of the last one stands before its last piece."""
    joined, prefix, open_ended = list[str](), "", False
    for word in words:
        cut = bool(word) and set(word) <= set(_BREAKS)
        if joined and (cut or open_ended):
            prefix = joined[-1] if open_ended else ""
            joined[-1] += word
        else:
            joined.append(word)
            prefix = ""
        open_ended = cut
    return joined, joined[-1] if open_ended else prefix
