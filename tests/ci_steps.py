"""Runs the steps of CI files as their services do, with the `mlp` of this interpreter.

What fetches and installs, `git` and `python`, is played by programs that write down how they were
called: a test needs no network.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Ran", "Stage", "load"]

_EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


def load(path: Path) -> Any:
    """Return the document; YAML 1.1 takes the key `on` for a truth value."""
    return yaml.safe_load(path.read_text("utf-8"))


@dataclass(frozen=True)
class Ran:
    """The exit status of a step, its log, and what it said to GitHub."""

    status: int
    log: str
    outputs: str
    summary: str


class Stage:
    """A folder that is checked out, and the programs that its steps find."""

    def __init__(self, here: Path) -> None:
        self.here, self.bin = here, here / ".stage"
        self.bin.mkdir()
        self._program("mlp", f'exec "{sys.executable}" -m mlpcli "$@"')
        for name in ("git", "python"):
            self._program(name, f'echo "{name} $@" >> "{self.bin}/calls"')

    @property
    def calls(self) -> list[str]:
        """How `git` and `python` were called."""
        return (self.bin / "calls").read_text().splitlines()

    def run(self, script: str, folder: str = ".", env: Mapping[str, str] | None = None) -> Ran:
        """Run a script as GitHub's `shell: bash` does."""
        told = {name: self.bin / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in told.values():
            path.write_text("")
        (self.bin / "step.sh").write_text(script, "utf-8")
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.bin / "step.sh")],
            cwd=self.here / folder, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}",
                 "GITHUB_WORKSPACE": str(self.here.resolve()),
                 **{name: str(path) for name, path in told.items()}, **(env or {})},
        )  # fmt: skip
        return Ran(ran.returncode, ran.stdout + ran.stderr, *(p.read_text() for p in told.values()))

    def action(self, document: Any, inputs: Mapping[str, str]) -> Ran:
        """Run a composite action up to the first step that fails; return its last."""
        assert set(inputs) <= set(document["inputs"])
        values = {"github.action_path": "/the/action"}
        for name, record in document["inputs"].items():
            values[f"inputs.{name}"] = inputs.get(name, record["default"])
        for step in document["runs"]["steps"]:
            assert step["shell"] == "bash"
            assert not _EXPRESSION.search(step["run"])  # which would run what stands in an input
            env = {name: _filled(text, values) for name, text in step.get("env", {}).items()}
            folder = _filled(step.get("working-directory", "."), values)
            ran = self.run(step["run"], folder, env)
            if ran.status:
                break
        return ran

    def _program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda found: values[found[1]], text)
