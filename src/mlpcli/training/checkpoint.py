"""Keeps a training run on disk so exactly that going on from there gives the same bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.errors import ModelError, UsageError
from mlpcli.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.training.loop import Loop

__all__ = ["restore_checkpoint", "save_checkpoint", "threads_of"]

SCHEMA = "mlp.checkpoint/1"
_EPOCHS = ("training", "epochs")
_FREE_TO_CHANGE = {("training", "checkpoint_every"), ("training", "output"), ("gradcheck",)}


def save_checkpoint(
    path: Path, loop: Loop, config: Mapping[str, Any], digest: str, *, durable: bool
) -> None:
    """Write all that `loop` needs to go on; `config` and data `digest` guard against mixing runs.

    Without `durable` the file survives the end of the process but maybe not a power cut.
    """
    at = loop.position
    arrays = {"theta": loop.network.theta, "best_theta": at.best_theta, "squares": at.squares}
    arrays |= {f"optimizer.{key}": value for key, value in loop.state.items()}
    scalars = {f.name: getattr(at, f.name) for f in fields(at) if f.name not in arrays}
    metadata = {
        "position": {**scalars, "best_loss": at.best_loss if np.isfinite(at.best_loss) else None},
        "schedule": {"scale": loop.schedule.scale, "waited": loop.schedule.waited},
        "config": config,
        "data_digest": digest,
        "threads": loop.team.size,
    }
    write_tensors(path, SCHEMA, arrays, metadata, durable=durable)


def threads_of(path: Path) -> int | None:
    """Return how many threads shared the steps of the run, which its bytes depend on.

    None where there is no checkpoint; ModelError where it is damaged.
    """
    threads = read_tensors(path, SCHEMA)[1].get("threads") if path.exists() else None
    return threads if isinstance(threads, int) and threads >= 1 else None


def restore_checkpoint(path: Path, loop: Loop, config: Mapping[str, Any], digest: str) -> None:
    """Set `loop` to where the checkpoint left off.

    Raises UsageError if there is none, or if config or data are not those of the checkpoint, and
    ModelError if the file is damaged.
    """
    if not path.exists():
        raise UsageError(f"{path}: no checkpoint to resume from; train without --resume first")
    tensors, metadata = read_tensors(path, SCHEMA)
    lacking = {"position", "schedule", "config", "data_digest"} - metadata.keys()
    if lacking:
        raise ModelError(f"{path}: not a checkpoint that mlp train wrote: no {min(lacking)}")
    timed = loop.schedule.kind == "cosine"
    for key, old, new in _differences(metadata["config"], config, timed=timed):
        raise UsageError(
            f"{path}: {key} was {old!r} in the interrupted run and is {new!r} now; "
            "set it back, or start anew with --force"
        )
    if metadata["data_digest"] != digest:
        raise UsageError(f"{path}: the data files have changed since; start anew with --force")
    try:
        _take_over(loop, tensors, metadata)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: does not fit the network of the config: {error}") from error


def _take_over(loop: Loop, tensors: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    """Copy arrays and numbers into the loop; KeyError, TypeError or ValueError if they differ."""
    at = loop.position
    arrays = {"theta": loop.network.theta, "best_theta": at.best_theta, "squares": at.squares}
    arrays |= {f"optimizer.{key}": value for key, value in loop.state.items()}
    for name, array in arrays.items():
        if tensors[name].shape != array.shape:
            raise ValueError(f"{name} has shape {tensors[name].shape}, expected {array.shape}")
        array[...] = tensors[name]
    position = metadata["position"]
    for name in (f.name for f in fields(at) if f.name not in arrays):
        setattr(at, name, math.inf if position[name] is None else position[name])
    loop.schedule.scale = float(metadata["schedule"]["scale"])
    loop.schedule.waited = int(metadata["schedule"]["waited"])


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], path: tuple[str, ...] = (), *, timed: bool
) -> list[tuple[str, Any, Any]]:
    """List the keys, dotted, by which two configs differ in what decides the result.

    The number of epochs does only where the learning rate follows from it.
    """
    found = []
    for key in sorted({*old, *new}):
        here = (*path, key)
        a, b = old.get(key), new.get(key)
        if a == b or here in _FREE_TO_CHANGE or (here == _EPOCHS and not timed):
            continue
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += _differences(a, b, here, timed=timed)
        else:
            found.append((".".join(here), a, b))
    return found
