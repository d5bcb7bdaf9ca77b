"""The engine against its readable reference, against itself, and against the numbers of the published network."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.analysis.rates.rates import mean_rates, smoothed_rates
from neuro_mod.core.spiking_net.engine import loop, wiring
from neuro_mod.core.spiking_net.engine import simulate as engine
from neuro_mod.core.spiking_net.engine.courses import ParametersInTime
from neuro_mod.core.spiking_net.engine.state import State, initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import GeneralSynapses, draw_network
from neuro_mod.errors import InputError, Interrupted
from tests.helpers.processes import run_python
from tests.helpers.simulators import network, run_engine, run_lif_net, start

H = 0.5e-3


def simulate(network, state, n_steps, *, delta_t=H, seed=1, progress=None, **others):
    trial = Trial(network=network, state=state, n_steps=n_steps, delta_t=delta_t, seed=seed, **others)
    return engine.simulate(trial, progress)


def events(simulation):
    return simulation.spikes.steps.tobytes(), simulation.spikes.neurons.tobytes()


@pytest.mark.parametrize("mechanism", ["analytic", "euler"])
def test_engine_and_lif_net_give_identical_spikes(reference_network, mechanism):
    state = initial_state(reference_network, 1)
    mine, reference = (run(reference_network, state, 240, H, mechanism=mechanism) for run in (run_engine, run_lif_net))
    assert mine.spikes.sum() > 1000
    assert np.array_equal(mine.spikes, reference.spikes)
    np.testing.assert_allclose(mine.voltage, reference.voltage, atol=1e-12)


def test_neurons_may_all_differ():
    rng = np.random.default_rng(0)
    n = 50
    net = network(
        rng.normal(0, 0.3, (n, n)) * (rng.random((n, n)) < 0.3),
        tau_membrane=rng.uniform(5e-3, 30e-3, n),
        tau_synaptic=rng.uniform(1e-3, 30e-3, n),
        tau_refractory=rng.uniform(H, 8e-3, n),
        threshold=rng.uniform(0.5, 2, n),
        reset=rng.uniform(-1, 0.2, n),
    )
    current = rng.uniform(0, 200, n)
    state = initial_state(net, 3, "uniform")
    mine, reference = (run(net, state, 400, H, stimulus=current) for run in (run_engine, run_lif_net))
    assert mine.spikes.sum() > 300
    assert np.array_equal(mine.spikes, reference.spikes)
    np.testing.assert_allclose(mine.voltage, reference.voltage, atol=1e-10)


@pytest.mark.parametrize("dense_from", [0.0, 2.0])
def test_all_ways_to_hold_weights_agree(reference_network, monkeypatch, dense_from):
    monkeypatch.setattr(wiring, "DENSE", dense_from)
    state = initial_state(reference_network, 1)
    blocks = simulate(reference_network, state, 200, delta_t=H, seed=1, dtype="float64")
    dense = reference_network.dense_weights()
    for weights in (dense, sparse.coo_array(dense)):
        general = replace(reference_network, synapses=GeneralSynapses.from_matrix(weights))
        assert events(simulate(general, state, 200, delta_t=H, seed=1, dtype="float64")) == events(blocks)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_seed_same_bytes_other_seed_other_bytes(reference_network, dtype):
    state = initial_state(reference_network, 1)
    first, again, other = (
        simulate(reference_network, state, 400, delta_t=H, seed=seed, dtype=dtype) for seed in (1, 1, 2)
    )
    assert events(first) == events(again) != events(other)
    assert first.state.voltage.tobytes() == again.state.voltage.tobytes()


@pytest.mark.parametrize("first_part", [1000, 1001, 1003])
def test_two_parts_are_one_run(reference_network, first_part):
    state = initial_state(reference_network, 1, "uniform")
    whole = simulate(reference_network, state, 2000, delta_t=H, seed=5)
    first = simulate(reference_network, state, first_part, delta_t=H, seed=5)
    second = simulate(reference_network, first.state, 2000 - first_part, delta_t=H, seed=5)
    assert whole.state.step == second.state.step == 2000
    for name in ("voltage", "current", "refractory"):
        assert getattr(whole.state, name).tobytes() == getattr(second.state, name).tobytes()
    joined = np.concatenate([first.spikes.steps, second.spikes.steps + first_part])
    assert np.array_equal(joined, whole.spikes.steps)


def test_how_the_loop_is_cut_up_does_not_matter(reference_network, monkeypatch):
    state = initial_state(reference_network, 1)
    whole = simulate(reference_network, state, 300, delta_t=H, seed=1)
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", 7 * 2000)
    monkeypatch.setattr(loop, "_MIN_SPIKE_CAPACITY", 1)
    assert events(simulate(reference_network, state, 300, delta_t=H, seed=1)) == events(whole)


def test_a_spike_buffer_that_fills_up_loses_nothing():
    net = network(np.zeros((100, 100)), tau_refractory=0.0)
    result = run_engine(net, start(net), 3000, H, stimulus=np.full(100, 1e6))  # 300,000 spikes, all neurons always
    assert result.spikes.all()


def test_traces_are_what_was_asked_for(reference_network):
    state = initial_state(reference_network, 1)
    everyone = np.arange(2000)
    full = simulate(
        reference_network, state, 100, delta_t=H, seed=1, recording=Recording(voltage=everyone, current=everyone)
    )
    part = simulate(
        reference_network, state, 100, delta_t=H, seed=1, recording=Recording(voltage=[7, 1999], current=[3], every=8)
    )
    assert np.array_equal(part.voltage, full.voltage[::8][:, [7, 1999]])
    assert np.array_equal(part.current, full.current[::8][:, [3]])
    assert events(part) == events(full)


def test_stimulus_acts_in_its_steps_alone():
    net = network(np.zeros((3, 3)), threshold=1e9)
    course = np.zeros(40)
    course[10:20] = 2.0
    everyone = np.arange(3)
    result = simulate(
        net,
        start(net),
        40,
        delta_t=H,
        seed=1,
        stimulus=Stimulus(np.array([0.0, 1.0, 5.0]), course),
        dtype="float64",
        recording=Recording(voltage=everyone),
    )
    a, c = np.exp(-H / 20e-3), 20e-3 * (1 - np.exp(-H / 20e-3))
    voltage = np.zeros(3)
    for step in range(40):
        voltage = a * voltage + c * course[step] * np.array([0.0, 1.0, 5.0])
        np.testing.assert_allclose(result.voltage[step], voltage, rtol=1e-12)


def test_interruption_keeps_the_finished_part(reference_network, monkeypatch):
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", 400 * 2000)
    state = initial_state(reference_network, 1)
    whole = simulate(reference_network, state, 3000, delta_t=H, seed=1)

    def interrupt(seconds):
        if seconds > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as interruption:
        simulate(
            reference_network,
            state,
            3000,
            delta_t=H,
            seed=1,
            progress=interrupt,
            recording=Recording(voltage=[0], every=10),
        )
    finished = interruption.value.finished
    done = finished.spikes.n_steps
    assert 1000 < done < 3000 and len(finished.voltage) == -(-done // 10)
    assert np.array_equal(finished.spikes.steps, whole.spikes.steps[whole.spikes.steps < done])


CTRL_C = """
import os, signal, threading, numpy as np
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.errors import InputError, Interrupted
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.engine.courses import ParametersInTime
from neuro_mod.core.spiking_net.engine.state import State, initial_state
from neuro_mod.core.spiking_net.network import draw_network
from neuro_mod.execution.stagers.assembly import build_circuit
from neuro_mod.config import load_experiment

