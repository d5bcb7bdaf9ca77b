"""From Pydantic's errors to problems in the terms of a YAML file."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from neuro_mod.config.fields import MANY, ONE
from neuro_mod.config.quantities import units_of
from neuro_mod.config.schema import Schema, expected, json_schema, key_paths, subschema, unit_at
from neuro_mod.errors import KeyPath, Problem, format_path, show


def translate(errors: Iterable[ErrorDetails], model: type[BaseModel]) -> list[Problem]:
    """Problems from the field errors of a model.

    Args:
        errors: Pydantic's list.
        model: The model that was validated; its JSON Schema says what is expected.
    """
    own = [error for error in errors if error["type"] != "default_factory_not_called"]
    root = json_schema(model)
    located = [(key_path(error["loc"]), error) for error in own]
    paths, known = {path for path, _ in located}, key_paths(root)
    return [
        _problem(path, error, root, known)
        for path, error in located
        # a list whose entries are invalid is reported as too short as well
        if not (error["type"] == "too_short" and any(path == other[: len(path)] != other for other in paths))
    ]


def key_path(location: tuple[int | str, ...]) -> KeyPath:
    """The key path of a pydantic error location, without the alternatives of unions."""
    return tuple(part for part in location if part not in {ONE, MANY})


def _problem(path: KeyPath, error: ErrorDetails, root: Schema, known: list[KeyPath]) -> Problem:
    if error["type"] == "extra_forbidden":
        beside = key_paths(root, subschema(root, path[:-1]), path[:-1])  # also where the keys above are unknown
        return unknown_key(path, list(dict.fromkeys([*known, *beside])))
    schema = subschema(root, path)
    valid = "" if schema is None else expected(schema, root)
    if error["type"] == "missing":
        return Problem(path, "missing", valid, (schema or {}).get("description", ""))
    return Problem(path, _found(error), valid, _hint(error, unit_at(path, root)))


def _hint(error: ErrorDetails, unit: str) -> str:
    if hint := error.get("ctx", {}).get("hint"):
        return str(hint)
    if error["type"] == "string_type" and isinstance(error["input"], int | float):
        return "put it in quotes"
    if isinstance(error["input"], str) and (units := units_of(unit)):
        return f"a number may have one of the units {', '.join(units)}; without one it is in {unit}"
    return ""


def _found(error: ErrorDetails) -> str:
    value: Any = error["input"]
    if value is None:
        return "missing value"
    if error["type"] in {"too_short", "too_long"}:
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'} found"
    return f"{show(value)} found"


def unknown_key(path: KeyPath, known: list[KeyPath]) -> Problem:
    """A problem that lists the valid keys beside an unknown one, and suggests the one that was probably meant."""
    name = str(path[-1])
    valid = [str(other[-1]) for other in known if other[:-1] == path[:-1]]
    by_case = {key.lower(): key for key in valid}
    similar = [by_case[key] for key in get_close_matches(name.lower(), by_case, n=1)]
    similar += [key for key in valid if len(name) > 2 and name.lower() in key.lower()]
    elsewhere = [format_path(other) for other in known if other[-1] == name and other[0] != "perturbation"]
    # the same name in another section is more likely meant than a similar one here, unless it is a word of that
    is_here = name.lower() in by_case or any(name in key.split("_") for key in valid)
    suggestions = similar + elsewhere if is_here else elsewhere + similar
    choice = f"valid: {', '.join(valid)}"
    return Problem(path, "unknown key", hint=f"did you mean {suggestions[0]}? ({choice})" if suggestions else choice)
