"""A starter config is valid YAML that says what was seen, whatever the names."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config import parse_config
from mlpcli.config.yaml import read_yaml
from mlpcli.data.survey import ColumnSurvey, Survey, TargetSurvey
from mlpcli.report.init import starter_config, unseen_starter

anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
names = anything.filter(lambda s: s.strip() == s and s.isprintable())


@given(st.lists(anything, min_size=3, max_size=5, unique=True), anything, anything)
def test_any_characters_are_read_back(columns: list[str], path: str, label: str) -> None:
    *features, target = columns
    config = parse_config(unseen_starter(path, [target], features, enough=True))
    assert (config.data.target, config.data.drop) == ((target,), tuple(features))
    seen = TargetSurvey(ColumnSurvey(target, 0, label), label, f"not {label}", "a guess")
    survey = Survey(
        rows=60,
        features=tuple(ColumnSurvey(name, 0, label) for name in features),
        targets=(seen,),
        types={features[0]: "text"},
        missing_values={features[1]: [label]},
        notes=(label,),
        keep_values=(label,),
    )
    data = read_yaml(starter_config(survey, path, path, path), "c.yaml").plain()["data"]
    assert (data["train"], data["target"], data["features"]) == (path, target, features)
    assert (data["positive"], data["keep_values"]) == (label, [label])
    assert (data["types"], data["missing_values"]) == (
        {features[0]: "text"},
        {features[1]: [label]},
    )


@given(
    st.lists(names, min_size=2, max_size=5, unique=True),
    st.text(max_size=30),
    st.integers(0, 2),
    st.sampled_from([2, 49, 50, 1000]),
)
def test_any_names(columns: list[str], summary: str, missing: int, rows: int) -> None:
    *features, target = columns
    seen = TargetSurvey(ColumnSurvey(target, missing, summary), "a: #\n", "b", "the rarer one")
    survey = Survey(
        rows=rows,
        features=tuple(ColumnSurvey(name, missing, summary) for name in features),
        targets=(seen,),
        types={features[0]: "boolean"},
        missing_values={features[0]: [-999, "."]},
        notes=(summary,),
    )
    text = starter_config(survey, "data\n.csv", "../data\n.csv", "c.yaml")
    document = yaml.safe_load(text)
    assert document["data"]["features"] == features
    assert document["data"]["positive"] == "a: #\n"
    assert document["data"]["types"] == {features[0]: "boolean"}
    assert document["data"]["missing_values"] == {features[0]: [-999, "."]}
    assert document["data"]["missing"] == "median"
    assert document["data"].get("missing_target") == ("drop" if missing else None)
    config = parse_config(text, "c.yaml")
    assert config.data.target == (target,)
    assert config.training.patience == (20 if rows >= 50 else None)
    assert config.data.validation == (0.2 if rows >= 50 else None)


@pytest.mark.parametrize(
    ("positive", "line"),
    [
        (None, None),
        ("m", '  positive: "m"  # counts as 1, and "f" as 0: a guess, the rarer one'),
        (2, '  positive: 2  # counts as 1, and "f" as 0: a guess, the rarer one'),
    ],
)
def test_positive(positive: Any, line: str | None) -> None:
    column = ColumnSurvey("c", 0, "number, 0 to 1")
    target = TargetSurvey(column, positive, "f", "a guess, the rarer one")
    survey = Survey(2, (column,), (target,), {}, {}, ())
    lines = starter_config(survey, "d.csv", "d.csv", "c.yaml").splitlines()
    assert [text for text in lines if "positive" in text] == ([] if line is None else [line])


def column(name: str, aside: str = "") -> ColumnSurvey:
    return ColumnSurvey(name, 0, "number, 0 to 1", aside)


def test_several_targets() -> None:
    targets = (TargetSurvey(column("y"), "a", "b", "a guess"), TargetSurvey(column("z")))
    text = starter_config(Survey(90, (column("x"),), targets, {}, {}, ()), "d", "d", "c.yaml")
    config = parse_config(text, "c.yaml")
    assert config.data.target == ("y", "z")
    assert config.data.positives == {"y": "a", "z": None}


@pytest.mark.parametrize(("asides", "kept"), [(("", "an id"), ("a",)), (("x", "y"), ("a", "b"))])
def test_what_is_suspicious_is_commented_out_but_never_all(
    asides: tuple[str, str], kept: tuple[str, ...]
) -> None:
    features = tuple(map(column, "ab", asides))
    survey = Survey(90, features, (TargetSurvey(column("y")),), {}, {}, (), header=False)
    text = starter_config(survey, "d", "d", "c.yaml")
    config = parse_config(text, "c.yaml")
    assert config.data.features == kept
    assert config.data.header is False
    assert "number, 0 to 1: " in text


def test_so_many_features_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.report.init._MOST_FEATURES", 2)
    features = (column("a"), column("b", "an id"), column("c"))
    survey = Survey(90, features, (TargetSurvey(column("y")),), {}, {}, (), dropped=("d",))
    text = starter_config(survey, "d.csv", "d.csv", "c.yaml")
    assert "# features: the other 2 columns" in text
    config = parse_config(text, "c.yaml")
    assert config.data.features is None
    assert config.data.drop == ("b", "d")
