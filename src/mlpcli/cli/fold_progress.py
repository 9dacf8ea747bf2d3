"""Shows on stderr how a cross-validation goes, in the look of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.cli.bar import complete, look, new_bar
from mlpcli.cli.console import complain
from mlpcli.cli.progress import PlainProgress, SilentProgress
from mlpcli.training.fold_work import FoldObserver

if TYPE_CHECKING:
    from rich.progress import Progress

    from mlpcli.training.fold_work import Plan
    from mlpcli.training.folds import Fold

__all__ = ["LiveFolds", "PlainFolds", "SilentFolds", "suitable_fold_progress"]


class SilentFolds(SilentProgress, FoldObserver):
    """Shows nothing, and watches for signals once there are folds to keep."""

    def planned(self, plan: Plan) -> None:
        """Begin to watch for signals."""
        self.plan, self.done = plan, plan.done
        self.watch_signals()


class PlainFolds(PlainProgress, SilentFolds):
    """Writes what is to be done, then a line at most every five seconds."""

    def planned(self, plan: Plan) -> None:
        """Say how the rows are shared out."""
        super().planned(plan)
        complain(*describe(plan))

    def fold_done(self, fold: Fold) -> None:
        """Write a line if the last one was some time ago."""
        self.done += 1
        if self.due():
            complain(f"fold {self.done}/{self.plan.total}: {brief(fold)}")


class LiveFolds(PlainFolds):
    """Draws a bar with the score of the last fold and the time left."""

    progress: Progress

    def planned(self, plan: Plan) -> None:
        """Say how the rows are shared out, and draw the bar."""
        super().planned(plan)
        self.progress = new_bar("fold")
        self.task = self.progress.add_task("", total=plan.total, limit=plan.total,
                                           completed=plan.done)  # fmt: skip
        self.progress.start()

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was."""
        if hasattr(self, "progress"):
            complete(self.progress, whole=self.received is None and not any(error))
        super().__exit__()

    def fold_done(self, fold: Fold) -> None:
        """Move the bar and show the score."""
        self.progress.update(self.task, advance=1, description=brief(fold))


def describe(plan: Plan) -> list[str]:
    """Return a line that says how often the rows are shared out, and one on what is there."""
    first, *others = plan.seeds
    seeds = f"seeds {first} to {others[-1]}" if others else f"seed {first}"
    lines = [f"{plan.rows} rows in {plan.folds} folds, {seeds}: {plan.total} models"]
    if plan.done:
        lines.append(f"{plan.done} of {plan.total} folds are done already")
    if plan.note is not None:
        lines.append(plan.note)
    return lines


def brief(fold: Fold) -> str:
    """Return the score of a fold that says most, in a few words."""
    scores = {name: fold.metrics[name] for name in ("roc_auc", "accuracy")}
    found = next((f"{name} {value:.4f}" for name, value in scores.items() if value is not None), "")
    return found or fold.stopped


def suitable_fold_progress() -> SilentFolds:
    """Return the progress that suits stderr."""
    return LiveFolds() if look() == "bars" else PlainFolds()
