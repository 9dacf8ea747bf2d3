"""Whatever a table holds, it is shown on one line and can be read back from YAML."""

from __future__ import annotations

import os
import shlex
import subprocess
from unicodedata import normalize

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from foreign import foreign
from mlpcli.text import (
    counted,
    did_you_mean,
    finite,
    in_shell,
    near_names,
    one_of,
    printable,
    quoted,
    shorten,
    show_ranges,
    show_value,
    strict_json,
)

LIVELY = st.text() | st.text('\n\r\t\x00\x1b\x7f\x85\xa0\u2028\ufeff"\\#:{}😀é')


@given(LIVELY)
def test_printable_is_one_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    if text.isprintable():
        assert shown == text


@given(LIVELY)
def test_quoted_reads_back(text: str) -> None:
    assert quoted(text).isprintable()
    assert yaml.safe_load(f"- {quoted(text)}  # {printable(text)}") == [text]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_word_for_the_shell_is_one_word(text: str) -> None:
    word = in_shell(text)
    assert word.isprintable()
    if text.isprintable():
        assert shlex.split(word) == [text]


def test_bash_reads_what_is_not_printable() -> None:
    texts = ["a\nb", "\x1b[31m 'x' \\", "next\x85line", "\U000e0001é", "nul-\x7f\x01", "\udce9 caf"]
    script = "printf '%s\\0' " + " ".join(map(in_shell, texts))
    told = subprocess.run(
        [foreign("bash"), "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )  # fmt: skip
    assert told.stdout.split(b"\0")[:-1] == [os.fsencode(text) for text in texts]


def test_numbers_stay_numbers() -> None:
    assert (quoted(3), quoted(0.25)) == ("3", "0.25")


@given(LIVELY | st.floats() | st.booleans() | st.lists(st.integers()))
def test_a_value_is_shown_on_one_short_line(value: object) -> None:
    shown = show_value(value)
    assert shown.isprintable()
    assert len(shown) <= 60


def test_nan_and_inf_are_null_in_a_document() -> None:
    document = {"a": float("nan"), "b": -float("inf"), "c": 0.5, "d": "nan", "e": None, "f": [1]}
    assert finite(document) == {**document, "a": None, "b": None}


def test_what_is_long_loses_its_middle() -> None:
    assert shorten("a" * 50 + "b" * 50, 23) == "a" * 10 + "..." + "b" * 10
    assert show_value(float("-inf")) == "-.inf"


def test_did_you_mean() -> None:
    assert did_you_mean("epoch", ["epochs", "seed"]) == ', did you mean "epochs"?'
    assert did_you_mean("zzz", ["epochs", "seed"]) == ""


@pytest.mark.parametrize(
    ("name", "other"), [("y", "Y"), ("SIZE", "size"), ("stra\u00dfe", "STRASSE")]
)
def test_a_name_in_another_case_is_meant(name: str, other: str) -> None:
    assert did_you_mean(name, ["a", other]) == f', did you mean "{other}"?'


@pytest.mark.parametrize("backwards", [False, True])
def test_a_name_that_looks_the_same_is_said_to_be_another(backwards: bool) -> None:
    word = "Gr\u00f6\u00dfe"
    forms = [normalize("NFC", word), normalize("NFD", word)]
    name, other = reversed(forms) if backwards else forms
    assert did_you_mean(name, ["Groesse", other]) == (
        f', did you mean "{other}"? It looks the same and is of other characters (NFC, NFD)'
    )


def test_one_of() -> None:
    assert one_of("epoch", ["epochs", "seed"]) == ', did you mean "epochs"?'
    assert one_of("zzz", ["epochs", "seed"]) == "; expected one of epochs, seed"


def test_near_names() -> None:
    assert near_names("colour", ["color", "size"]) == ', did you mean "color"?'
    assert near_names("colour", ["size"]) == '; it has "size"'


@pytest.mark.parametrize(
    "text", ["NaN", "[-Infinity]", "1e999", "[-1e400]", "[" * 100_000, "{", b"\xff"]
)
def test_json_with_what_is_no_number_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json(text)


def test_json_of_numbers_is_read() -> None:
    assert strict_json(b'{"a": [1, -2.5, 1e308, null, "NaN"]}') == {
        "a": [1, -2.5, 1e308, None, "NaN"]
    }


def test_ranges() -> None:
    assert show_ranges([1, 2, 4, 5, 6, 9], "W") == "W1, W2, W4-W6, W9"
    assert show_ranges([]) == ""


def test_counted_things_are_one_or_many() -> None:
    assert [counted(n, "epoch") for n in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]
    assert [counted(n, "batch", "es") for n in (1, 2)] == ["1 batch", "2 batches"]
