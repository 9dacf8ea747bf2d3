"""The child's side of the pipe, played in this process: questions in, answers out, in order."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.check.given.serve import _Forbidden, serve
from mlpcli.check.given.wire import HEAD, pack, unpack
from planted import network_case

GUESTS = Path(__file__).parent / "guests.py"
CASE = network_case((2, 3, 1), 4)
SIZES = {"sizes": list(CASE.network.sizes)}


def called(samples: int = 1) -> dict[str, Any]:
    parameters = [*CASE.network.W], [*CASE.network.b]
    sample = CASE.X, CASE.y
    return {"parameters": parameters, "samples": [sample] * samples, "rate": 1.0, "where": ""}


def answers(function: str, *questions: dict[str, Any], rest: bytes = b"") -> list[Any]:
    """Return what is answered to a greeting and these questions, before the pipe ends."""
    theirs, ours = os.pipe()
    back, forth = os.pipe()
    first = {"name": f"{GUESTS}:{function}", "step": False, "forbid": False}
    with os.fdopen(ours, "wb") as out:
        out.write(b"".join(map(pack, (first, *questions))) + rest)
    serve(theirs, forth, 60)
    with os.fdopen(back, "rb") as source:
        found = []
        while head := source.read(HEAD):
            found.append(unpack(source.read(int.from_bytes(head, "little"))))
    return found


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the function have its own command line, as it has in its process."""
    monkeypatch.setattr(sys, "argv", ["pytest"])


def test_each_question_is_answered_and_the_end_of_the_pipe_is_the_end() -> None:
    greeting, facts, made = answers("gradient", SIZES, called(2))
    assert greeting == {}
    takes_rate, file, line = facts["facts"]
    assert (takes_rate, file) == (False, str(GUESTS))
    assert isinstance(line, int)
    assert len(made["answers"]) == 2
    for (dW, db), after in made["answers"]:
        assert after is None
        right = CASE.gradient()
        for a, b in zip((*dW, *db), (*right.W, *right.b), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    assert sys.argv == [f"{GUESTS}:gradient"]
    assert signal.alarm(0) == 0  # none is left to go off


def test_what_fails_is_an_error_and_not_the_end() -> None:
    _, absent, again = answers("gradeint", SIZES, SIZES)
    assert absent == again
    assert absent["error"][0].endswith('guests has no function gradeint, did you mean "gradient"?')


@pytest.mark.parametrize("rest", [b"", b"\x10\0\0"])
def test_half_a_question_is_none(rest: bytes) -> None:
    assert len(answers("gradient", SIZES, rest=rest)) == 2


def test_whoever_is_asked_nothing_answers_nothing() -> None:
    theirs, ours = os.pipe()
    back, forth = os.pipe()
    os.close(ours)
    serve(theirs, forth, 60)
    assert os.read(back, 1) == b""
    os.close(back)


def test_this_package_alone_is_forbidden() -> None:
    finder = _Forbidden()
    for name in ("numpy", "mlpclips", "mlp", "tests.mlpcli"):
        finder.find_spec(name)
    for name in ("mlpcli", "mlpcli.check.case"):
        with pytest.raises(ImportError, match="cannot be imported by a function that is graded"):
            finder.find_spec(name)
