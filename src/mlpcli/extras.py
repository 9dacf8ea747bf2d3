"""Packages that only some commands need, and what to say where one of them is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from mlpcli.errors import UsageError

__all__ = ["lacking", "require_extra"]


def lacking(package: str, extra: str) -> str:
    """Return in words that a package is needed, and how it is had: the project is on no index."""
    install = f"python -m pip install '.[{extra}]'"
    return f"needs the package {package}; in a checkout of mlpcli: {install}"


def require_extra(what: str, package: str, extra: str) -> None:
    """Raise UsageError, with what to install, where `what` needs a package that is not there."""
    if find_spec(package) is None:
        raise UsageError(f"{what}: {lacking(package, extra)}")
