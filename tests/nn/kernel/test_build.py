"""Which compilers are tried, what is said where none of them serves, and the exit status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mlpcli.nn.kernel import build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a source lie in a folder of its own."""
    source = tmp_path / "kernel.c"
    source.write_text("int one(void) { return 1; }\n")
    monkeypatch.setattr(build, "SOURCE", source)
    return source


def test_cc_alone_is_tried_where_it_is_set(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -O1")
    reason = str(build.compile_kernel(here, here.with_name("it")))
    assert reason.count("no-such-compiler") == 2
    assert "gcc:" not in reason
    assert not here.with_name("it").exists()


def test_the_usual_ones_are_tried_else(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(here.parent))
    monkeypatch.setattr("sysconfig.get_config_var", lambda _: "usual")
    reason = str(build.compile_kernel(here, here.with_name("it")))
    assert [part.partition(":")[0] for part in reason.split("; ")] == [
        "usual",
        "cc",
        "gcc",
        "clang",
    ]


@pytest.mark.parametrize(
    ("prints", "said"),
    [
        ("print('a.c:1: error: no\\nnote', file=sys.stderr);", "a.c:1: error: no"),
        ("", "exit status 3"),
    ],
)
def test_what_a_compiler_says(
    here: Path, monkeypatch: pytest.MonkeyPatch, prints: str, said: str
) -> None:
    fake = here.with_name("fake.py")
    fake.write_text(f"import sys\n{prints} sys.exit(3)\n".replace("\n ", "\n"))
    monkeypatch.setenv("CC", f"{sys.executable} {fake}")
    assert str(build.compile_kernel(here, here.with_name("it"))).endswith(said)


def test_the_program_says_what_it_did(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "compile_kernel", lambda *_: None)
    assert build.main() == 0
    monkeypatch.setattr(build, "compile_kernel", lambda *_: "no compiler")
    assert build.main() == 1
    assert capsys.readouterr().err == f"{build.LIBRARY} is made\nno compiler\n"


@pytest.mark.skipif(sys.platform != "linux", reason="others find it by themselves")
def test_the_library_names_the_one_of_roots_and_exponentials(here: Path) -> None:
    here.write_text("#include <math.h>\n__attribute__((visibility(\"default\")))\n"
                    "double e(double x) { return exp(x); }\n")  # fmt: skip
    reason = build.compile_kernel(here, here.with_name("it"))
    if reason is not None:
        pytest.skip(reason)
    assert b"libm.so" in here.with_name("it").read_bytes()
