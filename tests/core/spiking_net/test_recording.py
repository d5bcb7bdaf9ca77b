"""Online reductions, streaming, snapshots: what they say about the spikes that were kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.core.spiking_net.engine import simulate as engine
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.errors import Interrupted


@pytest.fixture
def trial(reference_network):
    return Trial(network=reference_network, state=initial_state(reference_network, 1), n_steps=1003, delta_t=0.5e-3)


class Sink:
    def __init__(self):
        self.steps, self.neurons, self.done = [], [], []

    def __call__(self, steps, neurons, done):
        self.steps.append(steps.copy())
        self.neurons.append(neurons.copy())
        self.done.append(done)


@pytest.mark.parametrize("updates_per_call", [3, 17, 2000])
@pytest.mark.parametrize("bin_steps", [1, 10, 64, 2000])
def test_reductions_agree_with_the_spikes(trial, monkeypatch, updates_per_call, bin_steps):
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", updates_per_call * 2000)
    sink = Sink()
    result = simulate(replace(trial, recording=Recording(bin_steps=bin_steps, on_spikes=sink)))
    spikes = result.spikes
    population = trial.network.population
    assert np.array_equal(result.spike_counts, spikes.sum(axis=0))
    expected = np.zeros((-(-1003 // bin_steps), 38), int)
    np.add.at(expected, (spikes.steps // bin_steps, population[spikes.neurons]), 1)
    assert np.array_equal(result.binned_counts, expected)
    assert np.array_equal(np.concatenate(sink.steps), spikes.steps)
    assert np.array_equal(np.concatenate(sink.neurons), spikes.neurons)
    assert sink.done[-1] == 1003 and all(
        steps.max(initial=-1) < end for steps, end in zip(sink.steps, sink.done, strict=True)
    )


def test_spikes_need_not_be_kept(trial):
    full = simulate(trial)
    lean = simulate(replace(trial, recording=Recording(spikes=False)))
    assert np.array_equal(lean.spike_counts, full.spike_counts)
    assert lean.state.voltage.tobytes() == full.state.voltage.tobytes()
    with pytest.raises(ValueError, match="not kept"):
        _ = lean.spikes


@pytest.mark.parametrize("interrupted_in", ["sink before", "sink after", "progress"])
def test_an_interrupted_run_has_streamed_what_it_has_done(trial, monkeypatch, interrupted_in):
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", 97 * 2000)
    sink = Sink()

    def interrupt(*arguments):
        if arguments[-1] > (0.25 if interrupted_in == "progress" else 500) and not done:
            done.append(True)
            raise KeyboardInterrupt

    def on_spikes(*arguments):
        if interrupted_in == "sink before":
            interrupt(*arguments)
        if arguments[-1] not in sink.done:
            sink(*arguments)
        if interrupted_in == "sink after":
            interrupt(*arguments)

    done = []
    with pytest.raises(Interrupted) as interruption:
        simulate(
            replace(trial, recording=Recording(bin_steps=10, on_spikes=on_spikes)),
            interrupt if interrupted_in == "progress" else None,
        )
    finished = interruption.value.finished
    assert 500 < finished.n_steps == sink.done[-1] < 1003
    assert np.array_equal(np.concatenate(sink.steps), finished.spikes.steps)
    assert finished.binned_counts.sum() == len(finished.spikes) == finished.spike_counts.sum()


@pytest.mark.parametrize("first_part", [1, 7, 500])
def test_a_state_holds_all_random_numbers_to_come(trial, first_part):
    whole = simulate(trial)
    first = simulate(replace(trial, n_steps=first_part))
    second = simulate(Trial(network=trial.network, state=first.state, n_steps=1003 - first_part, delta_t=0.5e-3))
    assert second.state.step == 1003 and second.state.seed == whole.state.seed == 1
    for name in ("voltage", "current", "refractory"):
        assert getattr(whole.state, name).tobytes() == getattr(second.state, name).tobytes()


def test_without_any_seed_there_is_no_noise(trial):
    with pytest.raises(ValueError, match="seed"):
        replace(trial, state=replace(trial.state, seed=None))


def test_an_hour_keeps_no_spikes_in_memory(trial, monkeypatch):
    """Python memory does not grow with the number of steps, but for the bins."""
    import tracemalloc

    peaks = []
    for n_steps in (4000, 20_000):
        tracemalloc.start()
        simulate(replace(trial, n_steps=n_steps, recording=Recording(spikes=False, on_spikes=lambda *_: None)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000
