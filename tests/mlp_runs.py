"""Runs of `mlp` and what they are run on, shared by the tests of the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Mlp = Callable[..., "Ran"]

COMMAND = [sys.executable, "-m", "mlpcli"]

POINTS = "x,c,y\n" + "".join(
    f"{i % 10}.5,{'red' if i % 3 else 'blue'},{'yes' if i % 10 >= 5 else 'no'}\n" for i in range(80)
)
"""80 rows that are easy to learn: yes from x = 5.5 on."""

CONFIG = """\
data: {train: points.csv, target: y, positive: yes, validation: 0.25, test: 0.25}
network: {hidden: [3]}
training: {epochs: 15, optimizer: {name: adam, learning_rate: 0.1}}
"""


@dataclass(frozen=True)
class Ran:
    """How a run ended and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What stderr got, by line."""
        return self.err.splitlines()

    @property
    def document(self) -> Any:
        """The one strict JSON document that stdout got."""
        return strict_json(self.out)


def strict_json(text: str) -> Any:
    """Read JSON; refuse NaN and Infinity, which only Python takes for JSON."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def write_inputs(folder: Path) -> None:
    """Write points.csv and config.yaml."""
    (folder / "points.csv").write_text(POINTS, encoding="utf-8")
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")


def process(*args: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `mlp` as a process of its own."""
    command = [*COMMAND, *map(str, args)]
    return subprocess.run(
        command, text=True, stderr=subprocess.PIPE, timeout=60, check=False,
        **{"stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options},
    )  # fmt: skip
