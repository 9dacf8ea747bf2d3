"""An interrupted run goes on to the same bytes as one that was not, and to nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.errors import Interrupted, ModelError, UsageError
from mlpcli.nn.optimizers import OPTIMIZERS
from mlpcli.training import run
from mlpcli.training.checkpoint import read_checkpoint
from mlpcli.training.tensor_file import read_tensors, write_tensors
from training_workshop import Watch, leave_room

if TYPE_CHECKING:
    from pathlib import Path

    from mlpcli.data.dataset import Dataset
    from mlpcli.training.loop import Loop
    from training_workshop import Workshop

SCHEMA = "mlp.checkpoint/1"
SCHEDULES = ("constant", "cosine", "step", "plateau")
ROWS, BATCH, EPOCHS = 40, 7, 4
TRAINING_ROWS = 30
BATCHES = -(-TRAINING_ROWS // BATCH)


def settings(optimizer: str, schedule: str, dtype: str) -> list[str]:
    constants = {"step": ", every: 2", "plateau": ", patience: 1"}.get(schedule, "")
    return [
        f"training.optimizer={{name: {optimizer}, learning_rate: 0.3}}",
        f"training.schedule={{name: {schedule}{constants}}}",
        f"training.dtype={dtype}",
        f"training.batch_size={BATCH}",
        f"training.epochs={EPOCHS}",
        "data.validation=0.25",
        "training.patience=9",
    ]


def lines_without_seconds(file: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in file.read_text().splitlines()]
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records]


def interrupt(workshop: Workshop, at: int, *overrides: str, resume: bool = False) -> None:
    with pytest.raises(Interrupted) as caught:
        workshop.train(*overrides, out="parts", resume=resume, observer=Watch(stop_after=at))
    assert caught.value.exit_code == 130


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_any_interruption_ends_in_the_same_bytes(
    workshop: Workshop, optimizer: str, schedule: str, dtype: str
) -> None:
    overrides = settings(optimizer, schedule, dtype)
    whole = workshop.train(*overrides, out="whole")
    expected = whole.path.read_bytes()
    rng = np.random.default_rng([len(optimizer), SCHEDULES.index(schedule), len(dtype)])
    for at in {1, BATCHES, *rng.integers(1, BATCHES * EPOCHS + 1, 2).tolist()}:
        interrupt(workshop, int(at), *overrides)
        resumed = workshop.train(*overrides, out="parts", resume=True)
        folder = workshop.path / "parts"
        assert resumed.path.read_bytes() == expected
        assert resumed.epochs_run == EPOCHS
        assert len(resumed.history) == EPOCHS - (at - 1) // BATCHES
        assert lines_without_seconds(folder / "history.jsonl") == lines_without_seconds(
            workshop.path / "whole" / "history.jsonl"
        )
        for file in folder.iterdir():
            file.unlink()


@pytest.mark.parametrize("room", [1, 100, 200])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("moved", [False, True], ids=["in the file", "on to memory"])
def test_rows_in_a_file_do_not_change_where_a_run_goes_on(
    workshop: Workshop, room: int, dtype: str, moved: bool
) -> None:
    """The file has several bins; data.memory_limit may also be another one than before."""
    workshop.table(
        extra={
            "w": [1 + i % 4 for i in range(ROWS)],
            "gap": ["" if i % 10 == 0 else i % 3 for i in range(ROWS)],
        }
    )
    overrides = (*settings("adam", "cosine", dtype), "data.weight=w", "data.missing=drop",
                 "data.test=0.1")  # fmt: skip
    expected = workshop.train(*overrides, out="whole").path.read_bytes()
    folder = workshop.path / "parts"
    for at in (2, 5, 11):
        with pytest.MonkeyPatch.context() as patch:
            leave_room(patch, room)
            interrupt(workshop, at, *overrides)
            assert {f.name for f in folder.iterdir()} == {
                "config.yaml", "history.jsonl", "last.ckpt.safetensors"
            }  # fmt: skip
            if not moved:
                resumed = workshop.train(*overrides, out="parts", resume=True)
        if moved:
            resumed = workshop.train(*overrides, out="parts", resume=True)
        assert resumed.path.read_bytes() == expected
        for file in folder.iterdir():
            file.unlink()


def test_many_interruptions_of_one_run(workshop: Workshop) -> None:
    overrides = settings("adam", "plateau", "float32")
    expected = workshop.train(*overrides, out="whole").path.read_bytes()
    for turn in range(BATCHES * EPOCHS):
        interrupt(workshop, 1, *overrides, resume=turn > 0)
    result = workshop.train(*overrides, out="parts", resume=True)
    assert result.path.read_bytes() == expected


def test_plateau_remembers_its_rate_and_its_patience(workshop: Workshop) -> None:
    overrides = ("data.validation=0.25", "training.epochs=12",
                 "training.optimizer={name: sgd, learning_rate: 20}",
                 "training.schedule={name: plateau, patience: 2}")  # fmt: skip
    expected = [record.learning_rate for record in workshop.train(*overrides, out="whole").history]
    states = []
    for epoch in range(2, 12):
        interrupt(workshop, 4 * epoch + 1, *overrides)
        path = workshop.path / "parts" / "last.ckpt.safetensors"
        states.append(read_tensors(path, SCHEMA)[1]["schedule"])
        resumed = workshop.train(*overrides, out="parts", resume=True)
        assert [record.learning_rate for record in resumed.history] == expected[epoch:]
        for file in (workshop.path / "parts").iterdir():
            file.unlink()
    assert any(state["waited"] for state in states)
    assert any(state["scale"] < 1 for state in states)


def test_the_message_says_where_and_how_to_go_on(workshop: Workshop) -> None:
    with pytest.raises(Interrupted) as caught:
        workshop.train(observer=Watch(stop_after=7, signum=15))
    file = workshop.path / "run" / "last.ckpt.safetensors"
    assert caught.value.lines == (
        f"interrupted after 1 epoch and 2 batches; go on with --resume ({file})",
    )
    assert caught.value.exit_code == 143


def test_early_stopping_counts_on_over_an_interruption(workshop: Workshop) -> None:
    overrides = ("data.validation=0.25", "training.patience=2", "training.epochs=60",
                 "training.optimizer={name: sgd, learning_rate: 3}")  # fmt: skip
    whole = workshop.train(*overrides, out="whole")
    assert whole.stopped == "early-stopping"
    total = whole.epochs_run * 4
    for at in (total - 5, total - 1, total):
        interrupt(workshop, at, *overrides)
        resumed = workshop.train(*overrides, out="parts", resume=True)
        assert resumed.stopped == "early-stopping"
        assert resumed.path.read_bytes() == whole.path.read_bytes()
        for file in (workshop.path / "parts").iterdir():
            file.unlink()


def test_resuming_a_finished_run_changes_nothing(workshop: Workshop) -> None:
    first = workshop.train()
    before = first.path.read_bytes()
    again = workshop.train(resume=True)
    assert (again.epochs_run, again.history, again.stopped) == (3, (), "epochs")
    assert again.path.read_bytes() == before


def test_more_epochs_go_on_where_the_run_ended(workshop: Workshop) -> None:
    workshop.train("training.epochs=2")
    longer = workshop.train("training.epochs=5", resume=True)
    assert [record.epoch for record in longer.history] == [3, 4, 5]
    straight = workshop.train("training.epochs=5", out="straight")
    np.testing.assert_array_equal(longer.model.network.theta, straight.model.network.theta)


CHANGES = {
    "network.hidden": "network.hidden=[4]",
    "loss.l2": "loss.l2=0.1",
    "training.optimizer.learning_rate": "training.optimizer={name: adam, learning_rate: 0.01}",
    "training.seed": "training.seed=9",
    "training.dtype": "training.dtype=float64",
    "training.batch_size": "training.batch_size=9",
    "data.standardize": "data.standardize=false",
    "data.drop": "data.drop=[b]",
}


@pytest.mark.parametrize("key", list(CHANGES))
def test_another_config_is_refused_by_key(workshop: Workshop, key: str) -> None:
    interrupt(workshop, 2)
    before = {f.name: f.read_bytes() for f in (workshop.path / "parts").iterdir()}
    with pytest.raises(UsageError) as caught:
        workshop.train(CHANGES[key], out="parts", resume=True)
    (line,) = caught.value.lines
    assert f"last.ckpt.safetensors: {key} was " in line
    assert line.endswith("; set it back, or start anew with --force")
    assert {f.name: f.read_bytes() for f in (workshop.path / "parts").iterdir()} == before


def test_what_does_not_decide_the_result_may_change(workshop: Workshop) -> None:
    interrupt(workshop, 2)
    overrides = ("training.checkpoint_every=5", "gradcheck.rows=7", "training.output=elsewhere")
    assert workshop.train(*overrides, out="parts", resume=True).stopped == "epochs"


def test_fewer_epochs_than_are_done_are_refused_and_change_nothing(workshop: Workshop) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != ".lock"}

    folder = workshop.train("training.epochs=4").path.parent
    kept = files(folder)
    with pytest.raises(UsageError, match=r"4 epochs are done, and training\.epochs is 2 now"):
        workshop.train("training.epochs=2", resume=True)
    assert files(folder) == kept
    assert workshop.train("training.epochs=6", resume=True).epochs_run == 6


def test_cosine_depends_on_the_number_of_epochs(workshop: Workshop) -> None:
    interrupt(workshop, 2, "training.schedule=cosine")
    with pytest.raises(UsageError, match=r"training\.epochs was 3 in the interrupted run"):
        workshop.train("training.schedule=cosine", "training.epochs=4", out="parts", resume=True)


def test_other_data_are_refused(workshop: Workshop) -> None:
    interrupt(workshop, 2)
    workshop.table(seed=1)
    with pytest.raises(UsageError, match="the data files have changed since; start anew with"):
        workshop.train(out="parts", resume=True)


def test_without_a_checkpoint(workshop: Workshop) -> None:
    with pytest.raises(UsageError, match="no checkpoint to resume from; train without --resume"):
        workshop.train(resume=True)


def test_a_checkpoint_in_the_first_epoch_survives_until_the_next_one(workshop: Workshop) -> None:
    """A run that is resumed there and killed at once can still be resumed."""
    interrupt(workshop, 2)
    checkpoint = workshop.path / "parts" / "last.ckpt.safetensors"

    class Killed(Watch):
        def batch_done(self, index: int) -> int | None:
            raise MemoryError

    with pytest.raises(MemoryError):
        workshop.train(out="parts", resume=True, observer=Killed())
    assert checkpoint.exists()
    expected = workshop.train(out="whole").path.read_bytes()
    assert workshop.train(out="parts", resume=True).path.read_bytes() == expected


def test_history_beyond_the_checkpoint_is_dropped(workshop: Workshop) -> None:
    """As after a kill between two checkpoints."""
    interrupt(workshop, 6)
    history = workshop.path / "parts" / "history.jsonl"
    with history.open("a") as file:
        file.write('{"epoch": 2}\n{"epo')
    workshop.train(out="parts", resume=True)
    assert [record["epoch"] for record in lines_without_seconds(history)] == [1, 2, 3]


def test_damage_is_refused(workshop: Workshop) -> None:
    interrupt(workshop, 2)
    path = workshop.path / "parts" / "last.ckpt.safetensors"
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[-1] ^= 1
    for content in (bytes(damaged), whole[:-8], b""):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"last\.ckpt\.safetensors: "):
            workshop.train(out="parts", resume=True)


def test_a_model_for_a_checkpoint(workshop: Workshop) -> None:
    result = workshop.train()
    (workshop.path / "run" / "last.ckpt.safetensors").write_bytes(result.path.read_bytes())
    with pytest.raises(ModelError, match=r"expected a mlp\.checkpoint file, got a mlp\.model file"):
        workshop.train(resume=True)


@pytest.mark.parametrize("lacks", ["position", "schedule", "config", "data_digest", "theta",
                                   "optimizer.mean"])  # fmt: skip
def test_a_digest_that_fits_a_file_that_does_not(workshop: Workshop, lacks: str) -> None:
    interrupt(workshop, 2)
    path = workshop.path / "parts" / "last.ckpt.safetensors"
    tensors, metadata = read_tensors(path, SCHEMA)
    del metadata["tensor_digest"]
    (tensors if lacks in tensors else metadata).pop(lacks)
    write_tensors(path, SCHEMA, tensors, metadata)
    with pytest.raises(ModelError, match=lacks):
        workshop.train(out="parts", resume=True)


@pytest.mark.parametrize("position", [[], {}, {"epoch": 1}, None])
def test_a_position_that_is_none(workshop: Workshop, position: Any) -> None:
    file = workshop.train("training.epochs=1", out="parts").path.parent / "last.ckpt.safetensors"
    tensors, metadata = read_tensors(file, SCHEMA)
    metadata = {k: v for k, v in metadata.items() if k != "tensor_digest"}
    write_tensors(file, SCHEMA, tensors, metadata | {"position": position})
    with pytest.raises(ModelError, match=r"does not fit the network of the config|no position"):
        workshop.train("training.epochs=2", out="parts", resume=True)


@pytest.mark.parametrize("config", [1, "text", None, []])
def test_a_config_that_is_none(workshop: Workshop, config: Any) -> None:
    file = workshop.train("training.epochs=1", out="parts").path.parent / "last.ckpt.safetensors"
    tensors, metadata = read_tensors(file, SCHEMA)
    write_tensors(file, SCHEMA, tensors, metadata | {"config": config})
    with pytest.raises(ModelError, match="not a checkpoint that mlp train wrote: no config"):
        workshop.train("training.epochs=2", out="parts", resume=True)


def test_a_difference_is_told_in_short(workshop: Workshop) -> None:
    file = workshop.train("training.epochs=1", out="parts").path.parent / "last.ckpt.safetensors"
    tensors, metadata = read_tensors(file, SCHEMA)
    metadata["config"] |= {"\x1b[2J": "x" * 1000}
    write_tensors(file, SCHEMA, tensors, metadata)
    with pytest.raises(UsageError) as raised:
        workshop.train("training.epochs=2", out="parts", resume=True)
    (line,) = raised.value.lines
    assert line.isprintable()
    assert len(line) < 300


def test_arrays_of_another_shape_are_not_stretched(workshop: Workshop) -> None:
    file = workshop.train("training.epochs=1", out="parts").path.parent / "last.ckpt.safetensors"
    tensors, metadata = read_tensors(file, SCHEMA)
    metadata = {k: v for k, v in metadata.items() if k != "tensor_digest"}
    write_tensors(file, SCHEMA, tensors | {"theta": tensors["theta"][:1]}, metadata)
    with pytest.raises(ModelError, match=r"theta has shape \(1,\), expected"):
        workshop.train("training.epochs=2", out="parts", resume=True)


def test_a_run_goes_on_with_as_many_threads(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums over rows are split by thread, so another number of them would change the bytes."""
    asked: list[Any] = []

    def count(wanted: int | None, *_shape: Any) -> int:
        asked.append(wanted)
        return wanted or 2

    monkeypatch.setattr(run, "thread_count", count)
    by_rule = ("training.threads=null", "training.epochs=2")
    interrupt(workshop, 3, *by_rule)
    workshop.train(*by_rule, out="parts", resume=True)
    assert asked == [None, 2]
    workshop.train("training.threads=1", out="other")
    assert asked[2:] == [1]


