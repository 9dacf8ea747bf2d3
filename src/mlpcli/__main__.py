"""The program: `mlp`, or `python -m mlpcli`. Ctrl-C ends it quietly from here on."""

from __future__ import annotations

import gc
import os
import signal

__all__ = ["main"]

_SETTINGS = {
    # Work is shared out above BLAS; where its own threads cannot be started it ends the process.
    "OPENBLAS_NUM_THREADS": "1",
    # No plugin has anything to do here, and to look for one in all that is installed takes 4 ms.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
"""What libraries read from the environment; a user's own word goes first."""

# To look for cycles while modules are loaded, which make none, takes 4 % of a short run.
_ALLOCATIONS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    """Run the program; until it is loaded there is nothing that an end could leave half done."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _signum, _frame: os._exit(130))
    gc.set_threshold(_ALLOCATIONS_BETWEEN_COLLECTIONS, 10, 10)
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlpcli.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
