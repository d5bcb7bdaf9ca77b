"""Mean fields of configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.execution.stagers.assembly import build_circuit


def field_of(config: Any, *overrides: str) -> LIFMeanField:
    """The mean field of a configuration."""
    return LIFMeanField.from_circuit(build_circuit(load_experiment(config, overrides)))


def field_by_value(config: Any, key: str, *overrides: str) -> Callable[[float], LIFMeanField]:
    """The mean field as a function of one parameter of a configuration."""
    experiment = load_experiment(config, overrides)
    return lambda value: field_of(experiment.replace({key: value}))