def test_data_that_moved_is_the_same_data(workshop: Workshop) -> None:
    whole = workshop.train(out="whole")
    interrupt(workshop, 7)
    (workshop.path / "elsewhere").mkdir()
    (workshop.path / "table.csv").rename(workshop.path / "elsewhere/t.csv")
    moved = "data.train=elsewhere/t.csv"
    assert (
        workshop.train(moved, out="parts", resume=True).model.tensor_digest
        == whole.model.tensor_digest
    )
    (workshop.path / "elsewhere/t.csv").write_text("a,b,y\n1,2,0\n2,1,1\n1,1,1\n3,2,0\n")
    with pytest.raises(UsageError, match="the data files have changed since"):
        workshop.train(moved, out="parts", resume=True)


def test_the_memory_limit_is_free_to_change(workshop: Workshop) -> None:
    whole = workshop.train(out="whole")
    interrupt(workshop, 7)
    done = workshop.train("data.memory_limit=1GB", out="parts", resume=True)
    assert done.model.network.theta.tobytes() == whole.model.network.theta.tobytes()


def test_threads_may_be_named_but_not_changed(workshop: Workshop) -> None:
    interrupt(workshop, 7)
    with pytest.raises(UsageError, match=r"training\.threads was 1 in the interrupted run"):
        workshop.train("training.threads=2", out="parts", resume=True)
    workshop.train("training.threads=null", out="parts", resume=True)


