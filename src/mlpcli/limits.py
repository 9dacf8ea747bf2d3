"""How many addresses a process may use: without them libraries in C end it without a word."""

from __future__ import annotations

from mlpcli.errors import InputError

__all__ = ["address_space", "require_addresses"]


def address_space() -> int | None:
    """Return how many bytes of addresses this process may use (`ulimit -v`), None for any."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def require_addresses(least: int, what: str) -> None:
    """Raise InputError where the limit is below `least` bytes, which is what something needs."""
    space = address_space()
    if space is not None and space < least:
        raise InputError(
            f"mlp: out of memory: ulimit -v leaves {space >> 20} MB of addresses, {what} needs "
            f"{least >> 20} MB"
        )
