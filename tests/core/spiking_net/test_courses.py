"""Parameters in time, injected spikes: the engine against the slow simulator, and laws of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.core.clustering.adjacency import AdjacencyLists
from neuro_mod.core.course import Course
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.spiking_net.engine import kernel, wiring
from neuro_mod.core.spiking_net.engine.courses import VARIABLE, parameters_in_time
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.external.injected import InjectedSpikes
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import ExternalInput, SpikingNetwork, Synapses
from tests.helpers.simulators import network, start
from tests.helpers.slow_simulator import run_slowly

H = 0.5e-3
SIZES = np.array([30, 30, 30, 0, 20, 10])
P = len(SIZES)


def clustered_network(seed=0, z=True):
    """Six populations, one of them empty, in the manner of E clusters, an E background and two kinds of I."""
    rng = np.random.default_rng(seed)
    n = SIZES.sum()
    connected = (rng.random((n, n)) < 0.3) & ~np.eye(n, dtype=bool)
    targets = np.nonzero(connected)[1]
    offsets = np.concatenate([[0], np.cumsum(connected.sum(axis=1))]).astype(np.uint64)
    weights = np.where(np.arange(P) < 4, 0.05, -0.12) * np.ones((P, 1))
    weights[range(3), range(3)] = 0.4
    weights[5, 5] = -0.3
    each = np.ones(P)
    return SpikingNetwork(
        SIZES,
        Synapses(AdjacencyLists(offsets, targets.astype(np.uint16)), weights),
        ExternalInput(
            np.array([0.05 * each, 0.02 * each]),
            np.array([320 * each, 0 * each]),
            np.array([7 * each, 3 * each]),
            2 * each,
            rng.uniform(size=n) if z else None,
        ),
        NeuronParameters(
            20e-3 * each,
            5e-3 * each,
            np.array([5e-3] * 4 + [2e-3] * 2),
            np.array([1.0] * 4 + [0.8] * 2),
            0.1 * each,
        ),
    )


def trial(net=None, n_steps=200, **others):
    net = net or clustered_network()
    everyone = np.arange(net.n_neurons)
    recording = Recording(voltage=everyone, current=everyone, bin_steps=7)
    others = {"dtype": "float64", "state": initial_state(net, 4, "uniform"), "recording": recording} | others
    return Trial(network=net, n_steps=n_steps, delta_t=H, **others)


def baseline(net, name):
    external = {"external_weight": "weight", "external_rate": "rate", "arousal_rate": "arousal_rate"}
    if name in external:
        return getattr(net.external, external[name])
    return net.synapses.block_weights if name == "block_weights" else getattr(net.neurons, name)


def same_bytes(one, other):
    pairs = [(one.spikes.steps, other.spikes.steps), (one.spikes.neurons, other.spikes.neurons)]
    pairs += [(one.voltage, other.voltage), (one.state.current, other.state.current)]
    return all(mine.tobytes() == theirs.tobytes() for mine, theirs in pairs)


def assert_equal_to_slow(some_trial):
    result, slow = simulate(some_trial), run_slowly(some_trial)
    assert 0.3 * some_trial.n_steps < slow.spikes.sum() < 30 * some_trial.n_steps
    assert np.array_equal(np.asarray(result.spikes), slow.spikes)
    np.testing.assert_allclose(result.voltage, slow.voltage, atol=1e-11)
    np.testing.assert_allclose(result.current, slow.current, atol=1e-9)
    return result


@pytest.mark.parametrize("dense_from", [0.0, 2.0])
@pytest.mark.parametrize("mechanism", ["analytic", "euler"])
@pytest.mark.parametrize("z", [True, False])
def test_without_courses(monkeypatch, dense_from, mechanism, z):
    monkeypatch.setattr(wiring, "DENSE", dense_from)
    assert_equal_to_slow(trial(clustered_network(z=z), mechanism=mechanism))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dense_from", [0.0, 2.0])
def test_block_weights_of_any_pattern(monkeypatch, dense_from, seed):
    monkeypatch.setattr(wiring, "DENSE", dense_from)
    net = clustered_network(seed)
    weights = np.random.default_rng(seed).choice([0.0, 0.02, 0.1], (P, P)) * np.where(np.arange(P) < 4, 1, -1)
    assert_equal_to_slow(trial(replace(net, synapses=replace(net.synapses, block_weights=weights))))


@pytest.mark.parametrize("every", [1, 13])
@pytest.mark.parametrize("name", VARIABLE)
def test_a_sampled_course(name, every):
    net = clustered_network()
    rng = np.random.default_rng(1)
    usual = baseline(net, name)
    course = Course.sampled(usual * rng.uniform(0.8, 1.2, (60 // every, *usual.shape)), every)
    changed = assert_equal_to_slow(trial(net, n_steps=80, courses={name: course}))
    assert not same_bytes(changed, simulate(trial(net, n_steps=80)))


@pytest.mark.parametrize("dense_from", [0.0, 2.0])
def test_all_courses_at_once(monkeypatch, dense_from):
    monkeypatch.setattr(wiring, "DENSE", dense_from)
    net, rng = clustered_network(), np.random.default_rng(2)
    courses = {}
    for name in VARIABLE:
        steps = np.concatenate([[0], np.sort(rng.choice(np.arange(1, 150), 5, replace=False))])
        usual = baseline(net, name)
        courses[name] = Course(steps, usual * rng.uniform(0.8, 1.2, (6, *usual.shape)))
    gain = rng.uniform(-20, 20, net.n_neurons)
    assert_equal_to_slow(trial(net, courses=courses, stimulus=Stimulus(gain, np.sin(np.arange(200) / 20))))


def test_one_compilation_serves_all_trials_of_a_precision(monkeypatch):
    net = clustered_network()
    for name in VARIABLE:
        usual = baseline(net, name)
        simulate(trial(net, n_steps=9, courses={name: Course(np.array([0, 5]), np.array([usual, 1.1 * usual]))}))
    monkeypatch.setattr(wiring, "DENSE", 2.0)
    simulate(trial(clustered_network(z=False), stimulus=Stimulus(np.ones(120), np.broadcast_to(1.0, 200))))
    simulate(trial(network(np.eye(3)), n_steps=9))
    layouts = [signature for signature in kernel.advance.signatures if "float64" in str(signature[4])]
    assert len(layouts) == 1


@pytest.mark.parametrize("name", VARIABLE)
def test_a_constant_course_is_none(name):
    net = clustered_network()
    usual = baseline(net, name)
    for course in (Course(np.array([0]), usual[None]), Course.sampled(np.repeat(usual[None], 40, axis=0))):
        assert same_bytes(simulate(trial(net, courses={name: course})), simulate(trial(net)))


@pytest.mark.parametrize("name", VARIABLE)
def test_before_it_changes_and_in_pieces_it_is_none(monkeypatch, name):
    net = clustered_network()
    usual = baseline(net, name)
    hat = Course(np.array([0, 100, 150]), np.array([usual, 1.3 * usual, usual]))
    sampled = Course.sampled(hat.at(np.arange(200)))
    with_hat, without = simulate(trial(net, courses={name: hat})), simulate(trial(net))
    assert same_bytes(with_hat, simulate(trial(net, courses={name: sampled})))
    assert with_hat.voltage[:100].tobytes() == without.voltage[:100].tobytes()
    assert with_hat.voltage[101:].tobytes() != without.voltage[101:].tobytes()
    monkeypatch.setattr("neuro_mod.core.spiking_net.engine.simulate._UPDATES_PER_CALL", 7 * net.n_neurons)
    assert same_bytes(simulate(trial(net, courses={name: hat})), with_hat)


def test_injected_spikes():
    rng = np.random.default_rng(3)
    injected = InjectedSpikes(
        rng.integers(0, 200, 3000), rng.integers(0, SIZES.sum(), 3000), rng.normal(0.1, 0.1, 3000)
    )
    course = Course(np.array([0, 90]), np.array([np.full(P, 5e-3), np.linspace(3e-3, 9e-3, P)]))
    result = assert_equal_to_slow(trial(injected=injected, courses={"tau_synaptic": course}))
    assert not same_bytes(result, simulate(trial(courses={"tau_synaptic": course})))


@pytest.mark.parametrize("cut", [1, 7, 120])
def test_what_is_left_of_a_trial_continues_it(cut):
    net, rng = clustered_network(), np.random.default_rng(5)
    courses = {}
    for name in VARIABLE:
        usual = baseline(net, name)
        steps = np.concatenate([[0], np.sort(rng.choice(np.arange(1, 200), 9, replace=False))])
        courses[name] = Course(steps, usual * rng.uniform(0.8, 1.2, (10, *usual.shape)))
    injected = InjectedSpikes(rng.integers(0, 200, 500), rng.integers(0, 120, 500), rng.normal(0.1, 0.1, 500))
    stimulus = Stimulus(rng.uniform(-20, 20, net.n_neurons), np.sin(np.arange(200) / 20))
    whole = trial(net, courses=courses, injected=injected, stimulus=stimulus)
    first = simulate(whole.until(cut))
    second, both = simulate(whole.after(first)), simulate(whole)
    assert np.vstack([first.voltage, second.voltage]).tobytes() == both.voltage.tobytes()
    assert second.state.current.tobytes() == both.state.current.tobytes()


def test_courses_of_general_weights():
    net = network(np.zeros((3, 3)))
    threshold = Course(np.array([0, 10]), np.array([[1.0, 1.0, 1.0], [1.0, 0.5, 1.0]]))
    current = Stimulus(np.full(3, 40.0), np.ones(400))  # V tends to 0.8
    result = simulate(
        Trial(
            network=net,
            state=start(net),
            n_steps=400,
            delta_t=H,
            seed=1,
            stimulus=current,
            courses={"threshold": threshold},
        )
    )
    assert result.spike_counts[0] == result.spike_counts[2] == 0 < result.spike_counts[1]
    for name in ("block_weights", "tau_synaptic"):
        with pytest.raises(ValueError, match=f"courses: {name} found; it can only vary .* block-constant"):
            simulate(trial(net, state=start(net), seed=1, courses={name: Course.sampled(np.ones((1, 3)))}))


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "tau_membrane",
            [20e-3, 0.0],
            "tau_membrane of B from 0.025 s .step 50. on: 0.0 found; expected above 0",
        ),
        ("threshold", [1.0, 0.1], "threshold of B from 0.025 s .step 50. on: 0.1 found; expected above the reset"),
        (
            "reset_voltage",
            [0.1, 1.0],
            "threshold of B from 0.025 s .step 50. on: 1.0 found; .* above the reset",
        ),
        ("tau_refractory", [0.0, -1e-3], "tau_refractory of B from .*: -0.001 found; expected at least 0"),
        ("external_rate", [7.0, -1.0], "external_rate of B from .*: -1.0 found; expected at least 0"),
        ("arousal_rate", [7.0, -1.0], "arousal_rate of B from .*: -1.0 found; expected at least 0"),
    ],
)
def test_a_parameter_that_becomes_impossible(name, values, message):
    net = replace(clustered_network(), names=tuple("ABCDEF"))
    usual = baseline(net, name)
    series = np.repeat(usual[None], 2, axis=0)
    series[:, ..., 1] = np.reshape(values, (2, *(1,) * (usual.ndim - 1)))
    with pytest.raises(ValueError, match=message):
        simulate(trial(net, courses={name: Course(np.array([0, 50]), series)}))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Course(np.array([1]), np.ones((1, P))), "ascend from 0"),
        (lambda: Course(np.array([0, 0]), np.ones((2, P))), "ascend from 0"),
        (lambda: Course(np.array([0.0]), np.ones((1, P))), "whole numbers"),
        (lambda: Course(np.array([0, 5]), np.ones((1, P))), "expected 2 finite values"),
        (lambda: Course.sampled([np.full(P, np.nan)]), "finite"),
        (lambda: Course.sampled(np.ones((3, P)), every=0), "every: 0 found"),
        (lambda: Course(np.array([0, 4, 2], np.uint32), np.ones((3, P))), "ascend"),
        (
            lambda: trial(state=replace(initial_state(clustered_network(), 1), voltage=np.full(120, np.nan))),
            "state: NaN or infinity",
        ),
        (
            lambda: simulate(trial(courses={"mood": Course.sampled(np.ones((1, P)))})),
            'courses: "mood" found; expected names among tau_mem',
        ),
        (
            lambda: simulate(trial(courses={"threshold": Course.sampled(np.ones((1, 3)))})),
            r"\(3,\) found; expected \(6,\)",
        ),
        (
            lambda: replace(clustered_network().neurons, tau_membrane=np.full(P, np.nan)),
            "tau_membrane: nan found; expected above 0",
        ),
        (lambda: trial(injected=InjectedSpikes(np.array([3]), np.array([1]), np.array([np.nan]))), "NaN or infinity"),
        (
            lambda: trial(injected=InjectedSpikes(np.array([200]), np.array([0]), np.ones(1))),
            "200 found; .* from 0 to 199",
        ),
        (
            lambda: trial(injected=InjectedSpikes(np.array([3]), np.array([-1]), np.ones(1))),
            "-1 found; .* from 0 to 119",
        ),
        (
            lambda: trial(injected=InjectedSpikes(np.array([3]), np.array([1, 2]), np.ones(1))),
            "one step, neuron and weight",
        ),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_networks_that_differ_in_their_synapses_alone_share_their_parameters(reference_network):
    network, other = (replace(reference_network, sizes=reference_network.sizes.copy()) for _ in range(2))
    shared = parameters_in_time(network, {}, H)
    assert parameters_in_time(other, {}, H) is shared
    assert parameters_in_time(other, {}, 2 * H) is not shared
    assert parameters_in_time(replace(other, names=("a",) * other.n_populations), {}, H) is not shared
    assert parameters_in_time(other, {"threshold": Course([0], [other.threshold])}, H) is not shared


def test_shared_parameters_notice_what_changes_in_place(reference_network):
    neurons = replace(reference_network.neurons, threshold=reference_network.threshold.copy())
    network = replace(reference_network, neurons=neurons)
    before = parameters_in_time(network, {}, H)["threshold"].values[0].copy()
    neurons.threshold[0] += 0.25
    assert np.array_equal(parameters_in_time(network, {}, H)["threshold"].values[0] - before, [0.25, *[0] * 37])
