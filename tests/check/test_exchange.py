"""Case and gradient files: what is read back, and what is refused with which words."""

from __future__ import annotations

import io
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from mlpcli.check.exchange import SUFFIXES, read_case, read_case_file, read_returned, write_case
from mlpcli.check.given.layout import Layout
from mlpcli.errors import CaseError
from planted import CASES

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.nn.network import Parameters

NAMES = ("shallow", "weighted", "without bias", "outputs, soft labels", "logistic")


def arrays_of(case: Case) -> dict[str, Any]:
    return {"X": case.X, "y": case.y, **dict(case.network.tensors())}


def save(path: Path, **arrays: Any) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, path)
    return path


def read_gradient(path: Path, case: Case) -> Parameters:
    return read_returned(path, case).gradient


def refusal(path: Path, case: Case | None = None) -> tuple[str, ...]:
    with pytest.raises(CaseError) as caught:
        read_case(path) if case is None else read_gradient(path, case)
    assert all("\n" not in line for line in caught.value.lines)
    return tuple(line.replace(str(path), "F") for line in caught.value.lines)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", NAMES)
def test_a_case_comes_back_bit_for_bit(name: str, suffix: str, tmp_path: Path) -> None:
    case, path = CASES[name], tmp_path / f"case{suffix}"
    with path.open("wb") as file:
        write_case(case, file, suffix)
    again = read_case(path, loss=case.objective.loss.name, l2=case.objective.l2)
    assert read_case_file(path).network.sizes == case.network.sizes
    np.testing.assert_array_equal(again.network.theta, case.network.theta)
    np.testing.assert_array_equal(again.X, case.X)
    np.testing.assert_array_equal(again.y, case.y)
    assert (again.omega is None) == (case.omega is None)
    if case.omega is not None:
        np.testing.assert_array_equal(again.omega, case.omega)
    assert (again.network.sizes, again.network.bias) == (case.network.sizes, case.network.bias)


def test_a_case_of_integers_float32_and_flat_labels(tmp_path: Path) -> None:
    case = CASES["shallow"]
    arrays = arrays_of(case) | {"X": np.round(case.X).astype(np.int8), "y": case.y[:, 0] > 0.5}
    arrays["W1"] = arrays["W1"].astype(np.float32)
    again = read_case(save(tmp_path / "c.npz", **arrays))
    np.testing.assert_array_equal(again.y, case.y)
    np.testing.assert_array_equal(again.X, np.round(case.X))
    assert again.network.W[0].dtype == np.float64


GOOD = arrays_of(CASES["shallow"])  # 5-6-1, 60 rows


def without(*names: str, **changed: Any) -> dict[str, Any]:
    return {k: v for k, v in (GOOD | changed).items() if k not in names}


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        (without("X"), 'F: expected an array "X", got y, W1, b1, W2, b2'),
        (without("W1"), 'F: expected an array "W1", got X, y, b1, W2, b2'),
        (without("b2"), 'F: no array "b2"; it has X, y, W1, b1, W2'),
        (without("W2"), 'F: "b2" belongs to no layer of a network of 1 layers'),
        (without(w1=GOOD["W1"]), 'F: unknown array "w1", did you mean "W1"?'),
        (without(Q=GOOD["W1"]), 'F: unknown array "Q"; expected X, y, W1, b1, ..'),
        (without(X=GOOD["X"] * 1j), "F: X: expected real numbers, got complex128"),
        (without(y=GOOD["y"].astype(str)), "F: y: expected real numbers, got <U32"),
        (without(X=np.float64(3)), "F: X: expected numbers, got shape ()"),
        (without(W1=GOOD["W1"][:0]), "F: W1: expected numbers, got shape (0, 5)"),
        (without(W1=GOOD["b1"]), "F: W1: expected a matrix, got (6,)"),
        (without(W2=GOOD["W2"].T), "F: W2: expected shape (1, 6), got (6, 1)"),
        (without(X=GOOD["X"][:, :4]), "F: X: expected shape (60, 5), got (60, 4)"),
        (without(y=GOOD["y"][:5]), "F: y: expected shape (60, 1), got (5, 1)"),
        (without(y=GOOD["y"] * 2), "F: y: expected labels from 0 to 1, got 0.0 to 2.0"),
        (without(y=GOOD["y"] * np.nan), "F: y: expected finite numbers, got nan or inf"),
        (without(W2=GOOD["W2"] * np.inf), "F: W2: expected finite numbers, got nan or inf"),
    ],
)
def test_what_is_no_case(arrays: dict[str, Any], line: str, tmp_path: Path) -> None:
    (got,) = refusal(save(tmp_path / "c.npz", **arrays))
    assert got == line


def gradient(**changed: Any) -> dict[str, Any]:
    return dict(CASES["shallow"].gradient().tensors()) | changed


