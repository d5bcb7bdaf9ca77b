"""Conditions of a sweep: named sets of values, and the checks of their keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import combinations
from typing import Any

from neuro_mod.config.overrides import parse_key
from neuro_mod.errors import KeyPath, Problem, format_path


def check_conditions(
    conditions: Mapping[str, Mapping[str, Any]], parameters: Iterable[str], overrides: Mapping[str, Any]
) -> Iterator[Problem]:
    """Refuse keys of conditions that cannot vary, and values that are set twice.

    Args:
        conditions: Values by key, of each condition.
        parameters: Keys of the parameters.
        overrides: Values by key for all points.
    """
    others = [(f"the parameter {key}", path) for key in parameters for path in _paths(key, None)]
    others += [(f"set.{key}", path) for key, value in overrides.items() for path in _paths(key, value)]
    for name, values in conditions.items():
        own = [(key, path) for key, value in values.items() for path in _paths(key, value)]
        for key, path in own:
            place: KeyPath = ("conditions", name, key)
            if hint := why_not_swept(format_path(path)):
                yield Problem(place, "cannot differ between conditions", hint=hint)
            for other, its_path in others:
                if _overlap(path, its_path):
                    yield Problem(place, f"{other} sets this value too")
        for (key, path), (other, its_path) in combinations(own, 2):
            if _overlap(path, its_path):
                yield Problem(("conditions", name, other), f"{key} sets this value too")


def sets_direction(key: str, value: Any) -> bool:
    """Whether a key with this value sets the direction of a perturbation, see `PerturbationBlock.direction`."""
    return any(path[:1] == ("perturbation",) and path[2:3] == ("direction",) for path in _paths(key, value))


def why_not_swept(key: str) -> str:
    """Why the value of a key cannot vary; empty if it can."""
    if key == "settings.random_seed":
        return "the root seed and the point give the seeds; for several seeds at a point use repeats"
    return "it does not affect results" if key.partition(".")[0] == "settings" else ""


def first_above(path: KeyPath, keys: Iterable[str]) -> str:
    """The first of these keys that sets the value at a key path; empty if none does."""
    for key in keys:
        with suppress(ValueError):
            varied = parse_key(key)
            if path[: len(varied)] == varied:
                return key
    return ""


def first_condition_above(path: KeyPath, conditions: Mapping[str, Mapping[str, Any]]) -> str:
    """The first condition that sets the value at a key path, or a part of it; empty if none does."""
    for name, values in conditions.items():
        if any(_overlap(path, own) for key, value in values.items() for own in _paths(key, value)):
            return name
    return ""


def _paths(key: str, value: Any) -> Iterator[KeyPath]:
    """Key paths of the values that a key sets: of a mapping, those that it names; none if the key is not readable."""
    with suppress(ValueError):  # it is reported where it is applied
        yield from _within(parse_key(key), value)


def _within(path: KeyPath, value: Any) -> Iterator[KeyPath]:
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _within((*path, key), part)
    else:
        yield path


def _overlap(a: KeyPath, b: KeyPath) -> bool:
    shorter = min(len(a), len(b))
    return a[:shorter] == b[:shorter]
