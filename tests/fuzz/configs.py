"""Configs and `--set`: what is taken says all that stands in the file, and reads back the same."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, ClassVar

import yaml

from fuzz.format import Format, Wrong
from mlp_runs import CONFIG
from mlpcli.config import Config, load_config, parse_config, to_document, to_yaml

__all__ = ["ConfigFile", "Settings"]

EXAMPLES = Path(__file__).parents[2] / "configs"
RICH = """\
data:
  train: [points.csv, "more.csv"]
  target: y
  positive: "yes"
  features: [x, c]
  drop: [z]
  weight: w
  missing: {x: mean, c: level}
  standardize: false
  validation: {column: part, value: 2}
  test: 0.25
  group: g
  stratify: false
  memory_limit: 1GB
  types: {x: number, c: text, b: boolean}
  missing_values: {x: [-999, "."], c: ["-"]}
  keep_values: [NA]
  decimal: ","
  thousands: "."
  delimiter: ";"
  encoding: cp1252
  comment: "#"
  skip_lines: 2
  header: [x, c, y]
  max_levels: 50
  missing_target: drop
network:
  {hidden: [0o10, 0x10], activation: leaky_relu, slope: .1, bias: true, init: he, init_scale: 1e-1}
loss: {kind: bce, derivative: clamped, epsilon: 1e-5, l2: 1.0e-3, class_weight: {0: 1, 1: 2.5}}
training:
  optimizer: {name: momentum, learning_rate: 0.1, momentum: 0.9}
  epochs: 12
  batch_size: 7
  schedule: {name: step, every: 3, factor: 0.5}
  patience: 3
  threshold: {maximize: f1}
  dtype: float64
  threads: 2
  seed: 3
  checkpoint_every: 10min
  output: runs/here
gradcheck: {method: plain, rows: 5, step: 1e-6, tolerance: 1e-5, reduction: mean_all, factor: 0.5}
"""
ANCHORS = "data: {train: &t points.csv, target: &y [y], test: *t}\nnetwork: {hidden: [&n 3, *n]}\n"
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
NULLS = (None, "", "~", "null", "Null", "NULL")


WORDS = """null true no sgd adam nesterov cosine plateau step constant relu tanh he glorot mse
    cross_entropy balanced macro level mean drop f1 mcc .inf -.inf .nan 1e-3 0o7 0x1F 010 - : | > &
    * ! [] {} -1 0 1 1e400 --- ... << %YAML &a *a !!str ? @ `"""


def _tokens() -> list[bytes]:
    keys = {key for section in to_document(_some()).values() for key in section}
    return [word.encode() for word in (*sorted(keys), *WORDS.split(), "- ", ": ", "\n  ", "# ")]


def _some() -> Config:
    return parse_config("data: {train: points.csv, target: y}\n")


class _Anchors(yaml.BaseLoader):
    """Takes an anchor that is set again, as YAML 1.2 does, and not PyYAML: the last one counts."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if not self.check_event(yaml.AliasEvent):
            self.anchors.pop(self.peek_event().anchor, None)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


def _said(text: str) -> Any:
    """Return what a file says, its values as texts."""
    try:
        return yaml.load(text, LOADER)
    except yaml.composer.ComposerError:
        return yaml.load(text, _Anchors)


class ConfigFile(Format):
    name = "configs"
    file = "config.yaml"
    tokens: ClassVar[list[bytes]] = _tokens()
    commands = (("config", "check", "config.yaml"), ("config", "show", "config.yaml"))

    def seeds(self) -> list[bytes]:
        head = "data: {train: points.csv, target: y, test: .2, validation: .2}\n"
        rest = RICH.partition("\nnetwork")
        texts = [CONFIG, ANCHORS, rest[0] + "\n", head + "".join(rest[1:])]
        return [*(text.encode() for text in texts), (EXAMPLES / "moons.yaml").read_bytes()]

    def judge(self) -> None:
        config = load_config(self.path)
        reads_back(config)
        if unsaid := _unlike(_said(self.path.read_text("utf-8-sig")), to_document(config), ""):
            raise Wrong(f"taken, but {unsaid}")


class Settings(Format):
    """`--set KEY=VALUE`, a line each."""

    name = "`--set`"
    file = "settings.txt"
    tokens: ClassVar[list[bytes]] = [*_tokens(), b"=", b".", b"[0]", b"[999999999]", b"training."]

    def seeds(self) -> list[bytes]:
        return [
            b"training.epochs=5",
            b"network.hidden[0]=8\nnetwork.hidden[1]=2",
            b"training.optimizer.name=sgd\ntraining.optimizer.learning_rate=1e-2",
            b"data.missing_values.x=[a, -1]\nloss.class_weight={0: 1, 1: 2}",
            b"data.test=null\ntraining.threshold={maximize: f1}\ndata.target=[y, c]",
        ]

    def judge(self) -> None:
        settings = self.path.read_text("utf-8", errors="surrogateescape").split("\n")
        reads_back(load_config(self.folder / "good.yaml", settings))


def reads_back(config: Config) -> None:
    """Raise Wrong unless what a config writes of itself is the same config."""
    document = to_document(config)
    if parse_config(to_yaml(config), folder=config.folder) != config:
        raise Wrong("reads back as another config from its own YAML")
    again = json.loads(json.dumps(document, allow_nan=False))
    if Config.model_validate(again) != config:
        raise Wrong("reads back as another config from its own JSON")


def _unlike(said: Any, got: Any, key: str) -> str | None:
    """Return where a config says something else than its file, whose values are texts."""
    if isinstance(said, dict) and isinstance(got, dict):
        for name, value in said.items():
            held = got.get(name, got.get(_number(name)))
            if held is None and value not in NULLS and name not in got:
                return f"{key}.{name} is lost"
            if found := _unlike(value, held, f"{key}.{name}"):
                return found
        return None
    if isinstance(got, dict):
        return None if said in NULLS or said == got.get("name") else f"{key}: {said!r} is {got!r}"
    if isinstance(got, list):
        items = said if isinstance(said, list) else [said]
        if said in NULLS:
            return None
        pairs = zip(items, got, strict=False)
        wrong = (_unlike(*pair, key) for pair in pairs)
        return f"{key}: {said!r} is {got!r}" if len(items) != len(got) else next(
            (found for found in wrong if found), None)  # fmt: skip
    return None if _same(said, got) else f"{key}: {said!r} is {got!r}"


def _same(said: Any, got: Any) -> bool:
    """Whether a text of a file can mean this value."""
    if got is None:
        return said in NULLS
    if not isinstance(said, str):
        return False
    if isinstance(got, bool):
        return said.lower() == str(got).lower()
    if isinstance(got, int | float):
        number = _number(said)
        return said in NULLS or (number is not None and math.isclose(number, got, rel_tol=1e-15))
    last = Path(os.path.normpath(said)).name  # ".." has the name of a folder that is not said
    return said in (got, *NULLS) or last in (Path(got).name, "..")


def _number(text: str) -> float | None:
    try:
        return int(text, 0) if text[:2] in ("0x", "0o") else float(text)
    except ValueError:
        return None
