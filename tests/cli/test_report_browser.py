"""The page of a run as a browser shows it: the script runs, and nothing is complained of."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from foreign import foreign
from html_page import Page

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp


def opened(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [foreign("chromium"), "--headless", "--no-sandbox", "--disable-gpu",
               "--disable-dev-shm-usage", f"--user-data-dir={page.parent / 'profile'}",
               "--enable-logging=stderr", *options, page.as_uri()]  # fmt: skip
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
    assert not re.findall(r".*(?:CONSOLE|Content Security|Refused).*", ran.stderr)
