"""What docs/losses.md says around its sessions is what the sessions, or arithmetic, say."""
# ruff: noqa: E501 - a line of a session is quoted whole

from __future__ import annotations

import math

import numpy as np
import pytest

from docs.sessions import ROOT, steps
from mlpcli.cli.compare_losses import compare_losses
from mlpcli.compare.choices import EPSILON, LOSS, known_forms
from mlpcli.compare.summary import compare_on_grid
from mlpcli.nn.losses import BCE_FORMS, LOSSES
from mlpcli.report.compare_losses_figure import comparison_chart

PAGE = ROOT / "docs" / "losses.md"
QUOTED = [
    ("$p$ is exactly 1 from $h = 16.64$ on", ["7.625    16.64    36.74"]),
    ("at $h = 36.5$ the wrong answer ($y = 0$) still gets the gradient 1",
     ["36.5   0  naive      36.044            1            1"]),
    ("at $y = 1$ the gradient is 1 % off from $h = 32.5$", ["1 % off in tail    3.875    12.12     32.5"]),
    ("with `epsilon` it gets 0.29, with `clamped` 0.41", ["0.29278", "0.41399"]),
    ("The `epsilon` loss even falls below 0", ["17  1  epsilon  -5.8601e-08"]),
    ("16.64 in single precision, 36.74 in double", ["1e-15      16.64  16.64      16.64    29.94  34.54  36.74"]),
    ("the `nan` is back", ["nan 16.64"]),
    ("gives -1.9287e-10 where -1 is right", ["-50  1  torch                 50  -1.9287e-10           -1"]),
    ("its loss, 36.04, is the clip's", ["39  0  scikit-learn      36.044      1            1"]),
    ("stay at a cross-entropy above 10", ["epsilon  epochs x3        40   10.", "clamped  epochs x3        40   10."]),
    ("agree to rounding, 0.826", ["fused    epochs x3        40  0.826", "stable   epochs x3        40  0.826"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("sentence", "printed"), QUOTED)
def test_a_sentence_quotes_its_session(text: str, sentence: str, printed: list[str]) -> None:
    assert sentence in " ".join(text.split())
    outputs = "".join(step.expected for step in steps(text))
    assert [line for line in printed if line not in outputs] == []


def test_the_chart_is_what_the_terminal_shows(text: str) -> None:
    result = compare_on_grid(tuple(BCE_FORMS), EPSILON, ("float32",))
    assert f"```text\n{comparison_chart(result)}\n```" in text


def test_every_form_is_in_a_table(text: str) -> None:
    for form in known_forms(LOSS):
        assert f"\n| `{form}` | " in text


def test_every_option_that_is_named_exists(text: str) -> None:
    import inspect
    import re

    known = {f"--{name.replace('_', '-')}" for name in inspect.signature(compare_losses).parameters}
    named = set(re.findall(r"`(--[a-z-]+)", text))
    assert {"--form", "--epsilon", "--weight-scale", "--seeds"} <= named
    assert named <= known


def test_the_arithmetic_of_the_text(text: str) -> None:
    h, zero = np.array([17.0]), np.zeros(1)
    slope = float(LOSSES["mse"].truth.derivative(h, zero, 0.0)[0])
    assert f"{slope:.1e}".replace("e-0", "e-") == "8.3e-8"
    assert "At $h = 17$ it is 8.3e-8" in text
    grid = np.linspace(-30, 30, 60_001)
    assert LOSSES["mse"].truth.derivative(grid, np.zeros_like(grid), 0.0).max() == pytest.approx(
        8 / 27
    )
    assert "`mse` never rises above 0.3" in " ".join(text.split())
    assert f"{-1.9287e-10 / 8:.4e}" == "-2.4109e-11"
    assert np.float32(1 - 1e-8) == 1
    with np.errstate(all="ignore"):
        half = BCE_FORMS["epsilon"].derivative(
            np.array([8.0], np.float16), np.zeros(1, np.float16), 1e-7
        )
        assert np.float16(1) / np.float16(1e-7) == math.inf
    assert np.isnan(half).all()