G = gradient()
ROWS = np.zeros((60, 6, 5))


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({k: v for k, v in G.items() if k != "b1"}, 'no array "b1"; it has W1, W2, b2'),
        (gradient(X=np.ones(3)), '"X" is no tensor of the network; expected W1, b1, W2, b2'),
        (
            gradient(W1=G["W1"].T),
            (
                "W1: expected shape (6, 5), got (5, 6): it is transposed; "
                "W_i is n_i x n_{i-1}, so dJ/dW_i = delta_i^T Z_{i-1}"
            ),
        ),
        (
            gradient(W1=ROWS),
            "W1: expected shape (6, 5), got (60, 6, 5): it is one gradient per row; sum over rows",
        ),
        (
            gradient(W1=G["W2"], W2=G["W1"], b1=G["b2"], b2=G["b1"]),
            (
                "W1: expected shape (6, 5), got (1, 6): the layers come in reverse order "
                "(layers-reversed); layer 1 is the one next to X"
            ),
        ),
        (
            gradient(W1=G["W1"].astype(np.float16)),
            "W1: expected float32 or float64, got float16",
        ),
        (gradient(W1=np.zeros((2, 2))), "W1: expected shape (6, 5), got (2, 2)"),
    ],
)
def test_what_is_no_gradient(arrays: dict[str, Any], line: str, tmp_path: Path) -> None:
    assert refusal(save(tmp_path / "g.npz", **arrays), CASES["shallow"]) == (f"F: {line}",)


def test_gradients_that_are_read_though_they_are_laid_out_otherwise(tmp_path: Path) -> None:
    case = CASES["shallow"]
    for changed in (
        gradient(b1=G["b1"][np.newaxis], b2=np.zeros((), np.int64)),
        {f"d{name}": array for name, array in G.items()} | {"loss": np.array(case.value())},
        {f"{name[0]}{int(name[1:]) - 1}": array for name, array in G.items()},
    ):
        read = read_gradient(save(tmp_path / "g.npz", **changed), case)
        np.testing.assert_array_equal(read.W[0], G["W1"])
        np.testing.assert_array_equal(read.b[0], G["b1"])
    laid = {"W1": np.hstack([G["b1"][:, np.newaxis], G["W1"]]).T,
            "W2": np.hstack([G["b2"][:, np.newaxis], G["W2"]]).T}  # fmt: skip
    found = read_returned(save(tmp_path / "g.npz", **laid), case, Layout("rows", "in-out", "first"))
    np.testing.assert_array_equal(found.gradient.theta, case.gradient().theta)


def test_gradients_of_either_precision_and_byte_order(tmp_path: Path) -> None:
    case = CASES["shallow"]
    single = {k: v.astype(np.float32) for k, v in G.items()}
    assert read_gradient(save(tmp_path / "s.safetensors", **single), case).theta.dtype == "float32"
    swapped = {k: v.astype(">f8") for k, v in G.items()}
    read = read_gradient(save(tmp_path / "b.npz", **swapped), case)
    np.testing.assert_array_equal(read.theta, case.gradient().theta)
    mixed = read_gradient(save(tmp_path / "m.npz", **(G | {"W1": single["W1"]})), case)
    assert mixed.theta.dtype == "float64"
    broken = read_gradient(save(tmp_path / "n.npz", **(G | {"b1": G["b1"] * np.nan})), case)
    assert np.isnan(broken.b[0]).all()  # not refused: the verdict says so


class Trap:
    def __reduce__(self) -> Any:
        return (Path("trap").touch, ())


def test_nothing_in_a_file_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("objects.npz", X=np.array([Trap()], dtype=object))
    assert refusal(Path("objects.npz")) == ("F: holds Python objects; only plain arrays are read",)
    Path("raw.npz").write_bytes(pickle.dumps(Trap()))
    (line,) = refusal(Path("raw.npz"))
    assert line == "F: no npz file, or a damaged one: File is not a zip file"
    assert not Path("trap").exists()


def test_other_files(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.npz") == ("F: no such file",)
    assert refusal(tmp_path / "case.csv") == (
        "F: expected a .npz, .safetensors or .json file, got .csv",
    )
    (tmp_path / "d.npz").mkdir()
    assert refusal(tmp_path / "d.npz") == ("F: cannot be read: Is a directory",)
    empty = tmp_path / "e.npz"
    with zipfile.ZipFile(empty, "w"):
        pass
    assert refusal(empty) == ('F: expected an array "X", got nothing',)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files_are_refused_in_one_line(suffix: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    write_case(CASES["shallow"], buffer, suffix)
    whole, rng, intact = buffer.getvalue(), np.random.default_rng(0), 0
    for trial in range(300):
        damaged = bytearray(whole)
        if trial % 2:
            damaged = damaged[: rng.integers(len(whole))]
        else:
            for place in rng.integers(0, 400, 3):
                damaged[place] = rng.integers(256)
        path = tmp_path / f"{trial}{suffix}"
        path.write_bytes(damaged)
        with suppress(CaseError):  # anything else is a bug of ours
            read_case(path)
            intact += 1
    assert intact < 150
