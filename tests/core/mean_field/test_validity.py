from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.core.mean_field.analysis.validity import MATTERS, assess
from neuro_mod.core.mean_field.core import LIFMeanField

NAMES = (
    "fast synapses",
    "small jumps beside the noise",
    "small jumps beside the threshold",
    "many synapses",
    "inputs not shared",
    "irregular spikes",
    "short refractory periods",
)


@pytest.fixture(scope="module")
def state(reference_circuit):
    """Three active clusters, from 1 % above the reference values."""
    field = LIFMeanField.from_circuit(reference_circuit)
    start = np.repeat([36.39, 3.08, 2.37, 26.23, 8.14, 12.95], [3, 15, 1, 3, 15, 1])
    rates = field.solve_rates(start).x
    mu, variance = (each[0] for each in field.moments(rates))
    return rates, mu, np.sqrt(variance)


@pytest.fixture(scope="module")
def validity(reference_circuit, state):
    return {each.name: each for each in assess(reference_circuit, *state)}


def test_of_the_published_network_by_hand(reference_circuit, state, validity):
    """Numbers of the configuration: 2000 neurons, 80 E and 20 I in a cluster, tau_s 5, tau_m 20, tau_ref 5 ms."""
    rates, mu, sigma = state
    assert tuple(validity) == NAMES
    assert set(validity["fast synapses"].values) == {0.5}
    jumps = validity["small jumps beside the noise"].values
    own_e, own_i = 15.75 * 0.63 / np.sqrt(2000), 5 * 3.8 / np.sqrt(2000)
    assert jumps[19] == pytest.approx(own_i / sigma[19])  # I0, from I0
    own_ie = 6.25 * 1.9 / np.sqrt(2000)
    assert jumps[0] == pytest.approx(max(own_e, own_ie) / sigma[0])
    thresholds = validity["small jumps beside the threshold"]
    assert thresholds.values[19] == pytest.approx(own_i / 0.75) and thresholds.worst[0].startswith("I")
    assert thresholds.values[0] == pytest.approx(own_ie / 1.5)
    synapses = validity["many synapses"]
    assert synapses.values[0] == 10 and synapses.at_least and synapses.limit == pytest.approx(100)  # 0.5 * 20
    assert synapses.worst == ("E0", 10.0)
    assert set(validity["inputs not shared"].values) == {0.5}
    assert validity["irregular spikes"].values == pytest.approx((np.repeat([1.5, 0.75], 19) - mu) / sigma)
    assert validity["short refractory periods"].values == pytest.approx(5e-3 * rates)
    assert not any(each.kept for each in validity.values())


def test_only_inputs_that_matter_are_judged(reference_circuit, state, validity):
    """By a loop over all inputs of a population with the definition of its variance."""
    rates, _, sigma = state
    sizes = reference_circuit.populations.sizes
    for post in (0, 10, 18, 19, 30, 37):
        found = []
        for pre in range(38):
            in_degree = reference_circuit.connection_probability[post, pre] * sizes[pre]
            variance = 0.02 * in_degree * reference_circuit.block_weights[post, pre] ** 2 * rates[pre]
            if variance >= MATTERS * sigma[post] ** 2:
                found.append(in_degree)
        assert validity["many synapses"].values[post] == pytest.approx(min(found))
    assert len(found) < 38


def test_sentences(validity):
    words = validity["fast synapses"].describe()
    assert words.startswith("sqrt(tau_s/tau_m) is 0.5 everywhere; it should be at most 0.316, as NNMT warns above it;")
    assert "beyond that in all 38 populations" in words
    words = validity["short refractory periods"].describe()
    assert "nu tau_ref is 0.182 in E0" in words and "in 6 of 38 populations" in words  # 36.386 Hz * 5 ms


def test_fast_synapses_are_fine(reference_circuit, state):
    fast = replace(
        reference_circuit,
        neurons=replace(reference_circuit.neurons, tau_synaptic=reference_circuit.neurons.tau_synaptic / 5),
    )
    first = assess(fast, *state)[0]
    assert first.kept and not first.beyond.any()
    assert first.describe().endswith("at most 0.316, as NNMT warns above it.")


def test_amplification_of_errors(reference_circuit, state):
    """Against new solutions where the response of one population after the other is 0.01 % too high."""
    rates, mu, sigma = state
    field = LIFMeanField.from_circuit(reference_circuit)
    *others, robust = assess(reference_circuit, rates, mu, sigma, field.jacobian(rates))
    assert tuple(each.name for each in others) == NAMES and robust.name == "robust rates"
    moved = np.zeros(38)
    for b in range(38):
        wrong = 1e-4 * rates * (np.arange(38) == b)
        nu = rates
        for _ in range(8):  # Newton's method
            equations, jacobian = field.equations(nu), field.jacobian(nu)
            nu = nu - np.linalg.solve(jacobian, equations + wrong)
        moved += np.abs(nu / rates - 1)
    np.testing.assert_allclose(robust.values, 1e4 * moved, rtol=1e-2)
    assert not robust.kept


def test_a_state_on_the_verge_has_no_amplification(reference_circuit, state):
    robust = assess(reference_circuit, *state, np.zeros((38, 38)))[-1]
    assert np.isnan(robust.values).all() and robust.worst is None and robust.kept is None


def test_it_never_refuses(reference_circuit):
    """Without rates, noise and external input nothing can be judged but what needs none of them."""
    quiet = replace(reference_circuit, external_rate=np.zeros((2, 38)), arousal_rate=np.zeros(38))
    found = {each.name: each for each in assess(quiet, np.zeros(38), np.zeros(38), np.zeros(38))}
    assert found["many synapses"].worst is None and found["many synapses"].kept is None
    assert "no population has one" in found["many synapses"].describe()
    assert found["fast synapses"].kept is False


def test_empty_populations_have_no_numbers(reference_circuit, state):
    populations = replace(reference_circuit.populations, background_sizes=(0, 40))
    found = assess(replace(reference_circuit, populations=populations), *state)
    assert all(np.isnan(each.values[18]) for each in found)
    assert "all 37 populations" in found[0].describe()
