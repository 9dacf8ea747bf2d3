"""Whatever is fed to `mlp`: a clean refusal, or a right success; `make fuzz` feeds more."""

from __future__ import annotations

import contextlib
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.engine import Tally, feed, inputs, limited
from fuzz.format import Format, Wrong
from fuzz.formats import FORMATS, slug
from fuzz.stage import build_stage
from mlpcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = 15  # of each format
CORPUS = Path(__file__).with_name("corpus")
FOUND = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    before, folder = Path.cwd(), tmp_path_factory.mktemp("stage")
    build_stage(folder)
    yield folder
    os.chdir(before)


@pytest.mark.parametrize("name", FORMATS)
def test_good_files_are_taken(name: str, stage: Path) -> None:
    form = FORMATS[name](stage)
    for content in form.seeds():
        assert form.feed(content) is None
    form.command(form.seeds()[0])


@pytest.mark.parametrize("name", FORMATS)
def test_spoiled_files(name: str, stage: Path) -> None:
    form = FORMATS[name](stage)
    form.pool += (seeds := form.seeds())

    @settings(max_examples=EXAMPLES, database=None)
    @given(st.randoms(use_true_random=True))  # of which one number, the seed, is drawn
    def spoil(rng: random.Random) -> None:
        content = form.mutated(rng.choice(seeds), rng)
        form.feed(content)
        form.command(content)

    spoil()


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found(path: Path, stage: Path) -> None:
    (form,) = (made(stage) for name, made in FORMATS.items() if slug(name) == path.parent.name)
    with limited():
        form.feed(path.read_bytes())
        form.command(path.read_bytes())


class Planted(Format):
    """A reader with a fault for each of some words."""

    name = "planted"
    file = "planted.txt"
    faults: ClassVar[dict[bytes, Exception]] = {
        b"crash": KeyError("crash"),
        b"lines": InputError("one\ntwo"),
        b"silent": InputError(""),
        b"taken": Wrong("taken wrongly"),
        b"refused": InputError('"x": no'),
    }

    def seeds(self) -> list[bytes]:
        return [b"good"]

    def judge(self) -> None:
        if fault := self.faults.get(self.path.read_bytes()):
            raise fault


def test_the_engine_is_not_blind(tmp_path: Path) -> None:
    form, tally = Planted(tmp_path), Tally()
    for content in (b"good", *Planted.faults):
        feed(form, content, tally)
    assert (tally.inputs, tally.taken) == (6, 1)
    assert sorted(tally.wrong.values()) == [b"crash", b"lines", b"silent", b"taken"]
    assert tally.answers == {"taken": 1, "_: no": 1}
    assert form.pool == [b"good", b"refused"]


def test_inputs_differ_and_are_the_same_by_seed(tmp_path: Path) -> None:
    def some(seed: int) -> list[bytes]:
        made = inputs(Planted(tmp_path), random.Random(seed))
        return [next(made) for _ in range(200)]

    assert some(1) == some(1) != some(2)
    assert len({*some(1)}) > 100


def test_what_takes_long_is_ended() -> None:
    def never(**_: Any) -> None:
        while True:
            with contextlib.suppress(Exception):  # which must not save it
                sum(range(1000))

    with pytest.raises(BaseException, match=r"over 0\.05 s"), limited(0.05):
        never()
