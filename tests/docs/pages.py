"""What a program makes: docs/cli.md of the commands, docs/config.md of the schema, and parts."""

from __future__ import annotations

import contextlib
import io
import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any, get_args
from unittest import mock

import typer

from docs.api import api_page
from docs.rooms import with_parts
from mlpcli.check.bugs.plant import plantable, planted
from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.rule import judge, summarise
from mlpcli.cli.app import COMMANDS, program, run
from mlpcli.config import Config
from mlpcli.config.messages import expected
from mlpcli.config.values import Section
from mlpcli.errors import CaseError
from mlpcli.report.bugs import CATALOGUE, bug_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.check.case import Case
    from mlpcli.nn.network import Parameters

__all__ = ["PAGES", "command_lines"]

_MADE = "<!-- made by tests/docs/refresh.py from {source}: edit that, and run it -->\n"

_CLI = """\
# Command line
What `--help` says of each command. The exit statuses are the same everywhere:

| status | meaning |
|---|---|
| 0 | done |
| 1 | the check failed: a gradient is wrong, or a score is beyond `--fail-under` or `--fail-over` |
| 2 | bad usage, config, data, model, case or gradient file: one line each on stderr |
| 3 | training diverged; the last good weights are kept |
| 4 | gradcheck inconclusive: nothing is wrong, but some tensor could not be judged |
| 70 | a bug of `mlp`: please report it, with what `--debug` prints |
| 74 | a file cannot be written: disk full, read-only |
| 130, 143 | interrupted after saving a checkpoint |

Results go to stdout; progress, warnings and errors go to stderr. At a terminal tables are drawn and
progress is a bar; anywhere else both are plain text. `--json` prints one strict JSON document
(`null` for what is no number) on status 0, 1, 3 and 4, and nothing on the others. Nothing is
overwritten without `--force`, except what `--junit` and `--plot` name. `NO_COLOR` is respected.
"""

_BUGS = """\
# The known bugs
What `mlp gradcheck` knows to go wrong in a backward pass, place by place. Each bug is a change of
one line of backpropagation; the check runs all of them on the case at hand, and names those that
make the numbers that were given. `mlp bugs NAME` prints what stands here, and `--plant NAME` puts
a bug into a right gradient: `NAME@2` at layer 2, else wherever it can be made.

The letters are those of [How a gradient is checked](gradcheck.md): rows are samples,
H_i = Z_{i-1} W_i^T + b_i, Z_i = f(H_i), delta_i = dJ/dH_i, N rows, K outputs, L layers. Several
names for one gradient are all listed; a factor is found on top of one other bug, and bugs of
different layers, or of W and b in one layer, are told one by one.

| place | bugs |
|---|---|
"""

_CONFIG = """\
# Config
Every key of the YAML config. Only `data.train` and `data.target` are required. Paths are relative
to the config's own folder; `training.output` too, but without it runs go to `runs/` in the current
folder. YAML 1.2 scalars: `1e-3` is a number, `no` is text, `010` is 10. Unknown and duplicate keys
are errors, and `mlp config check` reports all errors at once with line and column.
`--set section.key=value` beats the file. `mlp config show` prints a config with all defaults, and
`mlp config schema` a JSON Schema. An editor with the
[YAML language server](https://github.com/redhat-developer/yaml-language-server), which is VS Code's
YAML extension, checks and completes while you type where the first line names one. Those of
[configs/](../configs/) name [the one of this checkout](../schema/v1/config.schema.json); with
`mlp config schema > mlp.schema.json` beside your own config, which needs no network, the line is

```yaml
# yaml-language-server: $schema=mlp.schema.json
```

The schema may grow keys; where a config that fits v1 would fit no longer, it gets the next number.

[From a CSV file to a model](training.md) explains by example; the files in [configs/](../configs/)
are commented.
"""


