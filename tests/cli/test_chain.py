"""`mlp chain`: the tables, the words, the document, the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

CONFIG = "config.yaml"


def test_three_tables_and_an_explanation(here: Path, mlp: Mlp) -> None:
    ran = mlp("chain", CONFIG, "--details")
    assert (ran.status, ran.err) == (0, "")
    titles = [line for line in ran.out.splitlines() if line.startswith("with ")]
    assert titles == ["with 40 rows", "with 1 row", "with 4 rows"]
    assert "The link between layers is delta, not dJ/dW" in ran.out
    assert "With all 40 rows it is rank 4 at layer 1" in ran.out


def test_the_answer_comes_first_and_fits_one_screen(here: Path, mlp: Mlp) -> None:
    ran = mlp("chain", CONFIG)
    link, follows, _, title, *_ = ran.out.splitlines()
    assert link.startswith("delta links the layers, not dJ/dW: ")
    assert "With 40 rows dJ/dW_i does not follow from the gradient above" in follows
    assert follows.endswith("With up to 4 rows it does.")
    assert title == "with 40 rows"
    assert ran.out.count("with ") == 1
    assert "With 1 row dJ/dW_i follows from the gradient" in mlp("chain", CONFIG, "--rows", 1).out


def test_the_answer_on_a_deep_network_fits_one_screen_too(here: Path, mlp: Mlp) -> None:
    deep = f"network.hidden=[{', '.join('3' * 39)}]"
    ran = mlp("chain", CONFIG, "--set", deep)
    assert "at layers 1-" in ran.out
    assert len(ran.out.splitlines()) <= 24
    layers = [line.split()[0] for line in ran.out.splitlines()[5:20]]
    assert layers == [*map(str, range(40, 33, -1)), "..", *map(str, range(7, 0, -1))]
    assert ran.out.splitlines()[-1].startswith("--details: all 40 layers, and the same with 1 row")
    whole = mlp("chain", CONFIG, "--set", deep, "--details").out
    assert "\n20  " in whole
    assert "--details" not in whole


def test_json_of_some_rows_and_trained_weights(here: Path, mlp: Mlp) -> None:
    whole = mlp("chain", CONFIG, "--json").document
    ran = mlp("chain", CONFIG, "--rows", 3, "--model", "model.safetensors", "--json")
    assert (ran.status, ran.err) == (0, "")
    assert (whole["rows"], ran.document["rows"]) == (40, 3)
    assert ran.document["layers"] == ran.document["views"]["all_rows"]["layers"]
    assert ran.document["layers"] != whole["layers"]
    assert 1 <= ran.document["views"]["full_rank"]["rows"] <= 3


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_graph_is_drawn_the_same_every_time(suffix: str, here: Path, mlp: Mlp) -> None:
    path = here / f"graph.{suffix}"
    drawn = []
    for _ in range(2):
        assert mlp("chain", CONFIG, "--plot", path).status == 0
        drawn.append(path.read_bytes())
    assert drawn[0] == drawn[1]
    if suffix == "svg":
        assert b"delta" in drawn[0] or len(drawn[0]) > 5000


def test_what_is_refused(here: Path, mlp: Mlp) -> None:
    for arguments in ((CONFIG, "--rows", 41), (CONFIG, "--plot", "graph"), ("none.yaml",)):
        ran = mlp("chain", *arguments)
        assert (ran.status, ran.out) == (2, "")
        assert len(ran.lines) == 1
