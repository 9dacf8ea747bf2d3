"""Runs are read as they were written, and broken ones are told of and left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlpcli.errors import UsageError
from mlpcli.training.crossval import crossval
from mlpcli.training.past_runs import differing, read_runs, sort_runs

if TYPE_CHECKING:
    from pathlib import Path

    from training_workshop import Workshop


@pytest.fixture
def folder(workshop: Workshop) -> Path:
    path = workshop.path / "runs"
    workshop.train("data.test=0.3", out="runs/a")
    workshop.train("data.validation=0.3", "training.epochs=1", out="runs/b")
    workshop.train("network.hidden=[2, 2]", "training.seed=4", out="runs/c")
    crossval(workshop.config(), out=path / "d", folds=2, jobs=1)
    (path / "notes").mkdir()
    (path / "readme.txt").write_text("")
    return path


def test_runs_of_a_folder(folder: Path) -> None:
    runs, problems = read_runs([folder])
    assert problems == []
    assert [run.path.name for run in runs] == ["a", "b", "c", "d"]
    assert [run.measured_on for run in runs] == ["test", "validation", "train", "folds"]
    for run, part in zip(runs[:3], ("test", "validation", "train"), strict=True):
        report = json.loads((run.path / "report.json").read_text("utf-8"))
        assert run.score("loss") == report["metrics"][part]["loss"]
    mean = json.loads((folder / "d/report.json").read_text("utf-8"))["metrics"]["f1"]["mean"]
    assert runs[3].score("f1") == mean
    assert differing(runs) == [
        "data.validation", "data.test", "network.hidden", "training.epochs", "training.seed",
    ]  # fmt: skip
    assert differing(runs[:1]) == []
    assert runs[2].keys()["network.hidden"] == [2, 2]


def test_a_run_itself_and_several_folders(folder: Path) -> None:
    runs, _ = read_runs([folder / "c", folder / "a"])
    assert [run.path.name for run in runs] == ["c", "a"]


@pytest.mark.parametrize("score", ["loss", "accuracy"])
def test_the_best_first(folder: Path, score: str) -> None:
    runs = sort_runs(read_runs([folder])[0], score)
    values = [run.score(score) or 0.0 for run in runs]
    assert values == sorted(values, reverse=score == "accuracy")


def test_a_run_without_the_score_is_last(folder: Path) -> None:
    path = folder / "a/report.json"
    report = json.loads(path.read_text("utf-8"))
    report["metrics"]["test"]["loss"] = None
    path.write_text(json.dumps(report))
    assert sort_runs(read_runs([folder])[0], "loss")[-1].path.name == "a"


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("report.json", None, "no report.json, so the run has not ended"),
        ("report.json", b"{", "report.json is not what a run writes"),
        ("report.json", b"[]", "report.json is not what a run writes"),
        ("report.json", b'{"metrics": 3}', "report.json is not what a run writes"),
        ("report.json", b'{"metrics": {"test": 3}}', "report.json is not what a run writes"),
        ("report.json", b'{"metrics": {"test": {"f1": NaN}}}', "report.json is not what a run"),
        ("report.json", b'{"metrics": {"test": {"f1": 1e999}}}', "report.json is not what a run"),
        ("report.json", b"\xff\xfe", "report.json is not what a run writes"),
        ("config.yaml", None, "config.yaml: no such file or directory"),
        ("config.yaml", b"a: [", "config.yaml:2:1: expected a value"),
        ("config.yaml", b"3", "config.yaml:1:1: expected a config"),
    ],
)
def test_broken_ones_are_told_of(folder: Path, file: str, content: bytes | None, why: str) -> None:
    path = folder / "b" / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    runs, (line,) = read_runs([folder])
    assert [run.path.name for run in runs] == ["a", "c", "d"]
    assert line.startswith(f"{folder / 'b'}: left out: ")
    assert why in line
    assert "\n" not in line


def test_what_is_no_folder(workshop: Workshop) -> None:
    with pytest.raises(UsageError, match="nowhere: no such folder; expected a folder with runs"):
        read_runs([workshop.path / "nowhere"])
    with pytest.raises(UsageError, match=r"table\.csv: is a file; expected a folder with runs"):
        read_runs([workshop.path / "table.csv"])


def test_a_key_that_came_later_counts_as_its_default(folder: Path) -> None:
    path = folder / "a/config.yaml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.strip().startswith(("group:", "stratify:"))]
    assert len(kept) == len(lines) - 2
    path.write_text("".join(kept), encoding="utf-8")
    runs, _ = read_runs([folder / "a", folder / "b"])
    assert differing(runs) == ["data.validation", "data.test", "training.epochs"]


@pytest.mark.parametrize("metrics", ['{"f1": null}', '{"test": {"f1": 1' + "0" * 400 + "}}"])
def test_a_score_that_is_none(folder: Path, metrics: str) -> None:
    (folder / "a/report.json").write_text(f'{{"metrics": {metrics}}}')
    (run,), _ = read_runs([folder / "a"])
    assert run.score("f1") is None