def command_lines() -> list[tuple[str, ...]]:
    """Return every command as the words after `mlp`, groups before what is in them."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*words, name))

    return list(walk(typer.main.get_command(program(*COMMANDS)), ()))


def cli_page() -> str:
    """Return docs/cli.md."""
    parts = [_MADE.format(source="the commands"), _CLI]
    for words in command_lines():
        name = " ".join(("mlp", *words))
        parts.append(f"\n## {name}\n```text\n{printed(*words, '--help')}```\n")
    return "".join(parts)


def printed(*words: str) -> str:
    """Return what a command prints at 80 columns."""
    width = {"COLUMNS": "80", "TERMINAL_WIDTH": "80"}
    with contextlib.redirect_stdout(io.StringIO()) as out, mock.patch.dict(os.environ, width):
        assert run([*words]) == 0
    return re.sub(r"[ \t]+$", "", out.getvalue(), flags=re.MULTILINE)


def bugs_page() -> str:
    """Return docs/bugs.md."""
    parts = [_MADE.format(source="the records in check/bugs/"), _BUGS]
    for place, bugs in CATALOGUE.items():
        links = ", ".join(f"[{bug.name}](#{bug.name})" for bug in bugs)
        parts.append(f"| {place} | {links} |\n")
    for place, bugs in CATALOGUE.items():
        parts.append(f"\n## {place}\n")
        parts += [_bug(bug_document(bug)) for bug in bugs]
    return "".join(parts)


def _bug(bug: dict[str, Any]) -> str:
    lines = [
        f"\n### {bug['bug']}\n{bug['explanation']}.\n",
        f"- How it looks: {bug['looks']}.",
        f"- Fix: {bug['fix']}.",
    ]
    if bug["hidden_by"]:
        lines.append(f"- Cannot be seen where {', or '.join(bug['hidden_by'])}.")
    if (run := _planted_run(bug["bug"])) is not None:
        lines.append(f"- Planted: {run}.")
    return "\n".join(lines) + "\n"


_SAID = (
    {"loss": "bce"},
    {"loss": "mse"},
    {"loss": "cross_entropy"},
    {"loss": "mse", "output": "identity"},
    {"activation": "tanh"},
    {"activation": "leaky_relu"},
    {"l2": 0.1},
)


def _planted_run(name: str) -> str | None:
    """Return the first run without data in which a planted bug is seen, and what is wrong there."""
    for said in _SAID:
        try:
            cases = plantable(built_in_cases(Convention(**said).settled()), name)
        except CaseError:
            continue
        options = "".join(f" --{key} {value}" for key, value in said.items() if value != "bce")
        for case_name, case in cases.items():
            if wrong := _wrong_tensors(case, planted(case, name)):
                return f"`mlp gradcheck --plant {name}{options}` finds {wrong} wrong in {case_name}"
    return None


def _wrong_tensors(case: Case, gradient: Parameters) -> str:
    entries = judge(gradient, case.gradient().theta, rounding_bounds(case), 1e-6)
    tensors = summarise(gradient, case.gradient().theta, entries)
    return ", ".join(tensor.name for tensor in tensors if tensor.verdict == "fail")


def config_page() -> str:
    """Return docs/config.md."""
    parts = [_MADE.format(source="the schema"), _CONFIG]
    for name, field in Config.model_fields.items():
        (section,) = sections(field.annotation)
        parts.append(f"\n## {name}\n{section.__doc__}\n\n")
        parts.append(_table(f"{name}.", section))
        for key, inner in section.model_fields.items():
            parts += [_inner(f"{name}.{key}", arm) for arm in sections(inner.annotation)]
    return "".join(parts)


def _inner(path: str, arm: type[Section]) -> str:
    named = arm.model_fields.get("name")
    title = f"### {path}: {named.default}" if named else f"### {path} as a mapping"
    table = _table("", arm) if set(arm.model_fields) - {"name"} else ""
    return f"\n{title}\n{arm.__doc__}\n" + (f"\n{table}" if table else "")


def sections(annotation: Any) -> list[type[Section]]:
    """Return the mappings that a type allows, in order."""
    if isinstance(annotation, type):
        return [annotation] if issubclass(annotation, Section) else []
    found = [arm for part in get_args(annotation) for arm in sections(part)]
    return list(dict.fromkeys(found))


def _table(path: str, section: type[Section]) -> str:
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    for key, field in section.model_fields.items():
        if key == "name" and path == "":
            continue
        name = field.serialization_alias or key
        what = expected(field.rebuild_annotation()).what
        default = "required" if field.is_required() else f"`{_yaml(field.default)}`"
        cells = (f"`{path}{name}`", what, default, field.description or "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    if isinstance(value, Section):
        return str(getattr(value, "name", "{}"))
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    return re.sub(r"e-0+", "e-", str(value))


PAGES: dict[str, Callable[[], str]] = {
    "docs/cli.md": cli_page,
    "docs/config.md": config_page,
    "docs/bugs.md": bugs_page,
    "docs/api.md": lambda: _MADE.format(source="the docstrings of src/mlpcli") + api_page(),
    "schema/v1/config.schema.json": partial(printed, "config", "schema"),
    "docs/architecture.md": partial(with_parts, "docs/architecture.md"),
    "CONTRIBUTING.md": partial(with_parts, "CONTRIBUTING.md"),
}
"""How each page is made."""
