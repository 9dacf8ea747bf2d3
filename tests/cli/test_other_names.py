"""Commands and options by the names of other tools are met with ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import typer

from mlpcli.cli import other_names
from mlpcli.cli.app import COMMANDS, program
from mlpcli.names import SCORES

if TYPE_CHECKING:
    from mlp_runs import Mlp

GROUP: Any = typer.main.get_command(program(*COMMANDS))
OPTIONS = {
    opt for command in GROUP.commands.values() for parameter in command.params
    for opt in parameter.opts
}  # fmt: skip


def test_what_is_meant_is_there() -> None:
    for meant in other_names._COMMANDS.values():
        assert meant == "--version" or meant.partition(" ")[0] in GROUP.commands
    assert not set(other_names._COMMANDS) & set(GROUP.commands)
    assert {meant.partition(" ")[0] for meant in other_names._OPTIONS.values()} <= OPTIONS


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fit c.yaml", 'mlp: no command "fit", did you mean "mlp train"? See mlp --help'),
        ("version", 'did you mean "mlp --version"?'),
        ("c.yaml", 'did you mean "mlp train c.yaml"?'),
        ("my.py:f", 'did you mean "mlp gradcheck --gradient my.py:f"?'),
        ("config c.yaml", 'mlp config: no command "c.yaml"; see mlp config --help'),
        ("train c.yaml --lr 1", "mlp train: no option --lr, did you mean --learning-rate? See mlp"),
        ("train c.yaml -o run", "no option -o, did you mean --out?"),
        ("train c.yaml --epoch 5", "no option --epoch, did you mean --epochs?"),
        ("train c.yaml --patience 5", "did you mean --set training.patience=..?"),
        ("crossval c.yaml --epochs 5", "did you mean --set training.epochs=..?"),
        ("gradcheck --tol 1", "did you mean --tolerance?"),
        ("info m --frobnicate", "mlp info: no option --frobnicate; see mlp info --help"),
    ],
)
def test_the_right_name_is_said(mlp: Mlp, line: str, said: str) -> None:
    ran = mlp(*line.split())
    assert (ran.status, ran.out) == (2, "")
    assert re.search(re.escape(said), ran.err)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("auc", ', did you mean "roc_auc"?'),
        ("ROC-AUC", ', did you mean "roc_auc"?'),
        ("acuracy", ', did you mean "accuracy"?'),
        ("zzz", f"; expected one of {', '.join(SCORES)}"),
    ],
)
def test_a_score_by_another_name(name: str, hint: str) -> None:
    assert other_names.score_hint(name) == hint
    assert set(other_names._SCORES.values()) <= set(SCORES)
