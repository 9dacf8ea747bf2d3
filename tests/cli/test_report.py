"""`mlp report`: one page, whole without a network, honest where the data are gone."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from html_page import Page
from mlp_runs import CONFIG, POINTS

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

SECTIONS = ["metrics", "curves", "ranking", "confusion", "importance", "data", "gradients", "chain",
            "config"]  # fmt: skip
HOSTILE = "<script>alert(1)</script>"


def written(mlp: Mlp, run: str = "run") -> str:
    ran = mlp("report", run, "-o", "page.html", "--force")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "page.html: written; open it in a browser\n"
    from pathlib import Path

    return Path("page.html").read_text("utf-8")


@pytest.fixture
def run(here: Path, trained: Path) -> Path:
    """Return a folder with the data and the run, both where they were made."""
    shutil.copytree(trained / "run", here / "run", dirs_exist_ok=True)
    return here


def test_well_formed_with_every_section_and_a_way_to_it(run: Path, mlp: Mlp) -> None:
    page = Page.of(written(mlp))
    assert page.faults == []
    assert [tag.attributes["id"] for tag in page.all("h2")] == SECTIONS
    links = [tag.attributes["href"] for tag in page.all("a")]
    assert links == ["#main", *(f"#{name}" for name in SECTIONS)]
    ids = [tag.attributes["id"] for tag in page.tags if "id" in tag.attributes]
    assert len(ids) == len(set(ids))
    assert not any(tag.attributes.get("class") == "missing" for tag in page.all("p"))


def test_a_screen_reader_finds_its_way(run: Path, mlp: Mlp) -> None:
    page = Page.of(written(mlp))
    ids = {tag.attributes["id"]: tag for tag in page.tags if "id" in tag.attributes}
    assert page.all("html")[0].attributes["lang"] == "en"
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert all(tag.attributes["scope"] in {"row", "col"} for tag in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) > 8
    pictures = [tag for tag in page.all("svg") if tag.attributes.get("role") == "img"]
    assert len(pictures) == 6
    for picture in pictures:
        named = (picture.attributes["aria-labelledby"] or "").split()
        assert [ids[name].name for name in named] == ["title", "desc"]
        assert all(ids[name].text for name in named)
    others = [tag for tag in page.all("svg") if tag not in pictures]
    assert all(tag.attributes["aria-hidden"] == "true" for tag in others)
    assert {tag.attributes["for"] for tag in page.all("label")} <= set(ids)


def test_nothing_is_asked_of_a_network(run: Path, mlp: Mlp) -> None:
    text = written(mlp)
    assert not re.search(r"(?i)https?:|//\w|url\(|@import|src=", text.replace("script-src", ""))
    assert len(text) < 200_000
    assert "default-src 'none'" in text


def test_the_same_bytes_twice(run: Path, mlp: Mlp) -> None:
    assert written(mlp) == written(mlp)


def test_it_says_what_the_other_commands_say(run: Path, mlp: Mlp) -> None:
    page = Page.of(written(mlp))
    report = json.loads((run / "run/report.json").read_text())
    (table, *_) = (tag for tag in page.all("tr") if tag.text.startswith("roc_auc"))
    for part in ("train", "validation", "test"):
        assert f"{report['metrics'][part]['roc_auc']:.4f}" in table.text
    assert any(tag.text == "PASS: every tensor is right" for tag in page.all("p"))
    digest = mlp("info", "run", "--json").document["data_digest"]
    assert f"SHA-256 of the data: {digest}" in [tag.text for tag in page.all("p")]


def test_names_of_strangers_stay_names(here: Path, mlp: Mlp) -> None:
    table = POINTS.replace("x,c,y", f'"{HOSTILE}",c,"y"" onload=""x"').replace("yes", "<b>yes")
    (here / "points.csv").write_text(table.replace("blue", "'><img src=x>"))
    hostile = CONFIG.replace("target: y", "target: 'y\" onload=\"x'").replace("yes", "'<b>yes'")
    (here / "config.yaml").write_text(hostile)
    assert mlp("train", "config.yaml", "--out", "hostile", "-q").status == 0
    page = Page.of(written(mlp, "hostile"))
    assert page.faults == []
    assert [set(tag.attributes) for tag in page.all("script")] == [set()]
    assert not page.all("img")
    assert not page.all("b")
    assert not any("onload" in tag.attributes for tag in page.tags)
    assert any(tag.text == HOSTILE for tag in page.all("th"))


def test_without_the_data_those_sections_say_so(run: Path, trained: Path, mlp: Mlp) -> None:
    text = (run / "run/config.yaml").read_text().replace(str(trained), str(run.resolve()))
    (run / "run/config.yaml").write_text(text)
    (run / "points.csv").write_text(POINTS.replace("0.5,", "0.25,"))
    changed = Page.of(written(mlp))
    told = [tag.text for tag in changed.all("p") if tag.attributes.get("class") == "missing"]
    assert len(told) == 7
    assert set(told) == {told[0]}
    assert told[0].startswith("The data are not those of the training: their SHA-256 is ")
    (run / "points.csv").unlink()
    gone = Page.of(written(mlp))
    told = [tag.text for tag in gone.all("p") if tag.attributes.get("class") == "missing"]
    assert len(told) == 7
    assert told[0].startswith("The data cannot be read again: ")
    assert "points.csv" in told[0]
    assert [tag.attributes["id"] for tag in gone.all("h2")] == SECTIONS
    assert gone.faults == []


@pytest.mark.parametrize(("words", "status", "line"), [
    (("nowhere", "-o", "x.html"), 2, "nowhere: no such folder; expected a folder with runs in it"),
    (("empty", "-o", "x.html"), 2, "empty: no run here; `mlp train` makes one"),
    (("run", "-o", "old.html"), 2, "old.html: exists already; give --force to replace it"),
    (("run", "-o", "no/x.html"), 74, "no/x.html: cannot be written: no such file or directory"),
])  # fmt: skip
def test_what_is_refused(
    run: Path, mlp: Mlp, words: tuple[str, ...], status: int, line: str
) -> None:
    (run / "old.html").write_text("old")
    (run / "empty").mkdir()
    ran = mlp("report", *words)
    assert (ran.status, ran.out, ran.lines) == (status, "", [line])
    assert (run / "old.html").read_text() == "old"


def test_a_run_that_has_not_ended(run: Path, mlp: Mlp) -> None:
    (run / "run/report.json").unlink()
    ran = mlp("report", "run", "-o", "x.html")
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == ["run: no report.json, so the run has not ended"]


def test_a_run_that_diverged(here: Path, mlp: Mlp) -> None:
    rows = "".join(f"{i}e300,{i % 2}\n" for i in range(20))
    (here / "huge.csv").write_text(f"x,y\n{rows}")
    (here / "huge.yaml").write_text("data: {train: huge.csv, target: y, standardize: false}\n")
    assert mlp("train", "huge.yaml", "--out", "broken", "-q").status == 3
    page = Page.of(written(mlp, "broken"))
    assert page.faults == []
    assert [tag.attributes["id"] for tag in page.all("h2")] == SECTIONS


@pytest.mark.parametrize("targets", ["three labels", "two targets", "deep"])
def test_other_targets_and_deep_networks(here: Path, mlp: Mlp, targets: str) -> None:
    rows = "".join(f"{i % 9},{i % 9 // 3},{i % 2},{i % 9 > 4:d}\n" for i in range(90))
    (here / "t.csv").write_text(f"x,k,a,b\n{rows}")
    target = {"three labels": "k", "two targets": "[a, b]", "deep": "b"}[targets]
    depth = 30 if targets == "deep" else 1
    (here / "t.yaml").write_text(
        f"data: {{train: t.csv, target: {target}, features: [x]}}\n"
        f"network: {{hidden: [{', '.join('3' * depth)}]}}\ntraining: {{epochs: 3}}\n"
    )
    assert mlp("train", "t.yaml", "--out", "t", "-q").status == 0
    page = Page.of(written(mlp, "t"))
    assert page.faults == []
    sliders = [tag for tag in page.all("input") if tag.attributes["type"] == "range"]
    assert len(sliders) == {"three labels": 0, "two targets": 2, "deep": 1}[targets]
    shares = [tag.text for tag in page.all("th") if tag.text.startswith("share of ")]
    labels = {"three labels": ["0", "1", "2"], "two targets": ["a = 1", "b = 1"], "deep": ["b = 1"]}
    assert shares == [f"share of {label}" for label in labels[targets]]
    folded = [tag.text for tag in page.all("summary")]
    assert ("The numbers of 31 layers" in folded) is (targets == "deep")
