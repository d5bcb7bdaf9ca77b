"""Overrides, which set single values of a configuration: ``external_currents.nu_ext_baseline[0]=7.5``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from neuro_mod.config.document import read_document
from neuro_mod.config.plain import plain
from neuro_mod.config.schema import Schema, key_paths, subschema
from neuro_mod.config.translation import unknown_key
from neuro_mod.errors import ConfigError, KeyPath, Problem, show

#: Strings ``KEY=VALUE``, or a mapping from key to value.
Overrides = Iterable[str] | Mapping[str, Any]

_KEY = re.compile(r"[^\s.\[\]=]+(\[\d+\])*(\.[^\s.\[\]=]+(\[\d+\])*)*")
_PART = re.compile(r"\[(\d{1,9})\]|([^.\[\]]+)")
_EXAMPLE = "KEY=VALUE, for example external_currents.nu_ext_baseline[0]=7.5"


def apply_overrides(
    data: dict[str, Any], overrides: Overrides, schema: Schema
) -> tuple[dict[str, Any], dict[KeyPath, str], list[Problem]]:
    """Set values in unvalidated data.

    Args:
        data: Sections as read; not modified.
        overrides: What to set, in this order. Of a mapping, only the keys that it names are set.
        schema: JSON Schema of the data; its defaults replace lists that `data` leaves out.

    Returns:
        The new data; the text of the override for each key path that was set; and the problems of overrides.
    """
    origins: dict[KeyPath, str] = {}
    problems: list[Problem] = []
    for label, key, value in _parse(overrides, problems):
        attempt = plain(data)
        try:
            path = parse_key(key)
            changed = list(_merge(attempt, path, value, schema))
        except ConfigError as error:
            problems += [replace(problem, override=label) for problem in error.problems]
            continue
        data = attempt
        origins |= dict.fromkeys(changed, label)
    return data, origins, problems


def parse_key(key: str) -> KeyPath:
    """Read ``a.b[0]`` as ``("a", "b", 0)``.

    Raises:
        ConfigError: It is not a key.
    """
    if not is_key(key):
        raise ConfigError(
            [Problem((), f'cannot read the key "{key}"', "names joined by dots, with [index] for a list entry")]
        )
    return tuple(int(index) if index else name for index, name in _PART.findall(key))


def is_key(text: str) -> bool:
    """Whether a text is written like a key."""
    return _KEY.fullmatch(text) is not None


def override_paths(overrides: Overrides) -> dict[str, KeyPath]:
    """Key path that each override sets, by its text; overrides that cannot be read are left out."""
    paths: dict[str, KeyPath] = {}
    for label, key, _ in _parse(overrides, []):
        with suppress(ValueError):
            paths[label] = parse_key(key)
    return paths


def _parse(overrides: Overrides, problems: list[Problem]) -> Iterator[tuple[str, str, Any]]:
    if isinstance(overrides, Mapping):
        yield from ((f"override {key}={show(value)}", key, plain(value)) for key, value in overrides.items())
        return
    for text in [overrides] if isinstance(overrides, str) else overrides:
        label = f"--set {text}"
        key, equals, value = text.partition("=")
        if not equals:
            problems.append(Problem((), "no = between key and value", _EXAMPLE, override=label))
            continue
        try:
            yield label, key.strip(), read_document(value).data
        except ConfigError as error:
            problems += [Problem((), problem.found, problem.expected, override=label) for problem in error.problems]


def _merge(data: dict[str, Any], path: KeyPath, value: Any, schema: Schema) -> Iterator[KeyPath]:
    """Set a value, of a mapping only the keys that it names; an empty one clears. Yields the paths that were set."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _merge(data, (*path, key), part, schema)
    else:
        _set(data, path, value, schema)
        yield path


def _set(data: dict[str, Any], path: KeyPath, value: Any, schema: Schema) -> None:
    """Walk to the container of the last part, creating missing containers, and set the value there."""
    container: Any = data
    for depth, part in enumerate(path):
        here = path[: depth + 1]
        _check_step(container, here, schema)
        if depth == len(path) - 1:
            container[part] = value
        elif isinstance(part, str) and container.get(part) is None:
            container[part] = _start(here, path[depth + 1], schema)
        container = container[part]


def _start(path: KeyPath, following: str | int, schema: Schema) -> Any:
    """The value that an override changes where the file leaves a key out."""
    default = (subschema(schema, path) or {}).get("default")
    if default is None and isinstance(following, int):
        raise ConfigError([Problem(path, "this list has no default", hint="set the whole list: [entry, entry]")])
    return {} if default is None else plain(default)


def _check_step(container: Any, path: KeyPath, schema: Schema) -> None:
    *above, part = path
    if isinstance(part, str):
        if not isinstance(container, dict):
            raise ConfigError([Problem(tuple(above), f"{show(container)} found", f"a mapping that contains {part}")])
        parent = subschema(schema, tuple(above))
        if parent is not None and subschema(schema, path) is None:
            raise ConfigError([unknown_key(path, key_paths(schema))])
    elif not isinstance(container, list):
        raise ConfigError([Problem(path, f"{show(container)} is not a list", hint="set it without an index")])
    elif part >= len(container):
        valid = f"an index from 0 to {len(container) - 1}" if container else "no index, as the list is empty"
        raise ConfigError([Problem(path, "index out of range", valid)])
