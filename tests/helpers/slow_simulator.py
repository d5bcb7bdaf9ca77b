"""The model step by step in NumPy, parameters looked up again in each step: slow, and obviously right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neuro_mod.core.neurons import NEURON_PARAMETERS
from neuro_mod.core.spiking_net.engine.courses import VARIABLE
from neuro_mod.core.spiking_net.engine.noise import external_counts
from neuro_mod.core.spiking_net.propagators import propagators
from tests.helpers.simulators import Histories

_EXTERNAL = {"external_weight": "weight", "external_rate": "rate", "arousal_rate": "arousal_rate"}


def network_at(net, courses, step):
    """The network with the parameters that are in force in a step."""
    now = {name: course.values[np.flatnonzero(course.steps <= step)[-1]] for name, course in courses.items()}
    assert set(now) <= set(VARIABLE)
    neurons = replace(net.neurons, **{name: now[name] for name in NEURON_PARAMETERS if name in now})
    external = replace(net.external, **{field: now[name] for name, field in _EXTERNAL.items() if name in now})
    synapses = net.synapses
    if "block_weights" in now:
        synapses = replace(synapses, block_weights=now["block_weights"])
    return replace(net, synapses=synapses, external=external, neurons=neurons)


def run_slowly(trial) -> Histories:
    state, h = trial.state, trial.delta_t
    voltage, current, refractory = state.voltage.copy(), state.current.copy(), state.refractory.copy()
    history = []
    for step in range(trial.n_steps):
        net = network_at(trial.network, trial.courses, step)
        tau_m, tau_s, tau_ref, threshold, reset = map(net.per_neuron, net.neurons)
        a, b, c, d = propagators(np, trial.mechanism, tau_m, tau_s, h)
        push = 0.0 if trial.stimulus is None else c * trial.stimulus.gain * trial.stimulus.course[step]
        voltage = np.where(refractory > 0, reset, a * voltage + b * current + push)
        refractory = np.maximum(refractory - 1, 0)
        fired = voltage >= threshold
        voltage = np.where(fired, reset, voltage)
        refractory = np.where(fired, np.rint(tau_ref / h).astype(int), refractory)
        counts = external_counts(net, trial.noise_seed, h, 1, state.step + step)[0]
        arrivals = net.dense_weights() @ fired + (net.per_neuron(net.external.weight) * counts).sum(axis=0)
        if trial.injected is not None:
            now = trial.injected.steps == step
            np.add.at(arrivals, trial.injected.neurons[now], trial.injected.weights[now])
        current = d * current + arrivals / tau_s
        history.append((voltage, current, fired))
    return Histories(*map(np.array, zip(*history, strict=True)))
