"""The CI files guard: a planted bug fails by its name, and a right gradient passes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from ci_steps import Stage, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_steps import Ran

ROOT = Path(__file__).parents[2]
ACTION = load(ROOT / "action.yml")
OURS = ROOT / "examples/ci"
MINE = "my_backprop.py:gradient"
LOST = " * Z[i] * (1 - Z[i])"


@pytest.fixture
def stage(copy: Path) -> Stage:
    (copy / "examples/numpy_backprop.py").rename(copy / "my_backprop.py")
    return Stage(copy)


def plant(stage: Stage) -> str:
    """Lose a factor; return the line of the function, where an annotation belongs."""
    file = stage.here / "my_backprop.py"
    text = file.read_text("utf-8")
    assert text.count(LOST) == 1
    file.write_text(text.replace(LOST, ""), "utf-8")
    return str(1 + text[: text.index("def gradient")].count("\n"))


def failures(stage: Stage, junit: str = "gradcheck.xml") -> list[str | None]:
    suite = ET.parse(stage.here / junit).getroot()
    assert len(list(suite.iter("testcase"))) > 3
    return [each.get("name") for each in suite.iter("testcase") if each.find("failure") is not None]


def used() -> dict[str, str]:
    """Return the inputs that the example for GitHub gives to the action."""
    *_, last = load(OURS / "github.yml")["jobs"]["gradient"]["steps"]
    assert last["uses"].partition("@")[0].endswith("/mlpcli")
    inputs: dict[str, str] = last["with"]
    return inputs


def test_the_action_passes_a_right_gradient(stage: Stage) -> None:
    ran = stage.action(ACTION, used())
    assert ran.status == 0, ran.log
    assert stage.calls == ["python -m pip install --quiet --disable-pip-version-check /the/action"]
    assert ran.outputs == "verdict=pass\n"
    assert ran.summary.startswith("### mlp gradcheck: pass\n```text\n")
    assert failures(stage) == []


def test_the_action_names_a_bug_where_it_is(stage: Stage) -> None:
    line = plant(stage)
    ran = stage.action(ACTION, used())
    assert ran.status == 1
    assert ran.outputs == "verdict=fail\n"
    (first, *_) = re.findall("^::error .*", ran.log, re.MULTILINE)
    assert first.startswith(f"::error file=my_backprop.py,line={line},title=gradcheck W1::")
    assert "missing-sigma-prime" in first
    for text in (ran.log, ran.summary):
        assert re.search(r"^tensor +verdict", text, re.MULTILINE)
        assert re.search(r"^W1 +fail", text, re.MULTILINE)
        assert re.search(r"^  missing-sigma-prime: ", text, re.MULTILINE)
    assert not re.search("^::", ran.summary, re.MULTILINE)
    assert ran.summary.count("```") == 2
    assert failures(stage)[:2] == ["W1", "b1"]


def test_the_action_takes_a_config_and_more_arguments(stage: Stage) -> None:
    ran = stage.action(ACTION, {
        "config": "configs/moons.yaml", "gradient": MINE, "junit": "out.xml",
        "args": "--set 'network.hidden=[4, 3]'\n  --rows 40\n",
    })  # fmt: skip
    assert ran.status == 0, ran.log
    assert "31 parameters, 40 rows" in ran.log
    assert failures(stage, "out.xml") == []


def test_the_action_runs_where_it_is_told(stage: Stage) -> None:
    (stage.here / "part").mkdir()
    (stage.here / "my_backprop.py").rename(stage.here / "part/my_backprop.py")
    ran = stage.action(ACTION, {"gradient": MINE, "working-directory": "part"})
    assert ran.status == 0, ran.log
    assert "file=part/my_backprop.py,line=" in ran.log


@pytest.mark.parametrize(("inputs", "words"), [
    ({"gradient": "my_backprop.py:grad"}, 'did you mean "gradient"'),
    ({"gradient": MINE, "config": "no.yaml"}, "no.yaml"),
    ({"gradient": MINE, "args": "--no-such-option"}, "--no-such-option"),
])  # fmt: skip
def test_the_action_says_why_it_could_not_check(
    inputs: dict[str, str], words: str, stage: Stage
) -> None:
    ran = stage.action(ACTION, inputs)
    assert (ran.status, ran.outputs) == (2, "verdict=error\n")
    (annotation,) = re.findall("^::error title=gradcheck::.*", ran.log, re.MULTILINE)
    assert words in annotation
    assert words in ran.summary


def test_half_a_quotation_is_no_shorter_check(stage: Stage) -> None:
    ran = stage.action(ACTION, {"gradient": MINE, "args": "--seed 3 --set 'network.hidden=[4]"})
    assert ran.status == 2
    assert "::error title=gradcheck::args: expected quotes in pairs" in ran.log


def gitlab(stage: Stage) -> Ran:
    job = load(OURS / "gitlab-ci.yml")["gradient"]
    assert job["artifacts"]["reports"]["junit"] == "gradcheck.xml"
    lines = [*job["before_script"], *job["script"]]
    return stage.run("\n".join(lines), env={"MLPCLI": "https://example.org/mlpcli.git"})


def hook(stage: Stage) -> Ran:
    """Run the hook as pre-commit does: its own words, then those of the user."""
    (known,) = (each for each in load(ROOT / ".pre-commit-hooks.yaml") if each["id"] == USED["id"])
    assert known["pass_filenames"] is False
    return stage.run(shlex.join([*known["entry"].split(), *USED["args"]]))


USED: dict[str, Any] = load(OURS / "pre-commit-config.yaml")["repos"][0]["hooks"][0]


@pytest.mark.parametrize("service", [gitlab, hook])
def test_other_services(service: Callable[[Stage], Ran], stage: Stage) -> None:
    ran = service(stage)
    assert ran.status == 0, ran.log
    plant(stage)
    ran = service(stage)
    assert ran.status == 1
    assert "missing-sigma-prime" in ran.log


def test_gitlab_installs_what_it_has_fetched(stage: Stage) -> None:
    gitlab(stage)
    assert stage.calls == ["git clone --depth 1 https://example.org/mlpcli.git mlpcli",
                           "python -m pip install ./mlpcli"]  # fmt: skip
    assert failures(stage) == []


def test_the_hook_of_configs_gets_their_names(stage: Stage) -> None:
    (known,) = (
        each for each in load(ROOT / ".pre-commit-hooks.yaml") if each["id"] == "mlp-config"
    )
    (stage.here / "configs/broken.yaml").write_text("data: {train: t.csv}\n")
    names = sorted(f"configs/{path.name}" for path in (stage.here / "configs").iterdir())
    assert all(re.search(known["files"], name) for name in names)
    ran = stage.run(shlex.join([*known["entry"].split(), *names]))
    assert ran.status == 2
    assert "configs/broken.yaml:1:1: data.target: missing" in ran.log
    assert ran.log.count(": valid\n") == len(names) - 1


@pytest.mark.parametrize(("command", "file"), [
    ("validate-manifest", ".pre-commit-hooks.yaml"),
    ("validate-config", "examples/ci/pre-commit-config.yaml"),
])  # fmt: skip
def test_pre_commit_takes_its_files(command: str, file: str) -> None:
    subprocess.run([sys.executable, "-m", "pre_commit", command, str(ROOT / file)], check=True)


@pytest.mark.parametrize("name", ["github.yml", "gitlab-ci.yml", "pre-commit-config.yaml"])
def test_the_page_shows_the_files(name: str) -> None:
    page = (ROOT / "docs/ci.md").read_text("utf-8")
    assert f"```yaml\n{(OURS / name).read_text('utf-8')}```\n" in page
