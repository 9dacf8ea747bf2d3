"""The one look of progress at a terminal: what is done of how much, a bar, words, the time left."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, TypeAlias

from mlpcli.cli.console import rich_console

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Look", "choose_look", "complete", "look", "new_bar"]

Look: TypeAlias = Literal["bars", "lines", "nothing"]

_ROOM_FOR_A_SIGNAL = 3  # columns; the terminal writes ^C behind the bar, which must not break it
_ROOM_FOR_WORDS = 55  # columns; in fewer the count would be cut off
_chosen: ContextVar[Look] = ContextVar("look", default="bars")


def choose_look(*, json: bool, quiet: bool) -> None:
    """Set how progress is shown for the rest of this command line: bars are for who looks on."""
    _chosen.set("nothing" if quiet else "lines" if json else "bars")


def look() -> Look:
    """Return how progress is shown: bars take a terminal that can draw them, lines anything."""
    able = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    chosen = _chosen.get()
    return "lines" if chosen == "bars" and not able else chosen


def new_bar(word: str) -> Progress:
    """Return a bar that counts in a word, such as epoch, with a description and the time left.

    A task has a `limit` beside its total, which is what it counts to.
    """
    from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
    from rich.table import Column
    from rich.text import Text

    class TimeLeft(TimeRemainingColumn):
        def render(self, task: Task) -> Text:
            return Text("") if task.finished else super().render(task).append(" left")

    console = rich_console(stderr=True)
    console.width = max(1, console.width - _ROOM_FOR_A_SIGNAL)
    words = [TextColumn("{task.description}")] if console.width >= _ROOM_FOR_WORDS else []
    return Progress(
        TextColumn(f"{word} {{task.completed:.0f}}/{{task.fields[limit]}}"),
        BarColumn(bar_width=None),
        *words,
        TimeLeft(compact=True, table_column=Column(no_wrap=True)),
        console=console,
        expand=True,
    )


def complete(bar: Progress, *, whole: bool) -> None:
    """End a bar: full if the work is done, though it took less than was allowed; else it goes."""
    for task in bar.tasks if whole else ():
        bar.update(task.id, total=max(task.completed, 1), completed=max(task.completed, 1))
    bar.live.transient = not whole
    bar.stop()
