"""Feeds a format what Atheris finds worth a try: inputs that run lines which none ran before.

    python -m fuzz.guided FORMAT COUNT SECONDS SEED FILE

It ends by itself after so many inputs or seconds, with the tally in the file. A process of its own,
as the package has to be instrumented while it is imported.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import random
import sys
import tempfile
import time
from pathlib import Path

import atheris

with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["mlpcli"]):
    from fuzz.engine import Tally, feed
    from fuzz.formats import FORMATS
    from fuzz.stage import build_stage

_LARGEST = 1 << 16


def main(name: str, count: int, seconds: float, seed: int, target: Path) -> None:
    """Feed so many inputs, write the tally, and end the process."""
    folder = Path(tempfile.mkdtemp(dir=target.parent))
    tempfile.tempdir = str(folder)
    build_stage(folder)
    end = time.monotonic() + seconds
    form, tally = FORMATS[name](folder), Tally()
    form.pool += form.seeds()
    corpus = folder / "seeds"
    corpus.mkdir()
    for number, content in enumerate(form.pool):
        (corpus / str(number)).write_bytes(content)

    def one(content: bytes) -> None:
        feed(form, content, tally)
        if tally.inputs >= count or time.monotonic() > end:
            target.write_bytes(pickle.dumps(tally))
            os._exit(0)

    def mutated(content: bytes, size: int, number: int) -> bytes:
        rng = random.Random(number)
        if rng.random() < 0.3:
            return bytes(atheris.Mutate(content, size))
        return form.mutated(content, rng)[:size]

    options = [f"-seed={seed + 1}", f"-max_len={_LARGEST}", "-verbosity=0",
               "-rss_limit_mb=0", "-detect_leaks=0"]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    _, form_name, *numbers, file = sys.argv
    main(form_name, int(numbers[0]), float(numbers[1]), int(numbers[2]), Path(file))
