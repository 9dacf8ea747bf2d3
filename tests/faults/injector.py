"""Runs `mlp` on a disk that fails at its n-th call, or is killed there, and judges what is left.

The calls are made to fail below Python, by a small library that is preloaded: `shim.c`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from faults.forks import PATIENCE, Forks, Run
from foreign import find
from mlp_runs import POINTS
from mlpcli.export.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALL", "FAULTS", "WRITERS", "Bench", "Fault", "build_shim"]

CONFIG = """\
data: {train: points.csv, target: y, positive: yes, validation: 0.25}
network: {hidden: [3]}
training: {epochs: 3, threads: 1, optimizer: {name: adam, learning_rate: 0.1}}
"""

OWN_CODE = """\
import numpy as np


def gradient(weights, biases, X, y):
    Z = [X]
    for W, b in zip(weights, biases):
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + b))))
    delta, dW, db = (Z[-1] - y) / len(X), [], []
    for W, z in zip(reversed(weights), reversed(Z[:-1])):
        dW.insert(0, delta.T @ z)
        db.insert(0, delta.sum(axis=0))
        delta = delta @ W * z * (1 - z)
    return dW, db
"""

ALL = "owsrumtc"  # kinds of calls, as the shim has them


@dataclass(frozen=True)
class Fault:
    """What goes wrong: the error's number (-1: half of a write), at which calls, and how long."""

    name: str
    errno: int
    kinds: str = ALL
    for_good: bool = False

    def environment(self) -> dict[str, str]:
        """Return what tells the shim."""
        told = {"FAULT_ERRNO": str(self.errno), "FAULT_KINDS": self.kinds}
        return told | ({"FAULT_AFTER": "1"} if self.for_good else {})


FAULTS = (
    Fault("disk full", errno.ENOSPC, "owsmt", for_good=True),
    Fault("disk full once", errno.ENOSPC, "owsmt"),
    Fault("broken disk", errno.EIO),
    Fault("permission denied", errno.EACCES, "orumc"),
    Fault("short write", -1, "w"),
    Fault("fsync fails", errno.EIO, "s"),
    Fault("rename fails", errno.EACCES, "r"),
)

WRITERS = {
    "train": ["train", "config.yaml", "--quiet", "--out", "run"],
    "train --json --plot": ["train", "config.yaml", "-q", "--json", "--plot", "out.svg",
                           "--out", "run"],
    "train --resume": ["train", "config.yaml", "--quiet", "--out", "half", "--resume"],
    "train TABLE": ["train", "points.csv", "--target", "y", "--epochs", "2", "-q", "--out", "run"],
    "crossval": ["crossval", "config.yaml", "-q", "--out", "cv", "--folds", "2", "--jobs", "1"],
    "crossval --jobs 2": ["crossval", "config.yaml", "-q", "--out", "cv", "--folds", "2",
                          "--jobs", "2"],
    "init": ["init", "points.csv", "--target", "y", "--output", "new.yaml"],
    "predict": ["predict", "ready", "points.csv", "--output", "out.csv"],
    "predict -": ["predict", "ready", "-", "--output", "out.csv"],
    "evaluate": ["evaluate", "ready", "points.csv", "--json", "--plot", "out.svg"],
    "gradcheck": ["gradcheck", "config.yaml", "--rows", "4", "--dump", "case.npz", "--answers",
                  "answers.json", "--junit", "out.xml"],
    "gradcheck --plot": ["gradcheck", "config.yaml", "--rows", "4", "--dump", "case.json",
                         "--answers", "answers.safetensors", "--plot", "out.svg"],
    "gradcheck --gradient": ["gradcheck", "config.yaml", "--rows", "4", "--gradient",
                             "own:gradient", "--dump", "case.safetensors", "--answers",
                             "answers.safetensors", "--junit", "out.xml"],
    "chain": ["chain", "config.yaml", "--rows", "4", "--json", "--plot", "out.svg"],
    "compare-losses": ["compare-losses", "--logits=-2:2:1", "--json", "--plot", "out.svg"],
    "report": ["report", "ready", "--output", "out.html"],
    **{f"export --to {name}": ["export", "ready", "--to", name, "--output", "out"]
       for name in FORMATS},
    "example": ["example", "xor", "--output", "copied"],
}  # fmt: skip
"""Command lines of each command that writes, by what they are called in the table of counts."""

_FORCELESS = {"evaluate", "chain", "compare-losses"}  # what they write takes the place of the old

TIMED = ("report.json", "history.jsonl", "out.xml")  # hold seconds, which differ from run to run


def build_shim(folder: Path) -> Path | None:
    """Compile the shim; None where there is no compiler, or no Linux."""
    compiler = find("cc")
    if not compiler or not sys.platform.startswith("linux"):
        return None
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    command = [compiler, "-shared", "-fPIC", "-O1", "--output", str(library), str(source), "-ldl"]
    ran = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return library if ran.returncode == 0 else None


