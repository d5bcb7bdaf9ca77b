"""Validates data once and reports everything: invalid values, and values that do not fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from neuro_mod.config.plain import plain
from neuro_mod.config.translation import key_path, translate
from neuro_mod.errors import ConfigError, KeyPath, Problem

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], data: Any) -> tuple[Model | None, list[Problem]]:
    """Build a model from plain data.

    Values that are invalid in themselves are set aside, so that the rest can be checked for consistency.

    Args:
        model: Its "after" validator raises `ConfigError` and skips the paths in ``invalid`` of the context.
        data: Nested mappings.

    Returns:
        The model and no problems, or None and all problems.
    """
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        field_errors, problems = _split(error)
    problems = translate(field_errors, model) + problems
    invalid: set[KeyPath] = set()
    while set_aside := {_set_aside(error) for error in field_errors} - invalid:
        invalid |= set_aside
        try:
            model.model_validate(_without(data, invalid), context={"invalid": invalid})
            break
        except ValidationError as error:
            field_errors, inconsistent = _split(error)
            problems += inconsistent
    return None, problems


def locate(
    problems: Iterable[Problem], origins: Mapping[KeyPath, str], place: Callable[[KeyPath], dict[str, Any]]
) -> list[Problem]:
    """Add to each problem the override or line that it comes from, and sort by line."""
    located = []
    for problem in problems:
        label = nearest(problem.path, origins)
        placed = replace(problem, **place(problem.path))
        located.append(replace(placed, override=label, line=None) if label else placed)
    return sorted(located, key=lambda problem: problem.line or 0)


def nearest(path: KeyPath, mapping: Mapping[KeyPath, T]) -> T | None:
    """The entry of a key path, or else of the closest key above it."""
    paths = [path[:length] for length in range(len(path), 0, -1)]
    return next((mapping[each] for each in paths if each in mapping), None)


def _split(error: ValidationError) -> tuple[list[ErrorDetails], list[Problem]]:
    """Separate errors of single fields from problems found by the model's own check."""
    fields: list[ErrorDetails] = []
    problems: list[Problem] = []
    for details in error.errors(include_url=False):
        cause = details.get("ctx", {}).get("error")
        if isinstance(cause, ConfigError):
            problems += cause.problems
        else:
            fields.append(details)
    return fields, problems


def _set_aside(error: ErrorDetails) -> KeyPath:
    """The smallest part of the data to remove so that validation can continue."""
    path = tuple(takewhile(lambda part: isinstance(part, str), key_path(error["loc"])))
    depth = {"architecture": 3}.get(str(path[0]) if path else "", 2)
    return path[:depth]


def _without(data: Any, paths: Iterable[KeyPath]) -> Any:
    data = plain(data)
    for path in paths:
        container = data
        for part in path[:-1]:
            container = container.get(part) if isinstance(container, dict) else None
        if not path:
            return {}
        if isinstance(container, dict):
            container.pop(path[-1], None)
    return data
