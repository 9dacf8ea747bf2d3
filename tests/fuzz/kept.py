"""Keeps what was fed so far, so that a run goes on where the last one of the same sources ended."""

from __future__ import annotations

import hashlib
import pickle
from functools import cache
from pathlib import Path

from fuzz.engine import Tally
from fuzz.formats import slug

__all__ = ["KEPT", "fed_before", "keep"]

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "runs" / "fuzz"


def fed_before(name: str) -> Tally:
    """Return what earlier runs fed to a format, if neither `mlp` nor its judges have changed."""
    try:
        sources, tally = pickle.loads(_path(name).read_bytes())
    except FileNotFoundError:
        return Tally()
    assert isinstance(tally, Tally)
    return tally if sources == _sources() else Tally()


def keep(name: str, tally: Tally) -> None:
    """Leave the tally to the next run."""
    KEPT.mkdir(parents=True, exist_ok=True)
    fresh = _path(name).with_suffix(".new")
    fresh.write_bytes(pickle.dumps((_sources(), tally)))
    fresh.replace(_path(name))


def _path(name: str) -> Path:
    return KEPT / f"{slug(name)}.tally"


@cache
def _sources() -> str:
    """Return a digest of all that answers and of all that judges."""
    source = ROOT / "src" / "mlpcli"
    files = [*source.rglob("*.py"), *source.rglob("*.c"), *Path(__file__).parent.glob("*.py")]
    content = b"".join(path.read_bytes() for path in sorted(files))
    return hashlib.sha256(content).hexdigest()
