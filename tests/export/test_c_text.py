"""Names, texts and numbers in C: held to a compiler, and to what no compiler may see."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.others import FLAGS
from foreign import foreign
from mlpcli.export.c_text import (
    braced,
    comment,
    distinct,
    identifier,
    number,
    numbers,
    quote,
    texts,
)

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [("age", "age"), ("Fare (£)", "Fare"), ("int", "c_int"), ("NAN", "c_NAN"), ("", "column"),
         ("2nd", "c_2nd"), ("_x", "x"), ("年", "column"), ("linux", "c_linux"),
         ("a" * 99, "a" * 40)]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_an_identifier(name: str, expected: str) -> None:
    assert identifier(name) == expected


@given(st.lists(st.text(max_size=8), max_size=8))
def test_identifiers_are_words_of_their_own(names: list[str]) -> None:
    found = distinct(names)
    assert len(set(found)) == len(names)
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name) for name in found)


def test_names_that_meet_get_numbers() -> None:
    assert distinct(["a b", "a-b", "a_b_2", "a_b"]) == ["a_b", "a_b_2", "a_b_2_2", "a_b_3"]


@given(st.text())
def test_a_comment_neither_ends_nor_joins_lines(text: str) -> None:
    found = comment(text)
    assert found.isascii()
    assert found.isprintable()
    assert not {"*", "/", "\\", "?", '"', "\n"} & set(found)


def test_texts_and_numbers_are_the_same_to_a_compiler(tmp_path: Path) -> None:
    said = ['a"b', "??/", "\\", "%s", "é\n\r\t", "1" + chr(7) + "2", "", "*/ /*", "//"]
    singles = np.array([0.1, 1e-45, -3.4e38, 1, 0, 123456792], np.float32)
    doubles = np.array([0.1, 5e-324, -1.7e308, 1, 1e22, 1 / 3])
    (tmp_path / "main.c").write_text(
        "#include <stdio.h>\n"
        f"static const char *const said[] = {texts(said)};\n"
        f"static const float singles[] = {numbers(singles)};\n"
        f"static const double doubles[] = {numbers(doubles)};\n"
        "int main(void) {\n"
        f'for (int i = 0; i < {len(said)}; i++) printf("%s%c", said[i], 1);\n'
        f'for (int i = 0; i < {len(singles)}; i++) printf("%.17g ", (double)singles[i]);\n'
        f'for (int i = 0; i < {len(doubles)}; i++) printf("%.17g ", doubles[i]);\n'
        "return 0; }\n"
    )
    subprocess.run([foreign("cc"), *FLAGS, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    out = subprocess.run([str(tmp_path / "main")], capture_output=True, check=True).stdout
    *got, values = out.decode().split("\1")
    assert got == said
    assert [float(value) for value in values.split()] == [*singles.tolist(), *doubles.tolist()]


def test_a_constant_is_no_integer() -> None:
    assert number(3.0) == "3.0"
    assert number(np.float32(-5)) == "-5.0f"
    assert number(1e22) == "1e+22"


def test_short_lists_stay_on_a_line() -> None:
    assert braced(["1", "2"]) == "{1, 2}"
    assert all(len(line) < 110 for line in braced(["12345678"] * 50).splitlines())
    assert quote("a") == '"a"'
