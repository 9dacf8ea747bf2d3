"""Functions that print, crash, hang, end the process, or return what is none."""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
from guests import gradient  # type: ignore[import-not-found]  # found beside it

sum_of_calls: Any = None
velocity: Any = None
RNG = np.random.default_rng(0)


def leaves(*case: Any) -> Any:
    os._exit(0)


def exits(*case: Any) -> Any:
    raise SystemExit(0)


def crashes(*case: Any) -> Any:
    os.kill(os.getpid(), signal.SIGSEGV)


def aborts(*case: Any) -> Any:
    os.abort()


def hangs(*case: Any) -> Any:
    while True:
        time.sleep(0.01)


def closes_every_pipe(*case: Any) -> Any:
    os.closerange(3, 64)
    return gradient(*case)


def prints(*case: Any) -> Any:
    print("from Python")
    sys.stdout.write("unfinished")
    os.write(1, b"from C\n")
    ctypes.CDLL(None).puts(b"from puts")
    subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
    atexit.register(print, "at the end")
    return gradient(*case)


def threads(*case: Any) -> Any:
    thread = threading.Thread(target=time.sleep, args=(3600,))
    thread.start()
    return gradient(*case)


def leaves_a_child(*case: Any) -> Any:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    return gradient(*case)


def huge(*case: Any) -> Any:
    return [np.zeros(25_000_000)], []


def deep(*case: Any) -> Any:
    nested: list[Any] = []
    nested.append(nested)
    return nested


def nothing(*case: Any) -> Any:
    return None


def words(*case: Any) -> Any:
    return "the gradient"


def complex_numbers(*case: Any) -> Any:
    dW, db = gradient(*case)
    return [d + 0j for d in dW], db


def objects(*case: Any) -> Any:
    """Right, in the way NumPy holds arrays of several shapes."""
    dW, db = gradient(*case)
    held = [np.empty(len(dW), object), np.empty(len(db), object)]
    held[0][:], held[1][:] = dW, db
    return held[0], held[1]


def broken(*case: Any) -> Any:
    dW, db = gradient(*case)
    dW[0][0, 0] = np.nan
    return dW, db


def writes_to_the_pipe(*case: Any) -> Any:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\x10\0\0\0\0\0\0\0\4\0\0\0{}{}gibberish")
        except OSError:
            continue
    return gradient(*case)


def inherits(*case: Any) -> Any:
    """Refuses to work if what it starts would get a pipe of ours."""
    left = [d for d in range(3, 64) if _is_open(d) and os.get_inheritable(d)]
    assert not left, left
    return gradient(*case)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def keeps_its_modules(*case: Any) -> Any:
    """Refuses to work where a module of Python is taken away that was there before."""
    assert {"abc", "builtins", "io", "json", "numpy"} <= sys.modules.keys()
    return gradient(*case)


def forge(answer: dict[str, Any]) -> None:
    """Answer in the place of the process that this runs in."""
    from mlpcli.check.given.wire import pack

    for descriptor in range(3, 64):
        try:
            os.write(descriptor, pack(answer))
        except OSError:
            continue


class Forging:
    """Says of itself what nobody asked."""

    def __init__(self) -> None:
        forge({"facts": (True,)})

    def gradient(self, *case: Any) -> Any:
        return gradient(*case)


def forges_too_many(*case: Any) -> Any:
    forge({"answers": [(None, None)] * 2})


def forges_none(*case: Any) -> Any:
    forge({"answers": [(None, None, None)]})


