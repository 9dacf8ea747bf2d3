"""Each row is predicted once by a model that has not seen it, whoever does the work and when."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from mlpcli.data.material import open_material
from mlpcli.errors import DataError, Interrupted, UsageError
from mlpcli.training import fold_work as module
from mlpcli.training.crossval import crossval
from mlpcli.training.fold_work import FoldObserver
from mlpcli.training.folds import train_fold
from training_workshop import leave_room

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.training.crossval import CrossvalResult
    from mlpcli.training.fold_work import Plan
    from mlpcli.training.folds import Fold
    from training_workshop import Workshop


@dataclass
class Watch(FoldObserver):
    """Keeps what it saw, and asks to stop once so many folds are done."""

    stop_after: int | None = None
    plan: Plan | None = None
    done: list[tuple[int, int]] = field(default_factory=list)

    def planned(self, plan: Plan) -> None:
        self.plan = plan

    def fold_done(self, fold: Fold) -> None:
        self.done.append((fold.seed, fold.number))

    def batch_done(self, index: int) -> int | None:
        return 2 if self.stop_after is not None and len(self.done) >= self.stop_after else None


def run(workshop: Workshop, *overrides: str, **options: Any) -> CrossvalResult:
    options = {"jobs": 1, "out": workshop.path / "cv", **options}
    return crossval(workshop.config(*overrides), **options)


def predictions(result: CrossvalResult) -> list[dict[str, str]]:
    with result.predictions.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def tree(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("stratify", ["true", "false"])
def test_every_row_is_predicted_once_per_seed(workshop: Workshop, stratify: str) -> None:
    result = run(workshop, f"data.stratify={stratify}", folds=4, seeds=2)
    rows = predictions(result)
    assert [(row["seed"], row["row"]) for row in rows] == [
        (str(seed), str(row)) for seed in (0, 1) for row in range(1, 41)
    ]
    first, second = rows[:40], rows[40:]
    assert [row["label"] for row in first] == [row["label"] for row in second]
    assert [row["fold"] for row in first] != [row["fold"] for row in second]
    table = (workshop.path / "table.csv").read_text("utf-8").splitlines()[1:]
    assert [row["label"] for row in first] == [line.rsplit(",", 1)[1] for line in table]


def test_metrics_are_those_of_the_predictions(workshop: Workshop) -> None:
    result = run(workshop, folds=4)
    by_fold: dict[str, list[dict[str, str]]] = {}
    for row in predictions(result):
        by_fold.setdefault(row["fold"], []).append(row)
    for fold in result.folds:
        rows = by_fold[str(fold.number)]
        y, p = ([float(row[key]) for row in rows] for key in ("label", "probability"))
        assert fold.metrics["roc_auc"] == pytest.approx(roc_auc_score(y, p))
        guess = [float(row["prediction"]) for row in rows]
        assert fold.metrics["accuracy"] == pytest.approx(accuracy_score(y, guess))
    found = result.metrics["accuracy"]
    assert found is not None
    assert found.mean == pytest.approx(np.mean([fold.metrics["accuracy"] for fold in result.folds]))


def test_encoder_and_threshold_have_not_seen_the_fold(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that one row alone holds moves the mean of every fold but its own."""
    path = workshop.path / "table.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[7] = "1000000.0," + lines[7].split(",", 1)[1]
    path.write_text("\n".join(lines) + "\n")
    seen = []
    real = train_fold

    def spy(task: Any, stop: Any) -> Any:
        mean = task.dataset.encoder.rules[0].mean
        seen.append((6 in task.rows, mean < 100, len(task.rows) + len(task.dataset.train)))
        assert len(task.dataset.validation) == 8
        return real(task, stop)

    monkeypatch.setattr(module, "train_fold", spy)
    run(workshop, "data.validation=0.25", "data.standardize=true", folds=4)
    assert sum(held_out for held_out, *_ in seen) == 1
    small = [(held_out, is_small) for held_out, is_small, _ in seen if held_out]
    assert small == [(True, True)]
    assert {total for *_, total in seen} == {10 + 22}


