"""Tab offers keys, values, columns, forms, scores, bugs, functions; nothing heavy is loaded."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from foreign import foreign
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


def offered_by_zsh(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                   *words: str) -> list[str]:  # fmt: skip
    """Return what zsh offers for the last word, which it does not cut at = and :."""
    monkeypatch.setattr(sys, "argv", ["mlp"])
    monkeypatch.setenv("_MLP_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", " ".join(("mlp", *words)))
    with pytest.raises(SystemExit):
        main()
    return [found.replace("\\", "") for found in re.findall(r'"([^"]+)"', capsys.readouterr().out)]


LINES = [
    ("train config.yaml --set training.ep", ["training.epochs="]),
    ("train config.yaml --set network.activation=", ["network.activation=tanh"]),
    ("train config.yaml --set network.activation = re", ["relu"]),
    ("train config.yaml --set network.bias = ", ["true", "false"]),
    ("train config.yaml --set training.optimizer = n", ["nesterov"]),
    ("train config.yaml --set training.optimizer.name = n", ["nesterov"]),
    ("train config.yaml --set training.schedule.name = ", ["cosine", "plateau", "step"]),
    ("train config.yaml --set data.target = ", ["x", "c", "y"]),
    ("train config.yaml --set data.drop = ", ["[x]", "[c]", "[y]"]),
    ("train config.yaml --set data.validation.column = c", ["c"]),
    ("train config.yaml --set no.such = n", []),
    ("train points.csv --target ", ["x", "c", "y"]),
    ("train points.csv.gz --target ", ["x", "c", "y"]),
    ("train points.parquet --target ", ["x", "c", "y"]),
    ("train points.csv.zip --target ", ["x", "c", "y"]),
    ("train poi*.csv --target ", ["x", "c", "y"]),
    ("train latin.csv --target ", ["größe", "y"]),
    ("train 'two words.csv' --target ", ["x", "c", "y"]),
    ("train config.yaml --target ", ["x", "c", "y"]),
    ("init points.csv --target c", ["c"]),
    ("predict model.safetensors points.csv --keep x", ["x"]),
    ("train nothing.csv --target c", []),
    ("train broken.parquet --target c", []),
    ("compare-losses --form s", ["stable", "scikit-learn"]),
    ("compare-losses --loss ", ["bce", "cross_entropy"]),
    ("compare-losses --dtype float", ["float16", "float32", "float64"]),
    ("compare-losses --epsilon k", ["keras"]),
    ("evaluate model.safetensors points.csv --fail-under roc", ["roc_auc="]),
    ("runs --sort bal", ["balanced_accuracy"]),
    ("gradcheck --plant missing-si", ["missing-sigma-prime"]),
    ("gradcheck --plant sigmoid-", ["sigmoid-slope"]),
    ("bugs missing-si", ["missing-sigma-prime"]),
    ("example moo", ["moons"]),
    ("gradcheck --gradient my", ["my.py:", "my.json"]),
    ("gradcheck --gradient my.py : gr", ["gradient"]),
    ("gradcheck --gradient my.py : ", ["gradient", "Net.backward"]),
    ("gradcheck --gradient my : gr", ["gradient"]),
    ("gradcheck --gradient none.py : gr", []),
    ("gradcheck --color ", ["auto", "always", "never"]),
    ("tr", ["train"]),
]


@pytest.fixture
def there(here: Path) -> None:
    """The files that the lines name."""
    text = Path("points.csv").read_bytes()
    Path("my.py").write_text(FUNCTIONS)
    Path("my.json").touch()
    Path("two words.csv").write_bytes(text)
    Path("points.csv.gz").write_bytes(gzip.compress(text))
    Path("broken.parquet").write_bytes(b"PAR1" + bytes(100))
    Path("latin.csv").write_text("größe,y\n1,0\n", "latin-1")
    with zipfile.ZipFile("points.csv.zip", "w") as archive:
        archive.writestr("points.csv", text)
    duckdb.sql("COPY (FROM 'points.csv') TO 'points.parquet'")


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(("line", "some"), LINES)
def test_what_is_offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, some: list[str]
) -> None:
    found = offered(monkeypatch, capsys, *split(line))
    assert set(some) <= set(found)
    assert not (found and not some)


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(("line", "some"), LINES)
def test_what_zsh_is_offered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, some: list[str]
) -> None:
    joined = re.sub(" ([=:]) ", r"\1", line)
    found = offered_by_zsh(monkeypatch, capsys, *split(joined))
    before = joined.split(" ")[-1] if " = " in line or " : " in line else ""
    before = before[: max(before.rfind("="), before.rfind(":")) + 1]
    assert {before + one for one in some} <= set(found)
    assert not (found and not some)


def split(line: str) -> list[str]:
    """Cut a line at blanks outside of quotes, which stay, and keep an empty last word."""
    return re.findall(r"'[^']*'|[^ ]+|(?<= )$", line)


@pytest.mark.parametrize(
    ("words", "offers"),
    [(["--set", "network.init", "=", "h"], ["he"]), (["--target", ""], ["x", "c", "y"])],
)
def test_bash_itself(here: Path, words: list[str], offers: list[str]) -> None:
    """The function that is installed, called as bash does at Tab."""
    folder = here / "bin"
    folder.mkdir()
    mlp = folder / "mlp"
    mlp.write_text(f'#!/bin/sh\nexec {" ".join(map(shlex.quote, COMMAND))} "$@"\n')
    mlp.chmod(0o755)
    line = ["mlp", "train", "points.csv", *words]
    script = (
        f'eval "$(_MLP_COMPLETE=source_bash mlp)"; COMP_WORDS=({shlex.join(line)}); '
        f"COMP_CWORD={len(line) - 1}; _mlp_completion mlp; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run([foreign("bash"), "-c", script], capture_output=True, text=True,
                         check=True, timeout=60, env={**os.environ, "PATH": path})  # fmt: skip
    assert ran.stdout.split() == offers


def test_lists_are_those_of_the_registries() -> None:
    observed = (bug.name for place in OBSERVED.values() for bug in place)
    assert set(completion.bugs()) == {*BUGS, *observed}
    assert list(LOSSES["bce"].libraries) == names.LIBRARIES
    assert completion.losses() == [name for name, loss in LOSSES.items() if len(loss.forms) > 1]


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


@pytest.mark.parametrize(
    "words",
    [
        "gradcheck --gradient my.py : g",
        "bugs m",
        "train --set data.",
        "train config.yaml --set data.target = y",
        "train points.csv --target y",
    ],
)
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
