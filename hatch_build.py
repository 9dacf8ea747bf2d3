"""Compiles the kernel where a C compiler is found; elsewhere the wheel is pure Python, and slower.

Hatchling runs this for every wheel. An editable installation gets the library beside its source,
any other wheel a fresh one: what lies in a checkout is never packed.
"""

from __future__ import annotations

import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

KERNEL = Path("mlpcli/nn/kernel")  # in a wheel; in a checkout under src/


class KernelHook(BuildHookInterface[Any]):
    """Puts the compiled kernel and the tag of its platform into a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is packed; where that fails, it goes without, and says why."""
        folder = Path(self.root, "src", KERNEL)
        build = _load(folder / "build.py")
        self._scratch = TemporaryDirectory()
        library = Path(self._scratch.name, build.LIBRARY)
        reason = build.compile_kernel(folder / "kernel.c", library)
        if version == "editable":
            _replace(folder / library.name, library)
        if reason:
            self.app.display_warning(
                f"no compiled kernel in this wheel, it runs on NumPy: {reason}"
            )
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{self._platform()}"
        if version != "editable":
            build_data["force_include"][str(library)] = (KERNEL / library.name).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what has been packed."""
        self._scratch.cleanup()

    def _platform(self) -> str:
        """Return the platform's part of hatchling's own tag: the library asks for no Python."""
        tag: str = self.build_config.builder.get_best_matching_tag()
        return tag.rpartition("-")[2]


def _load(path: Path) -> Any:
    """Return a module of the package alone: the package itself would need NumPy."""
    spec = spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _replace(old: Path, new: Path) -> None:
    """Put the new library where the old one is; running programs keep theirs, which is open."""
    old.unlink(missing_ok=True)
    if new.exists():
        shutil.copy(new, old)