@pytest.mark.parametrize(("threads", "first"), [("null", True), ("null", False), ("2", True)])
def test_processes_give_the_same_bytes(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, threads: str, first: bool
) -> None:
    """Also where the first fold is done here, and only the others are taken to be much work."""
    overrides = ["data.validation=0.2", f"training.threads={threads}"]
    run(workshop, *overrides, folds=3, seeds=2)
    alone = tree(workshop.path / "cv")
    shutil.rmtree(workshop.path / "cv")
    monkeypatch.setattr(module, "_WORTH_PROCESSES", 0.0)
    if first:
        monkeypatch.setattr(module, "_stop", lambda *_: None)
    watch = Watch()
    run(workshop, *overrides, folds=3, seeds=2, jobs=2, observer=watch)
    assert sorted(watch.done) == [(seed, fold) for seed in (0, 1) for fold in (1, 2, 3)]
    assert tree(workshop.path / "cv") == alone


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_one_goes_on_where_it_stopped(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    run(workshop, folds=4)
    whole = tree(workshop.path / "cv")
    shutil.rmtree(workshop.path / "cv")
    if jobs > 1:
        monkeypatch.setattr(module, "_WORTH_PROCESSES", 0.0)
    with pytest.raises(Interrupted) as caught:
        run(workshop, folds=4, jobs=jobs, observer=Watch(stop_after=2))
    assert caught.value.exit_code == 130
    folder = workshop.path / "cv"
    kept = len([*(folder / "folds").iterdir()])
    assert kept in {2, 3}
    line = f"interrupted after {kept} of 4 folds; go on with --resume ({folder})"
    assert caught.value.lines == (line,)
    assert not (folder / "report.json").exists()
    watch = Watch()
    run(workshop, folds=4, observer=watch)
    assert watch.plan is not None
    assert (watch.plan.done, len(watch.done)) == (kept, 4 - kept)
    assert tree(folder) == whole


def test_what_is_done_is_not_done_again(workshop: Workshop) -> None:
    first = run(workshop, folds=3)
    with pytest.raises(UsageError, match="already holds a cross-validation; give --force"):
        run(workshop, folds=3)
    watch = Watch()
    more = run(workshop, folds=3, seeds=2, resume=True, observer=watch)
    assert watch.done == [(1, 1), (1, 2), (1, 3)]
    assert [f.metrics for f in more.folds[:3]] == [f.metrics for f in first.folds]
    again = Watch()
    run(workshop, folds=3, force=True, observer=again)
    assert len(again.done) == 3
    assert len([*(workshop.path / "cv" / "folds").iterdir()]) == 3


def test_folds_of_other_settings_are_refused(workshop: Workshop) -> None:
    with pytest.raises(Interrupted):
        run(workshop, folds=4, observer=Watch(stop_after=2))
    path = workshop.path / "cv" / "folds" / "seed0-fold1.safetensors"
    why = "when this fold was made and is"
    for overrides, folds, key in (
        (["training.epochs=4"], 4, f"training.epochs was 3 {why} 4"),
        (["network.hidden=[2]"], 4, f"network.hidden was [3] {why} [2]"),
        ([], 5, f"folds was 4 {why} 5"),
    ):
        with pytest.raises(UsageError) as caught:
            run(workshop, *overrides, folds=folds)
        assert caught.value.lines == (
            f"{path}: {key} now; set it back, or start anew with --force",
        )
    workshop.table(seed=1)
    with pytest.raises(UsageError, match="data digest was"):
        run(workshop, folds=4)


def test_a_damaged_fold_is_done_again(workshop: Workshop) -> None:
    run(workshop, folds=3)
    path = workshop.path / "cv" / "folds" / "seed0-fold2.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:100])
    watch = Watch()
    run(workshop, folds=3, resume=True, observer=watch)
    assert watch.done == [(0, 2)]
    assert path.read_bytes() == content


def test_a_training_run_is_left_alone(workshop: Workshop) -> None:
    workshop.train(out="run")
    before = tree(workshop.path / "run")
    with pytest.raises(UsageError, match="holds a training run; name another folder with --out"):
        run(workshop, out=workshop.path / "run", force=True)
    assert tree(workshop.path / "run") == before


def test_the_folder_without_out(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workshop.path)
    assert str(run(workshop, out=None, folds=2).predictions) == "runs/c-crossval/predictions.csv"
    result = run(workshop, "training.output=here", out=None, folds=2)
    assert (
        result.predictions
        == workshop.path.relative_to(workshop.path) / "here-crossval" / "predictions.csv"
    )


def test_groups_stay_together(workshop: Workshop) -> None:
    workshop.table(extra={"who": [f"p{k // 4}" for k in range(40)]})
    rows = predictions(run(workshop, "data.group=who", folds=5))
    folds = [{row["fold"] for row in rows[k : k + 4]} for k in range(0, 40, 4)]
    assert all(len(some) == 1 for some in folds)
    assert len(set.union(*folds)) == 5
    with pytest.raises(DataError, match="expected at least 11 groups for 11 folds, got 10"):
        run(workshop, "data.group=who", folds=11, force=True)


def test_a_label_that_a_fold_takes_away(workshop: Workshop) -> None:
    workshop.table(extra={"z": ["b", *["a"] * 39]})
    with pytest.raises(DataError) as caught:
        run(workshop, "data.target=z", "data.positive=b", folds=4)
    (line,) = caught.value.lines
    assert line.endswith("a classifier needs rows of both classes to learn from")
    assert line.startswith("fold ")


def test_rows_that_are_left_out_have_no_line(workshop: Workshop) -> None:
    path = workshop.path / "table.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[3] = "," + lines[3].split(",", 1)[1]
    path.write_text("\n".join(lines) + "\n")
    rows = predictions(run(workshop, "data.missing=drop", folds=4))
    assert [int(row["row"]) for row in rows] == [1, 2, *range(4, 41)]


def test_marks_of_a_split_are_no_features_and_validate(workshop: Workshop) -> None:
    workshop.table(extra={"part": ["v" if k % 5 == 0 else "t" for k in range(40)]})
    watch = Watch()
    result = run(
        workshop, "data.validation={column: part, value: v}", "data.test={column: part, value: t}",
        folds=4, observer=watch,
    )  # fmt: skip
    assert watch.plan is not None
    assert watch.plan.note == "data.test is not used: each fold is the test of its model"
    assert len(predictions(result)) == 40


def test_several_targets_and_three_labels(workshop: Workshop) -> None:
    rng = np.random.default_rng(0)
    workshop.table(
        rows=60, extra={"k": rng.integers(0, 3, 60).tolist(), "z": rng.integers(0, 2, 60).tolist()}
    )
    header = [*predictions(run(workshop, "data.target=[y, z]", folds=3))[0]]
    assert header == ["seed", "fold", "row", "y_label", "z_label", "y_probability", "y_prediction",
                      "z_probability", "z_prediction"]  # fmt: skip
    result = run(workshop, "data.target=k", folds=3, force=True)
    first = predictions(result)[0]
    assert [*first] == ["seed", "fold", "row", "label", "k=0", "k=1", "k=2", "prediction"]
    assert sum(float(first[f"k={c}"]) for c in range(3)) == pytest.approx(1, abs=1e-6)
    assert all(len(fold.metrics["confusion"]) == 3 for fold in result.folds)


def test_inputs_in_a_file_are_worked_on_here(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workshop, folds=3)
    expected = tree(workshop.path / "cv")["predictions.csv"]
    leave_room(monkeypatch, 100)
    monkeypatch.setattr(module, "_WORTH_PROCESSES", 0.0)
    monkeypatch.setattr(module, "map_processes", None)
    run(workshop, folds=3, jobs=2, force=True)
    assert tree(workshop.path / "cv")["predictions.csv"] == expected


def test_the_document(workshop: Workshop) -> None:
    result = run(workshop, folds=3, seeds=2)
    document = result.to_document()
    assert document["schema"] == "mlp.crossval/1"
    assert [(fold["seed"], fold["fold"]) for fold in document["folds"]] == [
        (seed, fold) for seed in (0, 1) for fold in (1, 2, 3)
    ]
    assert document["predictions"] == str(workshop.path / "cv" / "predictions.csv")
    assert set(document["metrics"]["roc_auc"]) == {"mean", "low", "high"}


def test_a_score_that_no_fold_has(workshop: Workshop) -> None:
    """With one row a fold there is no ROC; the mean of the loss stays."""
    workshop.table(rows=6)
    metrics = run(workshop, folds=6).to_document()["metrics"]
    nothing = {"mean": None, "low": None, "high": None, "reason": "no fold has this score"}
    assert metrics["roc_auc"] == nothing
    assert metrics["loss"]["mean"] > 0


def test_a_fold_that_needs_the_tables_is_read_while_they_are_open(workshop: Workshop) -> None:
    with open_material(workshop.config()) as material:
        assert len(material.whole) == 40
        assert len(material.digest.result()) == 64
