"""Models and checkpoints: half of them spoiled in their values and signed again.

What is taken stores as a file that reads back the same, and then makes sense.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fuzz.format import Format, Wrong
from fuzz.mutate import spoiled, spoiled_tree
from fuzz.stage import RESUME
from fuzz.tables import one_database
from mlpcli.config import load_config, to_portable_document
from mlpcli.data.material import load_dataset
from mlpcli.errors import InputError
from mlpcli.nn.step import thread_count
from mlpcli.parallel import Team
from mlpcli.report.info import info_document
from mlpcli.training.build import layer_sizes, new_loop
from mlpcli.training.checkpoint import read_checkpoint, save_checkpoint
from mlpcli.training.model_file import load_model, save_model
from mlpcli.training.predict import predict
from mlpcli.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from mlpcli.data.dataset import Dataset
    from mlpcli.training.loop import Loop

__all__ = ["Checkpoint", "ModelFile"]

PROBE = {"x": np.array([0.0, 4.5, -1e3, np.nan]), "c": ["red", "blue", "green", None]}


class Signed(Format):
    """A file whose digest is right, although its content may not be."""

    good: ClassVar[str]
    schema: ClassVar[str]
    _parts: tuple[dict[str, Any], dict[str, Any]] | None = None

    def seeds(self) -> list[bytes]:
        return [(self.folder / self.good).read_bytes()]

    def mutated(self, content: bytes, rng: random.Random) -> bytes:
        if rng.random() < 0.3:
            return spoiled(
                content, rng, (b"F64", b"F32", b"I8", b"shape", b"W1", b"999"), self.pool
            )
        self._parts = self._parts or read_tensors(self.folder / self.good, self.schema)
        tensors, metadata = self._parts
        if rng.random() < 0.3:
            tensors = spoiled_tensors(tensors, rng)
        else:
            metadata = spoiled_tree(metadata, rng)
        try:
            write_tensors(self.path, self.schema, tensors, dict(metadata), durable=False)
        except Exception:  # noqa: BLE001  not every value can be stored
            return spoiled(content, rng)
        return self.path.read_bytes()


class ModelFile(Signed):
    name = "model"
    file = "model.safetensors"
    good = "good-model.safetensors"
    schema = "mlp.model/1"
    commands = (("info", "model.safetensors", "--json"), ("info", "model.safetensors"),
                ("predict", "model.safetensors", "points.csv"),
                ("evaluate", "model.safetensors", "points.csv"))  # fmt: skip

    def judge(self) -> None:
        model = load_model(self.path)
        info_document(model, "m")
        copies = []
        for _ in range(2):
            save_model(model, self.folder / "copy.safetensors")
            copies.append((self.folder / "copy.safetensors").read_bytes())
            model = load_model(self.folder / "copy.safetensors")
        if copies[0] != copies[1]:
            raise Wrong("stored twice it is not the same")
        try:
            with one_database(), (found := predict(model, PROBE, allow_unseen=True)).scan:
                blocks = [*found]
        except InputError:
            return  # another model, of other columns
        p = np.concatenate([block.p[block.known] for block in blocks])
        if not ((p >= 0) & (p <= 1)).all():
            raise Wrong(f"probabilities {p}")


class Checkpoint(Signed):
    name = "checkpoint"
    file = "again/last.ckpt.safetensors"
    good = "good-last.ckpt.safetensors"
    schema = "mlp.checkpoint/1"
    commands = (RESUME,)
    _made: tuple[Any, Dataset] | None = None

    def judge(self) -> None:
        kept = read_checkpoint(self.path)
        config, dataset = self._made = self._made or self._run()
        threads = thread_count(1, layer_sizes(config, dataset), 32)
        document = to_portable_document(config)
        with closing(Team(threads)) as team:
            loop = new_loop(config, dataset, team)
            kept.notes(loop.engine.kernel, threads)
            kept.restore(loop, document, dataset.digest)
            first = _state(loop)
            copy = self.folder / "copy.ckpt.safetensors"
            save_checkpoint(copy, loop, document, dataset.digest, durable=False)
            read_checkpoint(copy).restore(loop, document, dataset.digest)
            if _state(loop) != first:
                raise Wrong("restored twice it is not the same")
            with np.errstate(all="ignore"):
                epochs = [record.epoch for record in loop.records(lambda _: None)]
        if epochs and epochs[-1] > config.training.epochs:
            raise Wrong(f"goes on to epoch {epochs[-1]}")

    def command(self, content: bytes) -> None:
        shutil.copytree(self.folder / "run", self.folder / "again", dirs_exist_ok=True)
        super().command(content)

    def _run(self) -> tuple[Any, Dataset]:
        config = load_config(self.folder / "good.yaml")
        dataset = load_dataset(config)
        return dataset.config, dataset


def _state(loop: Loop) -> bytes:
    at = loop.position
    numbers = [value for value in vars(at).values() if not isinstance(value, np.ndarray)]
    arrays = (loop.network.theta, at.best_theta, at.squares, *loop.state.values())
    return repr(numbers).encode() + b"".join(array.tobytes() for array in arrays)


@dataclass(frozen=True)
class _Odd:
    values: tuple[float, ...] = (0.0, -1.0, np.nan, np.inf, 1e38, 1e-45, -0.0)
    dtypes: tuple[str, ...] = ("f2", "f4", "f8", "i8", "u1", "?")


def spoiled_tensors(
    tensors: Mapping[str, np.ndarray[Any, Any]], rng: random.Random, odd: _Odd = _Odd()
) -> dict[str, np.ndarray[Any, Any]]:
    """Return arrays with one or two of them changed in a value, dtype, shape or name."""
    changed = dict(tensors)
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice([*changed] or ["W1"])
        array = changed.pop(name, np.zeros(1))
        match rng.randrange(8):
            case 0:
                continue
            case 1:
                name = rng.choice(("W1", "b9", "W3", "X", "", "omega", f"{name}x"))
            case 2:
                with np.errstate(all="ignore"):
                    array = array.astype(rng.choice(odd.dtypes))
            case 3:
                array = array.T
            case 4:
                array = array.reshape(-1)[: rng.randint(0, array.size)]
            case 5:
                array = array.reshape((1, *array.shape, 1)[rng.randint(0, 1) :])
            case _ if array.size:
                array = array.copy()
                with np.errstate(all="ignore"):
                    array.reshape(-1)[rng.randrange(array.size)] = _fitting(array, rng, odd)
        changed[name] = np.ascontiguousarray(array)
    return changed


def _fitting(array: np.ndarray[Any, Any], rng: random.Random, odd: _Odd) -> Any:
    value = rng.choice(odd.values)
    return value if array.dtype.kind == "f" else 1
