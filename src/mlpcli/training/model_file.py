"""The model: a network with all that turns a table into probabilities and labels, as one file."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.encoder import Encoder
from mlpcli.data.reading import reading_from
from mlpcli.data.target import AnyTarget, Classes, classes_of, target_from
from mlpcli.errors import ModelError, UsageError
from mlpcli.files import refuse_unreadable
from mlpcli.nn.activations import ACTIVATIONS, Sigmoid, activation_by
from mlpcli.nn.kernel.engine import logits as kernel_logits
from mlpcli.nn.losses import LOSSES, Loss
from mlpcli.nn.network import Network
from mlpcli.records import dataclass
from mlpcli.text import shorten, show_name
from mlpcli.training.run_folder import RunFolder
from mlpcli.training.sense import require_model
from mlpcli.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from mlpcli.data.frames import Data
    from mlpcli.data.table import Column, Kind, Reading
    from mlpcli.nn.activation import Activation

__all__ = ["Model", "load_model", "logits_of", "save_model"]

SCHEMA = "mlp.model/1"


@dataclass(frozen=True)
class Model:
    """A trained network, its encoder and targets, and where it came from.

    `thresholds` (one per target, none for three and more labels) part the labels; `config` is the
    resolved config, `metrics` the metrics of its own training by part, `versions` those of the
    software that made it, all as JSON values. `tensor_digest` is the SHA-256 of the weights, empty
    before the model is stored. `reading` says how its tables were read, None in older models;
    `notes` are what there was to know of them.
    """

    network: Network
    encoder: Encoder
    targets: tuple[AnyTarget, ...]
    thresholds: tuple[float, ...]
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    seed: int
    data_digest: str
    versions: Mapping[str, Any]
    tensor_digest: str = ""
    reading: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        return f"<Model of {shorten(names)}: {self.network!r}>"

    @property
    def loss(self) -> Loss:
        """The true loss that the model was trained on."""
        return LOSSES[self.config["loss"]["kind"]]

    @property
    def classes(self) -> Classes | None:
        """The target if it is one of three and more labels."""
        return classes_of(self.targets)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the targets."""
        return tuple(target.name for target in self.targets)

    @property
    def dtype(self) -> str:
        """The precision that it computes in: float32 or float64."""
        return str(self.network.theta.dtype)

    def reading_of(self, kinds: Mapping[str, Kind]) -> Reading:
        """Return how to read columns of these kinds, as the training table was read."""
        return reading_from(self.reading, kinds)

    def with_threshold(self, threshold: float) -> Model:
        """Return the model with one threshold for all targets; UsageError if it uses none."""
        if self.classes is not None:
            raise UsageError(
                f"--threshold: target {show_name(self.classes.name)} has {self.classes.outputs} "
                "labels, of which the likeliest is predicted; leave it out"
            )
        return replace(self, thresholds=(threshold,) * len(self.targets))

    def logits(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return the logits (N x K) of encoded rows (N x n_0), computed in the network's dtype."""
        return logits_of(self.network, X)

    def predict_proba(self, data: Data, *, allow_unseen: bool = False) -> NDArray[np.float64]:
        """Return the probability (N,) of the positive label in each row of a table.

        Several targets have a column each (N x K), and so have three and more labels, in order. A
        row that misses a value which the model does not fill has nan. `data` is a path, a table in
        memory as in `train`, or an encoded matrix (N x n_0). Raises DataError where it does not
        fit, or holds nothing in a column that training saw, unless `allow_unseen`.
        """
        found: NDArray[np.float64] = _later("answers").probabilities(self, data, allow_unseen)
        return found

    def predict(self, data: Data, *, allow_unseen: bool = False) -> NDArray[Any]:
        """Return the label (N,) of each row, or of each row and target (N x K); see predict_proba.

        Labels are as in the training table: texts, or numbers. A row without an answer has None,
        or nan among numbers.
        """
        found: NDArray[Any] = _later("answers").answers(self, data, allow_unseen)
        return found

    def evaluate(self, data: Data, **options: Any) -> Any:
        """Return the Evaluation of the model on a table with labels: see `mlpcli.evaluate`."""
        return _later("evaluate").evaluate(self, data, **options)

    def score(self, columns: Mapping[str, Column]) -> tuple[NDArray[np.float64], dict[str, int]]:
        """Return the logits of rows of a table, and by column how many texts training never saw."""
        X, unseen = self.encoder.encode(columns, self.dtype)
        return self.logits(X), unseen


def _later(name: str) -> Any:
    """Return a module of this room that itself needs to know what a model is."""
    return import_module(f"mlpcli.training.{name}")


def logits_of(
    network: Network, X: NDArray[np.floating[Any]], kept: str | None = None
) -> NDArray[np.float64]:
    """Return logits (N x K), computed in the network's dtype; inf or nan where it is too narrow.

    `kept` is the identity of the kernel that trained it, where that is to compute them, too.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        H = kernel_logits(network, X.astype(network.theta.dtype, copy=False), kept)
    return H.astype(np.float64)


def save_model(model: Model, path: Path) -> None:
    """Write the model to `path`, atomically; StorageError if it cannot be written."""
    metadata = {
        "encoder": model.encoder.to_document(),
        "reading": model.reading,
        "notes": list(model.notes),
        "targets": [target.to_document() for target in model.targets],
        "positive": {
            target.name: target.positive
            for target in model.targets
            if not isinstance(target, Classes)
        },
        "threshold": list(model.thresholds),
        "config": model.config,
        "metrics": model.metrics,
        "seed": model.seed,
        "data_digest": model.data_digest,
        "versions": model.versions,
    }
    write_tensors(path, SCHEMA, dict(model.network.tensors()), metadata)


def load_model(path: str | Path) -> Model:
    """Read a model, or that of a run folder; nothing in the file is executed.

    Raises ModelError where the file is missing, damaged, from a newer format, or holds weights of
    the wrong shapes or that are not finite.
    """
    path = Path(path)
    refuse_unreadable(path)
    if path.is_dir():
        path = _in_folder(path)
    tensors, metadata = read_tensors(path, SCHEMA)
    try:
        loss, network = (metadata["config"][section] for section in ("loss", "network"))
        _require_known(path, "loss", loss["kind"], LOSSES)
        activation = network.get("activation", Sigmoid.name)  # older models name none
        _require_known(path, "activation", activation, ACTIVATIONS)
        activation = activation_by(activation, float(network.get("slope", 0)))
        encoder = Encoder.from_document(metadata["encoder"])
        targets = tuple(map(target_from, metadata["targets"]))
        outputs = sum(target.outputs for target in targets)
        model = Model(
            network=_network(path, tensors, len(encoder.inputs), outputs, activation),
            encoder=encoder,
            targets=targets,
            thresholds=tuple(map(float, metadata["threshold"])),
            config=metadata["config"],
            metrics=metadata["metrics"],
            seed=int(metadata["seed"]),
            data_digest=metadata["data_digest"],
            versions=metadata["versions"],
            tensor_digest=metadata["tensor_digest"],
            reading=metadata.get("reading"),
            notes=tuple(map(str, metadata.get("notes", ()))),
        )
        model.reading_of(encoder.kinds)  # which tells whether it is one
        require_model(metadata)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: not a model that mlp train wrote: {error!r}") from error
    expected = 0 if model.classes else len(targets)
    if len(model.thresholds) != expected:
        raise ModelError(f"{path}: expected {expected} thresholds, got {len(model.thresholds)}")
    return model


def _in_folder(path: Path) -> Path:
    """Return the model of a run folder."""
    model = RunFolder(path).model
    if not model.exists():
        raise ModelError(
            f"{path}: no {model.name} in this folder; expected a model or a run folder"
        )
    return model


def _require_known(path: Path, what: str, name: object, known: Collection[str]) -> None:
    if name not in known:
        raise ModelError(
            f"{path}: expected a model of {what} {' or '.join(known)}, got {name!r:.40}"
        )


def _network(
    path: Path,
    tensors: Mapping[str, NDArray[Any]],
    inputs: int,
    outputs: int,
    activation: Activation,
) -> Network:
    bias = "b1" in tensors
    depth = len(tensors) // (2 if bias else 1)
    names = [name for i in range(1, depth + 1) for name in (f"W{i}", f"b{i}")[: 1 + bias]]
    if not depth or set(names) != set(tensors):
        raise ModelError(f"{path}: expected tensors W1, b1, .. WL, bL, got {sorted(tensors)}")
    widths = [tensors[f"W{i}"].shape[:1] for i in range(1, depth + 1)]
    sizes = [inputs, *(width for shape in widths[:-1] for width in shape), outputs]
    dtype = tensors["W1"].dtype
    network = Network(sizes, bias, np.empty(Network.count(sizes, bias), dtype), activation)
    for name, view in network.tensors():
        tensor = tensors[name]
        if tensor.shape != view.shape or tensor.dtype not in (np.float32, np.float64):
            raise ModelError(
                f"{path}: {name}: expected {view.shape} of float32 or float64, "
                f"got {tensor.shape} of {tensor.dtype}"
            )
        if not np.isfinite(tensor).all():
            raise ModelError(f"{path}: {name} holds a value that is not finite; train again")
        view[:] = tensor
    return network
