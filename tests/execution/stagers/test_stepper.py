"""A network in pieces: what was set between them is a run under the corresponding configuration."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy

import numpy as np
import pytest

from neuro_mod import Course, StageSNNSimulation, Stepper, simulate
from neuro_mod.config import perturbation
from neuro_mod.core import modulation
from neuro_mod.core.perturbations import Hat, Sine, TimedPerturbation, VectorialPerturbation, targets
from neuro_mod.core.spiking_net.engine import kernel
from neuro_mod.errors import ConfigError, InputError
from neuro_mod.execution.stagers import stepper as steppers
from tests.helpers.shared import SMALL

PERTURBED = SMALL | {
    "perturbation": {
        "rate": {"vectors": [[1.0, 0.5, 0.2]], "involved_clusters": [0, 1, 2], "params": [3.0]}
        | {"time_dependence": {"shape": "sine", "onset_time": 0.01, "frequency": 20.0}}
    }
}
STIMULUS = [f"stimulus.{value}" for value in ("amplitude=8", "stimulated_clusters_prob=1", "onsets=[0.05, 0.25]")]


def spikes(piece):
    return piece.spikes.steps.tolist(), piece.spikes.neurons.tolist()


@pytest.mark.parametrize("config", [SMALL, PERTURBED], ids=["plain", "perturbed"])
@pytest.mark.parametrize("overrides", [[], STIMULUS], ids=["without", "stimulus"])
def test_pieces_give_the_bytes_of_a_run_and_go_on_after_it(config, overrides, monkeypatch):
    monkeypatch.setattr(steppers, "_PREPARED", 0.03)  # time courses are prepared many times
    stager = StageSNNSimulation(config, overrides=overrides)
    assert bool(overrides) == (not stager.experiment.stimulus.off)
    stepper = stager.stepper(record=["spikes", "voltage"], neurons=[0, 50], every=3)
    pieces = [stepper.advance(n) for n in (1, 66, 66, 400, 0, 267)]
    run = stager.run(0.4, record=["spikes", "voltage"], neurons=[0, 50], every=3)
    steps = np.concatenate([piece.spikes.steps + piece.begin for piece in pieces])
    assert len(steps) > 50 and np.array_equal(steps, run["spikes"].steps)
    assert np.concatenate([piece.voltage for piece in pieces]).tobytes() == run["voltage"].tobytes()
    continued = stager.stepper(initial_state=stager.run(0.1).state)
    assert len(continued.advance(600).spikes) == np.count_nonzero(steps >= 200)
    assert stepper.state.network == run.state.network and np.array_equal(stepper.state.current, run.state.current)


@pytest.mark.parametrize(
    ("change", "override"),
    [
        ({"rate": 12.0}, "external_currents.nu_ext_baseline=12"),
        ({"threshold": 1.2}, "init_params.threshold=1.2"),
        ({"tau_synaptic": 4e-3}, "init_params.tau_synaptic=4 ms"),
        ({"j_ext": 0.2}, "external_currents.j_ext=0.2"),
        *(({f"arousal_{name}": 0.4}, f"arousal.{name}=0.4") for name in ("level", "L", "x_0", "k", "M")),
        (None, "architecture.clusters.j_potentiated[0]=3"),
        (None, "init_params.reset_voltage=-0.5"),
    ],
)
def test_parameters_and_overrides_act_from_the_next_step_on(change, override):
    stager = StageSNNSimulation(SMALL, overrides=["arousal.level=0.2", "arousal.M=10"])
    stepper = stager.stepper()
    stepper.advance(100)
    state = stepper.state
    other = StageSNNSimulation(stager.experiment, overrides=[override])
    expected = other.run(0.15, record=["spikes"], initial_state=state, allow_other_network=True)["spikes"]
    for what in [change, {"overrides": [override]}] if change else [{"overrides": [override]}]:
        stepper.set(**what)
        piece = stepper.advance(300)
        assert (piece.spikes.steps.tolist(), piece.spikes.neurons.tolist()) == (
            expected.steps.tolist(),
            expected.neurons.tolist(),
        )
        stepper.reset()
        stepper.advance(100)
    assert stager.experiment == stepper.experiment


def test_a_time_course_may_come_late(monkeypatch):
    monkeypatch.setattr(steppers, "_PREPARED", 0.05)
    stager = StageSNNSimulation(SMALL)
    vector = np.linspace(1, 9, stager.circuit.populations.total)
    wave = TimedPerturbation(VectorialPerturbation(vector), (1.0,), Sine(onset_time=0.1, frequency=17.0))
    stepper = stager.stepper()
    pieces = [stepper.advance(200)]
    stepper.set(perturbations={"rate": wave})
    pieces += [stepper.advance(377), stepper.advance(23)]
    stepper.set(perturbations={"rate": None})
    pieces.append(stepper.advance(100))
    run = stager.run(0.3, record=["spikes"], rate_perturbation=wave)["spikes"]
    assert np.concatenate([p.spikes.steps + p.begin for p in pieces[:3]]).tolist() == run.steps.tolist()
    assert np.concatenate([p.spikes.neurons for p in pieces[:3]]).tolist() == run.neurons.tolist()
    assert stepper.advance(10**5).n_steps == 10**5  # nothing in time: not prepared piece by piece
    stepper.set(overrides=[*STIMULUS, "stimulus.onsets=[50.5]"])
    rates = [stepper.advance(seconds=0.1).rates.mean() for _ in range(4)]
    assert max(rates) > 1.3 * min(rates)


@pytest.mark.parametrize("cut", [393, 394, 396, 398])
def test_an_interruption_leaves_no_trace(cut, monkeypatch):
    monkeypatch.setattr(steppers, "_PREPARED", 0.2)
    stager = StageSNNSimulation(SMALL, overrides=STIMULUS)
    stepper, real, calls = stager.stepper(), kernel.advance, []
    pieces = [stepper.advance(cut)]

    def interrupted(*arguments):
        calls.append(real(*arguments))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return calls[-1]

    with monkeypatch.context() as patch:
        patch.setattr(kernel, "advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stepper.advance(1000)
    pieces += [stepper.advance(3), stepper.advance(200)]
    run = stager.run((cut + 203) * 5e-4, record=["spikes"])["spikes"]
    assert np.concatenate([p.spikes.steps + p.begin for p in pieces]).tolist() == run.steps.tolist()


@pytest.mark.parametrize("copied", [copy, deepcopy, lambda stepper: pickle.loads(pickle.dumps(stepper))])
def test_copies_go_on_alike(copied):
    stager = StageSNNSimulation(PERTURBED)
    stepper = stager.stepper()
    stepper.set(threshold=1.3)
    stepper.advance(37)
    other = copied(stepper)
    other.set(threshold=0.9)
    assert len(other.advance(100).spikes) > len(stepper.fork().advance(100).spikes)
    third = copied(stepper)
    assert spikes(third.advance(400)) == spikes(stepper.advance(400))


def test_resetting_means_the_beginning():
    stager = StageSNNSimulation(SMALL)
    stepper = stager.stepper(noise_seed=3)
    stepper.reset(seed=5)
    stepper.reset()
    assert stepper.seed == 3
    later = stager.stepper(initial_state=stager.run(0.1).state)
    with pytest.raises(InputError, match="the stepper began with a state"):
        later.reset(seed=4)
    later.advance(10)
    later.reset()
    assert later.time == pytest.approx(0.1)


def test_perturbations():
    stager = StageSNNSimulation(SMALL)
    vector = np.linspace(0, 8, stager.circuit.populations.total)
    stepper = stager.stepper()
    stepper.set(perturbations={"rate": vector, "threshold": -0.05})
    expected = stager.run(0.1, record=["spikes"], rate_perturbation=vector, threshold_perturbation=-0.05)["spikes"]
    assert spikes(stepper.advance(200)) == (expected.steps.tolist(), expected.neurons.tolist())
    stepper.set(perturbations={"rate": None, "threshold": None})
    plain = stager.run(0.1, record=["spikes"], initial_state=stepper.state)["spikes"]
    assert spikes(stepper.advance(200)) == (plain.steps.tolist(), plain.neurons.tolist())
    pulse = TimedPerturbation(VectorialPerturbation(vector), (1.0,), Hat(onset_time=0.25, offset_time=0.3))
    stepper.set(perturbations={"rate": pulse})
    whole = stager.run(0.4, record=["spikes"], rate_perturbation=pulse, initial_state=None)
    assert stepper.advance(100).rates.mean() < stepper.advance(100).rates.mean()
    assert whole["perturbations"]["rate"].steps.tolist() == [0, 500, 600]


def test_a_target_may_be_the_reset_voltage(monkeypatch):
    monkeypatch.setitem(targets.TARGETS, "reset_voltage", targets.Target("added to the reset voltage"))
    monkeypatch.setitem(perturbation._ACTED_ON, "reset_voltage", "init_params.reset_voltage")
    monkeypatch.setitem(modulation._QUANTITIES, "reset_voltage", (("reset_voltage",), modulation._unchanged))
    stager = StageSNNSimulation(SMALL)
    raised = np.linspace(0, 0.4, stager.circuit.populations.total)
    circuit = modulation.modulated_circuit(stager.baseline, {"reset_voltage": raised})
    assert circuit.neurons.reset_voltage.tolist() == (stager.circuit.neurons.reset_voltage + raised).tolist()
    stepper = stager.stepper()
    stepper.set(perturbations={"reset_voltage": raised})
    expected = stager.run(0.2, record=["spikes"], reset_voltage_perturbation=raised)["spikes"]
    assert spikes(stepper.advance(400)) == (expected.steps.tolist(), expected.neurons.tolist())
    assert len(expected) > 1.1 * len(stager.run(0.2, record=["spikes"])["spikes"])


def test_the_configuration_is_that_of_the_overrides():
    stepper = StageSNNSimulation(PERTURBED).stepper()
    stepper.set(overrides=["arousal.level=0.5", "perturbation.rate.params[0]=0"])
    assert stepper.experiment.arousal.level == 0.5
    assert not stepper.parameters.perturbations["rate"].vector.any()
    stepper.reset(seed=4)
    assert stepper.experiment.arousal.level == 0.3 and stepper.seed == 4
    drawn = StageSNNSimulation(SMALL, overrides=["init_params.initial_voltage=uniform"])
    stepper = drawn.stepper()
    stepper.reset(seed=4)
    expected = drawn.run(0.1, record=["spikes"], noise_seed=4)["spikes"]
    assert spikes(stepper.advance(200)) == (expected.steps.tolist(), expected.neurons.tolist())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"overrides": ["architecture.clusters.n_clusters=5"]}, InputError, "leave connections, seed and steps"),
        ({"overrides": ["settings.random_seed=4"]}, InputError, "a new stepper with these overrides has it"),
        ({"overrides": ["init_params.delta_t=0.1 ms"]}, InputError, "overrides"),
        ({"overrides": ["external_currents.c_ext=[10, 10]"]}, InputError, "overrides"),
        ({"overrides": ["arousal.level=7"]}, ConfigError, "arousal.level"),
        ({"mood": 3}, InputError, "mood"),
        ({"rate": -1}, InputError, "rate: -1 found"),
        ({"rate": 1e13}, InputError, "external spikes in each step"),
        ({"threshold": [1, 2]}, InputError, "threshold: .* found; expected finite values in the shape"),
        ({"perturbations": {"threshold": -9}}, InputError, "threshold becomes"),
        ({"perturbations": {"rate": np.ones((8, 100))}}, InputError, r"shape \(8, 100\) found"),
        ({"perturbations": {"rate": Course([0], np.ones((1, 8)))}}, InputError, r"shape \(1, 8\) found"),
        ({"perturbations": {"rate": [1, 2]}}, InputError, "expected a number, 8 numbers"),
        ({"perturbations": {"mood": 1}}, InputError, "mood"),
    ],
)
def test_what_cannot_be_changes_nothing(change, error, message):
    stepper = StageSNNSimulation(SMALL).stepper()
    before, parameters = stepper.trial, stepper.parameters
    with pytest.raises(error, match=message):
        stepper.set(**change)
    assert stepper.trial is before and stepper.parameters is parameters


def test_other_neurons_and_a_stepper_of_a_trial():
    stager = StageSNNSimulation(SMALL)
    stepper = stager.stepper()
    assert stepper.advance(10).voltage.shape == (10, 0)
    stepper.record(voltage=[3, 4], every=4)
    assert stepper.advance(10).voltage.shape == (2, 2)
    with pytest.raises(InputError, match="recorded neurons"):
        stepper.record(voltage=[60])
    of_trial = Stepper(stager.trial())
    whole = simulate(stager.trial())
    assert spikes(of_trial.advance(400)) == (whole.spikes.steps.tolist(), whole.spikes.neurons.tolist())
