"""`mlp evaluate`: metrics as table and JSON, bounds that fail a build, and what is refused."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from mlp_runs import POINTS

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

MODEL, DATA = "model.safetensors", "points.csv"


def test_json(here: Path, mlp: Mlp) -> None:
    ran = mlp("evaluate", MODEL, DATA, "--json")
    assert (ran.status, ran.err) == (0, "")
    document = ran.document
    assert set(document) == {"schema", "model", "data", "data_digest", "metrics", "notes"}
    assert document["schema"] == "mlp.evaluate/1"
    assert (document["model"], document["data"]) == (MODEL, DATA)
    assert document["data_digest"] == hashlib.sha256(POINTS.encode()).hexdigest()
    assert document["metrics"]["rows"] == 80
    assert document["notes"] == []


def test_intervals_on_request(here: Path, mlp: Mlp) -> None:
    document = mlp("evaluate", MODEL, DATA, "--json", "--bootstrap", 20).document
    low, high = document["intervals"]["loss"]
    assert low <= document["metrics"]["loss"] <= high
    title, header, *_ = mlp("evaluate", MODEL, DATA, "--bootstrap", 20).out.splitlines()
    assert title == f"{MODEL} on {DATA}"
    assert header.split() == ["metric", "value", "95", "%", "interval"]


def test_a_glob_is_one_table(here: Path, mlp: Mlp) -> None:
    header, *rows = POINTS.splitlines(keepends=True)
    (here / "part1.csv").write_text(header + "".join(rows[:50]))
    (here / "part2.csv").write_text(header + "".join(rows[50:]))
    whole, parts = (mlp("evaluate", MODEL, d, "--json").document for d in (DATA, "part?.csv"))
    assert parts["metrics"] == whole["metrics"]


def test_threshold(here: Path, mlp: Mlp) -> None:
    metrics = mlp("evaluate", MODEL, DATA, "--json", "--threshold", "0.999").document["metrics"]
    assert metrics["threshold"] == 0.999
    assert metrics["confusion"]["fp"] == 0


@pytest.mark.parametrize("threshold", ["0", "1", "-0.1", "1.5", "nan", "inf"])
@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_threshold_out_of_range(here: Path, mlp: Mlp, command: str, threshold: str) -> None:
    ran = mlp(command, MODEL, DATA, "--threshold", threshold)
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == [f"--threshold: expected a number > 0 and < 1, got {float(threshold):g}"]


def test_bounds_that_hold(here: Path, mlp: Mlp) -> None:
    bounds = ["--fail-under", "roc_auc=0.9", "--fail-under", "f1=0.5", "--fail-over", "loss=0.9"]
    assert mlp("evaluate", MODEL, DATA, *bounds).status == 0


def test_every_broken_bound_is_named(here: Path, mlp: Mlp) -> None:
    bounds = ["--fail-under", "mcc=1.5", "--fail-over", "loss=0", "--fail-over", "brier=2"]
    ran = mlp("evaluate", MODEL, DATA, "--json", *bounds)
    assert ran.status == 1
    metrics = ran.document["metrics"]
    assert ran.lines == [
        f"--fail-under mcc: expected >= 1.5, got {metrics['mcc']:.6g}",
        f"--fail-over loss: expected <= 0, got {metrics['loss']:.6g}",
    ]


def test_a_bound_is_inclusive(here: Path, mlp: Mlp) -> None:
    loss = mlp("evaluate", MODEL, DATA, "--json").document["metrics"]["loss"]
    same = ["--fail-under", f"loss={loss!r}", "--fail-over", f"loss={loss!r}"]
    assert mlp("evaluate", MODEL, DATA, *same).status == 0


def test_a_score_that_the_rows_do_not_have_breaks_every_bound(here: Path, mlp: Mlp) -> None:
    (here / "one.csv").write_text("x,c,y\n1,red,no\n2,red,no\n")
    bounds = ["--fail-under", "roc_auc=0", "--fail-over", "roc_auc=1"]
    ran = mlp("evaluate", MODEL, "one.csv", "--json", *bounds)
    assert ran.status == 1
    metrics = ran.document["metrics"]
    assert metrics["roc_auc"] is None
    assert metrics["reason"]
    assert ran.lines == [
        f"--fail-under roc_auc: expected >= 0, got none: {metrics['reason']}",
        f"--fail-over roc_auc: expected <= 1, got none: {metrics['reason']}",
    ]


SCORES = (
    "loss, accuracy, balanced_accuracy, precision, recall, f1, roc_auc, pr_auc, brier, ece, mcc"
)


@pytest.mark.parametrize(
    ("option", "bound", "line"),
    [
        (
            "--fail-under",
            "roc_au=0.9",
            '--fail-under: unknown score "roc_au", did you mean "roc_auc"?',
        ),
        ("--fail-over", "zzz=0.9", f'--fail-over: unknown score "zzz"; expected one of {SCORES}'),
        ("--fail-under", "f1", '--fail-under: expected SCORE=VALUE, such as roc_auc=0.9, got "f1"'),
        ("--fail-over", "loss", '--fail-over: expected SCORE=VALUE, such as loss=0.3, got "loss"'),
        ("--fail-under", "f1=x", '--fail-under f1: expected a number, got "x"'),
        ("--fail-under", "f1=", '--fail-under f1: expected a number, got ""'),
        ("--fail-over", "f1=nan", '--fail-over f1: expected a number, got "nan"'),
    ],
)
def test_a_bound_that_cannot_be(here: Path, mlp: Mlp, option: str, bound: str, line: str) -> None:
    ran = mlp("evaluate", "no such model", "no such data", "--json", option, bound)
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])


def test_unseen_texts_are_warned_of(here: Path, mlp: Mlp) -> None:
    (here / "new.csv").write_text("y,extra,x,c\nno,1,1,green\nyes,2,8,red\n")
    ran = mlp("evaluate", MODEL, "new.csv", "--json")
    note = 'column "c": 1 of 2 rows hold a text not seen in training'
    assert (ran.status, ran.lines) == (0, [f"warning: {note}"])
    assert ran.document["notes"] == [note]


def test_several_targets(here: Path, mlp: Mlp) -> None:
    table = "x,a,b\n" + "".join(f"{i},{i % 2},{int(i > 20)}\n" for i in range(40))
    (here / "two.csv").write_text(table)
    (here / "two.yaml").write_text(
        "data: {train: two.csv, target: [a, b]}\ntraining: {epochs: 2}\n"
    )
    assert mlp("train", "two.yaml", "-q", "--out", "two").status == 0
    ran = mlp("evaluate", "two/model.safetensors", "two.csv")
    assert ran.out.splitlines()[1].split() == ["metric", "all", "targets", "a", "b"]
    assert set(
        mlp("evaluate", "two/model.safetensors", "two.csv", "--json").document["metrics"][
            "per_target"
        ]
    ) == {"a", "b"}


BAD = {
    "no target": ("x,c\n1,red\n", 'bad.csv: no column "y"; it has "x", "c"'),
    "no feature": ("x,y\n1,no\n", 'bad.csv: no column "c"; it has "x", "y"'),
    "third label": (
        "x,c,y\n1,red,maybe\n",
        'bad.csv:2: column "y": expected "no" or "yes", got "maybe"',
    ),
    "gap": (
        "x,c,y\n,red,no\n",
        'bad.csv:2: column "x": missing value; set data.missing to mean, median or drop',
    ),
    "header only": ("x,c,y\n", "bad.csv: no rows below the header"),
}


@pytest.mark.parametrize(("content", "line"), BAD.values(), ids=BAD)
def test_bad_data(here: Path, mlp: Mlp, content: str, line: str) -> None:
    (here / "bad.csv").write_text(content)
    ran = mlp("evaluate", MODEL, "bad.csv", "--json")
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])


def test_importance(here: Path, mlp: Mlp) -> None:
    found = mlp("evaluate", MODEL, DATA, "--importance", "--json").document["importance"]
    assert [set(column) for column in found] == [{"column", "mean", "low", "high", "metric"}] * 2
    assert [column["column"] for column in found] == ["x", "c"]
    assert found[0]["low"] <= found[0]["mean"] <= found[0]["high"]
    lines = mlp("evaluate", MODEL, DATA, "--importance").out.splitlines()
    assert lines[-4] == "importance: what roc_auc falls by, where the column is shuffled"
    assert lines[-3].split() == ["column", "mean", "95", "%", "low", "high"]
    assert [line.split()[0] for line in lines[-2:]] == ["x", "c"]
