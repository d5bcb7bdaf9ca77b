"""Extreme numbers anywhere in a configuration: refused by key, or simulated without a warning of NumPy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.errors import InputError, KeyPath, NumericalError, format_path
from neuro_mod.execution.stagers import StageSNNSimulation
from tests.helpers.shared import SMALL

OVERRIDES = (
    "settings.allow_unusual=true",
    "init_params.duration_sec=0.1",
    "stimulus={onsets: [0.05], amplitude: 10, stimulus_shape: diff2exp}",
    "perturbation.rate={vectors: [[1.0, -1.0]], involved_clusters: [[0, 1]], params: [0.3], time_dependence: "
    "{shape: diff2exp, onset_time: 0.02, offset_time: 0.09, tau_rise: 0.01, tau_decay: 0.05}}",
    "perturbation.threshold={n_vectors: 1, involved_clusters: [[0, 1]], params: [0.01], sigma: 0.1, "
    "time_dependence: {shape: sine, frequency: 5, phase: 0.1}}",
)
VALUES = (1e308, -1e308, 1e20, 5e-324, float("nan"))
FULL = json.loads(json.dumps(load_experiment(SMALL, OVERRIDES).resolved()))


def numbers(node: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The places where a number stands, or may stand."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from numbers(value, (*path, key))
    elif node is None or (isinstance(node, int | float) and not isinstance(node, bool)):
        yield path


def test_there_are_numbers():
    assert len(list(numbers(FULL))) > 50


@pytest.mark.parametrize(
    ("value", "mechanism"),
    [
        *((value, "analytic") for value in VALUES),
        (1e20, "euler"),
        *(pytest.param(value, "euler", marks=pytest.mark.slow) for value in VALUES if value != 1e20),
    ],
)
def test_extreme_numbers_are_refused_or_simulated(value, mechanism):
    for path in numbers(FULL):
        data = json.loads(json.dumps(FULL))
        data["init_params"]["mechanism"] = mechanism
        node = data
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
        key = next(part for part in reversed(path) if isinstance(part, str))
        try:
            StageSNNSimulation(data).run()
        except (InputError, NumericalError) as error:
            assert isinstance(error, NumericalError) or key in str(error), f"{format_path(path)} = {value}: {error}"
        except Exception as error:  # any other error or warning is a fault
            error.add_note(f"{format_path(path)} = {value}")
            raise
        else:
            assert np.isfinite(value), f"{format_path(path)} = {value}: simulated"
