"""Every example is carried by the wheel, and works where it is copied to."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import mlpcli
from mlpcli import examples as module
from mlpcli.config import load_config
from mlpcli.errors import StorageError, UsageError
from mlpcli.examples import Example, copy_example, find_example, list_examples

ROOT = Path(__file__).parents[1]
EXAMPLES = list_examples()


def test_all_configs_are_examples() -> None:
    assert [e.name for e in EXAMPLES] == sorted(p.stem for p in (ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_copy_finds_its_tables_beside_it(example: Example, tmp_path: Path) -> None:
    written = copy_example(example, tmp_path / "new", force=False)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {path.name for path in written}
    config = load_config(written[0])
    mlpcli.load_dataset(config)
    original = load_config(example.path)
    assert config.network == original.network
    assert config.training == original.training
    text = written[0].read_text("utf-8")
    assert "../" not in text
    assert "configs/" not in text
    assert len(example.title) > 20
    assert "yaml-language-server" not in text


def test_comments_of_a_copy_name_its_files() -> None:
    text = find_example("penguins").files()["penguins.yaml"].decode()
    assert "#   mlp train penguins.yaml " in text
    assert "#   mlp predict runs/penguins penguins_unsexed.csv" in text
    assert find_example("penguins").tables == ("penguins_unsexed.csv", "penguins.csv")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    moons = find_example("moons")
    (tmp_path / "moons.csv").write_text("mine")
    with pytest.raises(UsageError, match=r"moons\.csv: exists already; give --force"):
        copy_example(moons, tmp_path, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["moons.csv"]
    copy_example(moons, tmp_path, force=True)
    assert (tmp_path / "moons.csv").read_bytes() == (ROOT / "data/moons.csv").read_bytes()
    with pytest.raises(UsageError, match="is a file; expected a folder to copy to"):
        copy_example(moons, tmp_path / "moons.csv", force=True)
    with pytest.raises(StorageError):
        copy_example(moons, tmp_path / "moons.csv" / "new", force=True)


def test_unknown_names() -> None:
    with pytest.raises(UsageError, match='no example "moon", did you mean "moons"'):
        find_example("moon")


def test_the_wheel_carries_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    home = module._HOMES[0].relative_to(module._PACKAGE.parent).as_posix()
    assert included == {name: f"{home}/{name}" for name in ("configs", "data")}
    monkeypatch.setattr(module, "_HOMES", (tmp_path,))
    with pytest.raises(UsageError, match="no examples"):
        list_examples()
