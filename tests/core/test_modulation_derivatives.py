from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.arousal import arousal_effect, arousal_slopes
from neuro_mod.core.modulation import modulated_circuit
from neuro_mod.core.modulation_derivatives import OF_NEURONS, circuit_derivatives
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.execution.stagers.assembly import build_baseline
from tests.helpers.shared import SMALL

_BASELINE = build_baseline(load_experiment(SMALL | {"arousal": {"level": 0.4}}))
_STEP = {"tau_membrane": 1e-5, "tau_synaptic": 1e-5, "tau_refractory": 1e-5}


def quantities(deltas):
    circuit = modulated_circuit(_BASELINE, deltas)
    neurons = np.array([getattr(circuit.neurons, name) for name in OF_NEURONS])
    names = ("block_weights", "external_weight", "external_rate", "arousal_rate")
    return {name: getattr(circuit, name) for name in names} | {"neurons": neurons}


@pytest.mark.parametrize("target", TARGETS)
def test_against_differences(target):
    """Of fourth order, over steps of about 1e-3 of the parameters; other perturbations act meanwhile."""
    rng, step = np.random.default_rng(1), _STEP.get(target, 1e-3)
    acting = {"arousal_level": rng.uniform(-0.1, 0.3, 8), "j_potentiated": rng.uniform(-0.1, 0.1, 8), "arousal_L": -0.1}
    found = circuit_derivatives(_BASELINE, target, acting)
    assert not found.one_sided.any()
    shifted = {k: quantities(acting | {target: acting.get(target, 0.0) + k * step}) for k in (-2, -1, 1, 2)}
    changed = set()
    for name in shifted[1]:
        difference = (8 * (shifted[1][name] - shifted[-1][name]) - (shifted[2][name] - shifted[-2][name])) / (12 * step)
        size = np.abs(difference).max()
        np.testing.assert_allclose(getattr(found, name), difference, rtol=1e-8, atol=1e-9 * size + 1e-15, err_msg=name)
        changed |= {name} if size > 0 else set()
    assert changed


def test_clipped_parameters():
    """Below the bounds nothing changes; at a bound, only to the inside."""
    start = _BASELINE.parameters["arousal_level"][0]
    deltas = {"rate": [-9.0, -10.0, -1.0] + 5 * [0.0], "arousal_level": 1 - start}
    rate = circuit_derivatives(_BASELINE, "rate", deltas)
    connected = _BASELINE.external_in_degree > 0
    assert (rate.external_rate == connected * (np.arange(8) != 1)).all()
    assert rate.one_sided.tolist() == [True] + 7 * [False]
    level = circuit_derivatives(_BASELINE, "arousal_level", deltas)
    assert level.one_sided.all() and not level.arousal_rate.any()  # k > 1: the effect levels off


def test_slope_of_the_effect_of_arousal_at_its_ends():
    """At 0 and 1, where it is a power of the distance; against differences from there over 1e-9."""
    ends, k = np.array([0.0, 1.0]), np.array([[1.0], [1.25], [2.0]])
    found = arousal_slopes(ends, 0.2, k).level
    difference = (arousal_effect([1e-9, 1.0], 0.2, k) - arousal_effect([0.0, 1 - 1e-9], 0.2, k)) / 1e-9
    np.testing.assert_allclose(found, difference, atol=0.02)
    assert np.isinf(arousal_slopes(1.0, 0.2, 0.7).level)
    with pytest.raises(ValueError, match="arousal_level: in E0, at an end of its range"):
        circuit_derivatives(_BASELINE, "arousal_level", {"arousal_level": 0.6, "arousal_k": -0.5})


def test_unknown_target():
    with pytest.raises(ValueError, match="rates cannot be perturbed; expected one of rate, j_baseline"):
        circuit_derivatives(_BASELINE, "rates")
