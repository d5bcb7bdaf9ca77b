"""What a page may ask for: every field of a command is checked before anything acts on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.core.random import MAX_SEED
from neuro_mod.errors import InputError, invalid

#: Slowest and fastest speed, in units of real time.
SPEEDS = (0.1, 20.0)
#: Longest pulse and longest step in simulated seconds, and largest number of a knob, a vector or a pulse.
_MAX_PULSE, _MAX_STEP, _LARGEST = 10.0, 5.0, 1e6
#: Random vectors of a page.
VECTOR_KINDS = ("random",)

_Check = Callable[[str, Any], Any]


@dataclass(frozen=True)
class Limits:
    """Of the network that commands are for.

    Args:
        knobs: Keys of its sliders.
        n_populations: Number of populations P.
        n_clusters: Number of E clusters.
        n_neurons: Number of neurons.
    """

    knobs: Collection[str]
    n_populations: int
    n_clusters: int
    n_neurons: int


def checked(message: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """A command with the fields it needs, and no others.

    Args:
        message: From the page.
        limits: Of the network.

    Raises:
        InputError: The command is unknown, a field is missing or unknown, or a value is not valid.
    """
    cluster = _whole(0, limits.n_clusters - 1)
    clusters = _list(2, cluster, tuple)
    fields: dict[str, dict[str, _Check]] = {
        "play": {},
        "pause": {},
        "reset": {},
        "save": {},
        "step": {"seconds": _number(0.0, _MAX_STEP)},
        "speed": {"value": _number(*SPEEDS)},
        "knob": {"key": _one_of(limits.knobs), "value": _number(-_LARGEST, _LARGEST)},
        "perturb": {
            "target": _one_of(TARGETS),
            "values": _list(limits.n_populations, _number(-_LARGEST, _LARGEST), np.array),
        },
        "pulse": {
            "cluster": cluster,
            "seconds": _number(0.0, _MAX_PULSE),
            "strength": _number(-_LARGEST, _LARGEST),
        },
        "restart": {"noise_seed": lambda name, value: None if value is None else _whole(0, MAX_SEED)(name, value)},
        "network": {"seed": _whole(0, MAX_SEED)},
        "neuron": {"index": _whole(0, limits.n_neurons - 1)},
        "landscape": {"clusters": clusters},
        "ab": {"on": _switch},
        "vector": {"kind": _one_of(VECTOR_KINDS), "target": _one_of(TARGETS), "seed": _whole(0, MAX_SEED)},
        "seen": {"frame": _whole(0, 2**53)},
    }
    do = message.get("do")
    if not isinstance(do, str) or do not in fields:
        raise invalid("do", do, f"one of {', '.join(fields)}")
    expected = fields[do]
    if set(message) != {"do", *expected}:
        raise invalid(f"fields of {do}", ", ".join(map(str, message)), ", ".join(["do", *expected]))
    return {"do": do} | {name: check(name, message[name]) for name, check in expected.items()}


def _number(low: float, high: float) -> _Check:
    def check(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise invalid(name, value, f"a number from {low:g} to {high:g}")
        return float(value)

    return check


def _whole(low: int, high: int) -> _Check:
    def check(name: str, value: Any) -> int:
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise invalid(name, value, f"a whole number from {low} to {high}")
        return value

    return check


def _list(length: int, check: _Check, make: Callable[[Sequence[Any]], Any]) -> _Check:
    def check_all(name: str, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != length:
            raise InputError(f"{name}: expected a list of {length}")
        return make([check(name, each) for each in value])

    return check_all


def _one_of(choices: Collection[str]) -> _Check:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise invalid(name, value, f"one of {', '.join(choices)}")
        return value

    return check


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise invalid(name, value, "true or false")
    return value


def merged(commands: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The commands without those that a later one of the same slider replaces at once."""
    kept: list[dict[str, Any]] = []
    for command in commands:
        names = {"knob": "key", "perturb": "target"}
        name = names.get(command["do"])
        if kept and name and kept[-1]["do"] == command["do"] and kept[-1][name] == command[name]:
            kept.pop()
        kept.append(command)
    return kept
