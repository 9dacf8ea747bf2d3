"""`mlp help COMMAND` is `mlp COMMAND --help`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mlp_runs import Mlp


@pytest.mark.parametrize("words", ["", "train", "config", "config check"])
def test_help_is_a_command_too(mlp: Mlp, words: str) -> None:
    ran = mlp("help", *words.split())
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == mlp(*words.split(), "--help").out
    assert mlp("config", "help", "check").out == mlp("config", "check", "--help").out


def test_help_on_what_is_not_there(mlp: Mlp) -> None:
    ran = mlp("help", "trian")
    assert (ran.status, ran.out) == (2, "")
    assert 'did you mean "train"?' in ran.err
