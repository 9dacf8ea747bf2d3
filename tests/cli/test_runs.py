"""`mlp runs`: the runs of a folder side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp


@pytest.fixture
def two(here: Path, mlp: Mlp) -> Path:
    for name, epochs in (("a", 1), ("b", 9)):
        words = ("-q", "--epochs", epochs, "--out", f"runs/{name}")
        assert mlp("train", "config.yaml", *words).status == 0
    return here


def test_table(two: Path, mlp: Mlp) -> None:
    ran = mlp("runs")
    assert (ran.status, ran.err) == (0, "")
    title, header, *lines = ran.out.splitlines()
    assert title == "2 runs"
    assert header.split() == ["run", "epochs", "rows", "loss", "accuracy", "f1", "roc_auc"]
    assert [line.split()[:3] for line in lines] == [
        ["runs/a", "1", "test"], ["runs/b", "9", "test"],
    ]  # fmt: skip


def test_sorted(two: Path, mlp: Mlp) -> None:
    document = mlp("runs", "runs", "--sort", "loss", "--json").document
    assert set(document) == {"schema", "runs", "differing"}
    assert document["schema"] == "mlp.runs/1"
    assert document["differing"] == ["training.epochs"]
    assert [run["run"] for run in document["runs"]] == ["runs/b", "runs/a"]
    assert set(document["runs"][0]) == {"run", "config", "metrics"}
    assert document["runs"][0]["config"]["training"]["epochs"] == 9
    assert set(document["runs"][0]["metrics"]) == {"train", "validation", "test"}


def test_a_broken_one_is_a_line(two: Path, mlp: Mlp) -> None:
    (two / "runs/a/report.json").write_text("{")
    ran = mlp("runs", "--json")
    assert ran.status == 0
    assert ran.lines == ["runs/a: left out: report.json is not what a run writes"]
    assert [run["run"] for run in ran.document["runs"]] == ["runs/b"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "runs: no such folder; expected a folder with runs in it"),
        (["."], ".: no run here; `mlp train` makes one"),
        (["--sort", "roc"], '--sort: unknown score "roc", did you mean "roc_auc"?'),
    ],
)
def test_what_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlp: Mlp, words: list[str], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = mlp("runs", *words)
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])
