"""The frame of the page: colours that can be read, only its own script, and print."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from importlib.resources import files

import pytest

from mlpcli.report.page import _digest

TEMPLATE = files("mlpcli.report").joinpath("page.html").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", TEMPLATE, flags=re.DOTALL)[:2]
)
TEXT = ("ink", "soft", "link", "good", "bad", "doubt")
LINES = ("line", *(f"s{k}" for k in range(8)))


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, two: str) -> float:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_lines_can_be_read(colours: dict[str, str]) -> None:
    assert LIGHT.keys() == DARK.keys()
    for name in TEXT:
        for ground in ("back", "panel"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    for name in LINES:
        assert contrast(colours[name], colours["back"]) >= 3, name


def test_every_colour_that_is_used_is_there() -> None:
    assert set(re.findall(r"var\(--(\w+)\)", TEMPLATE)) <= set(LIGHT)


def test_only_its_own_script_may_run() -> None:
    script = files("mlpcli.report").joinpath("page.js").read_text("utf-8")
    assert "</script" not in script
    kind, _, digest = _digest(script).partition("-")
    assert kind == "sha256"
    assert b64decode(digest) == hashlib.sha256(script.encode()).digest()
    assert "script-src '$digest'" in TEMPLATE
