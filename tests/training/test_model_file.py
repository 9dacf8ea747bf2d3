"""A model comes back as it was saved; a file that is anything else is refused in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from mlpcli.errors import ModelError
from mlpcli.nn.losses import LOSSES
from mlpcli.training.model_file import Model, load_model, save_model
from mlpcli.training.tensor_file import read_tensors, write_tensors
from training_workshop import BASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from training_workshop import Workshop

SCHEMA = "mlp.model/1"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", ["true", "false"])
@pytest.mark.parametrize("hidden", ["[]", "[3]", "[4, 2]"])
def test_round_trip(workshop: Workshop, dtype: str, bias: str, hidden: str) -> None:
    model: Model = workshop.model(
        f"network.hidden={hidden}", f"network.bias={bias}", f"training.dtype={dtype}"
    )
    model = replace(model, thresholds=(0.1 + 0.2,), metrics={"train": None}, seed=7)
    path = workshop.path / "m"
    save_model(model, path)
    back = load_model(str(path))
    assert back.network.sizes == model.network.sizes
    assert back.network.bias is (bias == "true")
    assert back.network.theta.dtype == dtype
    np.testing.assert_array_equal(back.network.theta, model.network.theta)
    assert len(back.tensor_digest) == 64
    assert replace(back, network=model.network, tensor_digest="") == model
    assert back.names == ("y",)
    X = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_array_equal(back.logits(X), model.logits(X))
    assert back.logits(X).dtype == np.float64


def test_tensors_as_other_tools_read_them(workshop: Workshop) -> None:
    path = workshop.model_file("network.hidden=[4, 3]")
    tensors = load_file(path)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    assert shapes == {
        "W1": (4, 2), "b1": (4,), "W2": (3, 4), "b2": (3,), "W3": (1, 3), "b3": (1,),
    }  # fmt: skip
    X = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    z = X
    for i in (1, 2, 3):
        h = z @ tensors[f"W{i}"].T + tensors[f"b{i}"]
        z = 1 / (1 + np.exp(-h))
    np.testing.assert_allclose(load_model(path).logits(X), h, rtol=1e-5, atol=1e-6)


def test_loss_follows_the_config(workshop: Workshop) -> None:
    assert load_model(workshop.model_file("loss.kind=mse")).loss is LOSSES["mse"]
    assert load_model(workshop.model_file("loss.derivative=naive")).loss is LOSSES["bce"]


def test_rows_beyond_the_range_of_float32_give_no_warning(workshop: Workshop) -> None:
    h = workshop.model("network.hidden=[]").logits(np.array([[1e300, 1e300], [1.0, 1.0]]))
    assert np.isfinite(h).tolist() == [[False], [True]]


def test_bit_flips_and_cuts_of_a_real_model(workshop: Workshop) -> None:
    path = workshop.model_file()
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.choice(len(whole), 400, replace=False).tolist():
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(ModelError):
            load_model(path)
    for length in rng.integers(0, len(whole), 40).tolist():
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            load_model(path)


Change = tuple[dict[str, Any], dict[str, Any]]
INFINITE = np.array([[1.0, np.inf], [0.0, 0.0], [0.0, 0.0]], np.float32)
REFUSED: dict[str, tuple[Callable[[dict[str, Any], dict[str, Any]], Any], str]] = {
    "nan weight": (
        lambda t, m: t["b1"].__setitem__(0, np.nan),
        "b1 holds a value that is not finite; train again",
    ),
    "infinite weight": (
        lambda t, m: t.update(W1=INFINITE),
        "W1 holds a value that is not finite; train again",
    ),
    "transposed": (
        lambda t, m: t.update(W1=t["W1"].T.copy()),
        "W1: expected (2, 2) of float32 or float64, got (2, 3) of float32",
    ),
    "inputs of another encoder": (
        lambda t, m: m["encoder"]["columns"].pop(),
        "W1: expected (3, 1) of float32 or float64, got (3, 2) of float32",
    ),
    "outputs of other targets": (
        lambda t, m: m["targets"].append(m["targets"][0]),
        "W2: expected (2, 3) of float32 or float64, got (1, 3) of float32",
    ),
    "integers": (
        lambda t, m: t.update(W1=t["W1"].astype(np.int64)),
        "W1: expected (3, 2) of float32 or float64, got (3, 2) of int64",
    ),
    "number for a matrix": (lambda t, m: t.update(W1=np.array(1.0)), "W1: expected (1, 2) of"),
    "no tensors": (lambda t, m: t.clear(), "expected tensors W1, b1, .. WL, bL, got []"),
    "a bias missing": (
        lambda t, m: t.pop("b2"),
        "expected tensors W1, b1, .. WL, bL, got ['W1', 'W2', 'b1']",
    ),
    "a tensor too many": (
        lambda t, m: t.update(momentum=np.ones(3)),
        "expected tensors W1, b1, .. WL, bL, got ['W1', 'W2', 'b1', 'b2', 'momentum']",
    ),
    "a layer missing": (
        lambda t, m: (t.pop("W1"), t.pop("b1")),
        "expected tensors W1, b1, .. WL, bL, got ['W2', 'b2']",
    ),
    "no encoder": (lambda t, m: m.pop("encoder"), "not a model that mlp train wrote: KeyError"),
    "encoder of text": (
        lambda t, m: m.update(encoder="no"),
        "not a model that mlp train wrote: TypeError",
    ),
    "unknown kind of column": (
        lambda t, m: m["encoder"]["columns"][0].update(kind="date"),
        "not a model that mlp train wrote: ValueError(\"unknown kind 'date'\")",
    ),
    "target of text": (
        lambda t, m: m.update(targets=["y"]),
        "not a model that mlp train wrote: TypeError",
    ),
    "config of text": (
        lambda t, m: m.update(config="x"),
        "not a model that mlp train wrote: TypeError",
    ),
    "a loss of tomorrow": (
        lambda t, m: m["config"]["loss"].update(kind="hinge"),
        "expected a model of loss bce or cross_entropy or mse, got 'hinge'",
    ),
    "an activation of tomorrow": (
        lambda t, m: m["config"]["network"].update(activation="gelu"),
        (
            "expected a model of activation sigmoid or tanh or relu or leaky_relu or identity, got "
            "'gelu'"
        ),
    ),
    "no threshold": (lambda t, m: m.update(threshold=[]), "expected 1 thresholds, got 0"),
    "threshold of text": (
        lambda t, m: m.update(threshold=["half"]),
        "not a model that mlp train wrote: ValueError",
    ),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_right_digest_wrong_content(workshop: Workshop, what: str) -> None:
    path = workshop.model_file()
    tensors, metadata = read_tensors(path, SCHEMA)
    del metadata["tensor_digest"]
    change, message = REFUSED[what]
    change(tensors, metadata)
    write_tensors(path, SCHEMA, tensors, metadata)
    with pytest.raises(ModelError) as caught:
        load_model(path)
    (line,) = caught.value.lines
    assert line.startswith(f"{path}: {message}")
    assert caught.value.exit_code == 2


def test_newer_format(workshop: Workshop) -> None:
    path = workshop.model_file()
    tensors, _ = read_tensors(path, SCHEMA)
    write_tensors(path, "mlp.model/2", tensors, {"unheard": "of"})
    with pytest.raises(ModelError, match="got version 2; it was written by a newer mlp: upgrade"):
        load_model(path)


def test_checkpoint_for_a_model(workshop: Workshop) -> None:
    workshop.train()
    with pytest.raises(ModelError, match=r"expected a mlp.model file, got a mlp.checkpoint"):
        load_model(workshop.path / "run" / "last.ckpt.safetensors")


def test_same_bytes_from_two_processes(workshop: Workshop) -> None:
    """The order of sets and of the library's own header differs from process to process."""
    code = (
        "import sys; from mlpcli import load_config, train; "
        "config = load_config(sys.argv[1]); train(config, out=sys.argv[2])"
    )
    (workshop.path / "c.yaml").write_text(BASE)
    models = []
    for seed in ("1", "77"):
        out = workshop.path / f"run{seed}"
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [
            sys.executable,
            "-W",
            "error",
            "-c",
            code,
            str(workshop.path / "c.yaml"),
            str(out),
        ]
        subprocess.run(command, check=True, env=environment)
        models.append((out / "model.safetensors").read_bytes())
    assert models[0] == models[1]
    assert Path(out / "report.json").exists()
