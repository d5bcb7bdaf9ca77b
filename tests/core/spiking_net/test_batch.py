"""A batch is its trials, one by one."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.engine.batch import simulate_batch, simulate_pair
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import draw_network
from neuro_mod.errors import Interrupted

H = 0.5e-3


def plain(network, seed=1, n_steps=300, **others):
    return Trial(network=network, state=initial_state(network, seed), n_steps=n_steps, delta_t=H, **others)


def summary(simulation):
    spikes, state = simulation.spikes, simulation.state
    arrays = (spikes.steps, spikes.neurons, state.voltage, state.current, state.refractory, simulation.voltage)
    return [array.tobytes() for array in arrays]


@pytest.fixture(scope="module")
def trials(reference_network, reference_circuit):
    """Trials that differ in everything there is."""
    base = plain(reference_network)
    other_network = draw_network(reference_circuit, seed=2)
    weights = reference_network.synapses.block_weights
    reweighted = replace(reference_network, synapses=replace(reference_network.synapses, block_weights=weights * 0.9))
    aroused = replace(reference_network, external=replace(reference_network.external, arousal_rate=np.full(38, 2.0)))
    threshold = Course(np.array([0, 100]), np.array([[1.0], [1.05]]) * reference_network.threshold)
    return [
        base,
        replace(base, seed=2),
        replace(base, state=initial_state(reference_network, 1, "uniform")),
        plain(other_network, seed=2, n_steps=200),
        plain(reweighted),
        plain(aroused, dtype="float64"),
        replace(base, courses={"threshold": threshold}),
        replace(base, stimulus=Stimulus(np.full(2000, 10.0), np.linspace(0, 1, 300))),
        replace(base, mechanism="euler", recording=Recording(voltage=[3, 1700], every=4)),
        replace(base, n_steps=0),
    ]


@pytest.fixture(scope="module")
def alone(trials):
    return [summary(simulate(trial)) for trial in trials]


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize("order", ["forwards", "backwards", "some"])
def test_each_trial_gives_the_bytes_it_gives_alone(trials, alone, n_threads, order):
    chosen = {"forwards": range(10), "backwards": range(9, -1, -1), "some": [4, 7, 2]}[order]
    results = simulate_batch([trials[k] for k in chosen], n_threads=n_threads)
    assert [summary(result) for result in results] == [alone[k] for k in chosen]
    assert len({tuple(one) for one in alone}) == len(trials)  # they do differ


def test_results_can_be_streamed_from_trials_made_on_demand(trials):
    made, received, most_ahead = itertools.count(), [], 0

    def make():
        for k in range(30):
            next(made)
            yield replace(trials[0], n_steps=20, seed=k)

    def take(index, result):
        nonlocal most_ahead
        received.append((index, len(result.spikes)))
        most_ahead = max(most_ahead, int(repr(made)[6:-1]) - len(received))

    assert simulate_batch(make(), n_threads=2, on_result=take) == []
    assert [index for index, _ in received] == list(range(30))
    assert most_ahead <= 4


def test_progress_counts_simulated_seconds(trials):
    seen = []
    simulate_batch([replace(trials[0], n_steps=4000)] * 3, n_threads=2, progress=seen.append)
    assert (np.diff(seen) > -1e-9).all() and seen[-1] == pytest.approx(6.0) and len(seen) >= 3


def test_a_trial_that_fails_is_named_and_stops_the_rest(trials):
    network = trials[0].network
    # each external spike adds 3e38 to the current
    external = replace(network.external, weight=np.full_like(network.external.weight, 1.5e36))
    broken = replace(trials[0], network=replace(network, external=external), n_steps=1000)
    received = []
    batch = [trials[0], broken, *[replace(trials[0], n_steps=10**7)] * 3]
    with pytest.raises(FloatingPointError, match="no longer finite") as caught:
        simulate_batch(batch, n_threads=2, on_result=lambda index, _: received.append(index))
    assert caught.value.__notes__ == ["in trial 1 of the batch"] and received == [0]


def test_threads_are_counted_from_one(trials):
    with pytest.raises(ValueError, match="n_threads"):
        simulate_batch(trials, n_threads=0)
    assert simulate_batch([]) == []


def test_ctrl_c_stops_the_batch_and_keeps_what_is_finished(trials, alone):
    long = replace(trials[0], n_steps=10**7)
    threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(Interrupted) as interruption:
        simulate_batch([replace(trials[0], n_steps=10), long, replace(trials[0], n_steps=20), long], n_threads=3)
    assert {index: result.n_steps for index, result in interruption.value.finished.items()} == {0: 10, 2: 20}
    assert no_thread_is_left()


def test_a_pair_parts_where_the_change_begins(trials):
    warm = simulate(trials[0]).state
    base = plain(trials[0].network, n_steps=400)
    usual = base.network.external.rate
    hat = Course(np.array([0, 200, 300]), np.array([usual, usual + 2, usual]))
    pair = simulate_pair(replace(base, state=warm), courses={"external_rate": hat})
    assert summary(pair.baseline) == summary(simulate(replace(base, state=warm)))
    assert pair.baseline.state.step == pair.changed.state.step == 700
    both = [np.asarray(run.spikes) for run in pair]
    assert np.array_equal(both[0][:201], both[1][:201]) and not np.array_equal(both[0][201:], both[1][201:])
    assert both[1][200:300].sum() > 1.1 * both[0][200:300].sum()


def no_thread_is_left():
    return not [thread for thread in threading.enumerate() if thread.name.startswith("trial")]


@pytest.mark.parametrize("raised", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("where", ["trials", "on_result", "progress"])
def test_whoever_raises_stops_the_batch(trials, alone, where, raised):
    received = []

    def act(name):
        if where == name and len(received) == 5:
            raise raised

    def make():
        for k in range(1000):
            act("trials")
            yield replace(trials[0], n_steps=20, seed=k)

    def take(index, result):
        act("on_result")
        received.append(index)

    expected = Interrupted if raised is KeyboardInterrupt else RuntimeError
    with pytest.raises(expected) as caught:
        simulate_batch(make(), n_threads=2, on_result=take, progress=lambda _: act("progress"))
    assert received == [0, 1, 2, 3, 4] and no_thread_is_left()
    if raised is KeyboardInterrupt and where == "on_result":
        assert caught.value.finished[5].n_steps == 20


def test_trials_of_a_batch_do_not_share_a_sink(trials):
    sharing = replace(trials[0], recording=Recording(on_spikes=lambda *_: None))
    with pytest.raises(ValueError, match="on_spikes of trial 1: used by another trial"):
        simulate_batch([sharing, sharing])


FRESH = """
import sys
from dataclasses import replace
from neuro_mod import simulate, simulate_batch
from neuro_mod.execution.stagers import StageSNNSimulation
trial = StageSNNSimulation({}).trial(duration_sec=0.05)
trials = [replace(trial, seed=k) for k in range(4)]
runs = [[hash(run.spikes.neurons.tobytes()) for run in runs]
        for runs in (simulate_batch(trials, n_threads=4), map(simulate, trials))]
assert runs[0] == runs[1] and len(set(runs[0])) == 4
"""


@pytest.mark.slow
def test_threads_may_be_the_first_to_need_the_kernel(tmp_path):
    subprocess.run(
        [sys.executable, "-c", FRESH],
        env=os.environ | {"NEURO_MOD_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
