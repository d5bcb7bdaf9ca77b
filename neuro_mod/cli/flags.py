"""Messages of the library in the words of the command line: options in place of the keywords of Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_type_hints

import typer

#: What the library calls an argument, and the parameter of a command that becomes it, where their names differ. If a
#: command has several of them, the first counts.
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "n_runs": ("n_repeats", "starts"),
    "n_trials": ("trials",),
    "n_active": ("active",),
    "n_values": ("values",),
    "n_threads": ("max_workers",),
    "n_states": ("hidden_markov",),
    "windows": ("window",),
    "observables": ("observable",),
    "state": ("states",),
    "focus_pops": ("focus",),
    "perturbation_time": ("time",),
    "threshold_hz": ("threshold",),
    "high_hz": ("threshold",),
    "low_hz": ("low_threshold",),
    "kernel_width_ms": ("kernel_width",),
    "minimal_lifespan_ms": ("minimal_lifespan",),
    "window_ms": ("fano_window",),
    "seeds": ("seeds_file",),
    "initial_state": ("from_state",),
    "every": ("record_every",),
    "plot_arg": ("plot",),
    "save_dir": ("out",),
}
#: The same for arguments that a command has as two options.
_PAIRS: Mapping[str, tuple[str, str]] = {
    "limits": ("lower", "upper"),
    "before, after": ("before", "after"),
    "t_from, t_to": ("t_from", "t_to"),
}
#: An option and the keyword it stands for, one of them in brackets.
_BOTH = re.compile(r"(?P<flag>--[\w-]+( [A-Z\d]+)?) \(\w+=\w*\)|\w+=\w* \((?P<other>--[\w-]+( [A-Z\d]+)?)\)")
#: What a message begins with: an argument, and the part of it that is meant.
_PLACE = re.compile(r"(?P<name>[a-z]\w*(, [a-z]\w*)?)(?P<part>\[\d+\]|, in .+?)?: ")
#: An argument that a message names further on; it has an underscore, and is no part of a key, a path or a quotation.
_NAMED = re.compile(r"(?<![\w./\"'-])[a-z]+_\w*\b(?![./\"'(=\[:-])")


def in_flags(message: str, command: Callable[..., Any] | None = None, typed: Collection[str] = ()) -> str:
    """A message for who typed a command.

    Args:
        message: Lines, each of the form ``PLACE: VALUE found; expected WHAT``.
        command: The function of the command; None if it is not known.
        typed: Words that were typed, which no option stands for where a message names them, such as files.
    """
    flags = {} if command is None else _flags(command)
    flags = {name: flag for name, flag in flags.items() if name not in typed}
    return "\n".join(_line(line, flags) for line in message.split("\n"))


def _line(line: str, flags: Mapping[str, str]) -> str:
    line = _BOTH.sub(lambda found: found["flag"] or found["other"], line)
    place = _PLACE.match(line)
    flag = None if place is None else _flag(place["name"], flags)
    if place is not None and flag is not None:
        line = f"{flag}{place['part'] or ''}: {line[place.end() :]}"
    return _NAMED.sub(lambda found: _flag(found[0], flags) or found[0], line)


def _flag(name: str, flags: Mapping[str, str]) -> str | None:
    if name in _PAIRS:
        both = [flags.get(parameter) for parameter in _PAIRS[name]]
        return None if None in both else ", ".join(filter(None, both))
    return next((flags[parameter] for parameter in (name, *_PARAMETERS.get(name, ())) if parameter in flags), None)


def _flags(command: Callable[..., Any]) -> dict[str, str]:
    """How each parameter of a command is written, by its name."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(command, include_extras=True).items():
        for about in getattr(hint, "__metadata__", ()):
            if isinstance(about, typer.models.OptionInfo):
                written = [each for each in (about.default, *(about.param_decls or ())) if str(each).startswith("--")]
                found[name] = str(written[0]).partition("/")[0] if written else f"--{name.replace('_', '-')}"
            elif isinstance(about, typer.models.ArgumentInfo):
                found[name] = about.metavar or name.upper()
    return found
