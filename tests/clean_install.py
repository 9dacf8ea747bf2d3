"""Installs what `make wheel` built as somebody else would, with a C compiler and without.

Each installation has an environment of its own, outside of the checkout, and is used there.
`python tests/clean_install.py DIST` stops at the first command that fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from foreign import find

ROOT = Path(__file__).parents[1]
SESSION = (
    "--version",
    "example penguins",
    "train penguins.yaml",
    "predict runs/penguins penguins_unsexed.csv -o sexes.csv",
    "gradcheck penguins.yaml",
)


def main(dist: Path) -> None:
    """Install both, each with a compiler and without; only the archive needs it, for its kernel."""
    (wheel,), (archive,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    compiles = find("cc") is not None
    path = os.environ["PATH"]
    with tempfile.TemporaryDirectory() as empty:
        report(wheel, path, kernel=compiles)
        report(wheel, empty, kernel=compiles)
        report(archive, path, kernel=compiles)
        report(archive, empty, kernel=False)


def report(package: Path, path: str, *, kernel: bool) -> None:
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        use(package, Path(folder), path, kernel=kernel)
    compiler = "a" if path == os.environ["PATH"] else "no"
    speed = "compiled kernel" if kernel else "pure Python"
    print(f"{package.name}, {compiler} compiler: {speed}, {time.monotonic() - begin:.0f} s")


def use(package: Path, folder: Path, path: str, *, kernel: bool) -> None:
    """Install a package in a folder, with nothing but `path` to find programs on, and use it."""
    venv.create(folder / "env", with_pip=True)
    programs = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    ours = {"CC", "MLP_KERNEL", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment |= {"PATH": path}

    def run(*command: str | Path) -> str:
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                             check=False)  # fmt: skip
        if ran.returncode:
            words = " ".join(map(str, command))
            sys.exit(f"{words}: exit status {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    run(programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--constraint", ROOT / "constraints.txt", package)  # fmt: skip
    for line in SESSION:
        run(programs / "mlp", *line.split())
    facts = run(programs / "mlp", "info", "runs/penguins")
    if not re.search(rf"^kernel +{'c ' if kernel else 'numpy'}", facts, re.MULTILINE):
        sys.exit(f"{package.name}: expected {'a' if kernel else 'no'} kernel\n{facts}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
