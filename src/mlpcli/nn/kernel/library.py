"""Finds the compiled kernel beside this file, and says why there is none to use.

A library is used only if it was made of the very source that lies beside it, so that one left over
from an older version is not called with arguments that it does not know.
"""

from __future__ import annotations

import ctypes
import logging
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from mlpcli.errors import UsageError
from mlpcli.nn.kernel.build import LIBRARY, SOURCE, digest_of
from mlpcli.nn.kernel.job import FUNCTIONS, Job
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

__all__ = ["NUMPY", "VARIABLE", "Kernel", "kernel_for"]

NUMPY = "numpy"
VARIABLE = "MLP_KERNEL"
_LEVELS = ("plain", "v2", "v3", "v4")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kernel:
    """The functions of one level of the kernel: `call(name, dtype)` is one of them.

    `identity` is all that the last digits of a run depend on: level, source and compiler.
    """

    library: Any
    level: str
    identity: str

    def call(self, name: str, dtype: np.dtype[Any]) -> Any:
        """Return a function of the kernel for numbers of this type, float32 or float64."""
        function = getattr(self.library, f"{name}_f{8 * dtype.itemsize}_{self.level}")
        function.argtypes, function.restype = FUNCTIONS[name]
        return function


def kernel_for(kept: str | None = None) -> Kernel | None:
    """Return the kernel to use, None for NumPy; why there is none is said to the log.

    The variable MLP_KERNEL may ask for numpy, or for a level; else `kept`, the identity of the
    kernel by which a run was begun, has the say where that level is there, else it is the best
    level of the processor. Raises UsageError where the variable names nothing that is known.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked not in {"", NUMPY, *_LEVELS}:
        known = ", ".join((NUMPY, *_LEVELS))
        raise UsageError(f'{VARIABLE}: expected one of {known}, got "{asked:.40}"')
    return _of_level(asked or _level_of(kept))


def _level_of(kept: str | None) -> str:
    """Return the level, or numpy, out of the identity of a kernel; empty where it has none."""
    words = (kept or "").split()
    if words[:1] == [NUMPY]:
        return NUMPY
    return words[1] if len(words) > 1 and words[1] in _LEVELS else ""


@cache
def _of_level(wanted: str) -> Kernel | None:
    if wanted == NUMPY:
        _log.debug("kernel: numpy, as %s or the checkpoint says", VARIABLE)
        return None
    path = SOURCE.with_name(LIBRARY)
    found = _load(path)
    if isinstance(found, str):
        _log.debug("kernel: numpy, as %s", found)
        return None
    levels = found.mlp_levels().decode().split()
    if wanted not in levels:
        return _of_level(levels[-1])
    compiler = found.mlp_compiler().decode()
    identity = f"c {wanted} ({digest_of(SOURCE)[:8]}, {compiler})"
    _log.debug("kernel: %s, from %s", identity, path)
    return Kernel(found, wanted, identity)


def _load(path: Path) -> Any | str:
    """Return the library, or in words why it is not used."""
    if not path.exists():
        return f"there is no compiled kernel at {path}"
    try:
        library = ctypes.CDLL(str(path))
        for name in ("mlp_digest", "mlp_levels", "mlp_compiler"):
            getattr(library, name).restype = ctypes.c_char_p
        library.mlp_job_size.restype = ctypes.c_int64
        fresh = library.mlp_digest().decode() == digest_of(SOURCE)
    except (OSError, AttributeError) as error:
        return f"{path} cannot be loaded: {error}"
    if not fresh or library.mlp_job_size() != ctypes.sizeof(Job):
        return f"{path} was compiled of another source than {SOURCE.name} beside it"
    return library
