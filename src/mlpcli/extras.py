"""Packages that only some commands need, and what to say where one of them is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from mlpcli.errors import UsageError

__all__ = ["needs", "require_extra"]


def require_extra(what: str, package: str, extra: str) -> None:
    """Raise UsageError, with what to install, where `what` needs a package that is not there."""
    if find_spec(package) is None:
        raise UsageError(f"{what}: {needs(package, extra)}")


def needs(package: str, extra: str) -> str:
    """Return what to install, in words."""
    return (
        f"needs the package {package}; in a checkout of mlpcli: python -m pip install '.[{extra}]'"
    )
