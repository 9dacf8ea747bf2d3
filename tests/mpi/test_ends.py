"""However a job ends, it ends soon, says so once, and leaves a checkpoint to go on from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlp_runs import COMMAND
from mlpcli.cli.app import run
from mpi.launch import ended, mpi_run, start
from mpi.test_train import trained, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPOCHS = 400  # at most: a job is ended long before
_LONG = ("train", "long.yaml", "--out", "run", "--quiet")
SOON = 10.0  # seconds
# mlp whose additions begin before all layers have their gradient, as they do between machines.
MEANWHILE = """
from mlpcli.nn.kernel import engine, stretches
stretches._WORTH_ADDING, cut = 1000, stretches.stretches
engine.stretches = lambda network, rows, overlaps: cut(network, rows, overlaps=True)
from mlpcli.cli import app
"""
OVERLAPPING = [sys.executable, "-c", MEANWHILE + "app.main()"]


def write_long(folder: Path) -> None:
    """Write a table, and a config that trains on it for long."""
    write_table(folder, rows=4000)
    training = (
        f"training: {{epochs: {_EPOCHS}, batch_size: 192}}\nnetwork: {{hidden: [300, 300]}}\n"
    )
    (folder / "long.yaml").write_text((folder / "base.yaml").read_text() + training)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_long(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begun(ranks: int, folder: Path, command: Sequence[str] = COMMAND) -> subprocess.Popen[str]:
    """Start to train, and return once there is a checkpoint."""
    job = start(ranks, [*command, *_LONG], folder)
    while not (folder / "run" / "last.ckpt.safetensors").exists():
        assert job.poll() is None, job.communicate()
        time.sleep(0.05)
    return job


def ranks_of(job: subprocess.Popen[str]) -> list[int]:
    """Return the process numbers of the ranks, by rank."""
    found = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            environment = (entry / "environ").read_bytes().split(b"\0")
            said = dict(pair.partition(b"=")[::2] for pair in environment)
            if os.getsid(int(entry.name)) == job.pid and b"OMPI_COMM_WORLD_RANK" in said:
                found[int(said[b"OMPI_COMM_WORLD_RANK"])] = int(entry.name)
    return [found[rank] for rank in sorted(found)]


def epochs_kept(folder: Path) -> int:
    from mlpcli.training.checkpoint import read_checkpoint

    kept = read_checkpoint(folder / "run" / "last.ckpt.safetensors")
    return int(kept.metadata["position"]["epoch"])


def goes_on(ranks: int, folder: Path, status: int = 0) -> None:
    """Train two epochs more on other ranks, and hold the bytes to those of as many threads."""
    more = ("--resume", "--set", f"training.epochs={epochs_kept(folder) + 2}")
    subprocess.run(["cp", "-r", "run", "copy"], cwd=folder, check=True)
    kept = folder / "copy" / "last.ckpt.safetensors"
    assert mpi_run(ranks, *_LONG, *more, folder=folder).status == status
    if ranks > 1:  # alone it goes on with threads, as many as there were ranks
        as_threads(kept, ranks)
    assert run(["train", "long.yaml", "--out", "copy", "--quiet", *more]) == 0
    assert trained(folder / "run")[:2] == trained(folder / "copy")[:2]


def as_threads(checkpoint: Path, count: int) -> None:
    """Let a checkpoint be gone on with by so many threads: only ranks may change their number."""
    from mlpcli.training.checkpoint import SCHEMA
    from mlpcli.training.tensor_file import read_tensors, write_tensors

    tensors, metadata = read_tensors(checkpoint, SCHEMA)
    write_tensors(checkpoint, SCHEMA, tensors, {**metadata, "threads": count}, durable=False)


@pytest.mark.parametrize(
    ("rank", "others", "command"), [(1, 3, COMMAND), (0, 2, COMMAND), (2, 2, OVERLAPPING)]
)
def test_a_killed_rank_ends_the_job(
    folder: Path, rank: int, others: int, command: Sequence[str]
) -> None:
    job = begun(3 if rank else 2, folder, command)
    os.kill(ranks_of(job)[rank], signal.SIGKILL)
    killed = time.monotonic()
    ran = ended(job)
    assert time.monotonic() - killed < SOON
    assert ran.status == 128 + signal.SIGKILL
    assert len(ran.lines) <= 1
    goes_on(others, folder)


@pytest.mark.parametrize(
    ("number", "command"),
    [(signal.SIGTERM, COMMAND), (signal.SIGINT, COMMAND), (signal.SIGTERM, OVERLAPPING)],
)
def test_a_signal_saves_and_ends(
    folder: Path, number: signal.Signals, command: Sequence[str]
) -> None:
    """To rank 0 alone it goes as Slurm sends it; to mpirun, as a user's Ctrl-C."""
    job = begun(2, folder, command)
    os.kill(ranks_of(job)[0], number)
    ran = ended(job)
    assert ran.status == 128 + number
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith("interrupted after ")
    goes_on(3, folder)


