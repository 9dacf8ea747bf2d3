"""`mlp example`: the list, and a copy that trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.examples import list_examples

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp


def test_the_list(here: Path, mlp: Mlp) -> None:
    ran = mlp("example")
    assert (ran.status, ran.err) == (0, "")
    title, header, *lines = ran.out.splitlines()
    assert title == "copy one by: mlp example NAME -o DIR"
    assert header.split() == ["name", "about", "data"]
    assert [line.split()[0] for line in lines] == [example.name for example in list_examples()]


def test_a_copy_trains(here: Path, mlp: Mlp) -> None:
    ran = mlp("example", "xor", "-o", "new")
    assert (ran.status, ran.out) == (0, "")
    assert ran.lines == ["new/xor.yaml: written, with xor.csv; train with: mlp train new/xor.yaml"]
    assert mlp("train", "new/xor.yaml", "-q", "--epochs", 2).status == 0
    again = mlp("example", "xor", "-o", "new")
    assert (again.status, again.lines) == (
        2, ["new/xor.yaml: exists already; give --force to replace it"],
    )  # fmt: skip
    assert mlp("example", "xor", "-o", "new", "--force").status == 0


def test_an_unknown_one(here: Path, mlp: Mlp) -> None:
    ran = mlp("example", "xro")
    assert (ran.status, ran.lines) == (2, ['no example "xro", did you mean "xor"?'])
