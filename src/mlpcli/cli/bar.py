"""The one look of progress at a terminal: what is done of how much, a bar, words, the time left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.cli.console import rich_console

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["complete", "new_bar"]

_ROOM_FOR_A_SIGNAL = 3  # columns; the terminal writes ^C behind the bar, which must not break it


def new_bar(word: str, *, keep: bool = True) -> Progress:
    """Return a bar that counts in a word, such as epoch, with a description and the time left.

    A task has a `limit` beside its total, which is what it counts to.
    """
    from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class TimeLeft(TimeRemainingColumn):
        def render(self, task: Task) -> Text:
            return Text("") if task.finished else super().render(task).append(" left")

    console = rich_console(stderr=True)
    console.width = max(1, console.width - _ROOM_FOR_A_SIGNAL)
    return Progress(
        TextColumn(f"{word} {{task.completed:.0f}}/{{task.fields[limit]}}"),
        BarColumn(bar_width=None),
        TextColumn("{task.description}"),
        TimeLeft(compact=True),
        console=console,
        expand=True,
        transient=not keep,
    )


def complete(bar: Progress, *, whole: bool) -> None:
    """End a bar; full if the work is done, though it took less than was allowed."""
    for task in bar.tasks if whole else ():
        bar.update(task.id, total=max(task.completed, 1), completed=max(task.completed, 1))
    bar.stop()
