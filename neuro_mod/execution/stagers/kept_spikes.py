"""Kept spikes as the simulation that they are from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuro_mod.core.spiking_net.analysis.rates.rates import population_counts
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.errors import InputError
from neuro_mod.recordings.spikes import SpikeEvents


def simulation_of(spikes: SpikeEvents, trial: Trial) -> Simulation:
    """The simulation of a trial of which the spikes were kept, but not the state at its end.

    Args:
        spikes: All spikes of the trial.
        trial: The trial, which recorded only spikes and counts in bins.

    Returns:
        The simulation; of its state at the end only step and seed are known.

    Raises:
        InputError: The spikes are not those of such a trial.
    """
    network, bin_steps = trial.network, trial.recording.bin_steps
    found = (spikes.n_steps, spikes.n_neurons, spikes.delta_t)
    expected = (trial.n_steps, network.n_neurons, trial.delta_t)
    if found != expected:
        text = "{0} steps of {2:g} s, {1} neurons"
        raise InputError(f"spikes: {text.format(*found)} found; expected {text.format(*expected)}")
    nothing = np.empty((0, 0), np.float32)
    return Simulation(
        n_steps=spikes.n_steps,
        delta_t=spikes.delta_t,
        end=replace(trial.state, step=trial.state.step + spikes.n_steps, delta_t=spikes.delta_t, seed=trial.seed),
        network=network,
        spike_counts=spikes.sum(axis=0),
        binned_counts=population_counts(spikes, network.population, network.n_populations, bin_steps).astype(np.int32),
        voltage=nothing,
        current=nothing,
        events=spikes,
        scores=np.empty((0, network.n_populations)),
        arousal_scores=np.empty((0, network.n_populations)),
    )
