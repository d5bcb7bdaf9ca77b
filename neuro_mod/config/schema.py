"""JSON Schema of a configuration, and phrases that describe what it allows."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

from neuro_mod.config.fields import PER_PATHWAY
from neuro_mod.config.quantities import pattern, units_of
from neuro_mod.errors import KeyPath, show

Schema = dict[str, Any]

_BOUNDS = (("exclusiveMinimum", ">"), ("minimum", ">="), ("exclusiveMaximum", "<"), ("maximum", "<="))
_SIMPLE = {"boolean": "true or false", "string": "text", "object": "a mapping of keys to values", "null": "nothing"}


@cache
def json_schema(model: type[BaseModel]) -> Schema:
    """JSON Schema (draft 2020-12) of a section or of a whole experiment; callers must not modify it."""
    schema = _tidy(model.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def editor_schema(model: type[BaseModel]) -> Schema:
    """The JSON Schema for editors: numbers with a unit of time or frequency may also be quantities."""
    schema = _with_quantities(json_schema(model), "")
    definitions = schema.get("$defs", {})
    block = definitions.get("PerturbationBlock")
    for target in definitions.get("Perturbations", {}).get("properties", {}).values() if block else ():
        if units_of(unit := target.get("unit", "")):  # coefficients have the unit of their target
            params = _with_quantities(block["properties"]["params"], unit)
            own = block | {"properties": block["properties"] | {"params": params}}
            definitions[f"PerturbationBlock in {unit}"] = own
            target["$ref"] = f"#/$defs/PerturbationBlock%20in%20{unit}"
    return schema


def _with_quantities(schema: Any, unit: str) -> Any:
    if isinstance(schema, list):
        return [_with_quantities(item, unit) for item in schema]
    if not isinstance(schema, dict):
        return schema
    unit = schema.get("unit", unit)
    inside = {key: _with_quantities(value, unit) for key, value in schema.items()}
    if schema.get("type") != "number" or not units_of(unit):
        return inside
    number = {key: inside.pop(key) for key in ("type", *dict(_BOUNDS)) if key in inside}
    return {"anyOf": [number, {"type": "string", "pattern": pattern(unit)}]} | inside


def _tidy(schema: Any, *, named: bool = False) -> Any:
    """Drop titles derived from names, and defaults that mean "left out"."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _tidy(value, named=key in {"properties", "$defs"} and not named)
        for key, value in schema.items()
        if named or not (key == "title" or (key == "default" and value is None))
    }


def subschema(root: Schema, path: KeyPath) -> Schema | None:
    """The part of a schema that describes one key path; None if there is no such key."""
    schema: Schema | None = _resolve(root, root)
    for part in path:
        if schema is None:
            return None
        if isinstance(part, int):
            found = _form(schema, "array", root).get("items")
        else:
            mapping = _form(schema, "object", root)
            found = mapping.get("properties", {}).get(part, mapping.get("additionalProperties"))
        schema = _resolve(found, root) if isinstance(found, dict) else None
    return schema


def unit_at(path: KeyPath, root: Schema) -> str:
    """SI unit of the value at a key path, or in a list there; empty if it has none."""
    if path[:1] == ("perturbation",) and "params" in path:  # coefficients have the unit of their target
        path = path[:2]
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return str((subschema(root, path) or {}).get("unit", ""))


def key_paths(root: Schema, schema: Schema | None = None, path: KeyPath = ()) -> list[KeyPath]:
    """All key paths that a configuration may contain."""
    properties = _form(_resolve(schema or root, root), "object", root).get("properties", {})
    paths = [(*path, key) for key in properties]
    for key, child in properties.items():
        paths += key_paths(root, child, (*path, key))
    return paths


def expected(schema: Schema, root: Schema) -> str:
    """The values that a schema allows, as a phrase: ``a whole number >= 1``."""
    schema = _resolve(schema, root)
    if "expected" in schema:
        return schema["expected"]
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"one of {', '.join(map(str, values))}" if len(values) > 1 else str(values[0])
    if "oneOf" in schema:
        one = expected(schema["oneOf"][0], root)
        entries = schema["entries"]
        return f"{one}, or four entries {entries}" if entries == PER_PATHWAY else f"{one}, {entries}"
    if "anyOf" in schema:
        return ", or ".join(expected(alternative, root) for alternative in schema["anyOf"])
    return _of_type(schema, root)


def _of_type(schema: Schema, root: Schema) -> str:
    kind = schema.get("type", "")
    if kind == "array":
        items = expected(schema["items"], root)
        return f"{schema['entries']}, each {items}" if "entries" in schema else f"a list of {_plural(items)}"
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    low_high = " and ".join(f"{sign} {show(schema[key])}" for key, sign in _BOUNDS if key in schema)
    return " ".join(filter(None, ("a whole number" if kind == "integer" else "a number", low_high)))


def _plural(phrase: str) -> str:
    for one, many in (("a whole number", "whole numbers"), ("a number", "numbers"), ("a list", "lists")):
        if phrase.startswith(one):
            return many + phrase.removeprefix(one)
    return f"entries, each {phrase}"


def _resolve(schema: Schema, root: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    target = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return target | {key: value for key, value in schema.items() if key != "$ref"}


def _form(schema: Schema, kind: str, root: Schema) -> Schema:
    """The alternative of a schema that has the given JSON type; empty if there is none."""
    for alternative in schema.get("oneOf") or schema.get("anyOf") or [schema]:
        resolved = _resolve(alternative, root)
        if resolved.get("type") == kind:
            return resolved
    return {}
