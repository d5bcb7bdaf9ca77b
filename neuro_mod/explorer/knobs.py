"""The sliders of a configuration: keys that are numbers, with their words, units and bounds from its schema."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from neuro_mod.config.experiment import Experiment, unit_of
from neuro_mod.config.labels import label_of
from neuro_mod.config.overrides import parse_key
from neuro_mod.config.schema import json_schema, subschema
from neuro_mod.errors import ConfigError

#: Steps of a slider, about.
_STEPS = 200
#: Upper end of a slider without a bound of its own, in units of its default, and of one that is 0.
_UP_TO, _UP_TO_FROM_ZERO = 2.0, 1.0

#: Keys by group, whether they act at once, and the lower end of the slider where the schema has none.
_KEYS = (
    ("arousal", "arousal.level", True, 0.0),
    ("arousal", "arousal.L", True, 0.0),
    ("arousal", "arousal.x_0", True, 0.01),
    ("arousal", "arousal.k", True, 0.05),
    ("arousal", "arousal.M", True, 0.0),
    ("external input", "external_currents.nu_ext_baseline", True, 0.0),
    ("external input", "external_currents.j_ext", True, 0.0),
    ("weights", "architecture.clusters.j_potentiated", True, 0.0),
    ("neurons", "init_params.threshold", True, None),
    ("weights", "architecture.network.connectivity_fraction_probs", False, 0.02),
)
#: Steps in which the end of a slider is found that further checks allow.
_HALVINGS = 12
#: Of lists with more entries, such as one for each population, no slider is made.
_MAX_ENTRIES = 4


@dataclass(frozen=True)
class Knob:
    """One slider.

    Args:
        key: Of the configuration, as written in overrides.
        label: In words.
        unit: Empty if it has none.
        min: Lower end.
        max: Upper end.
        step: Distance of two values.
        value: Where it is now.
        default: Where it is in the configuration.
        group: What it belongs to.
        help: What the parameter is.
        at_once: Whether it acts from the next step on; otherwise a new network is drawn.
    """

    key: str
    label: str
    unit: str
    min: float
    max: float
    step: float
    value: float
    default: float
    group: str
    help: str
    at_once: bool


def knobs_of(experiment: Experiment) -> list[Knob]:
    """The sliders of a configuration."""
    found = []
    for group, key, at_once, lowest in _KEYS:
        names = tuple(str(part) for part in parse_key(key))
        about = subschema(json_schema(Experiment), names) or {}
        for each in _entries(experiment, key):
            value = experiment.number(each)
            if value is None:
                continue
            ends = _ends(about, value, _reset(experiment, each) if lowest is None else lowest)
            low, high = (_valid(experiment, each, value, end) for end in ends)
            label, unit = label_of(each, experiment), unit_of(each)
            words = label.removesuffix(f" ({unit})")
            text = str(about.get("description", ""))
            step = _round_step((high - low) / _STEPS)
            found.append(Knob(each, words, unit, low, high, step, value, value, group, text, at_once))
    return found


def _entries(experiment: Experiment, key: str) -> list[str]:
    if experiment.number(key) is not None:
        return [key]
    value: Any = experiment
    for name in parse_key(key):
        value = getattr(value, str(name))
    n = len(value) if isinstance(value, tuple) else 0
    return [f"{key}[{index}]" for index in range(n)] if n <= _MAX_ENTRIES else []


def _reset(experiment: Experiment, key: str) -> float:
    """A little above the reset voltage, for thresholds."""
    reset = experiment.init_params.reset_voltage
    highest = max(reset) if isinstance(reset, tuple) else reset
    return round(float(highest) + 0.1, 6)


def _ends(about: dict[str, Any], value: float, lowest: float) -> tuple[float, float]:
    bounds = [about, *about.get("oneOf", ()), *(each.get("items", {}) for each in about.get("oneOf", ()))]
    bounds.append(about.get("items", {}))
    maxima = [each["maximum"] for each in bounds if isinstance(each, dict) and "maximum" in each]
    high = float(min(maxima)) if maxima else _UP_TO * abs(value) or _UP_TO_FROM_ZERO
    return min(lowest, value), max(high, value)


def _valid(experiment: Experiment, key: str, value: float, end: float) -> float:
    """The value nearest to an end that the configuration allows, to three digits."""
    if _is_valid(experiment, key, end):
        return end
    good, bad = value, end
    for _ in range(_HALVINGS):
        middle = (good + bad) / 2
        good, bad = (middle, bad) if _is_valid(experiment, key, middle) else (good, middle)
    scale = 10 ** (math.floor(math.log10(abs(good))) - 2) if good else 1.0
    inward = math.floor if end > value else math.ceil
    rounded = float(f"{inward(good / scale) * scale:.6g}")
    return rounded if min(value, end) <= rounded <= max(value, end) else value


def _is_valid(experiment: Experiment, key: str, value: float) -> bool:
    try:
        experiment.replace([f"{key}={value!r}"])
    except ConfigError:
        return False
    return True


def _round_step(step: float) -> float:
    """The next smaller of 1, 2 and 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(step))
    return float(f"{max(factor for factor in (1, 2, 5) if factor * power <= step * (1 + 1e-9)) * power:.6g}")
