"""The raw row of a table as a struct in C99, and the function that makes inputs of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.rules import NumberRule
from mlpcli.export import c_text
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.export.features import Feature

__all__ = ["encode_function", "row_type"]

_FIND = """\
/* Return the place of a text in a list that ends with NULL, -1 where it is not in it. */
static inline int {name}_find(const char *text, const char *const *list)
{{
    for (int i = 0; list[i]; i++)
        if (strcmp(text, list[i]) == 0)
            return i;
    return -1;
}}
"""
_HEAD = """\
/* Write the inputs of the network. Return 0, or the number of the first column that lacks a value
   which the model does not fill. */
static inline int {name}_encode(const {name}_row *row, double *x)
{{
"""


@dataclass(frozen=True)
class Slot:
    """A column in C: its member of the row, its first input, and its number from 1."""

    feature: Feature
    field: str
    start: int
    number: int


def row_type(features: Sequence[Feature], name: str) -> str:
    """Return the struct of a row, a member per column."""
    lines = [
        f"    {'const char *' if slot.feature.is_text else 'double '}{slot.field}; "
        f"/* {c_text.comment(slot.feature.name)}{', 1 or 0' * slot.feature.truth} */"
        for slot in _slots(features)
    ]
    return "\n".join(["typedef struct {", *lines, f"}} {name}_row;", ""])


def encode_function(features: Sequence[Feature], name: str) -> str:
    """Return the function from a row to the inputs, and what it calls."""
    lists = {feature.absent: "" for feature in features if feature.is_text}
    for number, absent in enumerate(lists, start=1):
        lists[absent] = f"absent{number}"
    lines = [f"static const char *const {own}[] = {c_text.ended_texts(absent)};"
             for absent, own in lists.items()]  # fmt: skip
    for slot in _slots(features):
        text, absent = slot.feature.is_text, slot.feature.absent
        block = _text(slot, f"{name}_find", lists[absent]) if text else _number(slot)
        lines += ["{", *(f"    {line}" for line in block), "}"]
    body = "".join(f"    {line}\n" for line in [*lines, "return 0;"])
    return f"{_FIND.format(name=name)}\n{_HEAD.format(name=name)}{body}}}\n"


def _slots(features: Sequence[Feature]) -> Iterator[Slot]:
    fields = c_text.distinct(feature.name for feature in features)
    start = 0
    for number, (feature, field) in enumerate(zip(features, fields, strict=True), start=1):
        yield Slot(feature, field, start, number)
        start += feature.width


def _number(slot: Slot) -> Iterator[str]:
    rule, start = slot.feature.rule, slot.start
    assert isinstance(rule, NumberRule)
    codes = (f" || value == {c_text.number(code)}" for code in slot.feature.codes)
    fill = "NAN" if rule.fill is None else c_text.number(rule.fill)
    minus = f"+ {c_text.number(-rule.mean)}" if rule.mean < 0 else f"- {c_text.number(rule.mean)}"
    yield f"double value = row->{slot.field};"
    yield f"int missing = isnan(value){''.join(codes)};"
    yield from (
        _where_missing(slot) if slot.feature.required else [f"value = missing ? {fill} : value;"]
    )
    yield f"x[{start}] = (value {minus}) / {c_text.number(rule.scale)};"
    if rule.missing:
        yield f"x[{start + 1}] = missing;"


def _text(slot: Slot, find: str, absent: str) -> Iterator[str]:
    feature, text = slot.feature, f"row->{slot.field}"
    missing = -1 if feature.missing_place is None else feature.missing_place
    yield f"static const char *const levels[] = {c_text.ended_texts(feature.places)};"
    yield f"int missing = !{text} || {find}({text}, {absent}) >= 0;"
    yield f"int place = missing ? {missing} : {find}({text}, levels);"
    if feature.required:
        yield from _where_missing(slot)
    if feature.other_place is not None:
        yield "if (place < 0 && !missing)"
        yield f"    place = {feature.other_place};"
    yield f"for (int i = 0; i < {feature.width}; i++)"
    yield f"    x[{slot.start} + i] = i == place;"


def _where_missing(slot: Slot) -> list[str]:
    return ["if (missing)", f"    return {slot.number};"]
