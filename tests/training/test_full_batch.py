"""Training by L-BFGS: against scikit-learn, and as any other run where it ends and goes on."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from mlpcli import extras
from mlpcli.data.material import load_dataset
from mlpcli.errors import ConfigError, Interrupted, UsageError
from mlpcli.nn.optimizers import Sgd
from mlpcli.parallel import Team
from mlpcli.text import counted
from mlpcli.training.build import new_loop
from mlpcli.training.full_batch import FullBatch
from training_workshop import Watch, Workshop, leave_room

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.data.dataset import Dataset

LBFGS = ("training.optimizer=lbfgs", "training.batch_size=32", "training.epochs=300")
EXACT = ("training.optimizer={name: lbfgs, tolerance: 1e-12}", *LBFGS[1:], "training.dtype=float64")
ROWS = 200


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    rng = np.random.default_rng(5)
    made.table(rows=ROWS, extra={
        "w": rng.uniform(0.5, 2, ROWS).round(3).tolist(),
        "k": [["low", "mid", "high"][int(c)] for c in rng.integers(0, 3, ROWS)],
    })  # fmt: skip
    return made


def trained(workshop: Workshop, *overrides: str) -> tuple[Any, Dataset]:
    """Return the network of a run that went to its end, and the data that it saw."""
    config = workshop.config(*overrides)
    dataset = load_dataset(config)
    loop = new_loop(config, dataset)
    records = list(loop.records())
    assert loop.stopped == "early-stopping"
    assert [record.epoch for record in records] == list(range(1, len(records) + 1))
    return loop, dataset


LOGISTIC = ("network.hidden=[]", "data.features=[a, b]")


@pytest.mark.parametrize("l2", [0.0, 1e-3, 0.5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("balanced", [False, True])
def test_logistic_regression_is_that_of_scikit_learn(
    workshop: Workshop, l2: float, weighted: bool, balanced: bool
) -> None:
    more = [f"loss.l2={l2}", f"data.weight={'w' if weighted else 'null'}"]
    more += ["loss.class_weight=balanced"] * balanced
    loop, dataset = trained(workshop, *EXACT, *LOGISTIC, *more)
    X, y, weight = dataset.train.X, dataset.train.y[:, 0], dataset.train.weight
    counted = {label: ROWS / (2 * np.count_nonzero(y == label)) for label in (0, 1)}
    theirs = LogisticRegression(
        C=1 / (ROWS * l2) if l2 else math.inf, class_weight=counted if balanced else None,
        tol=1e-12, max_iter=10_000,
    )  # fmt: skip
    theirs.fit(X, y, sample_weight=weight)
    mine = np.array([*loop.network.W[0][0], loop.network.b[0][0]])
    np.testing.assert_allclose(mine, [*theirs.coef_[0], *theirs.intercept_], rtol=0, atol=1e-6)


def test_softmax_regression_is_that_of_scikit_learn(workshop: Workshop) -> None:
    more = ["data.target=k", "data.drop=[y, w]", "network.hidden=[]", "loss.l2=0.01"]
    loop, dataset = trained(workshop, *EXACT, *more)
    X, y = dataset.train.X, dataset.train.y.argmax(axis=1)
    theirs = LogisticRegression(C=1 / (ROWS * 0.01), tol=1e-12, max_iter=10_000).fit(X, y)
    p = loop.objective.loss.predict(loop.network.logits(X))
    np.testing.assert_allclose(p, theirs.predict_proba(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("activation", "theirs"), [("sigmoid", "logistic"), ("tanh", "tanh")])
def test_a_hidden_layer_comes_as_far_as_with_scikit_learn(
    workshop: Workshop, activation: str, theirs: str
) -> None:
    l2, more = 1e-3, ["data.features=[a, b]", "network.hidden=[8]"]
    loop, dataset = trained(workshop, *EXACT[:1], "training.epochs=3000", *EXACT[1:2], EXACT[3],
                            *more, f"loss.l2={l2}", f"network.activation={activation}")  # fmt: skip
    X, y = dataset.train.X, dataset.train.y
    other = MLPClassifier((8,), activation=theirs, solver="lbfgs", alpha=l2 * ROWS, tol=1e-10,
                          max_iter=3000, random_state=0)  # fmt: skip
    other.fit(X, y[:, 0])
    mine = loop.objective.value(loop.network, X, y)
    assert mine == pytest.approx(other.loss_, rel=0.05)
    assert mine < math.log(2) * 0.9


def test_float32_weights_are_those_of_float64_rounded(workshop: Workshop) -> None:
    overrides = ("loss.l2=0.01", *LOGISTIC)
    (half, _), (whole, _) = (
        trained(workshop, *EXACT[:-1], f"training.dtype={dtype}", *overrides)
        for dtype in ("float32", "float64")
    )
    assert half.network.theta.dtype == np.float32
    np.testing.assert_allclose(half.network.theta, whole.network.theta, rtol=1e-5)


def test_an_epoch_is_a_step_and_its_record_what_there_was_before_it(workshop: Workshop) -> None:
    config = workshop.config(*LBFGS, "training.epochs=4", "data.validation=0.25", "loss.l2=0.1",
                             "training.dtype=float64", "data.features=[a, b]")  # fmt: skip
    dataset = load_dataset(config)
    loop, plain = new_loop(config, dataset), new_loop(config, dataset)
    assert isinstance(loop, FullBatch)
    for record in loop.records():
        network, train = plain.network, dataset.train
        assert not plain.objective.class_weight
        loss = plain.objective.loss.value(network.logits(train.X), train.y).mean()
        gradient = plain.objective.gradient(network.forward(train.X), train.y)
        norms = [np.linalg.norm(layer) for layer in gradient.layers]
        assert record.train_loss == pytest.approx(loss, rel=1e-12)
        assert record.gradient_norm == pytest.approx(norms, rel=1e-9)
        assert record.learning_rate > 0
        network.theta[:] = loop.network.theta
    assert (loop.stopped, loop.position.epoch) == ("epochs", 4)
    assert loop.note is None


def test_it_says_why_it_ended_before_its_epochs(workshop: Workshop) -> None:
    loop, _ = trained(workshop, *LBFGS, "loss.l2=0.1")
    epochs = loop.position.epoch
    assert (
        loop.note == f"lbfgs ended after {epochs} epochs: no entry of the gradient is beyond 1e-06"
    )
    more = ("training.optimizer={name: lbfgs, tolerance: 0}", *LBFGS[1:], "loss.l2=0.1")
    loop, _ = trained(workshop, *more)
    assert loop.note.endswith("epochs: no step lowers J any further")
    result = workshop.train(*LBFGS, "loss.l2=0.1")
    assert result.hints[0].startswith("lbfgs ended after")
    assert result.stopped == "early-stopping"


def test_patience_ends_it_and_the_best_weights_are_kept(workshop: Workshop) -> None:
    more = ("data.validation=0.4", "network.hidden=[30]", "training.patience=5")
    result = workshop.train(*LBFGS, *more, "loss.l2=0")
    assert result.epochs_run == result.best_epoch + 5
    losses = [record.validation_loss or 0.0 for record in result.history]
    assert losses.index(min(losses)) + 1 == result.best_epoch


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("at", [1, 7, 24])
def test_an_interruption_ends_in_the_same_bytes(workshop: Workshop, at: int, dtype: str) -> None:
    overrides = (*LBFGS[:2], "training.epochs=25", "data.validation=0.25", "training.patience=20",
                 f"training.dtype={dtype}")  # fmt: skip
    whole = workshop.train(*overrides, out="whole")
    with pytest.raises(Interrupted) as caught:
        workshop.train(*overrides, out="parts", observer=Watch(stop_after=at))
    assert f"interrupted after {counted(at, 'epoch')} and 0 batches" in str(caught.value)
    lines = (workshop.path / "parts/history.jsonl").read_text().splitlines()
    assert len(lines) == at
    parts = workshop.train(*overrides, out="parts", resume=True)
    assert parts.path.read_bytes() == whole.path.read_bytes()
    histories = [
        [{**json.loads(line), "seconds": 0} for line in file.read_text().splitlines()]
        for file in (workshop.path / name / "history.jsonl" for name in ("whole", "parts"))
    ]
    assert histories[0] == histories[1]


def test_more_epochs_go_on_where_the_run_ended(workshop: Workshop) -> None:
    whole = workshop.train(*LBFGS[:2], "training.epochs=12", out="whole")
    workshop.train(*LBFGS[:2], "training.epochs=5", out="parts")
    parts = workshop.train(*LBFGS[:2], "training.epochs=12", out="parts", resume=True)
    assert parts.path.read_bytes() == whole.path.read_bytes()


def test_a_checkpoint_names_the_version_of_scipy(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Interrupted):
        workshop.train(*LBFGS, observer=Watch(stop_after=2))
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "9.9")
    result = workshop.train(*LBFGS, resume=True)
    assert any("scipy was" in note and "9.9 now" in note for note in result.model.notes)


def test_rows_in_a_file_and_a_team_give_the_same_steps(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = (*LBFGS[:2], "training.epochs=10", "data.features=[a, b]")
    memory = workshop.train(*overrides, out="memory")
    again = workshop.train(*overrides, out="again")
    assert again.path.read_bytes() == memory.path.read_bytes()
    leave_room(monkeypatch, 100)
    file = workshop.train(*overrides, out="file")
    assert file.path.read_bytes() == memory.path.read_bytes()
    threads = workshop.train(*overrides, "training.threads=2", out="threads")
    found, wanted = (r.model.network.theta for r in (threads, memory))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)


def test_the_gradient_of_pieces_is_that_of_the_whole(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.data.rows._PIECE_ROWS", 7)
    config = workshop.config(*LBFGS, "data.weight=w", "loss.class_weight=balanced", "loss.l2=0.3",
                             "training.dtype=float64")  # fmt: skip
    dataset = load_dataset(config)
    for size in (1, 3):
        team = Team(size)
        loop = new_loop(config, dataset, team)
        assert isinstance(loop, FullBatch)
        found = loop._evaluate(loop.network.theta.astype(np.float64))
        train, objective = dataset.train, loop.objective
        omega = objective.cell_weights(train.y, train.weight)
        forward = loop.network.forward(train.X)
        gradient = objective.gradient(forward, train.y, omega).theta
        np.testing.assert_allclose(found.gradient, gradient, rtol=0, atol=1e-14)
        whole = objective.value(loop.network, train.X, train.y, omega)
        assert found.value == pytest.approx(whole, rel=1e-13)
        team.close()


def test_a_form_that_breaks_is_named(workshop: Workshop) -> None:
    more = ("loss.derivative=naive", "network.init=normal", "network.init_scale=300")
    result = workshop.train(*LBFGS, *more)
    assert result.stopped == "diverged"
    assert result.divergence is not None
    assert "the naive derivative is 0/0 at the saturated logit" in result.divergence.message()


def test_weights_that_are_too_large_are_named(workshop: Workshop) -> None:
    config = workshop.config(*LBFGS, "network.activation=relu", "training.dtype=float64")
    loop = new_loop(config, load_dataset(config))
    loop.network.theta[:] = 1e200
    assert list(loop.records()) == []
    assert loop.divergence is not None
    assert loop.divergence.cause == "the weights are too large; set network.init_scale lower"


def test_a_loop_of_small_steps_is_as_before(workshop: Workshop) -> None:
    config = workshop.config()
    assert not isinstance(new_loop(config, load_dataset(config)), FullBatch)
    assert Sgd().moments == ()


NONE = "expected none beside optimizer lbfgs, which"


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("batch_size=64", f"batch_size: {NONE} takes all rows at once, got 64; remove it"),
        ("schedule=step", f"schedule: {NONE} finds its own steps, got step; remove it"),
        (
            "optimizer={name: lbfgs, momentum: 0.9}",
            "optimizer.momentum: unknown key, expected one of name, memory, tolerance",
        ),
        (
            "optimizer={name: lbfgs, learning_rate: 0.9}",
            "optimizer.learning_rate: unknown key, expected one of name, memory, tolerance",
        ),
    ],
)
def test_what_has_no_say_is_refused(workshop: Workshop, override: str, line: str) -> None:
    with pytest.raises(ConfigError) as error:
        workshop.config(*LBFGS, f"training.{override}")
    (found,) = error.value.lines
    assert found.endswith(f"training.{line}")


def test_a_resolved_config_trains_again(workshop: Workshop) -> None:
    from mlpcli.config import load_config

    result = workshop.train(*LBFGS, "training.epochs=2")
    config = load_config(result.path.parent / "config.yaml")
    assert config.training.optimizer.name == "lbfgs"


def test_without_scipy_one_sentence(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    with pytest.raises(UsageError) as error:
        workshop.train(*LBFGS)
    (line,) = error.value.lines
    assert line.startswith("training.optimizer: lbfgs: needs the package scipy; in a checkout")
    assert not (workshop.path / "run").exists()
