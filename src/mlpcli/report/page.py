"""One page about a run: everything in one file of HTML, which asks no network for anything."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from mlpcli.report.page_html import Section, safe
from mlpcli.report.page_sections import sections
from mlpcli.report.table import number

if TYPE_CHECKING:
    from mlpcli.report.run_facts import RunFacts

__all__ = ["run_page"]

_TEMPLATE, _SCRIPT = "page.html", "page.js"


def run_page(run: RunFacts) -> str:
    """Return the page, the same for the same run.

    Only its own script runs, known by its digest: markup in a column's name stays a name.
    """
    parts, script = sections(run), _file(_SCRIPT)
    return Template(_file(_TEMPLATE)).substitute(
        title=safe(f"Run {run.path}"),
        summary=safe(_summary(run)),
        contents="".join(_link(part) for part in parts),
        sections="\n".join(part.markup() for part in parts),
        made=safe(", ".join(f"{name} {v}" for name, v in run.model.versions.items())),
        digest=_digest(script),
        script=script,
    )


def _file(name: str) -> str:
    return files("mlpcli.report").joinpath(name).read_text("utf-8")


def _digest(script: str) -> str:
    """Return what a Content-Security-Policy knows a script by."""
    return "sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _link(part: Section) -> str:
    return f'<li><a href="#{part.anchor}">{safe(part.heading)}</a></li>'


def _summary(run: RunFacts) -> str:
    """Return in a sentence what was trained and how good it is on the part that says most."""
    report = run.report
    part = next(name for name in ("test", "validation", "train") if report["metrics"].get(name))
    found = report["metrics"][part]
    sizes = "-".join(map(str, run.model.network.sizes))
    scores = ", ".join(f"{name} {number(found[name], '.4f')}" for name in ("loss", "roc_auc", "f1"))
    return (
        f"A network of {sizes}, {report['epochs_run']} epochs (stopped: {report['stopped']}, best "
        f"{report['best_epoch']}). On the {part} rows: {scores}."
    )
