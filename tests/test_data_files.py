"""The example data can be made again byte for byte, and the example configs fit it."""

import csv
import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlpcli.config import Config, load_config

ROOT = Path(__file__).parent.parent
DATA = sorted([*(ROOT / "data").glob("*.csv"), *(ROOT / "data").glob("*.csv.gz")])
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


def name(path: Path) -> str:
    return path.name


def content(path: Path) -> bytes:
    """The bytes of a file, unpacked: not every zlib packs alike."""
    packed = path.read_bytes()
    return gzip.decompress(packed) if path.suffix == ".gz" else packed


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def readme_table() -> dict[str, list[str]]:
    lines = (ROOT / "data" / "README.md").read_text(encoding="utf-8").splitlines()
    cells = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    )
    return {row[0]: row[1:] for row in cells if row[0].endswith((".csv", ".csv.gz"))}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("palmerpenguins", reason="comes with the dev extra")
    spec = importlib.util.spec_from_file_location("data_make", ROOT / "data" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    folder = tmp_path_factory.mktemp("data")
    make.main(folder)
    return folder


@pytest.mark.parametrize("path", DATA, ids=name)
def test_making_a_file_again_gives_the_same_bytes(made: Path, path: Path) -> None:
    assert content(made / path.name) == content(path)


def test_every_file_is_made_and_committed_and_in_the_readme(made: Path) -> None:
    names = [path.name for path in DATA]
    assert sorted(path.name for path in made.iterdir()) == names
    assert sorted(readme_table()) == names


@pytest.mark.parametrize("path", DATA, ids=name)
def test_the_readme_counts_rows_columns_targets_and_missing_values(path: Path) -> None:
    header, rows = read(path)
    row_count, column_count, target, missing, *_ = readme_table()[path.name]
    assert len(rows) == int(row_count)
    assert {len(cells) for cells in [header, *rows]} == {int(column_count)}
    assert sum(cell in {"", "NA"} for cells in rows for cell in cells) == int(missing)
    assert target.startswith("(") or set(target.split(", ")) <= set(header)


def columns_named(data: dict[str, Any]) -> set[str]:
    names: set[str] = set()
    for key in ("target", "features", "drop", "weight"):
        value = data.get(key) or []
        names.update([value] if isinstance(value, str) else value)
    for key in ("validation", "test"):
        part = data.get(key)
        names.update([part["column"]] if isinstance(part, dict) else [])
    return names


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_names_files_columns_and_labels_that_exist(path: Path) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))["data"]
    header, rows = read(path.parent / data["train"])
    assert columns_named(data) <= set(header)
    if "positive" in data:
        assert data["positive"] in {cells[header.index(data["target"])] for cells in rows}
    for key in ("validation", "test"):
        part = data.get(key)
        if isinstance(part, dict):
            column = header.index(part["column"])
            assert str(part["value"]) in {cells[column] for cells in rows}


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_is_valid_and_fits_on_a_screen(path: Path) -> None:
    load_config(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_the_first_line_of_a_config_names_its_schema(path: Path) -> None:
    line = path.read_text(encoding="utf-8").splitlines()[0]
    words, schema = line.split("$schema=")
    assert words == "# yaml-language-server: "
    assert json.loads((path.parent / schema).read_text("utf-8"))["title"] == "mlp config"


def test_the_configs_together_show_every_key() -> None:
    configs = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in CONFIGS]
    for section, field in Config.model_fields.items():
        shown = {key for config in configs for key in config.get(section, {})}
        assert field.annotation is not None
        assert shown == set(field.annotation.model_fields), section


def test_every_data_set_has_a_config() -> None:
    trained = {
        Path(yaml.safe_load(path.read_text(encoding="utf-8"))["data"]["train"]).name
        for path in CONFIGS
    }
    assert trained == {path.name for path in DATA} - {"penguins_unsexed.csv"}


def test_the_unsexed_penguins_have_every_feature_of_the_others() -> None:
    header, _ = read(ROOT / "data" / "penguins.csv")
    unsexed, _ = read(ROOT / "data" / "penguins_unsexed.csv")
    assert unsexed == [column for column in header if column != "sex"]
