"""The name of a function: "package.module:function", "file.py:function", "file.py:Class.method".

The file's own folder, then the current one, are first on the path when it is looked for.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.errors import CaseError
from mlpcli.records import dataclass
from mlpcli.text import did_you_mean, in_shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["Name", "defined", "name_from"]


@dataclass(frozen=True)
class Name:
    """A module, as a dotted name or as a file, and the attributes that lead to the function."""

    text: str
    module: str
    attributes: tuple[str, ...]
    file: Path | None = None

    @property
    def folders(self) -> list[Path]:
        """The folders that come first on the path."""
        here = Path.cwd()
        own = here if self.file is None else _root(self.file)
        return [own] if own == here else [own, here]

    def load(self) -> ModuleType:
        """Return the module, imported. Raises CaseError where there is none; else as the import."""
        try:
            return self._import()
        except ModuleNotFoundError as error:
            raise CaseError(f"{self.text}: {self._missing(error.name)}") from error

    @contextmanager
    def on_the_path(self) -> Iterator[None]:
        """Put the folders first on the path; what is imported in a call may lie there, too."""
        folders = [str(folder) for folder in self.folders]
        sys.path[:0] = folders
        try:
            yield
        finally:
            for folder in folders:
                with suppress(ValueError):
                    sys.path.remove(folder)

    def forget(self, known: set[str]) -> None:
        """Drop modules of these folders imported since, so that the next import starts afresh."""
        for name in [*sys.modules.keys() - known]:
            file = Path(getattr(sys.modules[name], "__file__", None) or "/")
            own = any(file.is_relative_to(folder) for folder in self.folders)
            if own and "site-packages" not in file.parts:
                del sys.modules[name]

    def find(self, module: ModuleType) -> list[Any]:
        """Return what the attributes name, one after the other, the last of them last."""
        found: list[Any] = [module]
        for attribute in self.attributes:
            if not hasattr(found[-1], attribute):
                raise CaseError(self._absent(attribute, found[-1]))
            found.append(getattr(found[-1], attribute))
        if not callable(found[-1]):
            raise CaseError(self._absent(self.attributes[-1], found[-2]))
        return found[1:]

    def _import(self) -> ModuleType:
        top = self.module.partition(".")[0]
        hidden = self._names_taken(top)
        try:
            return import_module(self.module) if self.file is None else self._import_file()
        finally:
            sys.modules.update(hidden)

    def _import_file(self) -> ModuleType:
        """Import a file, whatever characters its name has; one of a package, as part of that."""
        assert self.file is not None
        if self.module in sys.modules:
            return sys.modules[self.module]
        package = self.module.rpartition(".")[0]
        if package:
            import_module(package)
        spec = spec_from_file_location(self.module, self.file)
        if spec is None or spec.loader is None:
            raise CaseError(f"{self.text}: {self.file.name} is no Python file")
        module = module_from_spec(spec)
        sys.modules[self.module] = module  # as an import does: dataclasses and pickle look there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[self.module]
            raise
        return module

    def _names_taken(self, top: str) -> dict[str, ModuleType]:
        """Take away, and return, imported modules that a local one of the same name would miss."""
        known = sys.modules.get(top)
        local = [p for f in self.folders for p in (f / f"{top}.py", f / top / "__init__.py")]
        local = [path.resolve() for path in local if path.is_file()]
        if self.file is not None and self.module == top:
            local = [self.file]
        at = getattr(known, "__file__", None)
        if known is None or not local or (at and Path(at).resolve() in local):
            return {}
        return {n: sys.modules.pop(n) for n in [*sys.modules] if n.partition(".")[0] == top}

    def _missing(self, module: str | None) -> str:
        if self.file is not None:
            return f"no module {module}; looked in {self.folders[0]} first{_installing(module)}"
        hint = _installing(module)
        if f"{self.module}.".startswith(f"{module}."):  # it, or a package that it is said to be in
            file = f"{self.module.replace('.', '/')}.py"
            hint = f", or write {file}:{'.'.join(self.attributes)}" if Path(file).is_file() else ""
        return f"no module {module}; looked in this folder first{hint}"

    def _absent(self, attribute: str, owner: Any) -> str:
        known = [n for n in dir(owner) if not n.startswith("_") and callable(getattr(owner, n))]
        place = self.module if owner is sys.modules.get(self.module) else owner.__name__
        guess = did_you_mean(attribute, known)
        return f"{self.text}: {place} has no function {attribute}{guess}"


def _installing(module: str | None) -> str:
    """Return how a package that a function needs gets where it is called."""
    top = (module or "").partition(".")[0]
    if top in {"", "mlpcli"}:  # ours is kept from graded functions
        return ""
    return f"; a package is installed by {in_shell(sys.executable)} -m pip install {top}"


def name_from(text: str) -> Name:
    """Return what a text names; nothing is imported.

    Raises CaseError that says what was expected, and for a file which functions it defines.
    """
    place, colon, attributes = text.rpartition(":")
    names = tuple(attributes.split("."))
    if place and colon and all(name.isidentifier() for name in names):
        if not (place.endswith((".py", ".ipynb")) or "/" in place):
            return Name(text, place, names)
        file = Path(place).expanduser().resolve()
        if file.suffix == ".py" and file.is_file():
            return Name(text, _dotted(file), names, file)
        raise CaseError(f"{text}: {_no_file(place, file)}")
    raise CaseError(f"{text}: {_expected(Path(text.rstrip(':')))}")


def _expected(path: Path) -> str:
    if path.suffix == ".py" and path.is_file():
        found = ", ".join(list(defined(path))[:8])
        return f"expected {path}:FUNCTION" + (f"; it defines {found}" if found else "")
    return (
        'expected a .npz, .safetensors or .json file, or "package.module:function", or '
        '"file.py:function"'
    )


def defined(path: Path) -> Iterator[str]:
    """Yield the functions and methods that a file defines, without running it."""
    import ast

    try:
        body = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError):
        return
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield from (
                f"{node.name}.{method.name}"
                for method in node.body
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
            )


def _no_file(place: str, file: Path) -> str:
    if file.suffix == ".ipynb" and file.is_file():
        return f"{file.name} is a notebook; save it as a .py file first"
    if file.is_file():
        return f"{file.name}: expected a Python file, .py"
    near = [path.name for path in file.parent.glob("*.py")] if file.parent.is_dir() else []
    return f"no file {place}{did_you_mean(file.name, near)}"


def _root(file: Path) -> Path:
    """Return the folder that holds the file, or the outermost package that it is in."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return folder


def _dotted(file: Path) -> str:
    """Return the name under which a file is imported, with that of its package."""
    *packages, name = file.relative_to(_root(file)).parts
    return ".".join([*packages, name.removesuffix(".py").replace(".", "_")])
