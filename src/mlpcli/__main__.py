"""The program: `mlp`, or `python -m mlpcli`. Ctrl-C ends it quietly from here on."""

from __future__ import annotations

import os
import signal

__all__ = ["main"]

_ONE_THREAD = "OPENBLAS_NUM_THREADS"


def main() -> None:
    """Run the program; until it is loaded there is nothing that an end could leave half done."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _signum, _frame: os._exit(130))
    # Work is shared out above BLAS; where its own threads cannot be started it ends the process.
    os.environ.setdefault(_ONE_THREAD, "1")
    from mlpcli.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
