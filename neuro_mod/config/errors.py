"""What is wrong with a configuration, said in the language of whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Where a value stands in a configuration: keys, and indices into lists.
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing to correct.

    Args:
        path: Key path of the value, empty for the file as a whole.
        found: What stands there, as a phrase: ``found "abc"``, ``missing value``, ``unknown key``.
        expected: What would be valid, as a phrase; may be empty.
        hint: How to correct it; may be empty.
        source: File that was read; empty if it has no name.
        line: Line in the file, from 1.
        override: The override that set the value, instead of the file.
    """

    path: KeyPath
    found: str
    expected: str = ""
    hint: str = ""
    source: str = ""
    line: int | None = None
    override: str = ""

    @property
    def key(self) -> str:
        """The key path as written in overrides: ``external_currents.nu_ext_baseline[0]``."""
        return format_path(self.path)

    def __str__(self) -> str:
        place = self.source
        if self.line and not self.override:
            place = f"{self.source}:{self.line}" if self.source else f"line {self.line}"
        statement = f"{self.found}, expected {self.expected}" if self.expected else self.found
        line = ": ".join(part for part in (place, self.override, self.key, statement) if part)
        return " ".join((f"{line}; {self.hint}" if self.hint else line).split())


class InputError(ValueError):
    """What the user asked for cannot be done; the message tells the user why."""


class ConfigError(InputError):
    """A configuration is invalid.

    Args:
        problems: Everything that was found, at least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def format_path(path: KeyPath) -> str:
    """Write a key path with dots and square brackets."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def show(value: object) -> str:
    """Describe a value on one short line, the way YAML writes it."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{_shorten(value)}"'
    if isinstance(value, int | float):
        return _show_number(value)
    if isinstance(value, list | tuple):
        return _show_list(value)
    return "a mapping" if isinstance(value, dict) else f"a Python {type(value).__name__}"


def _show_list(value: Sequence[object]) -> str:
    long = len(value) > 8 or any(isinstance(item, list | tuple) for item in value)
    text = "" if long else f"[{', '.join(map(show, value))}]"
    return text if text and len(text) <= 60 else f"a list of {len(value)} entries"


def _show_number(value: float) -> str:
    try:
        return _shorten(repr(value))
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "a huge number"


def _shorten(text: str, limit: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