def test_mpirun_told_to_end(folder: Path) -> None:
    job = begun(2, folder)
    job.send_signal(signal.SIGTERM)
    ran = ended(job)
    assert ran.status != 0
    goes_on(2, folder)


def test_a_full_disk_ends_the_job(folder: Path) -> None:
    program = (
        "import errno, os\n"
        "from mlpcli.cli import app\n"
        "from mlpcli.files import storage_errors\n"
        "from mlpcli.training.run_folder import RunFolder\n"
        "def append(self, record):\n"
        "    if record.epoch > 1:\n"
        "        with storage_errors(self.history):\n"
        "            raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "RunFolder.append = append\n"
        "app.main()\n"
    )
    ran = ended(start(2, [sys.executable, "-c", program, *_LONG], folder))
    (line,) = ran.lines
    assert line.startswith("run/history.jsonl: ")
    assert line.endswith("no space left on device")
    assert ran.status == 74


def test_an_error_of_another_rank_is_said_by_it(folder: Path) -> None:
    program = (
        "from mlpcli.cli import app; from mlpcli.ranks import job\n"
        "import mlpcli.training.joint as joint, mlpcli.errors as errors\n"
        "def broken(*_): raise errors.StorageError('no room here')\n"
        "import os\n"
        "if os.environ['OMPI_COMM_WORLD_RANK'] == '1': joint.new_loop = broken\n"
        "app.main()\n"
    )
    job = start(2, [sys.executable, "-c", program, *_LONG], folder)
    ran = ended(job)
    assert (ran.status, ran.lines) == (74, ["rank 1: no room here"])


@pytest.mark.parametrize(("rank", "line"), [(0, "no room here"), (2, "rank 2: no room here")])
def test_an_error_amid_an_addition_ends_the_job(folder: Path, rank: int, line: str) -> None:
    """The others have begun the same one, and wait for the rank."""
    program = MEANWHILE + (
        "import itertools, os, mlpcli.errors as errors\n"
        "from mlpcli.ranks.team import RankTeam\n"
        "whole, calls = RankTeam.begin, itertools.count()\n"
        "def begin(self, *addition):\n"
        "    if next(calls) == 40: raise errors.StorageError('no room here')\n"
        "    whole(self, *addition)\n"
        f"if os.environ['OMPI_COMM_WORLD_RANK'] == '{rank}': RankTeam.begin = begin\n"
        "app.main()\n"
    )
    ran = ended(start(3, [sys.executable, "-c", program, *_LONG], folder))
    assert (ran.status, ran.lines) == (74, [line])


def test_ranks_that_compute_otherwise_are_refused(folder: Path) -> None:
    program = (
        "import os, numpy\n"
        "if os.environ['OMPI_COMM_WORLD_RANK'] == '1': numpy.__version__ = '0.1'\n"
        "from mlpcli.cli import app; app.main()\n"
    )
    ran = ended(start(2, [sys.executable, "-c", program, *_LONG], folder))
    (line,) = ran.lines
    assert line.startswith("rank 1 on ")
    assert "has numpy 0.1, rank 0 on " in line
    assert ran.status == 2
    assert not (folder / "run" / "model.safetensors").exists()


def test_other_threads_than_ranks_are_refused(folder: Path) -> None:
    ran = mpi_run(2, *_LONG, "--set", "training.threads=4", folder=folder)
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert ran.lines[0].startswith("training.threads is 4, and 2 ranks were started, ")


def test_rank_0_alone_writes(folder: Path) -> None:
    """Whoever else opens, moves or removes anything in the run folder ends with status 99."""
    program = (
        "import os, sys\n"
        "def hook(event, args):\n"
        "    named = [os.fspath(a) for a in args[:2] if isinstance(a, (str, os.PathLike))]\n"
        "    inside = [name for name in named if '/run/' in os.path.abspath(name) + '/']\n"
        "    changes = event in ('os.rename', 'os.remove', 'os.mkdir', 'os.link', 'os.truncate')\n"
        "    writes = event == 'open' and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)\n"
        "    if inside and (changes or writes):\n"
        "        os._exit(99)\n"
        "if os.environ['OMPI_COMM_WORLD_RANK'] != sys.argv.pop():\n"
        "    sys.addaudithook(hook)\n"
        "from mlpcli.cli import app; app.main()\n"
    )
    line = [sys.executable, "-c", program, *_LONG, "--set", "training.epochs=2"]
    assert ended(start(3, [*line, "0"], folder)).status == 0
    assert (folder / "run" / "model.safetensors").exists()
    assert ended(start(3, [*line, "--force", "1"], folder)).status == 99
