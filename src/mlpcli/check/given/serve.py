"""The child's side: answers what the parent asks about a function, until it is asked no more.

Started as `python -P -c ..` by `child.py`. It imports NumPy, the guest, and modules of this room
that hold no mathematics.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from dataclasses import astuple
from typing import Any, BinaryIO

from mlpcli.check.given.guest import Guest
from mlpcli.check.given.name import name_from
from mlpcli.check.given.wire import HEAD, pack, unpack
from mlpcli.errors import CaseError

__all__ = ["serve"]

_PACKAGE = "mlpcli"


class _Forbidden:
    """Stands first among Python's finders, and finds that this package must not be imported."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name.partition(".")[0] == _PACKAGE:
            raise ImportError(
                f"{_PACKAGE} cannot be imported by a function that is graded; write the gradient "
                "yourself"
            )


def serve(questions: int, answers: int, seconds: int) -> None:
    """Read questions from one descriptor and write answers to another, until the first is closed.

    A question that takes more than so many seconds ends the process, should its parent be gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # so that a KeyboardInterrupt is the function's
    for descriptor in (questions, answers):
        os.set_inheritable(descriptor, False)
    with os.fdopen(questions, "rb") as source, os.fdopen(answers, "wb") as out:
        first = _next(source)
        if first is not None:
            _serve(first, source, out, seconds)


def _serve(first: dict[str, Any], source: BinaryIO, out: BinaryIO, seconds: int) -> None:
    if first["forbid"]:
        _forbid()
    sys.argv = [first["name"]]
    guest: Guest | None = None
    message: dict[str, Any] | None = first
    while message is not None:
        signal.alarm(seconds)
        try:
            if guest is None:
                guest = Guest(name_from(first["name"]), step=first["step"])
                reply: dict[str, Any] = {}
            else:
                reply = _answered(guest, message)
        except CaseError as error:
            reply = {"error": [*error.lines]}
        _flush()
        out.write(pack(reply))
        out.flush()
        signal.alarm(0)
        message = _next(source)


def _answered(guest: Guest, message: dict[str, Any]) -> dict[str, Any]:
    if "sizes" in message:
        return {"facts": astuple(guest.begin(message["sizes"]))}
    if "crossing" in message:
        return {"crossing": guest.crossing(message["parameters"], message["crossing"])}
    answers = guest.call(
        message["parameters"], message["samples"], message["rate"], message["where"]
    )
    return {"answers": [(answer.returned, answer.after) for answer in answers]}


def _next(source: BinaryIO) -> dict[str, Any] | None:
    head = source.read(HEAD)
    return unpack(source.read(int.from_bytes(head, "little"))) if len(head) == HEAD else None


def _forbid() -> None:
    """Take this package away: what runs already keeps what it needs."""
    for name in [n for n in sys.modules if n.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Forbidden())


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()  # type: ignore[union-attr]  # None is suppressed
