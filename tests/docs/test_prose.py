"""The numbers in the text around a session are those of the session, or of arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from docs.sessions import ROOT, steps

QUOTED = [
    ("docs/chain.md", "At layer 1 it is 71.8 times the gradient itself", ["71.8"]),
    ("docs/chain.md", "the rebuilt gradient is 9.8 % and 1.0 % off", ["0.0976", "0.0101"]),
    ("docs/chain.md", "with all 199 rows", ["with 199 rows"]),
    ("docs/textbook.md", "`W1` at 0,1 is right, 2.92e-12, and the textbook makes 2.17e-11",
     ["0,1   2.91664336e-12    2.1730021e-11"]),
    ("README.md", "Train on 333 penguins", ["train 199, validation 67, test 67"]),
]  # fmt: skip


@pytest.mark.parametrize(("page", "sentence", "printed"), QUOTED)
def test_a_sentence_quotes_its_session(page: str, sentence: str, printed: list[str]) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    words = " ".join(text.split())
    assert sentence in words
    outputs = "".join(step.expected for step in steps(text))
    assert all(number in outputs for number in printed)


@pytest.mark.parametrize(("dtype", "first"), [(np.float64, 36.7), (np.float32, 16.6)])
def test_where_sigma_rounds_to_one(dtype: type[np.floating], first: float) -> None:
    h = np.arange(first - 0.1, first + 0.1, 0.001).astype(dtype)
    p = 1 / (1 + np.exp(-h))
    assert p[0] < 1 == p[-1]


def test_noise_of_the_textbook_difference() -> None:
    eps = np.finfo(np.float64).eps
    assert eps * 0.7 / eps ** (1 / 3) == pytest.approx(2.5e-11, rel=0.05)
