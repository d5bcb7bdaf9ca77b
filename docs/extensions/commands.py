"""A page for each command, written from the commands themselves; ``{command-list}`` lists them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from extensions.configuration import escaped, link_keys
from neuro_mod.cli.main import app as application

_FOLDER = Path(__file__).parents[1] / "reference" / "generated" / "commands"
#: What Typer adds to the help of an option, and what its author gives as the default.
_ADDED, _GIVEN_DEFAULT = re.compile(r"\s{2}\[([^]]*)\]$"), re.compile(r"\s*\[([^]]*)\]\.?$")


class Command(NamedTuple):
    """A command, or a group of commands, as Typer has it."""

    name: str
    command: Any
    context: Any

    @property
    def page(self) -> str:
        """Name of its page, without the ending; that of a command of a group is in a folder."""
        return self.name.replace(" ", "-", 1).replace(" ", "/")

    @property
    def paragraphs(self) -> list[str]:
        """Its description."""
        return [" ".join(each.split()) for each in inspect.cleandoc(self.command.help or "").split("\n\n")]

    @property
    def below(self) -> list[Command]:
        """The commands of a group."""
        return list(_commands(self.command, self.name, self.context))


def _commands(group: Any, name: str, parent: Any) -> Iterator[Command]:
    for own, command in getattr(group, "commands", {}).items():
        if not command.hidden:
            context = command.context_class(command, info_name=own, parent=parent)
            yield Command(f"{name} {own}", command, context)


def _all() -> list[Command]:
    root = typer.main.get_command(application)
    return list(_commands(root, "neuro-mod", root.context_class(root, info_name="neuro-mod")))


def _page(command: Command) -> str:
    usage = re.sub(r"\{([^}]*)\}", r"\1", " ".join(command.command.get_usage(command.context).split()))
    parts = [f"# {command.name}", *map(escaped, command.paragraphs)]
    parts.append(f"```text\n{usage.removeprefix('Usage: ')}\n```")
    if below := command.below:
        return "\n\n".join([*parts, _listed(below), _toctree(below)]) + "\n"
    kinds = {"argument": "## Arguments", "option": "## Options"}
    for kind, heading in kinds.items():
        found = [each for each in command.command.get_params(command.context) if each.param_type_name == kind]
        records = [each.get_help_record(command.context) for each in found if "--help" not in each.opts]
        entries = [_entry(*record) for record in records if record]
        parts += [heading, *entries] if entries else []
    return "\n\n".join(parts) + "\n"


def _entry(name: str, text: str) -> str:
    """An argument or option: how it is written, what it does, its default and its valid values."""
    facts = {}
    if added := _ADDED.search(text):
        text = text[: added.start()]
        for fact in added[1].split("; "):
            label, _, value = fact.rpartition(": ")
            facts[label.capitalize() or ("" if fact == "required" else "Values")] = value.replace("x>=", "at least ")
    if given := _GIVEN_DEFAULT.search(text):
        text = text[: given.start()]
        facts["Default"] = given[1]
    name, bracket, kind = name.partition(" <")
    choices = kind.rstrip(">").split("|")
    if bracket and len(choices) > 1:
        facts["Choices"] = ", ".join(choices)
    metavar = " CHOICE" if bracket and name.startswith("-") else ""
    shown = [
        f"*{label}:* {link_keys(escaped(value), '/reference/configuration.md')}"
        for label, value in facts.items()
        if label
    ]
    shown += ["*Required.*"] if "" in facts else []
    lines = [f"{escaped(text).rstrip('.')}.", *(["", " · ".join(shown)] if shown else [])]
    ids = name.split()[0].rstrip(",").lower()
    return f'`{name}{metavar}`{{id="{ids}"}}\n: ' + "\n  ".join(lines)


def _link(command: Command) -> str:
    anchor = command.name.replace(" ", "-")
    return f'[`{command.name}`](/reference/generated/commands/{command.page}.md){{id="{anchor}"}}'


def _listed(commands: list[Command]) -> str:
    entries = []
    for each in commands:
        below = "".join(f"\n  - {_link(one)}: {escaped(one.paragraphs[0])}" for one in each.below)
        entries.append(f"{_link(each)}\n: {escaped(each.paragraphs[0])}{below and chr(10)}{below}")
    return "\n\n".join(entries)


def _toctree(commands: list[Command]) -> str:
    return "\n".join(
        ["```{toctree}", ":hidden:", "", *(f"/reference/generated/commands/{each.page}" for each in commands), "```"]
    )


class CommandList(SphinxDirective):
    """All commands with their descriptions, each linked to its page."""

    def run(self) -> list[nodes.Node]:
        """Parse the list."""
        self.env.note_dependency(__file__)
        return self.parse_text_to_nodes(_listed(_all()))


def _write(app: Any) -> None:
    pages = {each.page: _page(each) for command in _all() for each in [command, *command.below]}
    for file in _FOLDER.rglob("*.md"):
        if file.relative_to(_FOLDER).with_suffix("").as_posix() not in pages:
            file.unlink()
    for name, text in pages.items():
        file = _FOLDER / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Write the pages before Sphinx looks for pages."""
    app.add_directive("command-list", CommandList)
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
