"""External Poisson input: its random streams, its tables, and the counts themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.arousal import z_quadrature
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.engine import arrivals, kernel, poisson
from neuro_mod.core.spiking_net.engine.arguments import Noise
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.errors import InputError


def active_sources(network: SpikingNetwork) -> NDArray[np.int64]:
    """Indices of the external sources that send to any neuron."""
    return np.flatnonzero((network.external.in_degree * network.sizes).any(axis=1))


def check_counts(network: SpikingNetwork, mean: float, slope: float) -> None:
    """Check that external counts can be drawn.

    Args:
        network: The network.
        mean: Largest mean count of a neuron from one source in one step, z at its largest.
        slope: Largest part of it that is multiplied by z.

    Raises:
        InputError: It is larger than `poisson.MAX_MEAN`, or z is drawn in each step and the part larger than
            `poisson.MAX_SPREAD`.
    """
    if not mean <= poisson.MAX_MEAN:
        raise InputError(
            f"up to {mean:.3g} external spikes in each step, at most {poisson.MAX_MEAN:g} can be drawn; "
            "are the rates in Hz and the time step in seconds?"
        )
    if network.external.z is None and not slope <= poisson.MAX_SPREAD:
        raise InputError(
            f"arousal that is redrawn per step adds up to {slope:.3g} external spikes in each step, at most "
            f"{poisson.MAX_SPREAD:g} can be drawn"
        )


def build_noise(network: SpikingNetwork, seed: int, largest_mean: float) -> Noise:
    """Streams and empty tables of the sources that send anything.

    Args:
        network: The network.
        seed: Root seed; streams ``"external_input"`` and ``"external_input_rest"``, one pair for each source.
        largest_mean: Bound on the mean count in one step.
    """
    external, sources, n = network.external, active_sources(network), network.n_neurons
    nodes, weights = (np.zeros(1), np.ones(1)) if external.z is not None else z_quadrature()
    width, n_chunks = poisson.widest_window(largest_mean), -(-n // poisson.CHUNK)
    words = np.zeros((len(sources), n_chunks, arrivals.WORDS, poisson.CHUNK), np.int16)
    tabulated_for = np.full((len(sources), network.n_populations), np.nan)
    return Noise(
        edges=network.boundaries,
        population=network.population.astype(np.int32),
        z=np.empty(0) if external.z is None else np.asarray(external.z, np.float64),
        nodes=nodes,
        node_weights=weights,
        key=_keys(seed, "external_input", sources),
        second_key=_keys(seed, "external_input_rest", sources),
        front=np.zeros((len(sources), n_chunks, width * poisson.CHUNK), np.int16),
        first=np.zeros((len(sources), n), np.int32),
        shifted=np.zeros(len(sources), np.bool_),
        mean=tabulated_for,
        slope=tabulated_for.copy(),
        neuron_mean=np.zeros((len(sources), n_chunks * poisson.CHUNK), np.float32),
        words=words,
        word_quads=words.view(np.uint64),
        counts=np.zeros((len(sources), arrivals.WORDS, n), np.int16),
        law=np.zeros((2, len(nodes))),
        likely=np.zeros(poisson.GROUP, np.float32),
        shares=np.zeros(poisson.GROUP, np.int32),
    )


def _keys(seed: int, purpose: str, sources: NDArray[np.int64]) -> NDArray[np.uint64]:
    return np.array([Stream(seed, purpose, (int(source),)).key for source in sources], np.uint64).reshape(-1, 2)


def external_counts(
    network: SpikingNetwork, seed: int, delta_t: float, n_steps: int, first_step: int = 0
) -> NDArray[np.int32]:
    """External spike counts, the same as the engine draws.

    Args:
        network: The network.
        seed: Root seed of the noise.
        delta_t: Time step in seconds.
        n_steps: Number of steps.
        first_step: Step the counts begin at.

    Returns:
        Counts of shape ``(n_steps, S, n_neurons)``.

    Raises:
        InputError: See `check_counts`.
    """
    external, sources = network.external, active_sources(network)
    mean, slope = (external.in_degree * rate * delta_t for rate in (external.rate, external.arousal_rate))
    largest = float((mean + slope).max(initial=0.0))
    check_counts(network, largest, float(slope.max(initial=0.0)))
    noise = build_noise(network, seed, largest)
    counts = np.zeros((n_steps, len(sources), network.n_neurons), np.int32)
    kernel.draw_counts(first_step, mean[sources], slope[sources], noise, counts)
    of_all = np.zeros((n_steps, external.n_sources, network.n_neurons), np.int32)
    of_all[:, sources] = counts
    return of_all
