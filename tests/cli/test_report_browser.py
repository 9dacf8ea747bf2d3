"""The page of a run as a browser shows it: the script runs, and nothing is complained of."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from foreign import foreign
from html_page import Page

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp


def opened(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [foreign("chromium"), "--headless", "--no-sandbox", "--disable-gpu",
               "--disable-dev-shm-usage", f"--user-data-dir={page.parent / 'profile'}",
               "--enable-logging=stderr", *options, page.absolute().as_uri()]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def test_the_slider_is_there_and_the_console_is_empty(
    trained: Path, tmp_path: Path, mlp: Mlp
) -> None:
    file = tmp_path / "page.html"
    assert mlp("report", trained / "run", "-o", file).status == 0
    ran = opened(file, "--dump-dom")
    page = Page.of(ran.stdout)
    (slider,) = page.all("input")
    assert slider.attributes["aria-valuetext"] == "threshold 0.5"
    (around,) = (tag for tag in page.all("p") if tag.attributes.get("class") == "slider")
    assert "hidden" not in around.attributes
    assert complaints(ran) == []


@pytest.mark.parametrize("target", ["k", "[a, b]"], ids=["three labels", "two targets"])
def test_other_pages_leave_the_console_empty_too(here: Path, mlp: Mlp, target: str) -> None:
    rows = "".join(f"{i % 9},{i % 9 // 3},{i % 2},{i % 9 > 4:d}\n" for i in range(90))
    (here / "t.csv").write_text(f"x,k,a,b\n{rows}")
    (here / "t.yaml").write_text(
        f"data: {{train: t.csv, target: {target}, features: [x]}}\ntraining: {{epochs: 3}}\n"
    )
    assert mlp("train", "t.yaml", "--out", "t", "-q").status == 0
    assert mlp("report", "t", "-o", "t.html").status == 0
    ran = opened(here / "t.html", "--dump-dom", "--window-size=360,800")
    assert Page.of(ran.stdout).all("h2")
    assert complaints(ran) == []


def complaints(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """What the browser says of the page, which should be nothing."""
    return re.findall(r".*(?:CONSOLE|Content Security|Refused).*", ran.stderr)
