from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config import (
    json_schema,
    load_config,
    parse_config,
    to_document,
    to_portable_document,
    to_yaml,
)
from mlpcli.config.yaml import read_yaml
from mlpcli.names import LOSSES

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
MINIMAL: dict[str, Any] = {"data": {"train": "t.csv", "target": "y", "validation": 0.2}}

names = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_characters="\0"), st.sampled_from("y0:-#'\" ")),
    min_size=1,
    max_size=8,
)
words = st.one_of(names, st.sampled_from(["no", "Null", "~", "0o17", "1e-3", ".inf", "*a", "- b"]))
files = st.one_of(
    st.from_regex(r"[a-z *?\[\]~#]{1,8}\.csv", fullmatch=True),
    names.map(lambda name: f"{name.replace('/', '')}.csv"),
)
counts = st.integers(1, 2**31 - 1)
positives = st.floats(0, exclude_min=True, allow_infinity=False)
fractions = st.floats(0, 0.49, exclude_min=True)
shares = st.floats(0, 1, exclude_max=True)
labels = st.one_of(
    words,
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
)
splits = st.one_of(
    fractions, files, st.lists(files, min_size=1, unique=True),
    st.builds(lambda column, value: {"column": column, "value": value}, st.just("\x02"), labels),
)  # fmt: skip
columns = st.lists(words, min_size=3, max_size=6, unique=True)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Configs as plain values, each key drawn from all that it may be."""
    target, *others = draw(columns.filter(lambda drawn: "\x02" not in drawn))
    data = {
        "train": draw(st.one_of(files, st.lists(files, min_size=1, unique=True))),
        "target": target,
        "positive": draw(st.one_of(labels, labels.map(lambda label: {target: label}))),
        "features": draw(st.sampled_from([None, others[:1]])),
        "drop": others[1:],
        "validation": draw(fractions),
        "test": draw(st.none() | splits.map(_printable)),
        "memory_limit": draw(st.sampled_from([None, "512MB", "1.5 GiB"])),
    }
    weights = positives.map(lambda weight: {"0": weight, "1": 1})
    optimizers = st.one_of(
        st.sampled_from(["sgd", "momentum", "nesterov", "adam"]),
        st.fixed_dictionaries(
            {"name": st.just("momentum"), "learning_rate": positives, "momentum": shares}
        ),
        st.fixed_dictionaries({"learning_rate": positives, "beta1": shares}),
    )
    return {
        "data": data,
        "network": {"hidden": draw(st.lists(counts, max_size=4)), "init_scale": draw(positives)},
        "loss": {
            "epsilon": draw(fractions),
            "l2": draw(positives),
            "class_weight": draw(st.one_of(st.none(), st.just("balanced"), weights)),
        },
        "training": {
            "optimizer": draw(optimizers),
            "schedule": draw(st.sampled_from([None, "plateau", {"name": "step", "every": 3}])),
            "threshold": draw(st.one_of(fractions, st.just({"maximize": "mcc"}))),
            "output": draw(st.none() | files),
            "patience": draw(st.none() | counts),
        },
        "gradcheck": {"rows": draw(st.none() | counts), "step": draw(st.none() | positives)},
    }


def _printable(split: Any) -> Any:
    return {**split, "column": "fold, 1"} if isinstance(split, dict) else split


def as_yaml(document: dict[str, Any]) -> str:
    """Return JSON that is YAML too: without surrogate pairs and unprintable characters."""
    text = json.dumps(document, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


@given(document=documents())
@settings(max_examples=100)
def test_a_config_survives_yaml_and_json(document: dict[str, Any]) -> None:
    config = parse_config(as_yaml(document))
    again = parse_config(to_yaml(config), folder="/elsewhere")
    assert again == config
    assert to_document(again) == to_document(config)
    assert json.loads(json.dumps(to_document(config), allow_nan=False)) == to_document(config)
    assert to_yaml(again) == to_yaml(config)
    other = yaml.safe_load(to_yaml(config))
    assert other["data"]["target"] == [document["data"]["target"]]
    assert other["data"]["positive"] == document["data"]["positive"]
    validate(other, json_schema())


def test_below_a_folder_without_a_name_in_utf_8_paths_are_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    try:
        (odd / "run").mkdir(parents=True)
    except OSError:
        pytest.skip("the file system wants names in UTF-8")
    monkeypatch.chdir(odd)
    config = parse_config("data: {train: t.csv, target: y, test: ../a.csv}")
    (odd / "run" / "config.yaml").write_text(to_yaml(config, "run"), encoding="utf-8")
    assert load_config("run/config.yaml") == config


def test_the_yaml_is_in_block_style() -> None:
    text = (
        "data: {train: [a b.csv, /c.csv], target: no, positive: {no: 010}}\nloss: {epsilon: 1e-7}"
    )
    shown = to_yaml(parse_config(text, folder="/x"))
    assert shown.startswith(
        'data:\n  train:\n    - /x/a b.csv\n    - /c.csv\n  target:\n    - "no"\n  positive:\n'
        '    "no": 10\n  labels: null\n  features: null\n  drop: []\n  weight: null\n'
    )
    assert "\n\nnetwork:\n  hidden: [16]\n  activation: sigmoid\n" in shown
    assert "\n  epsilon: 1.0e-07\n" in shown
    assert "\n  optimizer:\n    name: adam\n    learning_rate: 0.001\n" in shown
    assert shown.endswith("  factor: 1.0\n")


def kinds(value: Any) -> set[str]:
    """Return the JSON types of a value."""
    table = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"number", "integer"} if float(value).is_integer() else {"number"}
    return {table[type(value)]}


LIMITS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusiveMinimum": lambda value, limit: value > limit,
    "exclusiveMaximum": lambda value, limit: value < limit,
    "minLength": lambda value, limit: len(value) >= limit,
    "maxLength": lambda value, limit: len(value) <= limit,
    "minItems": lambda value, limit: len(value) >= limit,
    "minProperties": lambda value, limit: len(value) >= limit,
    "pattern": lambda value, limit: re.search(limit, value) is not None,
    "enum": lambda value, limit: value in limit,
    "const": lambda value, limit: value == limit,
    "type": lambda value, limit: limit in kinds(value),
}
READ = {
    *LIMITS, "$ref", "anyOf", "oneOf", "properties", "required", "additionalProperties", "items",
    "$schema", "$defs", "title", "description", "default",
}  # fmt: skip


def is_valid(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Judge a value by the part of JSON Schema that ours uses."""
    assert set(schema) <= READ
    if "$ref" in schema:
        return is_valid(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "type" in schema and schema["type"] not in kinds(value):
        return False
    arms = schema.get("anyOf", schema.get("oneOf"))
    fitting = 1 if arms is None else sum(is_valid(value, arm, root) for arm in arms)
    if not fitting or ("oneOf" in schema and fitting > 1):
        return False
    return _parts_are_valid(value, schema, root) and all(
        holds(value, schema[key]) for key, holds in LIMITS.items() if key in schema
    )


def _parts_are_valid(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(value, list) and "items" in schema:
        return all(is_valid(item, schema["items"], root) for item in value)
    if not isinstance(value, dict):
        return True
    rest = schema.get("additionalProperties", {})
    known = schema.get("properties", {})
    return set(schema.get("required", ())) <= set(value) and all(
        part is not False and is_valid(item, part, root)
        for item, part in ((item, known.get(str(key), rest)) for key, item in value.items())
    )


def validate(value: Any, schema: dict[str, Any]) -> None:
    assert is_valid(json.loads(json.dumps(value)), schema, schema)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_examples_fit_the_schema_and_come_back(path: Path) -> None:
    validate(read_yaml(path.read_text(encoding="utf-8"), path.name).plain(), json_schema())
    config = load_config(path)
    validate(to_document(config), json_schema())
    assert parse_config(to_yaml(config)) == config


def test_the_schema_says_what_it_is() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["data"]
    assert schema["$defs"]["DataConfig"]["required"] == ["train", "target"]
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
    assert "\\u0000" not in json.dumps(schema)


@pytest.mark.parametrize(
    ("section", "key", "value", "fits"),
    [
        ("data", "train", ["a", "b"], True),
        ("data", "train", [], False),
        ("data", "trian", "a", False),
        ("data", "validation", "v.csv", True),
        ("data", "validation", 0.2, True),
        ("data", "validation", 1.2, False),
        ("data", "test", {"column": "fold", "value": 1}, True),
        ("data", "test", {"column": "fold"}, False),
        ("data", "positive", {"y": "no"}, True),
        ("network", "hidden", [8, 0], False),
        ("loss", "class_weight", {"0": 1, "1": 2}, True),
        ("loss", "class_weight", {"negative": 1, "positive": 2}, False),
        ("loss", "class_weight", {"a": 1, "b": 2, "c": 0.5}, True),
        ("loss", "class_weight", {"a": 1, "b": 2, "c": 0}, False),
        ("data", "labels", ["a", "b", "c"], True),
        ("data", "labels", ["a", "b"], False),
        ("loss", "class_weight", "balancd", False),
        ("training", "optimizer", "sgd", True),
        ("training", "optimizer", "lion", False),
        ("training", "optimizer", {"name": "sgd"}, True),
        ("training", "optimizer", {"name": "sgd", "momentum": 0.5}, False),
        ("training", "optimizer", {"learning_rate": 0.5}, True),
        ("training", "schedule", None, True),
        ("training", "schedule", {"name": "step", "every": 3}, True),
        ("training", "threshold", {"maximize": "f1"}, True),
        ("training", "epochs", 1.5, False),
        ("trainin", "epochs", 1, False),
    ],
)
def test_the_schema_and_the_loader_agree(section: str, key: str, value: Any, fits: bool) -> None:
    document = {**MINIMAL, section: {**MINIMAL.get(section, {}), key: value}}
    assert is_valid(document, json_schema(), json_schema()) is fits
    try:
        parse_config(json.dumps(document))
    except Exception:  # noqa: BLE001 - which error is not the question here
        assert not fits
    else:
        assert fits


def test_a_portable_document_is_the_same_wherever_the_project_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "data: {train: ../data/*.csv, target: y, test: [t.csv]}\ntraining: {output: out}\n"
    documents = []
    for root in (tmp_path / "a", tmp_path / "b" / "c"):
        (root / "configs").mkdir(parents=True)
        (root / "configs" / "x.yaml").write_text(text)
        for cwd in (root, tmp_path, root / "configs"):
            monkeypatch.chdir(cwd)
            documents.append(to_portable_document(load_config(root / "configs" / "x.yaml")))
    first = documents[0]
    assert all(document == first for document in documents)
    assert first["data"]["train"] == ["../data/*.csv"]
    assert first["data"]["test"] == ["t.csv"]
    assert first["training"]["output"] == "out"


@pytest.mark.parametrize(
    "override", [*(f"loss.kind={kind}" for kind in LOSSES), "training.optimizer=lbfgs"]
)
def test_what_a_run_writes_of_its_config_loads_again(override: str) -> None:
    config = parse_config("data: {train: t.csv, target: y}", "c.yaml", "/x", [override])
    assert parse_config(to_yaml(config)) == config
