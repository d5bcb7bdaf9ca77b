"""The list of commands in the help, whose descriptions are whole sentences."""

from __future__ import annotations

import inspect
from typing import Any

from typer.core import TyperGroup


class Commands(TyperGroup):
    """Commands, each of which is listed with the first paragraph of its help; by default it would be cut to a line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())))
        with formatter.section("Commands"):
            formatter.write_dl(rows)