def cheats(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    from mlpcli.check.case import case_from  # noqa: F401

    return gradient(weights, biases, X, y)


def accumulates(*case: Any) -> Any:
    global sum_of_calls  # noqa: PLW0603
    dW, db = gradient(*case)
    new = dW + db
    sum_of_calls = (
        new if sum_of_calls is None else [a + b for a, b in zip(sum_of_calls, new, strict=True)]
    )
    return sum_of_calls[: len(dW)], sum_of_calls[len(dW) :]


def momentum(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    global velocity  # noqa: PLW0603
    dW, db = gradient(weights, biases, X, y)
    new = dW + db
    velocity = (
        new if velocity is None else [0.9 * v + d for v, d in zip(velocity, new, strict=True)]
    )
    for array, v in zip(weights + biases, velocity, strict=True):
        array[:] -= lr * v


def adam(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    dW, db = gradient(weights, biases, X, y)
    for array, d in zip(weights + biases, dW + db, strict=True):
        array[:] -= lr * d / (np.abs(d) + 1e-8)


def rmsprop(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    dW, db = gradient(weights, biases, X, y)
    for array, d in zip(weights + biases, dW + db, strict=True):
        array[:] -= lr * d / (np.sqrt(0.1 * d**2) + 1e-8)


def decay(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    dW, db = gradient(weights, biases, X, y)
    for array, d in zip(weights + biases, dW + db, strict=True):
        array[:] -= lr * (d + 0.01 * array)


def decay_of_weights(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    dW, db = gradient(weights, biases, X, y)
    for W, b, d, e in zip(weights, biases, dW, db, strict=True):
        W[:] -= lr * (d + 0.01 * W)
        b[:] -= lr * e


def needy(weights: Any, biases: Any, X: Any, y: Any, cache: Any, l2: float) -> Any:
    return gradient(weights, biases, X, y)


def lonely(weights: Any) -> Any:
    return weights


class Outside(BaseException):
    """Passes by whoever catches Exception."""


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Interrupting(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt

    __repr__ = __str__


def raises_outside(*case: Any) -> Any:
    raise Outside("x")


def interrupts(*case: Any) -> Any:
    raise KeyboardInterrupt


def speechless(*case: Any) -> Any:
    raise Speechless


def interrupting(*case: Any) -> Any:
    raise Interrupting


def complex_in_a_dict(*case: Any) -> Any:
    dW, db = gradient(*case)
    return {"dW1": dW[0] * 1j, "dW2": dW[1], "db1": db[0], "db2": db[1]}


def leaves_complex_numbers(weights: Any, *case: Any) -> Any:
    found = gradient(weights, *case)
    weights[0] = weights[0] * 1j
    return found


def pops(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    found = gradient(weights, biases, X, y)
    while weights:
        weights.pop()
    return found


def appends(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    found = gradient(weights, biases, X, y)
    biases.append(np.zeros(2))
    return found


def inserts(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    found = gradient(weights, biases, X, y)
    weights.insert(0, None)
    return found


def clears(weights: Any, biases: Any, X: Any, y: Any) -> Any:
    found = gradient(weights, biases, X, y)
    biases.clear()
    return found


def _of(params: Any, X: Any, y: Any) -> Any:
    depth = len(params) // 2
    return gradient(*([params[f"{c}{i + 1}"] for i in range(depth)] for c in "Wb"), X, y)


def pops_a_key(params: Any, X: Any, y: Any) -> Any:
    found = _of(params, X, y)
    del params["W1"]
    return found


def adds_a_key(params: Any, X: Any, y: Any) -> Any:
    found = _of(params, X, y)
    params["A0"] = X
    return found


def replaces_items(params: Any, X: Any, y: Any, lr: float) -> None:
    dW, db = _of(params, X, y)
    for i, (d, e) in enumerate(zip(dW, db, strict=True), start=1):
        params[f"W{i}"] = params[f"W{i}"] - lr * d
        params[f"b{i}"] = params[f"b{i}"] - lr * e


def pops_and_steps(weights: Any, biases: Any, X: Any, y: Any, lr: float) -> Any:
    dW, db = gradient(weights, biases, X, y)
    after = [[a - lr * d for a, d in zip(*pair, strict=True)]
             for pair in ((weights, dW), (biases, db))]  # fmt: skip
    weights.pop()
    return after


class Tearing:
    """Keeps its weights, and loses them, or gets more."""

    def __init__(self, sizes: list[int]) -> None:
        self.biases = [np.zeros(n) for n in sizes[1:]]
        self.weights: list[Any] = [np.zeros((n, m)) for m, n in zip(sizes, sizes[1:])]  # noqa: B905, RUF007

    def pops(self, X: Any, y: Any) -> Any:
        found = gradient(self.weights, self.biases, X, y)
        self.weights.pop()
        return found

    def appends(self, X: Any, y: Any) -> Any:
        found = gradient(self.weights, self.biases, X, y)
        self.weights.append(np.ones(3))
        return found

    def writes_text(self, X: Any, y: Any) -> Any:
        found = gradient(self.weights, self.biases, X, y)
        self.weights[0] = "W1"
        return found

    def forgets(self, X: Any, y: Any) -> Any:
        found = gradient(self.weights, self.biases, X, y)
        del self.weights
        return found
