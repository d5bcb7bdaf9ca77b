"""Power spectra of population rates, against simulations of networks without clusters."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import welch

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField, fixed_points
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.network import draw_network
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.shared import CONFIGS

PUBLISHED = CONFIGS / "published_snn_params.yaml"


def without_clusters(factor):
    """The published network without clusters and with so many more neurons: in-degrees and efficacies are the same."""
    network = load_experiment(PUBLISHED).architecture.network
    overrides = {
        "architecture.network.n_neurons": 2000 * factor,
        "architecture.network.n_excitatory": 1600 * factor,
        "architecture.network.connectivity_fraction_probs": [0.2 / factor, *[0.5 / factor] * 3],
        "architecture.network.j_baseline": (np.asarray(network.j_baseline) * np.sqrt(factor)).tolist(),
        "architecture.clusters.n_background": [160 * factor, 40 * factor],
        "architecture.clusters.j_potentiated": 1.0,
        "external_currents.j_ext": 2.3 * np.sqrt(factor),
    }
    return build_circuit(load_experiment(PUBLISHED, overrides))


def weak_synapses():
    """20000 equal neurons with 2080 synapses each, whose efficacy is at most 3 % of the threshold."""
    overrides = {
        "init_params.threshold": 1.0,
        "architecture.network.n_neurons": 20000,
        "architecture.network.n_excitatory": 16000,
        "architecture.network.connectivity_fraction_probs": [0.08, 0.08, 0.2, 0.2],
        "architecture.network.j_baseline": [0.006 * np.sqrt(20000)] * 2 + [-0.03 * np.sqrt(20000)] * 2,
        "architecture.clusters.n_clusters": 2,
        "architecture.clusters.n_background": [0, 0],
        "architecture.clusters.j_potentiated": 1.0,
        "external_currents.c_ext": 1000,
        "external_currents.nu_ext_baseline": 8.375,
        "external_currents.j_ext": 0.02 * np.sqrt(20000),
    }
    return build_circuit(load_experiment(PUBLISHED, overrides))


class Comparison(NamedTuple):
    """Spectra of the mean rate of E, then of I neurons, in bands of frequencies, shape ``(2, n)``."""

    theory: NDArray[np.float64]
    simulated: NDArray[np.float64]
    independent: NDArray[np.float64]


def compared(circuit, duration, h, bands):
    """Spectra in theory and simulation, and those of independent Poisson neurons; rates agree within 1 %."""
    field = LIFMeanField.from_circuit(circuit, theory=Theory("exact", "renewal"))
    (state,) = fixed_points(field, 5)
    theory = field.linear_response(state, delay=h / 2)
    network, per_bin, populations = draw_network(circuit, 1), round(0.0004 / h), circuit.populations
    beginning = Trial(
        network=network,
        state=initial_state(network, 1, "uniform"),
        n_steps=round(0.3 / h),
        delta_t=h,
        recording=Recording(spikes=False),
    )
    recording = Recording(spikes=False, bin_steps=per_bin)
    rest = replace(beginning, state=simulate(beginning).state, n_steps=round(duration / h), recording=recording)
    rates = simulate(rest).binned_counts / (per_bin * h)
    found = []
    for kind in (0, 1):
        members = np.flatnonzero((populations.types == kind) & (populations.sizes > 0))
        n = populations.sizes[members].sum()
        mean = rates[:, members].sum(axis=1) / n
        frequencies, power = welch(mean, 1 / (per_bin * h), nperseg=1280)
        expected = np.interp(frequencies, theory.frequencies, theory.power_of(members))
        within = [(frequencies >= low) & (frequencies < high) for low, high in bands]
        assert state.rates[members[0]] == pytest.approx(mean.mean(), rel=0.01)
        alone = np.full(len(bands), mean.mean() / n)
        halves = [power[band].mean() / 2 for band in within]  # SciPy's are one-sided
        found.append(([expected[band].mean() for band in within], halves, alone))
    return Comparison(*np.moveaxis(np.array(found), 1, 0))


def test_five_times_the_published_network():
    """Errors of the simulation are 5, 3 and 2 %."""
    found = compared(without_clusters(5), 10.0, 2e-4, [(8, 48), (48, 160), (160, 600)])
    np.testing.assert_allclose(found.theory / found.simulated, 1, atol=0.1)
    # feedback takes most of the slow fluctuations of I neurons away, and drives E neurons together
    assert found.theory[1, 0] < 0.3 * found.independent[1, 0] and found.theory[0, 1] > 2 * found.independent[0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("circuit", [without_clusters(20), weak_synapses()], ids=["published", "weak synapses"])
def test_large_networks(circuit):
    """Errors of the simulation are 6, 5, 4, 2, 2, 1 and 1 %."""
    bands = [(4, 16), (16, 32), (32, 64), (64, 128), (128, 256), (256, 480), (480, 900)]
    found = compared(circuit, 30.0, 1e-4, bands)
    ratio = found.theory / found.simulated
    np.testing.assert_allclose(ratio[:, :2], 1, atol=0.15)
    np.testing.assert_allclose(ratio[:, 2:3], 1, atol=0.1)
    np.testing.assert_allclose(ratio[:, 3:], 1, atol=0.05)
    assert found.theory[1, 0] < 0.2 * found.independent[1, 0] and found.theory[0, 2] > 3 * found.independent[0, 2]
