"""Somebody else's gradient for `mlp gradcheck`: a file is read, a function is called."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mlpcli import names
from mlpcli.errors import UsageError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    from mlpcli.check.case import Case
    from mlpcli.check.found import Found, Source
    from mlpcli.check.given.host import Host
    from mlpcli.check.given.layout import Layout

    CallName: TypeAlias = str
else:
    CallName = Literal[*names.CALLS]

__all__ = ["Called", "source_of"]

_SUFFIXES = {".npz", ".safetensors", ".json"}


def _positive(option: str) -> Callable[[float | None], float | None]:
    def checked(value: float | None) -> float | None:
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"{option}: expected a number > 0, got {value:g}")
        return value

    return checked


@dataclass(frozen=True)
class Called:
    """How somebody's function is called, and where."""

    call: Annotated[
        CallName | None,
        typer.Option("--call", help="One row at a time, or as a training step; default batch."),
    ] = None
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            metavar="ETA",
            help="Of a step; else one is passed, or fitted.",
            callback=_positive("--learning-rate"),
        ),
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="S",
            help="Of all calls; default 60 s.",
            callback=_positive("--timeout"),
        ),
    ] = None
    in_process: Annotated[
        bool, typer.Option("--in-process", help="In no process of its own: for debuggers.")
    ] = False

    def refuse(self, *, function: bool) -> None:
        """Raise UsageError where there is no function to call, or no step that has a rate."""
        for name, value in vars(self).items():
            if value and not function:
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"{option} is about a function: --gradient MODULE:FUNCTION")
        if self.learning_rate is not None and "step" not in (self.call or "batch"):
            raise UsageError("--learning-rate is that of a step; add --call step or row-step")


@contextmanager
def source_of(
    gradient: str | None, called: Called, layout: Layout | None = None, *, graded: bool = False
) -> Iterator[Source]:
    """Give what finds the gradient of a case: our own, that of a file, or of a function.

    It takes cases of fewer layers too, of which a function that fails is told.

    A function's process starts at once, so that it loads while we do; whoever is `graded` cannot
    import this package there. Raises UsageError for options that do not fit.
    """
    function = gradient is not None and not _is_file(gradient)
    called.refuse(function=function)
    if gradient is None:
        yield _ours
    elif not function:
        yield partial(_of_file, Path(gradient), layout)
    else:
        with _opened(gradient, called, graded=graded) as host:
            yield partial(_of_function, host, gradient, called, layout, graded)


def _ours(case: Case, smaller: Mapping[str, Case]) -> Found:
    from mlpcli.check.found import Found

    del smaller
    return Found(case)


def _is_file(gradient: str) -> bool:
    """Whether it names a file of arrays; a Python file alone is a function that is not named."""
    path = Path(gradient)
    return path.suffix != ".py" and (path.suffix in _SUFFIXES or path.exists())


def _opened(gradient: str, called: Called, *, graded: bool, **options: Any) -> Any:
    from mlpcli.check.given.hosting import hosted

    if called.timeout is not None:
        options.setdefault("timeout", called.timeout)
    options.setdefault("in_process", called.in_process)
    options.setdefault("call", called.call or "batch")
    return hosted(gradient, forbid_mlpcli=graded, **options)


def _of_file(path: Path, layout: Layout | None, case: Case, smaller: Mapping[str, Case]) -> Found:
    del smaller
    from mlpcli.check.found import found_in_file
    from mlpcli.check.given.layout import OURS

    return found_in_file(path, layout or OURS, case)


def _of_function(
    host: Host,
    name: str,
    called: Called,
    layout: Layout | None,
    graded: bool,
    case: Case,
    smaller: Mapping[str, Case],
) -> Found:
    from mlpcli.check.found import found_by_function
    from mlpcli.check.given.fit import told_of_other_ways
    from mlpcli.check.given.layout import OURS
    from mlpcli.check.given.trial import with_trial

    layout, call = layout or OURS, called.call or "batch"
    again = partial(_opened, name, called, graded=graded, in_process=False)
    taken = layout.of(case)
    with told_of_other_ways(again, taken, call, layout, smaller, left=lambda: host.left):
        found = found_by_function(
            host, case, call=call, layout=layout, learning_rate=called.learning_rate
        )
    other = found.known.other_call
    if other is None:
        return found
    again = partial(again, timeout=max(1.0, host.left), quiet=True)
    return replace(
        found, known=replace(found.known, other_call=with_trial(other, again, taken, layout))
    )
