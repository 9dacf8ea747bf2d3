"""A subject of the benchmark: one gradient by finite differences, ours or torch's slow mode.

    python -m benchmarks.gradchecks ours|torch 0|1|2

The number chooses a size of `gradcheck_speed`, which says how torch's time is measured.
"""

from __future__ import annotations

import json
import sys
from functools import partial

from benchmarks.gradcheck_speed import SIZES, best, example, torch_seconds
from mlpcli.check.numeric.methods import numeric_gradient


def main(subject: str, size: str) -> None:
    case = example(*SIZES[int(size)])
    if subject == "ours":
        seconds: float | None = best(partial(numeric_gradient, case), 3)
    else:
        seconds = torch_seconds(case, full=False)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