class Bench:
    """A folder with inputs and a trained model, copied for each run of one command line."""

    def __init__(self, folder: Path, shim: Path, command: list[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.command = folder, command
        self.forks = Forks(folder, shim)
        self.origin = folder / "origin"
        if not self.origin.exists():
            self.origin.mkdir()
            (self.origin / "points.csv").write_text(POINTS)
            (self.origin / "config.yaml").write_text(CONFIG)
            (self.origin / "own.py").write_text(OWN_CODE)
            for name, epochs in (("ready", "3"), ("half", "2")):
                line = ["train", "config.yaml", "--quiet", "--out", name, "--epochs", epochs]
                made = self._mlp(self.origin, line, {})
                assert made.status == 0, made.err
        self.before = contents(self.origin)
        own = "half/" if "half" in command else " "
        self.inputs = {name: b for name, b in self.before.items() if not name.startswith(own)}
        here = self._copy()
        whole = self._mlp(here, command, {})
        assert whole.status == 0, whole.err
        self.outputs = contents(here)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.forks.close()

    def calls(self, kinds: str) -> int:
        """Return how many calls of these kinds the command makes."""
        log = self.folder / "calls"
        log.unlink(missing_ok=True)
        self._mlp(self._copy(), self.command, {"FAULT_KINDS": kinds, "FAULT_LOG": str(log)})
        return int(log.read_text().splitlines()[-1])

    def fail(self, fault: Fault, n: int, *, again: bool = True) -> str | None:
        """Let the n-th call fail; return what is wrong with how it ended or with what is left.

        With `again` the command is then given once more, and has to end as in one go.
        """
        here = self._copy()
        told = {**fault.environment(), "FAULT_N": str(n)}
        ran = self._mlp(here, self.command, told)
        return self._judged(here, ran) or (self._again(here) if again else None)

    def kill(self, n: int) -> str | None:
        """Kill the process at its n-th call; return what is wrong with what is left."""
        here = self._copy()
        told = {"FAULT_N": str(n), "FAULT_KINDS": ALL, "FAULT_KILL": "1"}
        ran = self._mlp(here, self.command, told)
        return self._killed(here, ran, -signal.SIGKILL)

    def kill_after(self, seconds: float) -> str | None:
        """End the process, unheard, after that long; return what is wrong with what is left."""
        here = self._copy()
        ran = self._mlp(here, self.command, {}, seconds)
        return self._killed(here, ran, -signal.SIGALRM)

    def _killed(self, here: Path, ran: Run, status: int) -> str | None:
        if ran.status not in {0, status} or ran.err:
            return f"status {ran.status}: {ran.err}"
        return self._broken(here) or self._again(here)

    def _again(self, here: Path) -> str | None:
        """Go on, or anew where there is nothing to go on from; the result is as in one go."""
        resumed = ["--resume"] if (here / "run/last.ckpt.safetensors").exists() else ["--force"]
        more = resumed if self.command[0] in {"train", "crossval"} else ["--force"]
        if "--resume" in self.command or self.command[0] in _FORCELESS:
            more = []
        ran = self._mlp(here, [*self.command, *more], {})
        if ran.status:
            return f"then {more}: status {ran.status}: {ran.err}"
        left = contents(here)
        wrong = [name for name, content in self.outputs.items() if left.get(name) != content]
        return f"then {more}: other bytes in {wrong}" if wrong else None

    def _judged(self, here: Path, ran: Run) -> str | None:
        if ran.status not in {0, 74} or "Traceback" in ran.err:
            return f"status {ran.status}: {ran.err}"
        if ran.status and (len(ran.err.splitlines()) != 1 or ran.out):
            return f"expected one line and no result, got {ran.err!r}, {ran.out[:40]!r}"
        left = contents(here)
        if not ran.status and any(left.get(name) != b for name, b in self.outputs.items()):
            return "status 0, but an output lacks or differs"
        return self._broken(here)

    def _broken(self, here: Path) -> str | None:
        """Return which file is neither as it was, nor as it is to be, nor absent."""
        left = contents(here)
        if any(left.get(name) != content for name, content in self.inputs.items()):
            return "an input was changed"
        whole = (self.before, self.outputs)
        halves = [name for name, b in left.items() if any(name in known for known in whole)
                  and all(b != known.get(name) for known in whole)
                  and not name.endswith("last.ckpt.safetensors")]  # fmt: skip
        return f"half written: {halves}" if halves else _no_json(here)

    def _copy(self) -> Path:
        here = self.folder / "work"  # always the same: a config that is kept has whole paths
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(self.origin, here)
        (here / "tmp").mkdir()
        return here

    def _mlp(
        self, here: Path, args: list[str], told: dict[str, str], seconds: float = PATIENCE
    ) -> Run:
        under = {"FAULT_UNDER": str(here)} if told else {}
        always = {"TMPDIR": str(here / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}  # of own code
        stdin = here / "points.csv" if "-" in args else None
        return self.forks.run(args, here, {**always, **under, **told}, stdin, seconds)


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of each whole file; of those that tell the time, that they are there."""
    found = {}
    for path in _files(folder):
        name = str(path.relative_to(folder))
        timed = path.name in TIMED or path.suffix == ".npz"  # a zip archive has dates
        found[name] = "" if timed else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files that have a name of their own: no lock, nothing temporary."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and inside[0] != "tmp" and not path.name.startswith("."):
            yield path


def _no_json(here: Path) -> str | None:
    for path in here.rglob("report.json"):
        try:
            json.loads(path.read_text())
        except ValueError:
            return f"half written: {path.name}"
    return None
