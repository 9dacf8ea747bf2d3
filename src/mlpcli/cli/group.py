"""A group of commands that knows `help`, and what people call its commands elsewhere."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from mlpcli.cli.as_written import take_as_written
from mlpcli.cli.other_names import command_hint
from mlpcli.errors import UsageError

__all__ = ["Group"]


class Group(TyperGroup):
    """`mlp help train` is `mlp train --help`; a command that is not there is met with a hint."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take apart what stands before the command's name."""
        take_as_written(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command's name, the command, and its arguments; raises UsageError."""
        name, *rest = args
        if name == "help":
            if not rest:
                typer.echo(ctx.get_help())
                ctx.exit()
            return self.resolve_command(ctx, [*rest, "--help"])
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            hint = command_hint(name, self.list_commands(ctx))
            see = f"{' See' if hint else '; see'} {ctx.command_path} --help"
            raise UsageError(f'{ctx.command_path}: no command "{name}"{hint}{see}')
        return super().resolve_command(ctx, args)
