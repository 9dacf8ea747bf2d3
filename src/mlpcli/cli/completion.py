"""What the shell offers at Tab: keys, columns, forms, scores, bugs, functions; loads no NumPy.

Nothing of the user's is run: a function is found in the syntax tree of its file, a column in the
first line of its table. What cannot be read offers nothing, in silence.
"""

from __future__ import annotations

import ast
import io
import os
import sys
from contextlib import contextmanager, redirect_stdout, suppress
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
    "examples",
    "forms",
    "gradients",
    "in_whole_words",
    "scores",
    "settings",
]

_DELIMITERS = ",;\t|"
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


def settings(incomplete: str) -> list[str]:
    """Return the keys of a config, or after the equals sign what a key may be."""
    from mlpcli.config.keys import all_keys

    key, equals, _ = incomplete.partition("=")
    if not equals:
        return [f"{path}=" for path in all_keys()]
    kind = all_keys().get(key)
    return [] if kind is None else [f"{key}={value}" for value in _values(kind)]


def _values(kind: object) -> Iterable[str]:
    from mlpcli.config.keys import bare
    from mlpcli.config.messages import expected

    if bare(kind)[0] is bool:
        return ("true", "false")
    return map(str, expected(kind).choices)


def columns() -> list[str]:
    """Return the columns of the table that the command line names, itself or by a config."""
    words = (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()
    path = next((Path(word) for word in words if kind_of(word) in {"table", "config"}), None)
    if path is None:
        return []
    with suppress(MlpError, OSError, UnicodeDecodeError):
        return _header(_table_of(path))
    return []


def _table_of(path: Path) -> Path:
    if path.suffix.lower() not in {".yaml", ".yml"}:
        return path
    from mlpcli.config import load_config

    return Path(load_config(path).data.train[0])


def _header(path: Path) -> list[str]:
    """Return the names in the first line of a text table."""
    import csv
    import gzip

    if ".parquet" in path.suffixes:
        return []
    read = gzip.open if path.suffix == ".gz" else open
    with read(path, "rt", encoding="utf-8-sig", newline="") as file:
        line = file.readline()
    delimiter = max(_DELIMITERS, key=line.count)
    return next(csv.reader([line], delimiter=delimiter), [])


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
