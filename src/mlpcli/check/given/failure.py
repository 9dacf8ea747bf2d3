"""What is said of somebody's function that fails: the error, and the line of theirs it came from.

Whatever is raised in it is its own failure, a KeyboardInterrupt too; what a signal raises is not.
"""

from __future__ import annotations

import signal
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["described", "is_from_outside"]

_ROOM = Path(__file__).parent
_PACKAGE = _ROOM.parents[1]
_SIGNALLED = (KeyboardInterrupt, SystemExit)  # what handlers of SIGINT and SIGTERM raise


def is_from_outside(error: BaseException) -> bool:
    """Whether a handler of a signal raised it, ours or Python's own, which leaves no frame."""
    if not isinstance(error, _SIGNALLED):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    if frames and _is_ours(Path(frames[-1].filename)):
        return True
    pythons = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    return isinstance(error, KeyboardInterrupt) and pythons


def described(error: BaseException, folders: Sequence[Path]) -> str:
    """Return the error and the last line of the user's own code on the way to it."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"SyntaxError: {error.msg} ({Path(error.filename).name}:{error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(Path(frame.filename), folders)]
    last = (own or [frame for frame in frames if not _is_ours(Path(frame.filename))])[-1:]
    place = "".join(f" ({Path(at.filename).name}:{at.lineno})" for at in last)
    said = ": ".join(filter(None, (type(error).__name__, _first_line(error))))
    told = f"{said}{place}"
    notes = getattr(error, "__notes__", ())
    return "; ".join([told, *(note for note in notes if isinstance(note, str))])


def _first_line(error: BaseException) -> str:
    """Return the first line of what an error says; its own words may fail as well."""
    try:
        lines = str(error).splitlines()
    except BaseException as second:  # noqa: BLE001  whatever somebody's __str__ raises
        return f"its __str__ raises {type(second).__name__}"
    return lines[0] if lines else ""


def _is_own(file: Path, folders: Sequence[Path]) -> bool:
    inside = any(file.is_relative_to(folder) for folder in folders)
    return inside and "site-packages" not in file.parts and not file.is_relative_to(_ROOM)


def _is_ours(file: Path) -> bool:
    """Whether it is a file of this package."""
    return file.is_relative_to(_PACKAGE)
