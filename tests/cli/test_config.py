"""`mlp config check`, `show` and `schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.config import load_config

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp


def test_check_reports_all_errors_at_once(here: Path, mlp: Mlp) -> None:
    (here / "bad.yaml").write_text(
        "data: {train: t.csv, target: y}\nnetwork: {hidden: [8, eight]}\nlos: {}\n"
    )
    ran = mlp("config", "check", "bad.yaml", "--set", "training.seed=-1")
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == [
        'bad.yaml:2:23: network.hidden[1]: expected an integer >= 1, got "eight"',
        'bad.yaml:3:1: los: unknown key, did you mean "loss"?',
        "--set training.seed=-1: training.seed: expected an integer >= 0, got -1",
    ]


def test_check_goes_through_all_that_are_named(here: Path, mlp: Mlp) -> None:
    (here / "a.yaml").write_text("data: {train: t.csv}\n")
    (here / "b.yaml").write_text("data: {target: y}\n")
    ran = mlp("config", "check", "a.yaml", "config.yaml", "b.yaml")
    assert (ran.status, ran.out) == (2, "config.yaml: valid\n")
    assert [line.split(": ")[:2] for line in ran.lines] == [
        ["a.yaml:1:1", "data.target"],
        ["b.yaml:1:1", "data.train"],
    ]
    assert mlp("config", "check", "config.yaml", "points.csv").err.startswith(
        "points.csv: is a table, expected a config"
    )
    ran = mlp("config", "check", "config.yaml", "")
    assert (ran.status, ran.lines) == (2, [
        "CONFIG: expected the name of a file or folder, got none"
    ])  # fmt: skip


def test_check_reads_no_data(here: Path, mlp: Mlp) -> None:
    (here / "points.csv").unlink()
    ran = mlp("config", "check", "config.yaml")
    assert (ran.status, ran.out, ran.err) == (0, "config.yaml: valid\n", "")


def test_show_is_the_same_config_with_every_default(here: Path, mlp: Mlp) -> None:
    ran = mlp("config", "show", "config.yaml", "--set", "training.seed=7")
    (here / "full.yaml").write_text(ran.out, encoding="utf-8")
    assert ran.status == 0
    assert "  checkpoint_every: 1\n" in ran.out
    assert load_config("full.yaml") == load_config("config.yaml", ["training.seed=7"])


def test_schema(here: Path, mlp: Mlp) -> None:
    document = mlp("config", "schema").document
    assert document["$schema"].startswith("https://json-schema.org/")
    assert {"data", "network", "loss", "training"} <= set(document["properties"])
