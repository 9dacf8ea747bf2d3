"""Gives somebody's function a place to run: a process of its own, or this one.

NumPy is not loaded for the first: it can be started early, so that both load at the same time.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlpcli.check.given.call import CALLS
from mlpcli.check.given.child import Child
from mlpcli.check.given.host import TIMEOUT
from mlpcli.check.given.name import name_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlpcli.check.given.host import Host

__all__ = ["hosted"]


@contextmanager
def hosted(
    function: str | Callable[..., Any],
    *,
    call: str = "batch",
    timeout: float = TIMEOUT,
    in_process: bool = False,
    forbid_mlpcli: bool = False,
    quiet: bool = False,
) -> Iterator[Host]:
    """Give a function, by its name or as it is, a place to run: a process of its own, or this one.

    What is no name runs here. In a process of its own, what it prints is not shown if `quiet`.
    Raises CaseError for what is no name of a function.
    """
    step = CALLS[call].step
    if isinstance(function, str) and not in_process:
        with Child(
            function, step=step, timeout=timeout, forbid_mlpcli=forbid_mlpcli, quiet=quiet
        ) as child:
            yield child
    else:
        from mlpcli.check.given.guest import Guest

        source = name_from(function) if isinstance(function, str) else function
        guest = Guest(source, step=step)
        try:
            yield guest
        finally:
            guest.close()
