"""What `mlp gradcheck` and `mlp chain` share: options, progress, and where results go."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.cli.console import complain
from mlpcli.errors import UsageError

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.config import Config

__all__ = ["check_options", "counting", "dump_case", "refuse_contradictions"]

_LONG = 2.0  # seconds before a check is worth a word


def refuse_contradictions(
    config: Path | None,
    overrides: Sequence[str] | None,
    tolerance: float | None,
    gradient: str | None,
    ours: Mapping[str, object | None],
) -> None:
    """Raise UsageError for options that exclude each other; `ours` are about our own gradient."""
    if tolerance is not None and not 0 < tolerance < 1:
        raise UsageError(f"--tolerance: expected a number > 0 and < 1, got {tolerance:g}")
    if config is None and overrides:
        raise UsageError("--set changes a CONFIG, and none is given")
    for option, value in ours.items():
        if gradient is not None and value is not None:
            raise UsageError(f"{option} is about our own gradient; leave it out with --gradient")


def check_options(
    config: Config | None, method: str | None, tolerance: float | None, derivative: str | None
) -> dict[str, Any]:
    """Return the keywords of a check: the command line's, else the config's, else the defaults."""
    options: dict[str, Any] = {}
    if config is not None:
        section = config.gradcheck
        options = {"method": section.method, "tolerance": section.tolerance, "step": section.step}
        options |= {"form": config.loss.derivative, "epsilon": config.loss.epsilon}
        if derivative is not None and config.loss.kind == "mse":
            raise UsageError("--derivative: the mse has one form only; leave it out")
    given = {"method": method, "tolerance": tolerance, "form": derivative}
    return options | {name: value for name, value in given.items() if value is not None}


def dump_case(case: Case, path: Path, *, force: bool) -> None:
    """Write the case to a file that is not there yet, or with `force` to any."""
    from mlpcli.check.exchange import write_case
    from mlpcli.files import atomic_file, refuse_existing

    if path.suffix not in {".npz", ".safetensors"}:
        raise UsageError(f"--dump {path}: expected a name that ends in .npz or .safetensors")
    refuse_existing(path, force=force)
    with atomic_file(path) as file:
        write_case(case, file, path.suffix)


@contextmanager
def counting(total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to be called with counts of entries done; it shows how far a check is.

    At a terminal a bar appears once a check takes long; elsewhere a plain line now and then.
    """
    started = shown = time.monotonic()
    done = 0
    live = sys.stderr.isatty()

    def count(entries: int) -> None:
        nonlocal done, shown
        done += entries
        now = time.monotonic()
        if now - started < _LONG or now - shown < (0.2 if live else 10 * _LONG):
            return
        shown = now
        left = (now - started) * (total - done) / max(done, 1)
        text = f"{done}/{total} entries, {left:.0f} s left"
        if live:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        else:
            complain(text)

    try:
        yield count
    finally:
        if live and shown > started:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
