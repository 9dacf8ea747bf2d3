"""Tab offers keys, values, columns, forms, scores, bugs and functions, and loads no NumPy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlp_runs import COMMAND
from mlpcli import names
from mlpcli.check.bugs.registry import BUGS, OBSERVED
from mlpcli.cli import completion
from mlpcli.cli.app import main
from mlpcli.nn.losses import LOSSES

FUNCTIONS = """\
raise SystemExit("nobody should import this")
def gradient(weights, biases, X, y): ...
class Net:
    def backward(self): ...
    def _own(self): ...
"""


def offered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
            *words: str) -> list[str]:  # fmt: skip
    """Return what bash offers for the last word."""
    monkeypatch.setattr(sys, "argv", ["mlp"])
    monkeypatch.setenv("_MLP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(("mlp", *words)))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    with pytest.raises(SystemExit):
        main()
    return [line for line in capsys.readouterr().out.splitlines() if line]


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("train config.yaml --set training.ep", ["training.epochs="]),
        ("train config.yaml --set network.activation=", ["network.activation=tanh"]),
        ("train config.yaml --set network.activation = re", ["relu"]),
        ("train config.yaml --set network.bias = ", ["true", "false"]),
        ("train config.yaml --set training.optimizer = n", ["nesterov"]),
        ("train config.yaml --set no.such = n", []),
        ("train points.csv --target ", ["x", "c", "y"]),
        ("train config.yaml --target ", ["x", "c", "y"]),
        ("init points.csv --target c", ["c"]),
        ("predict model.safetensors points.csv --keep x", ["x"]),
        ("train nothing.csv --target c", []),
        ("compare-losses --form s", ["stable", "scikit-learn"]),
        ("evaluate model.safetensors points.csv --fail-under roc", ["roc_auc="]),
        ("runs --sort bal", ["balanced_accuracy"]),
        ("gradcheck --plant missing-si", ["missing-sigma-prime"]),
        ("bugs missing-si", ["missing-sigma-prime"]),
        ("example moo", ["moons"]),
        ("gradcheck --gradient my", ["my.py:", "my.json"]),
        ("gradcheck --gradient my.py : gr", ["gradient"]),
        ("gradcheck --gradient my.py : ", ["gradient", "Net.backward"]),
        ("gradcheck --gradient my : gr", ["gradient"]),
        ("gradcheck --gradient none.py : gr", []),
        ("gradcheck --color ", ["auto", "always", "never"]),
        ("tr", ["train"]),
    ],
)
def test_what_is_offered(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    line: str, some: list[str],
) -> None:  # fmt: skip
    Path("my.py").write_text(FUNCTIONS)
    Path("my.json").touch()
    found = offered(monkeypatch, capsys, *line.split(" "))
    assert set(some) <= set(found)
    assert not (found and not some)


def test_lists_are_those_of_the_registries() -> None:
    observed = (bug.name for place in OBSERVED.values() for bug in place)
    by_loop = {f"{activation}-slope" for activation in names.ACTIVATIONS}
    assert set(completion.bugs()) == {*BUGS, *observed} - by_loop
    assert list(LOSSES["bce"].libraries) == names.LIBRARIES


@pytest.mark.parametrize(
    ("words", "joined", "prefix"),
    [
        (["train", ""], ["train", ""], ""),
        (["--set", "a.b"], ["--set", "a.b"], ""),
        (["--set", "a.b", "="], ["--set", "a.b="], "a.b="),
        (["--set", "a.b", "=", "c"], ["--set", "a.b=c"], "a.b="),
        (["f.py", ":", "g"], ["f.py:g"], "f.py:"),
        (["a", "=", "b", "--next"], ["a=b", "--next"], ""),
    ],
)
def test_bash_words_are_put_together(words: list[str], joined: list[str], prefix: str) -> None:
    assert completion._joined(words) == (joined, prefix)


@pytest.mark.parametrize("words", ["gradcheck --gradient my.py : g", "bugs m", "train --set data."])
def test_nothing_heavy_is_loaded(here: Path, words: str) -> None:
    Path("my.py").write_text(FUNCTIONS)
    listed = "\n".join(("mlp", *words.split()))
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", *COMMAND[1:]], capture_output=True, text=True,
        check=False, timeout=60,
        env={**os.environ, "_MLP_COMPLETE": "complete_bash", "COMP_WORDS": listed,
             "COMP_CWORD": str(listed.count("\n"))},
    )  # fmt: skip
    assert ran.stdout
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert not loaded & {"numpy", "duckdb", "rich.console", "matplotlib", "safetensors"}
