"""`mlp bugs`."""

from __future__ import annotations

from typing import Annotated

import typer

from mlpcli.cli import completion
from mlpcli.cli.command import Json
from mlpcli.cli.console import put_json, put_tables, put_words

__all__ = ["bugs"]


def bugs(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", autocompletion=completion.bugs, help="One bug.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Show the known bugs of backpropagation: how each looks, its fix, when it cannot be seen.

    Example: mlp bugs missing-sigma-prime
    """
    from mlpcli.report.bugs import CATALOGUE, bug_tables, bug_words, bugs_document, find_bug

    chosen = [bug for place in CATALOGUE.values() for bug in place]
    if name is not None:
        chosen = [find_bug(name)]
    if json:
        put_json(bugs_document(chosen))
    elif name is None:
        put_tables(bug_tables())
    else:
        put_words(*bug_words(chosen[0]))
    return 0
