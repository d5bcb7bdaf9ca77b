"""The units of configured values."""

from __future__ import annotations

from functools import cache

from neuro_mod.config.experiment import Experiment
from neuro_mod.config.overrides import parse_key
from neuro_mod.config.schema import json_schema, subschema


@cache
def unit_of(key: str) -> str:
    """Unit of what stands at a key: ``Hz`` for ``external_currents.nu_ext_baseline[0]``; empty if it has none.

    Args:
        key: As in overrides; it need not exist.
    """
    path = parse_key(key)
    if path[0] == "perturbation" and "params" in path:  # coefficients have the unit of their target
        path = path[:2]
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return str((subschema(json_schema(Experiment), path) or {}).get("unit", ""))
