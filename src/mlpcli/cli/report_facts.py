"""Gathers what the page of a run shows: from its folder, and from the data if they are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlpcli.cli.counter import counting
from mlpcli.errors import DataError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.config import Config
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.rows import AnyRows
    from mlpcli.report.run_facts import DataFacts, RunFacts
    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.importance import Importance
    from mlpcli.training.model_file import Model

__all__ = ["run_facts"]

_PARTS = ("test", "validation", "train")  # the first that a run has says most
_CHECKED_ROWS = 100
_RESAMPLES, _RESAMPLED_ROWS = 500, 5_000_000  # fewer resamples where there are many rows


def run_facts(folder: Path) -> RunFacts:
    """Return the facts of a run that has ended; its data may be gone.

    Raises UsageError where no run is, ModelError for a damaged model.
    """
    from mlpcli.config import load_config
    from mlpcli.report.run_facts import RunFacts
    from mlpcli.report.train import read_history
    from mlpcli.training.model_file import load_model
    from mlpcli.training.past_runs import read_runs
    from mlpcli.training.run_folder import RunFolder

    runs, problems = read_runs([folder])
    if folder not in {run.path for run in runs}:
        why = problems[0] if problems else f"{folder}: no run here; `mlp train` makes one"
        raise UsageError(why.replace(": left out:", ":"))
    files, model = RunFolder(folder), load_model(folder)
    return RunFacts(
        path=str(folder),
        config=files.config.read_text("utf-8"),
        report=json.loads(files.report.read_text("utf-8")),
        history=read_history(files.history) if files.history.exists() else (),
        model=model,
        data=_data_facts(load_config(files.config), model),
    )


def _data_facts(config: Config, model: Model) -> DataFacts | str:
    """Return what the rows show, or why they cannot be read again."""
    from mlpcli.check.chain import chain
    from mlpcli.check.run import gradcheck
    from mlpcli.compare.from_config import case_from_config
    from mlpcli.data.material import load_dataset
    from mlpcli.report.run_facts import DataFacts

    try:
        dataset = load_dataset(config, counting=counting)
    except DataError as error:
        return f"The data cannot be read again: {error.lines[0]}"
    if dataset.digest != model.data_digest:
        return (
            f"The data are not those of the training: their SHA-256 is {dataset.digest}, "
            f"the model was made of {model.data_digest}"
        )
    part = next(name for name in _PARTS if dataset.parts()[name] is not None)
    evaluation, resamples = _evaluation(model, dataset, part)
    count = min(config.gradcheck.rows or _CHECKED_ROWS, len(dataset.train))
    case = case_from_config(config, model=model, rows=count, counting=counting)
    with counting("entry", case.network.theta.size) as progress:
        check = gradcheck(case, progress=progress)
    return DataFacts(dataset, part, evaluation, resamples, check, chain(case))


def _evaluation(model: Model, dataset: Dataset, part: str) -> tuple[Evaluation, int]:
    """Return the model on a part of the data, and how many resamples its intervals have."""
    from mlpcli.parallel import limit_blas
    from mlpcli.training.bootstrap import intervals_of
    from mlpcli.training.evaluate import Evaluation
    from mlpcli.training.part_metrics import row_logits
    from mlpcli.training.score_rows import scored

    rows = dataset.parts()[part]
    assert rows is not None
    with limit_blas(1):
        h = row_logits(model.network, rows)
        found = scored(model, h, rows.y, model.thresholds, rows.weight)
        resamples = max(20, min(_RESAMPLES, _RESAMPLED_ROWS // len(rows)))
        evaluation = Evaluation(
            metrics=found.metrics(model.loss),
            digest=dataset.digest,
            notes=dataset.notes,
            intervals=intervals_of(found, model, resamples, counting),
            rows=found,
            importance=_importance(model, rows),
        )
    return evaluation, resamples


def _importance(model: Model, rows: AnyRows) -> tuple[Importance, ...]:
    from mlpcli.data.rows import pieces
    from mlpcli.training.importance import RowSample, measure_importance

    sample = RowSample(model.seed)
    for piece in pieces(rows):
        sample.add(piece.X, piece.y, piece.weight)
    return measure_importance(model, sample, counting)
