"""The command `mlp`: its subcommands, and how every way of ending becomes an exit status."""

from __future__ import annotations

import errno
import gc
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import typer

from mlpcli.cli.colour import choose
from mlpcli.cli.command import add_command, unwrapped_example
from mlpcli.cli.completion import in_whole_words
from mlpcli.cli.console import complain, flush_quietly, prepare_streams, show_stuck
from mlpcli.cli.group import Group
from mlpcli.cli.other_names import option_hint
from mlpcli.cli.signals import Signals
from mlpcli.errors import InputError, Interrupted, MlpError, StorageError
from mlpcli.limits import require_addresses
from mlpcli.ranks import Ranks, joined
from mlpcli.version import __version__

__all__ = ["COMMANDS", "main", "program", "run"]

BUG = 70
INTERRUPTED = 130

_LEAST_OF_HELP = 52  # columns, of which two are left free
_LEAST_WIDTH = 30
_LEAST_ADDRESSES = 160 << 20  # bytes, for NumPy
_LEAST_ADDRESSES = 160 << 20  # bytes, for NumPy
_NO_MEMORY = "mlp: out of memory; make the network, the batch or the table smaller"
_NO_THREADS = "mlp: no more threads and processes can be started; end others, or raise ulimit -u"
_OF_STDOUT = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # where no file is named
_NO_ROOM = re.compile("failed to map|allocate memory")  # a library that could not be loaded

COMMANDS = {
    name: f"mlpcli.cli.{name.replace('-', '_')}"
    for name in (
        "example",
        "init",
        "train",
        "crossval",
        "evaluate",
        "predict",
        "runs",
        "report",
        "gradcheck",
        "bugs",
        "compare-losses",
        "chain",
        "info",
        "export",
        "config",
    )
}
"""The modules of the commands, in the order of `mlp --help`. A module holds a function of the
command's name, or an `app` with commands of its own."""


def program(*commands: str) -> typer.Typer:
    """Return the program with these commands; only their modules are loaded."""
    app = typer.Typer(
        name="mlp",
        cls=Group,
        callback=_options,
        help=unwrapped_example(
            "Train a sigmoid MLP from a YAML config and a CSV file.\n\n"
            "Example: mlp init data.csv --target y -o mine.yaml && mlp train mine.yaml"
        ),
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"], "terminal_width": _narrow()},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for command in commands:
        module = import_module(COMMANDS[command])
        if hasattr(module, "app"):
            app.add_typer(module.app, name=command)
        else:
            add_command(app, getattr(module, command.replace("-", "_")))
    return app


def _narrow() -> int | None:
    """Return the width of a window that is less than the least that help is written for."""
    width = shutil.get_terminal_size().columns
    return max(width - 1, _LEAST_WIDTH) if width < _LEAST_OF_HELP else None


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"mlp {__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_version, is_eager=True
    ),
) -> None:
    pass


def run(args: Sequence[str] | None = None, signals: Signals | None = None) -> int:
    """Run the command line (by default that of the process) and return its exit status.

    An error after one of `signals` follows from it, and is not said.
    """
    choose("auto")
    args = list(sys.argv[1:] if args is None else args)
    named = [word for word in args[:1] if word in COMMANDS]

    def command() -> int | None:
        found = typer.main.get_command(program(*(named or COMMANDS)))
        status: int | None = found.main(args, prog_name="mlp", standalone_mode=False)
        return status

    return _status(command, signals)


def _status(work: Callable[[], int | None], signals: Signals | None = None) -> int:
    """Do the work and return its exit status; say on stderr why it failed, if it did."""
    try:
        require_addresses(_LEAST_ADDRESSES, "a start")
        status = work()
    except Exception as error:  # noqa: BLE001  the last resort: every bug gets its own exit status
        heard = signals.status if signals and not isinstance(error, Interrupted) else 0
        status = heard or _failed(error)
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        status = 0  # Click's way to end when nobody reads the help to its end
    return flush_quietly(status or 0)


def _failed(error: Exception) -> int:
    """Report an error; return its exit status."""
    if isinstance(error, MlpError):
        complain(*error.lines, meaning="error")
        return error.exit_code
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    if isinstance(error, MemoryError):
        complain(_NO_MEMORY, meaning="error")
        return InputError.exit_code
    if "can't start new thread" in str(error) or isinstance(error, BlockingIOError):
        complain(_NO_THREADS, meaning="error")
        return InputError.exit_code
    return _stuck(error) if isinstance(error, OSError) else _usage_or_bug(error)


def _stuck(error: OSError) -> int:
    """Report what the system refused, where nothing closer to it knew what it was for."""
    try:
        Path.cwd()
    except OSError:
        line = "mlp: the current folder is not there any more; change to one that is"
        complain(line, meaning="error")
        return InputError.exit_code
    reason = (error.strerror or str(error)).lower()
    if error.filename is not None:
        complain(f"mlp: {os.fsdecode(error.filename)}: {reason}", meaning="error")
    else:
        line = show_stuck(error) if error.errno in _OF_STDOUT else f"mlp: {reason}"
        complain(line, meaning="error")
    return StorageError.exit_code


_PREFIX = "Value error, "  # of pydantic, by which Typer judges a choice


def _usage_or_bug(error: Exception) -> int:
    """Report a command line that Typer refuses (it has `format_message`), or a bug."""
    format_message = getattr(error, "format_message", None)
    if format_message is not None:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "mlp"
        if type(error).__name__ == "NoArgsIsHelpError":
            complain(*format_message().splitlines())
        else:
            message = " ".join(format_message().split()).rstrip(".").replace(_PREFIX, "")
            if type(error).__name__ == "NoSuchOption" and context:
                option = getattr(error, "option_name", "")
                message = f"no option {option}{option_hint(option, context)}"
            see = " See" if message.endswith("?") else "; see"
            complain(f"{command}: {message}{see} {command} --help", meaning="error")
        return 2
    if isinstance(error, ImportError) and _NO_ROOM.search(str(error)):
        complain(_NO_MEMORY, meaning="error")
        return InputError.exit_code
    at = traceback.extract_tb(error.__traceback__)[-1]
    complain(
        f"mlp: internal error: {type(error).__name__}: {' '.join(str(error).split())} "
        f"({os.path.basename(at.filename)}:{at.lineno}); "  # noqa: PTH119  a name, not a path
        "this is a bug of mlp: please report it, with what --debug prints",
        meaning="error",
    )
    return BUG


def main() -> None:
    """Run as a program."""
    signals = Signals()
    try:
        prepare_streams()
        signals.watch()
        status = _as_rank(signals)
    except KeyboardInterrupt:
        status = INTERRUPTED
    signals.end()
    gc.freeze()  # the search for cycles in all that was loaded, before it ends, takes 15 ms
    sys.exit(status)


def _as_rank(signals: Signals) -> int:
    """Run the command line, or serve the process that does, if several were started for it."""
    found: list[Ranks] = []
    status = _status(lambda: found.append(joined()))
    for ranks in found:
        try:
            if ranks.rank:
                status = _status(ranks.serve)
            else:
                with in_whole_words():
                    status = run(signals=signals)
        except (KeyboardInterrupt, SystemExit):
            status = signals.status
            raise
        finally:
            ranks.end(status)
    return status
