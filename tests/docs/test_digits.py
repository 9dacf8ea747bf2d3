"""What docs/digits.md says around its sessions is what they, its table or arithmetic say."""

from __future__ import annotations

import re

import numpy as np
import pytest

from docs.sessions import ROOT, steps
from mlpcli.nn.losses import LOSSES

PAGE = ROOT / "docs" / "digits.md"
QUOTED = [
    ("After one epoch `bce` reads 62 % of the validation rows right", r"\nbce +0.618 "),
    ("`mse` 13 %, little more than a guess", r"\nmse +0.125 "),
    ("After five epochs it is 85 %", r"\nbce +0.618 +0.738 +0.847 "),
    ("against 26 %.", r"\nmse +0.125 +0.189 +0.256 "),
    (
        "the gradient of the last layer is 26 times smaller",
        r"\nW2 +0.0e\+00 +5.25e\+00 +1.99e-01\n",
    ),
    ("they end at 88 % and 84 %", r"deviation 3 \| `bce` .* 88.3% \| \S+ ± \S+ \|\n"),
    ("they end at 88 % and 84 %, not at 97 %", r"deviation 3 \| `cross_entropy` .* 84.4% \| "),
]


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("sentence", "printed"), QUOTED)
def test_a_sentence_quotes_its_session_or_the_table(text: str, sentence: str, printed: str) -> None:
    assert sentence in " ".join(text.split())
    outputs = "\n" + "".join(step.expected for step in steps(text))
    assert re.search(printed, outputs + text)


def test_the_arithmetic_of_the_text(text: str) -> None:
    h, zero = np.array([8.0]), np.zeros(1)
    gradient = {kind: float(LOSSES[kind].truth.derivative(h, zero, 0.0)[0])
                for kind in ("bce", "mse")}  # fmt: skip
    said = f"gradient {gradient['bce']:.0f} under `bce`, and {gradient['mse']:.4f} under `mse`"
    assert said in " ".join(text.split())
    ratio = 5.25 / 1.99e-01
    assert f"{ratio:.0f} times smaller" in text


def test_every_loss_has_its_row(text: str) -> None:
    for kind in LOSSES:
        assert f"\n| `{kind}`" in text
