"""Models of all kinds that no training made, and rows for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.encoder import Encoder
from mlpcli.data.rules import NumberRule, Policies, TextRule
from mlpcli.data.table import Categorical, Missing
from mlpcli.data.target import Classes, OneAgainstRest, Target
from mlpcli.nn.activations import activation_by
from mlpcli.nn.network import initial_network
from mlpcli.training.model_file import Model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlpcli.data.rules import Rule
    from mlpcli.data.table import Column
    from mlpcli.data.target import AnyTarget

RULES: tuple[Rule, ...] = (
    NumberRule("age", 40.0, 12.5, 38.0),
    NumberRule("year", 1.7e9, 3.0e4, None),
    NumberRule("t", -0.5, 0.5, -0.25, missing=True),
    TextRule("sex", ("female", "male"), None),
    TextRule("deck", ("A", "B", "C"), None, other=True, missing=True),
    TextRule("port", ("C", "Q"), "Q"),
)
POLICIES = Policies("mean", {"year": "drop", "sex": "error", "deck": "level", "t": "level"})
READING = {
    "missing": {"texts": ["", "NA"], "numbers": []},
    "missing_in": {"age": {"texts": ["", "NA"], "numbers": [-9.0, 999.0]},
                   "port": {"texts": ["none"], "numbers": [-9.0]}},
    "boolean_columns": ["t"],
    "notations": {},
    "layout": {"header": None, "skip_lines": 0, "encoding": None, "delimiter": None,
               "decimal": None, "thousands": None, "comment": None},
}  # fmt: skip
ONE = (Target("y", "text", "no", "yes"),)
SEVERAL = (
    Target("a", "number", 0, 1),
    OneAgainstRest("b", "text", "x"),
    Target("c", "number", 0, 1, soft=True),
)
LABELS = (Classes("k", "text", ("low", "mid", "high")),)


def model_of(
    targets: Sequence[AnyTarget] = ONE,
    *,
    rules: Sequence[Rule] = RULES,
    policies: Policies = POLICIES,
    reading: Mapping[str, Any] | None = READING,
    hidden: Sequence[int] = (5, 4),
    activation: str = "sigmoid",
    loss: str = "bce",
    dtype: str = "float32",
    bias: bool = True,
    seed: int = 0,
) -> Model:
    """Return a model with weights that were drawn."""
    encoder = Encoder(tuple(rules), policies)
    sizes = (len(encoder.inputs), *hidden, sum(target.outputs for target in targets))
    rng = np.random.default_rng(seed)
    network = initial_network(
        sizes, rng, bias=bias, dtype=dtype, scale=2.0, activation=activation_by(activation, 0.125)
    )
    for b in network.b:
        b[:] = rng.normal(size=b.shape)
    labels = any(isinstance(target, Classes) for target in targets)
    return Model(
        network=network,
        encoder=encoder,
        targets=tuple(targets),
        thresholds=() if labels else tuple(rng.uniform(0.3, 0.7, len(targets)).tolist()),
        config={"loss": {"kind": loss}},
        metrics={},
        seed=seed,
        data_digest="",
        versions={"mlpcli": "0"},
        reading=reading,
    )


def rows_for(rules: Sequence[Rule], rng: np.random.Generator, count: int = 40) -> list[Any]:
    """Return rows of raw values: some missing, some texts unknown to the model."""
    return [{rule.name: _raw(rule, rng) for rule in rules} for _ in range(count)]


def _raw(rule: Rule, rng: np.random.Generator) -> float | str:
    if isinstance(rule, NumberRule):
        return float(
            rng.choice([np.nan, -9.0, rng.normal(rule.mean, rule.scale)], p=[0.1, 0.1, 0.8])
        )
    return str(rng.choice([*rule.levels, "NA", "never seen", "-9"]))


def columns_of(model: Model, rows: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """Return rows as the reader of tables hands them on."""
    reading = model.reading_of(model.encoder.kinds)
    columns: dict[str, Column] = {}
    for rule in model.encoder.rules:
        missing, cells = reading.missing_of(rule.name), [row[rule.name] for row in rows]
        if isinstance(rule, NumberRule):
            gone = [cell in missing.numbers for cell in cells]
            columns[rule.name] = np.where(gone, np.nan, np.array(cells, np.float64))
        else:
            columns[rule.name] = _categorical(cells, missing)
    return columns


def _categorical(cells: Sequence[str], missing: Missing) -> Categorical:
    levels = tuple(sorted({cell for cell in cells if cell not in missing}))
    codes = [-1 if cell in missing else levels.index(cell) for cell in cells]
    return Categorical(np.array(codes, np.int32), levels)
