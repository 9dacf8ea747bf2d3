"""The build hook: a compiled kernel and its platform's tag, or a pure wheel that says why."""

from __future__ import annotations

import ctypes
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from foreign import foreign
from mlpcli.nn.kernel.build import LIBRARY

ROOT = Path(__file__).parents[1]
HOOK = runpy.run_path(str(ROOT / "hatch_build.py"))
KERNEL = HOOK["KERNEL"]
COMPILES = "target.write_bytes(source.read_bytes() + b', compiled')\n    return None"
FAILS = "return 'no C compiler among cc, gcc, clang'"
HERE = (KERNEL / LIBRARY).as_posix()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a checkout of this build and next to no package."""
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    package = tmp_path / "src/mlpcli"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copy(ROOT / "src/mlpcli/version.py", package)
    for folder in ("configs", "data"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").touch()
    return tmp_path


def write_kernel(project: Path, compiling: str) -> None:
    folder = project / "src" / KERNEL
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.c").write_text("source")
    (folder / "build.py").write_text(
        f"LIBRARY = {LIBRARY!r}\ndef compile_kernel(source, target):\n    {compiling}\n"
    )


def build(project: Path, kind: str = "wheel") -> tuple[Path, str]:
    """Return what hatchling built, and what it said."""
    out = project / "out"
    code = f"import hatchling.build as b; print('built', b.build_{kind}({str(out)!r}))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True,
                         check=False)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    said, _, name = (ran.stderr + ran.stdout).rpartition("built ")
    return out / name.strip(), said


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def tags(files: dict[str, bytes]) -> list[str]:
    """Return the lines of WHEEL that say where the wheel fits."""
    (wheel,) = (text for name, text in files.items() if name.endswith("/WHEEL"))
    return [line for line in wheel.decode().splitlines() if line.startswith(("Root", "Tag"))]


def test_a_compiled_kernel_is_packed_for_its_platform(project: Path) -> None:
    write_kernel(project, COMPILES)
    (project / "src" / HERE).write_text("stale")
    wheel, said = build(project)
    assert said == ""
    files = contents(wheel)
    assert files[HERE] == b"source, compiled"
    assert (project / "src" / HERE).read_text() == "stale"
    platform = wheel.stem.split("-")[-1]
    assert platform != "any"
    assert platform.startswith(("linux_", "macosx_", "win"))
    assert tags(files) == ["Root-Is-Purelib: false", f"Tag: py3-none-{platform}"]


def test_without_a_kernel_the_wheel_is_pure(project: Path) -> None:
    write_kernel(project, FAILS)
    (project / "src" / HERE).write_text("stale")
    assert_pure(*build(project), "no C compiler among cc, gcc, clang")


def assert_pure(wheel: Path, said: str, reason: str) -> None:
    (line,) = said.splitlines()
    assert line.startswith("no compiled kernel in this wheel, it runs on NumPy: ")
    assert reason in line
    assert wheel.stem.endswith("-py3-none-any")
    assert HERE not in contents(wheel)
    assert tags(contents(wheel)) == ["Root-Is-Purelib: true", "Tag: py3-none-any"]


def test_an_editable_installation_has_its_library_beside_the_source(project: Path) -> None:
    write_kernel(project, COMPILES)
    wheel, _ = build(project, "editable")
    assert (project / "src" / HERE).read_bytes() == b"source, compiled"
    assert HERE not in contents(wheel)
    write_kernel(project, FAILS)
    _, said = build(project, "editable")
    assert "no C compiler" in said
    assert not (project / "src" / HERE).exists()


def test_a_source_archive_builds_the_same_wheel(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write_kernel(project, COMPILES)
    (project / "src" / HERE).write_text("stale")
    archive, _ = build(project, "sdist")
    elsewhere = tmp_path_factory.mktemp("sdist")
    with tarfile.open(archive) as files:
        files.extractall(elsewhere, filter="data")
    (unpacked,) = elsewhere.iterdir()
    assert not (unpacked / "src" / HERE).exists()
    assert build(unpacked)[0].read_bytes() == build(project)[0].read_bytes()


def test_the_kernel_itself(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign("cc")
    write_kernel(project, COMPILES)
    for name in ("kernel.c", "build.py"):
        shutil.copy(ROOT / "src" / KERNEL / name, project / "src" / KERNEL)
    library = tmp_path_factory.mktemp("wheel") / LIBRARY
    library.write_bytes(contents(build(project)[0])[HERE])
    ctypes.CDLL(str(library))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(library.parent))
    assert_pure(*build(project), "cc")
