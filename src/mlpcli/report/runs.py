"""Runs side by side: what differs in their configs, and what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlpcli.report.table import Table, number
from mlpcli.text import shorten
from mlpcli.training.past_runs import differing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.training.past_runs import PastRun

__all__ = ["runs_document", "runs_table"]

_SHOWN = ("loss", "accuracy", "f1", "roc_auc")
_LONGEST = 24


def runs_table(runs: Sequence[PastRun], score: str | None) -> Table:
    """Return a line per run: the keys that differ, by their last word, and some scores.

    `score` is the one by which they are sorted, if they are.
    """
    keys = differing(runs)
    scores = tuple(dict.fromkeys((*_SHOWN, *((score,) if score else ()))))
    rows = [
        (
            str(run.path),
            *(_cell(run.keys().get(key)) for key in keys),
            run.measured_on,
            *(number(run.score(name), ".4f") for name in scores),
        )
        for run in runs
    ]
    order = f", best {score} first" if score else ""
    header = ("run", *_short(keys), "rows", *scores)
    return Table(f"{len(runs)} runs{order}", header, tuple(rows))


def _short(keys: Sequence[str]) -> list[str]:
    """Return the last word of each key, or all of it where another one ends alike."""
    last = [key.rpartition(".")[2] for key in keys]
    return [word if last.count(word) == 1 else key for word, key in zip(last, keys, strict=True)]


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shorten(text, _LONGEST)


def runs_document(runs: Sequence[PastRun]) -> dict[str, Any]:
    """Return the document of `mlp runs --json`."""
    return {
        "schema": "mlp.runs/1",
        "runs": [
            {"run": str(run.path), "config": dict(run.config), "metrics": dict(run.metrics)}
            for run in runs
        ],
        "differing": differing(runs),
    }