network = draw_network(build_circuit(load_experiment({"init_params": {}})), 1)
def run(n_steps):
    return simulate(Trial(network=network, state=initial_state(network, 1), n_steps=n_steps, delta_t=0.5e-3))
run(1)
for attempt in range(5):
    threading.Timer(0.05 + 0.013 * attempt, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        run(10**8)
        raise AssertionError("it was not interrupted")
    except Interrupted as interruption:
        finished = interruption.finished
    whole = run(finished.spikes.n_steps)
    assert finished.state.step == whole.state.step > 0
    assert finished.spikes.neurons.tobytes() == whole.spikes.neurons.tobytes()
    assert finished.state.voltage.tobytes() == whole.state.voltage.tobytes()
    assert finished.state.refractory.tobytes() == whole.state.refractory.tobytes()
print("sound")
"""


def test_state_and_spikes_belong_together_wherever_ctrl_c_strikes():
    done = run_python("-c", CTRL_C)
    assert done.stdout.strip() == "sound", done.stderr


def test_an_interruption_survives_pickling():
    interruption = Interrupted("interrupted", "finished")
    assert pickle.loads(pickle.dumps(interruption)).finished == "finished"


def test_a_state_that_explodes_is_reported_where_and_when():
    weights = np.zeros((3, 3))
    weights[1, 1] = 7.5e305  # a spike adds 1.5e308 to the current of neuron 1, and two are beyond 1.8e308
    net = replace(network(weights, tau_refractory=0.0), names=("calm", "wild", "mild"))
    state = start(net, current=np.array([0.0, 400.0, 1e-200]))
    finite = np.isfinite(run_lif_net(net, state, 20, 1e-3).current).all(axis=1)
    step = int(finite.argmin())
    assert step > 0
    message = rf"neuron 1 \(wild\) is no longer finite at 0\.00{step} s \(step {step}\)"
    with pytest.raises(FloatingPointError, match=message):
        run_engine(net, state, 20_000, 1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": "float16"}, "float32, float64"),
        ({"n_steps": -1}, "n_steps"),
        ({"delta_t": 0.0}, "delta_t"),
        ({"recording": Recording(voltage=[2000])}, "from 0 to 1999"),
        ({"recording": Recording(every=0)}, "every"),
        ({"state": State(np.zeros(2000), np.zeros(2000), np.zeros(3, np.int32))}, "refractory of the state: shape"),
        ({"state": State(np.zeros(2000), np.zeros(2000), np.zeros(2000, np.int32), 5, 1e-3)}, "expected steps of"),
        ({"stimulus": Stimulus(np.zeros(3), np.zeros(10))}, "stimulus"),
        ({"stimulus": Stimulus(np.full(2000, np.nan), np.zeros(10))}, "stimulus: NaN or infinity"),
        ({"stimulus": Stimulus(np.zeros(2000), np.full(10, np.inf))}, "stimulus: NaN or infinity"),
    ],
)
def test_arguments_out_of_bounds(reference_network, change, message):
    state = initial_state(reference_network, 1)
    arguments = {"state": state, "n_steps": 10, "delta_t": H, "seed": 1} | change
    with pytest.raises(ValueError, match=message):
        simulate(reference_network, **arguments)


def test_arrays_of_a_network_fit_together():
    net = network(np.zeros((5, 5)))
    with pytest.raises(ValueError, match=r"5 neurons .*synapses"):
        replace(net, synapses=GeneralSynapses.from_matrix(np.zeros((3, 3))))
    with pytest.raises(ValueError, match=r"tau_synaptic of shape \(2,\)"):
        replace(net, neurons=replace(net.neurons, tau_synaptic=np.ones(2)))


def test_rates_and_metastability_of_the_published_network(reference_circuit):
    """Rates within 3 %, as the model description asks; clusters within what networks differ by (0.2 of one cluster).

    The description gives 1.71 Hz for the E background, which is what NEST does: its shortest delay is one step, so a
    spike acts one step later than in our order of events. Brian2 2.9 in our order, with the weight matrices of seeds
    0-3 and 15 s each, has E 8.98, I 11.53, E background 1.804 Hz (+-0.02). See docs/background/accuracy.md.
    """
    measured = []
    for seed in range(6):
        drawn = draw_network(reference_circuit, seed)
        warm = simulate(drawn, initial_state(drawn, seed), 1000, delta_t=H, seed=seed)
        spikes = simulate(drawn, warm.state, 9000, delta_t=H, seed=seed).spikes
        labels = reference_circuit.populations.of_neuron
        rates = mean_rates(spikes.sum(axis=0), labels, 38, spikes.duration)
        clusters = smoothed_rates(spikes, labels, 38, sampling=1e-3)[1][:, :18]
        excitatory = np.average(rates[:19], weights=[80] * 18 + [160])
        inhibitory = np.average(rates[19:], weights=[20] * 18 + [40])
        active = clusters > 20
        measured.append(
            (
                excitatory,
                inhibitory,
                rates[18],
                active.sum(1).mean(),
                (clusters < 5).sum(1).mean(),
                clusters[active].mean(),
            )
        )
    excitatory, inhibitory, background, active, inactive, active_rate = np.mean(measured, axis=0)
    assert excitatory == pytest.approx(9.00, rel=0.03)
    assert inhibitory == pytest.approx(11.59, rel=0.03)
    assert background == pytest.approx(1.804, rel=0.03)
    assert active == pytest.approx(3.2, abs=0.3)
    assert inactive == pytest.approx(14.0, abs=0.4)
    assert active_rate == pytest.approx(48, rel=0.05)


@pytest.mark.parametrize("run", [run_engine, run_lif_net])
@pytest.mark.parametrize("name", ["tau_membrane", "tau_synaptic"])
def test_euler_steps_of_twice_a_time_constant_are_refused(run, name):
    """The factor of a step is 1 - h / tau: below -1 from there on."""
    net = network([[0]], **{"tau_membrane": 1.0, "tau_synaptic": 1.0, "tau_refractory": 1.0, name: 0.05})
    message = rf"delta_t: 0\.1 found; expected less than twice the shortest {name}, 0\.05 s"
    with pytest.raises(InputError, match=message):
        run(net, start(net), 3, 0.1, stimulus=[1.0], mechanism="euler")
    run(net, start(net), 3, 0.099, stimulus=[1.0], mechanism="euler")
    run(net, start(net), 3, 0.1, stimulus=[1.0])


def test_a_threshold_that_rounds_to_the_reset_is_refused_in_single_precision(reference_network):
    neurons = replace(reference_network.neurons, threshold=np.ones(38), reset_voltage=np.full(38, 0.99999999))
    close = replace(reference_network, neurons=neurons)
    with pytest.raises(InputError, match=r"threshold of E0 .* 1\.0 found; expected above the reset voltage in float32"):
        simulate(close, initial_state(close, 1), 10, delta_t=H, seed=1)
    simulate(close, initial_state(close, 1), 10, delta_t=H, seed=1, dtype="float64")


@pytest.mark.parametrize("name", ["threshold", "external_weight", "block_weights"])
def test_courses_that_overflow_single_precision_are_refused_by_name(reference_network, name):
    values = ParametersInTime(reference_network, {}, H)[name].values[0]
    huge = Course([0, 5], [values, np.full_like(values, 1e39)])
    with pytest.raises(InputError, match=rf"{name} of \w+ from 0\.0025 s \(step 5\) on: 1e\+39 found; expected below"):
        simulate(reference_network, initial_state(reference_network, 1), 10, delta_t=H, seed=1, courses={name: huge})


@pytest.mark.parametrize("delta_t", [5e-324, float("nan"), float("inf")])
def test_time_steps_that_overflow_are_refused(reference_network, delta_t):
    with pytest.raises(InputError, match=r"delta_t: .* found; expected seconds above 0, at least 1e-12"):
        simulate(reference_network, initial_state(reference_network, 1), 10, delta_t=delta_t)
