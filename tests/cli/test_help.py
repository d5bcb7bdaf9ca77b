"""The help of every command: whole sentences, on lines of 80 columns."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from neuro_mod.cli.main import app

RUNNER = CliRunner()


def commands(command, path=()):
    """Every command and group of commands, by the words that call it."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def test_help_is_in_whole_lines():
    found = dict(commands(typer.main.get_command(app)))
    assert ("mean-field", "fixed-points") in found and len(found) > 20
    for path, command in found.items():
        printed = RUNNER.invoke(app, [*path, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).output
        assert all(len(line) <= 80 for line in printed.splitlines()), path
        words = " ".join(printed.split())
        for name, inner in getattr(command, "commands", {}).items():
            first = " ".join(inner.help.split("\n\n")[0].split())
            assert f"{name} {first}" in words
