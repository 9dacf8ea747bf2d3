"""What can be fed to `mlp`, a format each: good files, ways to spoil one, and a judge."""

from __future__ import annotations

import contextlib
import io
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from fuzz.mutate import spoiled
from mlpcli.cli.app import run
from mlpcli.errors import InputError

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Format", "Wrong", "complaint", "ran"]


class Wrong(AssertionError):
    """An answer that is neither one clean refusal nor a right success."""


@dataclass
class Format(ABC):
    """One kind of input, of which `folder` holds what else a command needs.

    `pool` are inputs from which others are made: the good ones, and those that had a new answer;
    `known` are the answers so far.
    """

    folder: Path
    pool: list[bytes] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    name: ClassVar[str]
    file: ClassVar[str]
    """What the file is called."""
    tokens: ClassVar[Sequence[bytes]] = ()
    """Pieces that mean something in such a file."""
    commands: ClassVar[Sequence[Sequence[str]]] = ()
    """Whole command lines that read it."""

    @property
    def path(self) -> Path:
        """Where the input is put."""
        return self.folder / self.file

    @abstractmethod
    def seeds(self) -> list[bytes]:
        """Return good files."""

    @abstractmethod
    def judge(self) -> None:
        """Read the file; raise InputError where it is refused, Wrong where it is taken wrongly."""

    def mutated(self, content: bytes, rng: random.Random) -> bytes:
        """Return another input, near this one."""
        return spoiled(content, rng, self.tokens, self.pool)

    def feed(self, content: bytes) -> str | None:
        """Give an input to the reader; return its refusal, or None where it took it rightly.

        Raises Wrong, or whatever the reader lets through that is no refusal.
        """
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_bytes(content)
        try:
            self.judge()
        except InputError as error:
            return complaint(error)
        return None

    def command(self, content: bytes) -> None:
        """Give an input to each command; raise Wrong where one does not end as it should."""
        for words in self.commands:
            self.path.write_bytes(content)
            status, err = ran(words)
            if status not in {0, 1, 2, 3, 4} or "Traceback" in err:
                raise Wrong(f"{words[0]} ended with {status}: {err[-300:]}")
            if status == 2 and not all(map(str.isprintable, err.splitlines())):
                raise Wrong(f"{words[0]} printed what no terminal should get: {err!r:.300}")


def complaint(error: InputError) -> str:
    """Return what an error says; raise Wrong where a line of it is none."""
    for line in error.lines or ("",):
        if not line.strip() or "\n" in line:
            raise Wrong(f"no line: {line!r:.300}")
    return "\n".join(error.lines)


def ran(words: Sequence[str]) -> tuple[int, str]:
    """Run a command line in this process; return its exit status and what it said on stderr."""
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        status = run(words)
    return status, err.getvalue()
