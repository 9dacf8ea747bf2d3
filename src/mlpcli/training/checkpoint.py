"""Keeps a training run on disk so exactly that going on from there gives the same bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import ModelError, UsageError
from mlpcli.records import dataclass
from mlpcli.text import shorten, show_value
from mlpcli.training.sense import require_arrays, require_position
from mlpcli.training.tensor_file import read_tensors, write_tensors
from mlpcli.version import software

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.nn.network import Network
    from mlpcli.training.loop import Loop

__all__ = ["FREE_TO_CHANGE", "Checkpoint", "differences", "read_checkpoint", "save_checkpoint"]

SCHEMA = "mlp.checkpoint/1"
FREE_TO_CHANGE = {
    "data.memory_limit",
    "training.allreduce",
    "training.checkpoint_every",
    "training.output",
    "gradcheck",
}
_PARTS = {"position": Mapping, "schedule": Mapping, "config": Mapping, "data_digest": str}
_TABLES = {"data.train", "data.validation", "data.test"}


def _arrays(loop: Loop) -> dict[str, NDArray[Any]]:
    """Return the arrays that change as a run goes on, themselves and not copies, by their names."""
    at = loop.position
    arrays = {"theta": loop.network.theta, "best_theta": at.best_theta, "squares": at.squares}
    return arrays | {f"optimizer.{key}": value for key, value in loop.state.items()}


def save_checkpoint(
    path: Path, loop: Loop, config: Mapping[str, Any], digest: str, *, durable: bool
) -> None:
    """Write all that `loop` needs to go on; `config` and data `digest` guard against mixing runs.

    Without `durable` the file survives the end of the process but maybe not a power cut.
    """
    at, arrays = loop.position, _arrays(loop)
    scalars = {f.name: getattr(at, f.name) for f in fields(at) if f.name not in arrays}
    metadata = {
        "position": {**scalars, "best_loss": at.best_loss if np.isfinite(at.best_loss) else None},
        "schedule": {"scale": loop.schedule.scale, "waited": loop.schedule.waited},
        "config": config,
        "data_digest": digest,
        "threads": loop.team.size,
        "kernel": loop.engine.kernel,
        "versions": software(*loop.libraries),
    }
    write_tensors(path, SCHEMA, arrays, metadata, durable=durable)


@dataclass(frozen=True)
class Checkpoint:
    """What was kept of a run: arrays and numbers, the config and the digest of its data."""

    path: Path
    tensors: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, Any]

    @property
    def threads(self) -> int | None:
        """How many threads shared the steps of the run, which its bytes depend on."""
        threads = self.metadata.get("threads")
        return threads if isinstance(threads, int) and threads >= 1 else None

    @property
    def kernel(self) -> str | None:
        """The identity of the kernel that took the steps of the run, which its bytes depend on."""
        kernel = self.metadata.get("kernel")
        return kernel if isinstance(kernel, str) else None

    def notes(self, kernel: str, threads: int) -> list[str]:
        """Return what the run was begun with and is not gone on with: its bytes may differ.

        `kernel` is the identity of that which it goes on with, `threads` how many threads or ranks
        share its steps.
        """
        from mlpcli.training.full_batch import FullBatch

        old = self.metadata.get("versions")
        known = dict(old) if isinstance(old, Mapping) else {}
        new = software(*(name for name in FullBatch.libraries if name in known))
        if known:
            new["kernel"], known["kernel"] = kernel, self.kernel or kernel
        notes = [
            f"{name} was {known[name]!s:.60} when the run was interrupted and is {new[name]} now; "
            "the last digits may differ from those of a run in one go"
            for name in new
            if name in known and known[name] != new[name]
        ]
        if self.threads not in {None, threads}:
            notes.append(
                f"steps were shared by {self.threads} threads or ranks, and are by {threads} from "
                "here on: the last digits are those of a run that changes here"
            )
        return notes

    def restore(self, loop: Loop, config: Mapping[str, Any], digest: str) -> None:
        """Set `loop` to where the run left off.

        Raises UsageError if config or data are not those of the run, and ModelError if the arrays
        do not fit.
        """
        timed = loop.schedule.kind == "cosine"  # its rate follows from the number of epochs
        free = FREE_TO_CHANGE if timed else FREE_TO_CHANGE | {"training.epochs"}
        if loop.team.size == self.threads:  # be they named or not
            free = free | {"training.threads"}
        for key, old, new in differences(self.metadata["config"], config, free):
            raise UsageError(
                f"{self.path}: {shorten(key)} was {show_value(old)} in the interrupted run and is "
                f"{show_value(new)} now; set it back, or start anew with --force"
            )
        if self.metadata["data_digest"] != digest:
            raise UsageError(
                f"{self.path}: the data files have changed since; start anew with --force"
            )
        done, planned = self.metadata["position"].get("epoch"), self.metadata["config"]["training"]
        if isinstance(done, int) and loop.epochs < done <= planned["epochs"]:
            raise UsageError(
                f"{self.path}: {done} epochs are done, and training.epochs is {loop.epochs} now; "
                f"set it to {done} or more, or start anew with --force"
            )
        try:
            self._fill(loop)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            message = f"{self.path}: does not fit the network of the config: {error!r}"
            raise ModelError(message) from error

    def _fill(self, loop: Loop) -> None:
        arrays = _arrays(loop)
        require_position(self.metadata)
        require_arrays(self.tensors, arrays)
        moments = {f"optimizer.{name}" for name in loop.optimizer.moments}
        for name, array in arrays.items():
            array[...] = self.tensors[name]
            if name in moments and self.kernel is None:
                _unfold(array, loop.network)
        at, position = loop.position, self.metadata["position"]
        for name in (f.name for f in fields(at) if f.name not in arrays):
            setattr(at, name, math.inf if position[name] is None else position[name])
        loop.schedule.scale = float(self.metadata["schedule"]["scale"])
        loop.schedule.waited = int(self.metadata["schedule"]["waited"])


def _unfold(vector: NDArray[Any], network: Network) -> None:
    """Bring into the order of theta what version 0.1 kept row by row of [W_i b_i]."""
    start, folded, ordered = 0, vector.copy(), network.like(vector)
    for W, b in zip(ordered.W, ordered.b, strict=True):
        stop = start + W.size + b.size
        rows = folded[start:stop].reshape(len(W), -1)
        W[:], b[:] = rows[:, : W.shape[1]], rows[:, W.shape[1] :].reshape(-1)
        start = stop


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; UsageError if there is none, and ModelError if the file is damaged."""
    if not path.exists():
        raise UsageError(f"{path}: no checkpoint to resume from; train without --resume first")
    tensors, metadata = read_tensors(path, SCHEMA)
    lacking = [key for key, kind in _PARTS.items() if not isinstance(metadata.get(key), kind)]
    if lacking:
        raise ModelError(f"{path}: not a checkpoint that mlp train wrote: no {min(lacking)}")
    return Checkpoint(path, tensors, metadata)


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], free: set[str], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the keys, dotted, by which two configs differ, and both values, but for `free` ones."""
    for key in sorted({*old, *new}):
        name, a, b = f"{prefix}{key}", old.get(key), new.get(key)
        if a == b or name in free or (name in _TABLES and _files(a) and _files(b)):
            continue  # what is in the tables is guarded by their digest
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            yield from differences(a, b, free, f"{name}.")
        else:
            yield name, a, b


def _files(value: Any) -> bool:
    return isinstance(value, str | list | tuple)
