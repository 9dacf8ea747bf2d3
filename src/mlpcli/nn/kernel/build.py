"""Compiles kernel.c into the shared library that lies beside it: `python build.py`.

Nothing of mlpcli is imported here: the build hook of the package runs this file by its path.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

__all__ = ["LIBRARY", "SOURCE", "compile_kernel", "digest_of"]

SOURCE = Path(__file__).with_name("kernel.c")
LIBRARY = "_kernel" + {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")

# No -ffast-math: the check for steps that are not finite needs inf and nan, and sums keep their
# order. contract: a product and a sum in one rounding where the level has it. no-math-errno and
# no-trapping-math: roots and comparisons in vectors; nobody looks at errno or at the flags.
_FLAGS = [
    "-std=c11", "-O3", "-shared", "-fvisibility=hidden", "-ffp-contract=fast", "-fno-math-errno",
    "-fno-trapping-math", "-Wno-psabi", "-Wno-attributes",
]  # fmt: skip
_SECONDS = 300  # on a machine that is busy


def digest_of(source: Path) -> str:
    """Return the SHA-256 of the source, which the library carries: one of another is not used."""
    return hashlib.sha256(source.read_bytes()).hexdigest()


def _compilers() -> list[str]:
    """Return the command lines to try: $CC alone where that is set."""
    given = os.environ.get("CC")
    usual = sysconfig.get_config_var("CC") or ""
    return [given] if given else [*([usual] if usual else []), "cc", "gcc", "clang"]


def compile_kernel(source: Path, target: Path) -> str | None:
    """Compile the kernel to `target`, which appears whole or not at all; return why it did not.

    Any compiler of the GNU dialect will do; $CC names one. None where all went well.
    """
    reasons = []
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        for compiler in dict.fromkeys(_compilers()):
            reason = _try(compiler, source, made)
            if reason is None:
                made.replace(target)
                return None
            reasons.append(f"{compiler}: {reason}")
    return "; ".join(reasons)


def _try(compiler: str, source: Path, made: Path) -> str | None:
    position = [] if sys.platform == "win32" else ["-fPIC"]
    libraries = [] if sys.platform == "win32" else ["-lm"]
    words = [*shlex.split(compiler), *_FLAGS, *position, f'-DMLP_DIGEST="{digest_of(source)}"',
             str(source), "-o", str(made), *libraries]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603  the user's own compiler
            words, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line]
        return (lines or [f"exit status {done.returncode}"])[0]
    return None


def main() -> int:
    """Compile the library beside the source; return the exit status."""
    reason = compile_kernel(SOURCE, SOURCE.with_name(LIBRARY))
    print(reason or f"{LIBRARY} is made", file=sys.stderr)  # noqa: T201  a program of its own
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