def test_other_versions_are_said(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    software = {"mlpcli": "9", "numpy": "9.9", "python": "3"}
    monkeypatch.setattr("mlpcli.training.checkpoint.software", lambda: software)
    interrupt(workshop, 7)
    monkeypatch.undo()

    class Notes(Watch):
        def started(self, dataset: Dataset, loop: Loop, threads: int) -> None:
            self.notes = dataset.notes

    watch = Notes()
    workshop.train(out="parts", resume=True, observer=watch)
    told = [note for note in watch.notes if "when the run was interrupted" in note]
    assert [note.split(" when")[0] for note in told] == [
        "mlpcli was 9", "numpy was 9.9", "python was 3"
    ]  # fmt: skip


def test_a_run_goes_on_with_the_kernel_that_began_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun by NumPy, to the bytes of NumPy, though there may be a kernel."""
    monkeypatch.setenv("MLP_KERNEL", "numpy")
    expected = workshop.train(out="whole").path.read_bytes()
    interrupt(workshop, 7)
    monkeypatch.delenv("MLP_KERNEL")
    watch = Watch()
    resumed = workshop.train(out="parts", resume=True, observer=watch)
    assert watch.loop is not None
    assert watch.loop.engine.kernel == "numpy"
    assert resumed.path.read_bytes() == expected
    assert resumed.model.versions["kernel"] == "numpy"


def test_another_kernel_is_said(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(workshop, 7)
    kept = read_checkpoint(workshop.path / "parts" / "last.ckpt.safetensors")
    assert kept.kernel is not None
    assert kept.notes(kept.kernel, 1) == []
    (note,) = kept.notes("c v9 (of tomorrow)", 1)
    assert note.startswith(f"kernel was {kept.kernel} when the run was interrupted and is c v9 (of")


def test_moments_of_version_0_1_come_into_the_order_of_theta(workshop: Workshop) -> None:
    """It kept them row by row of [W_i b_i], and said nothing of a kernel."""
    expected = workshop.train(*settings("adam", "constant", "float64"), out="whole")
    interrupt(workshop, 7, *settings("adam", "constant", "float64"))
    path = workshop.path / "parts" / "last.ckpt.safetensors"
    tensors, metadata = read_tensors(path, SCHEMA)
    network = expected.model.network
    for name in ("optimizer.mean", "optimizer.square"):
        moment = network.like(tensors[name])
        pairs = zip(moment.W, moment.b, strict=True)
        tensors[name] = np.concatenate([np.column_stack(pair).ravel() for pair in pairs])
    kernel = metadata.pop("kernel")
    write_tensors(path, SCHEMA, tensors, metadata)
    resumed = workshop.train(*settings("adam", "constant", "float64"), out="parts", resume=True)
    assert resumed.model.versions["kernel"] == kernel
    np.testing.assert_array_equal(resumed.model.network.theta, network.theta)
