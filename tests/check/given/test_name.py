"""Functions by name: found wherever they lie, and one line where they do not."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.check.given.guest import Guest
from mlpcli.check.given.name import name_from
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = """
def gradient(weights, biases, X, y): return 'mine'
class Model:
    def gradient(self, weights, biases, X, y): return 'of an object'
class Inner:
    class Model(Model): pass
class Two:
    def forward(self, X): return X
    def backward(self, X, y): return X
model = Model()
number = 7
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(text: str) -> Callable[..., Any]:
    guest = Guest(name_from(text))
    try:
        guest.begin((2, 1))
    finally:
        guest.close()
    return guest._function


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("good:gradient", "mine"),
        ("good.py:gradient", "mine"),
        ("./good.py:gradient", "mine"),
        ("good:Model.gradient", "of an object"),
        ("good.py:Model.gradient", "of an object"),
        ("good.py:model.gradient", "of an object"),
        ("good.py:Inner.Model.gradient", "of an object"),
        ("sub/my-net.v2.py:gradient", "mine"),
        ("sub/random.py:gradient", "mine"),
        ("pack.inner.net:gradient", "mine"),
        ("pack/inner/net.py:gradient", "mine"),
    ],
)
def test_where_a_function_may_lie(folder: Path, name: str, says: str) -> None:
    inner = folder / "pack" / "inner"
    inner.mkdir(parents=True)
    (folder / "sub").mkdir()
    for file in ("good.py", "sub/my-net.v2.py", "sub/random.py", "pack/inner/source.py"):
        (folder / file).write_text(GOOD)
    (inner / "net.py").write_text("from .source import gradient\nimport pack\n")
    (inner / "__init__.py").touch()
    (inner.parent / "__init__.py").touch()
    path, random = [*sys.path], sys.modules.get("random")
    assert found(name)([], [], [], []) == says
    assert sys.path == path
    assert sys.modules.get("random") is random


def test_the_folder_of_the_file_comes_before_the_current_one(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "helper_of_guest.py").write_text("word = 'current'")
    (folder / "sub" / "helper_of_guest.py").write_text("word = 'own'")
    text = "from helper_of_guest import word\ndef f(weights, biases, X, y): return word\n"
    (folder / "sub" / "net.py").write_text(text)
    assert found("sub/net.py:f")([], [], [], []) == "own"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "nothing",
            ': expected a .npz, .safetensors or .json file, or "package.module:function", or "file',
        ),
        (
            "absent.py",
            ': expected a .npz, .safetensors or .json file, or "package.module:function", or',
        ),
        (
            "book.ipynb",
            ': expected a .npz, .safetensors or .json file, or "package.module:function", or',
        ),
        ("good.py", ": expected good.py:FUNCTION; it defines gradient, Model.gradient"),
        ("good.py:", ": expected good.py:FUNCTION; it defines gradient, Model.gradient"),
        ("god.py:gradient", ': no file god.py, did you mean "good.py"?'),
        ("book.ipynb:f", ": book.ipynb is a notebook; save it as a .py file first"),
        ("./book.ipynb:f", ": book.ipynb is a notebook; save it as a .py file first"),
        ("absent:f", ": no module absent; looked in this folder first"),
        ("broken:f", ": no module nowhere_to_be_found; looked in this folder first"),
        ("fatal:f", ": importing it failed: ZeroDivisionError: division by zero (fatal.py:1)"),
        ("syntax:f", ": importing it failed: SyntaxError: invalid syntax (syntax.py:1)"),
        ("leaving:f", ": importing it failed: SystemExit: 0 (leaving.py:1)"),
        ("good:gradeint", ': good has no function gradeint, did you mean "gradient"?'),
        ("good:Model.gradeint", ': Model has no function gradeint, did you mean "gradient"?'),
        ("good:number", ": good has no function number"),
        ("good:Model", ": Model is a class; name its method, good:Model.gradient"),
        ("good:Inner.Model", ": Model is a class; name its method, good:Inner.Model.METHOD"),
        (
            ":gradient",
            ': expected a .npz, .safetensors or .json file, or "package.module:function", or',
        ),
        (
            "good.py:a b",
            ': expected a .npz, .safetensors or .json file, or "package.module:function", or',
        ),
        ("good:Two", ": Two is a class; name its method, good:Two.backward"),
    ],
)
def test_what_cannot_be_found(folder: Path, name: str, line: str) -> None:
    for file, text in {
        "good": GOOD,
        "broken": "import nowhere_to_be_found\n",
        "fatal": "1 / 0\n",
        "syntax": "def f(:\n",
        "leaving": "raise SystemExit(0)\n",
    }.items():
        (folder / f"{file}.py").write_text(text)
    (folder / "book.ipynb").write_text("{}")
    with pytest.raises(CaseError) as caught:
        found(name)
    assert str(caught.value).startswith(name + line)


def test_installing_is_told_of_what_a_module_imports_and_not_of_the_module(folder: Path) -> None:
    for file in ("broken", "nowhere_to_be_found_2"):
        (folder / f"{file}.py").write_text("import nowhere_to_be_found\n")
    told_of = ["broken:f", "broken.py:f", "nowhere_to_be_found_2:f"]
    for name, told in (("absent.inner:f", False), *((name, True) for name in told_of)):
        with pytest.raises(CaseError) as caught:
            found(name)
        assert str(caught.value).endswith(" -m pip install nowhere_to_be_found") == told
        assert ("pip install" in str(caught.value)) == told


def test_a_module_that_is_hidden_by_another_is_named_by_its_file(folder: Path) -> None:
    (folder / "numbers").mkdir()
    (folder / "numbers" / "net.py").write_text(GOOD)
    with pytest.raises(CaseError, match=r"no module numbers\.net; .*, or write numbers/net.py:f$"):
        found("numbers.net:f")


def test_the_current_folder_comes_first_even_before_what_is_imported_already(folder: Path) -> None:
    import numbers

    (folder / "numbers.py").write_text("def gradient(weights, biases, X, y): return 'mine'\n")
    assert found("numbers:gradient")([], [], [], []) == "mine"
    assert sys.modules["numbers"] is numbers


def test_what_is_imported_already_and_lies_nowhere_here_is_used_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ModuleType("made_by_hand")
    made.gradient = lambda *_: "of this module"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, made.__name__, made)
    assert found("made_by_hand:gradient")([], [], [], []) == "of this module"
    assert sys.modules[made.__name__] is made


def test_every_case_begins_with_a_fresh_module(folder: Path) -> None:
    (folder / "counting.py").write_text(
        "n = 0\ndef f(weights, biases, X, y):\n    global n\n    n += 1; return n\n"
    )
    guest = Guest(name_from("counting:f"))
    for _ in range(2):
        guest.begin((2, 1))
        assert guest._function([], [], [], []) == 1
    guest.close()
