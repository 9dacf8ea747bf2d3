"""Somebody's function in a process of its own, which may print, crash, hang or end as it likes.

Arrays go in and arrays come out; the verdict is made here. Its standard output is our standard
error, its input is empty, and what it answers comes through a pipe of its own. It and all that it
started in its process group are ended with it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from mlpcli.check.given.host import TIMEOUT, Answer, Facts, NoAnswer
from mlpcli.check.given.name import name_from
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.given.crossing import Crossing
    from mlpcli.check.given.host import Sample
    from mlpcli.check.given.tree import Tree

__all__ = ["Child"]

_SOURCE = Path(__file__).parents[3]  # the folder that holds this package
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from mlpcli.check.given.serve import serve; sys.path.pop(0); serve(*map(int, sys.argv[2:]))"
)
_LARGEST = 2**26  # bytes of an answer, and as many again as 16 times the question
_GLANCE = 0.05  # seconds between two looks whether the process still lives
_FAREWELL = 1.0  # seconds for what a process does at its end


class Child:
    """A function by its name, as long as the `with` lasts; `timeout` (seconds) is for all calls.

    Under `forbid_mlpcli` it cannot import this package; what it prints is not shown if `quiet`.
    Raises CaseError where it cannot be found.
    """

    def __init__(
        self,
        name: str,
        *,
        step: bool = False,
        timeout: float = TIMEOUT,
        forbid_mlpcli: bool = False,
        quiet: bool = False,
    ) -> None:
        name_from(name)  # what is no name needs no process
        self.name = name
        self._timeout = self._left = timeout
        self._deadline = monotonic() + timeout
        self._questions, self._answers, self._process = _started(timeout, quiet=quiet)
        self._first = {"name": name, "step": step, "forbid": forbid_mlpcli}
        self._doing = "imported"
        self._greeted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def left(self) -> float:
        """The seconds that all calls to come may take."""
        return self._left

    def begin(self, sizes: Sequence[int]) -> Facts:
        """Find the function, as if for the first time, for a network n_0, .. n_L."""
        self._doing = "imported"
        if not self._greeted:
            self._ask(self._first)
            self._greeted = True
        facts = self._ask({"sizes": list(sizes)}).get("facts")
        if not isinstance(facts, tuple) or len(facts) != 3:
            raise self._broken("it said nothing of itself")
        return Facts(bool(facts[0]), *facts[1:])

    def call(
        self, parameters: tuple[Tree, ...], samples: Sequence[Sample], rate: float, where: str = ""
    ) -> list[Answer]:
        """Call it on each sample with the same parameters, (weights, biases) or a part of them."""
        self._doing = f"called{where}"
        question = {
            "parameters": parameters, "samples": list(samples), "rate": rate, "where": where,
        }  # fmt: skip
        answers = self._ask(question).get("answers")
        if not isinstance(answers, list) or len(answers) != len(samples):
            raise self._broken("it gave another number of answers")
        if not all(isinstance(answer, tuple) and len(answer) == 2 for answer in answers):
            raise self._broken("it gave no answers")
        return [Answer(*answer) for answer in answers]

    def crossing(self, parameters: tuple[Tree, ...], sample: Sample) -> Crossing | None:
        """Return the shapes (N, 1) and (N,) that met where labels are used, None if none did."""
        self._doing = "called"
        met = self._ask({"parameters": parameters, "crossing": sample}).get("crossing")
        return met if isinstance(met, tuple) and len(met) == 2 else None

    def close(self) -> None:
        """Let the process end, or end it, with all that it started."""
        if self._questions >= 0:
            os.close(self._questions)
            self._questions = -1
        if self._answers >= 0:  # its end of this pipe is closed with it
            select.select([self._answers], [], [], _FAREWELL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL / 10)
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # there is no such group any more
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._answers >= 0:
            os.close(self._answers)
            self._answers = -1

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        from mlpcli.check.given.wire import HEAD, WireError, body_length, pack, unpack

        self._deadline = monotonic() + self._left
        try:
            frame = pack(question)
            self._write(frame)
            head = self._read(HEAD)
            body = self._read(body_length(head, _LARGEST + 16 * len(frame)))
            answer = unpack(body)
        except WireError as error:
            raise self._broken(f"it returned {error}") from None
        except BaseException:
            self._kill()
            raise
        finally:
            self._left = max(0.0, self._deadline - monotonic())
        if "error" in answer:
            raise CaseError(*map(str, answer["error"]))
        return answer

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._questions, writing=True)
            try:
                view = view[os.write(self._questions, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._gone() from None

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            self._wait(self._answers)
            piece = os.read(self._answers, min(count - len(data), 2**20))
            if not piece:
                raise self._gone()
            data += piece
        return bytes(data)

    def _wait(self, descriptor: int, *, writing: bool = False) -> None:
        """Wait until the pipe is ready, the process is gone, or its time is over."""
        while True:
            ended = self._process.poll() is not None
            wait = 0.0 if ended else min(_GLANCE, max(0.0, self._deadline - monotonic()))
            readers, writers = ([], [descriptor]) if writing else ([descriptor], [])
            if any(select.select(readers, writers, [], wait)):
                return
            if ended:
                raise self._gone()
            if monotonic() >= self._deadline:
                raise NoAnswer(
                    f"{self.name}: {self._doing}: no end after {self._timeout:g} s; "
                    "--timeout gives it more"
                )

    def _gone(self) -> NoAnswer:
        """Return what is to be said of a process that ended, or closed its pipe, too early."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_FAREWELL)
        code = self._process.returncode
        return NoAnswer(f"{self.name}: {self._doing}: {_ending(code)}")

    def _broken(self, what: str) -> NoAnswer:
        self._kill()
        return NoAnswer(f"{self.name}: {self._doing}: its answer cannot be read: {what}")


def _started(timeout: float, *, quiet: bool) -> tuple[int, int, subprocess.Popen[bytes]]:
    """Start the process; return where to write questions, where to read answers, and it."""
    child_questions, questions = os.pipe()
    answers, child_answers = os.pipe()
    os.set_blocking(questions, False)  # whoever does not read must not stop us
    kept = (child_questions, child_answers)
    life = int(timeout) + 5
    command = [sys.executable, "-P", "-c", _PROGRAM, str(_SOURCE), *map(str, kept), str(life)]
    try:
        process = subprocess.Popen(  # noqa: S603  this interpreter, our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else _stderr(),
            stderr=subprocess.DEVNULL if quiet else None,
            pass_fds=kept,
            start_new_session=True,
        )
    finally:
        for descriptor in kept:
            os.close(descriptor)
    return questions, answers, process


def _stderr() -> int:
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _ending(code: int | None) -> str:
    if code is None:
        return "it closed the pipe to mlp, and gave no gradient"
    if code >= 0:
        return f"it ended the process with exit status {code}, and gave no gradient"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    crash = -code in {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT}
    words = "crashed" if crash else "was ended"
    return f"the process {words} ({name}), and gave no gradient"
