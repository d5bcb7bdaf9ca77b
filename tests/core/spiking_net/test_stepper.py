"""A stepper: pieces give the bytes of one run, whatever is set between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.engine import kernel, loop
from neuro_mod.core.spiking_net.engine.courses import VARIABLE
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.stepper import Stepper
from neuro_mod.core.spiking_net.engine.trial import Recording
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.errors import InputError, Interrupted, NumericalError
from tests.core.spiking_net.test_courses import SIZES, baseline, clustered_network, trial

N = SIZES.sum()
RECORDING = Recording(voltage=[0, 7], current=[3], every=3)


def joined(pieces):
    """Spikes and traces of pieces as those of one run."""
    steps = [piece.spikes.steps + piece.begin for piece in pieces]
    neurons = [piece.spikes.neurons for piece in pieces]
    traces = [np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("voltage", "current")]
    return [np.concatenate(steps), np.concatenate(neurons), *traces]


def assert_same(pieces, end, simulation):
    whole = simulation.spikes.steps, simulation.spikes.neurons, simulation.voltage, simulation.current
    assert [each.tobytes() for each in joined(pieces)] == [each.tobytes() for each in whole]
    for name in ("voltage", "current", "refractory", "step", "seed"):
        assert np.array_equal(getattr(end, name), getattr(simulation.state, name))


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    z=st.booleans(),
    every=st.sampled_from([0, 1, 7, 50]),
)
def test_pieces_give_the_bytes_of_one_run(lengths, z, every):
    stimulus = Stimulus(np.linspace(-20, 20, N), np.sin(np.arange(200) / 20)) if every else None
    net, factor = clustered_network(z=z), np.random.default_rng(0).uniform(0.8, 1.2, 200 // max(every, 1))
    courses = {}
    if every:
        courses = {name: Course.sampled(np.multiply.outer(factor, baseline(net, name)), every) for name in VARIABLE}
    whole = trial(net, n_steps=200, stimulus=stimulus, recording=RECORDING, courses=courses)
    running, pieces = Stepper(whole), []
    for length in lengths:
        pieces.append(running.advance(min(length, 200 - running.done)))
    if running.done:
        assert_same(pieces, running.state, simulate(whole.until(running.done)))


@pytest.mark.parametrize("name", VARIABLE)
def test_what_is_set_at_the_start_is_a_constant(name):
    values = np.random.default_rng(1).uniform(0.5, 1.5, baseline(clustered_network(), name).shape)
    values = values * baseline(clustered_network(), name)
    whole = trial(n_steps=100, recording=RECORDING, courses={name: Course([0], values[None])})
    running = Stepper(replace(whole, courses={}))
    running.set(**{name: values})
    assert_same([running.advance(100)], running.state, simulate(whole))


@pytest.mark.parametrize("name", VARIABLE)
def test_what_is_set_is_a_course(name):
    usual = baseline(clustered_network(), name)
    values = [usual, 1.3 * usual, np.random.default_rng(1).uniform(0.8, 1.2, usual.shape) * usual]
    whole = trial(n_steps=200, recording=RECORDING, courses={name: Course([0, 70, 135], values)})
    running = Stepper(replace(whole, courses={}))
    pieces = [running.advance(70)]
    running.set(**{name: values[1]})
    pieces += [running.advance(40), running.advance(25)]
    running.set(**{name: values[2]})
    pieces.append(running.advance(65))
    assert_same(pieces, running.state, simulate(whole))


def test_setting_what_is_set_changes_nothing_and_numbers_are_for_everyone():
    running, other = Stepper(trial()), Stepper(trial())
    other.set(threshold=baseline(clustered_network(), "threshold"))
    assert_same([running.advance(100)], other.state if other.advance(100) else None, simulate(trial().until(100)))
    running.set(external_rate=0, arousal_rate=0)
    assert not running.trial.parameters["external_rate"].values.any()
    assert len(running.advance(100).spikes) < len(other.advance(100).spikes)


def test_higher_rates_need_wider_tables():
    rate = baseline(clustered_network(), "external_rate")
    whole = trial(recording=RECORDING, courses={"external_rate": Course([0, 50], [rate, 40 * rate])})
    running = Stepper(replace(whole, courses={}))
    pieces = [running.advance(50)]
    running.set(external_rate=40 * rate)
    assert_same([*pieces, running.advance(150)], running.state, simulate(whole))


def test_a_buffer_that_fills_up_loses_nothing(monkeypatch):
    whole = trial(n_steps=200, recording=RECORDING)
    expected = simulate(whole)
    monkeypatch.setattr(loop, "_MIN_SPIKE_CAPACITY", 1)
    running = Stepper(whole)
    assert_same([running.advance(200)], running.state, expected)


def test_reset():
    running = Stepper(trial())
    first = running.advance(80)
    running.set(threshold=0.5)
    other_threshold = running.advance(80)
    running.reset()
    assert running.done == 0 and running.time == 0
    again = running.advance(80)
    assert again.spikes.steps.tobytes() == first.spikes.steps.tobytes() != other_threshold.spikes.steps.tobytes()
    running.reset(seed=5)
    assert running.seed == 5
    assert running.advance(80).spikes.neurons.tobytes() == simulate(trial(seed=5).until(80)).spikes.neurons.tobytes()


def test_forks_go_their_own_way():
    running = Stepper(trial(recording=RECORDING))
    first = running.advance(41)
    running.set(block_weights=0.9 * baseline(clustered_network(), "block_weights"))
    other = running.fork()
    other.set(threshold=0.5)
    assert len(other.advance(50).spikes)
    weights = [baseline(clustered_network(), "block_weights") * factor for factor in (1, 0.9)]
    whole = trial(recording=RECORDING, courses={"block_weights": Course([0, 41], weights)})
    assert_same([first, running.advance(159)], running.state, simulate(whole))
    assert (running.done, other.done) == (200, 91)


def test_time_rates_and_seconds():
    running = Stepper(trial(n_steps=200))
    piece = running.advance(seconds=0.03)
    assert (piece.n_steps, piece.begin, piece.time) == (60, 0, 0.0)
    piece = running.advance(seconds=0.02)
    assert (piece.n_steps, piece.begin) == (40, 60)
    assert running.time == pytest.approx(0.05) and piece.time == pytest.approx(0.03)
    dense, boundaries = np.asarray(piece.spikes), np.append(0, np.cumsum(SIZES))
    for population, size in enumerate(SIZES):
        spikes = dense[:, boundaries[population] : boundaries[population + 1]].sum()
        expected = spikes / size / 0.02 if size else np.nan
        np.testing.assert_allclose(piece.rates[population], expected, rtol=1e-12)
    assert "40 steps" in repr(piece)


def test_after_an_error_or_ctrl_c_nothing_has_happened(monkeypatch):
    running, other = Stepper(trial(recording=RECORDING)), Stepper(trial(recording=RECORDING))
    pieces = [running.advance(33)]
    for wrong, message in [
        ({"speed": 1}, '"speed" found; expected one of tau_membrane'),
        ({"threshold": [1.0, 2.0]}, "shape"),
        ({"threshold": -1.0}, "threshold of"),
        ({"external_rate": 1e12}, "external spikes in each step"),
    ]:
        with pytest.raises(InputError, match=message):
            running.set(**wrong)
    for n_steps, seconds, message in [(168, None, "at most 167"), (1, 1.0, "both"), (None, None, "neither")]:
        with pytest.raises(InputError, match=message):
            running.advance(n_steps, seconds=seconds)
    with pytest.raises(InputError, match="seconds: nan"):
        running.advance(seconds=float("nan"))
    real, calls = kernel.advance, []

    def interrupted(begin, n_steps, *others):
        calls.append(begin)
        done = real(begin, min(n_steps, 20), *others)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(kernel, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        running.advance(100)
    assert running.done == 33 and len(calls) == 3
    pieces.append(running.advance(100))
    assert_same(pieces, running.state, simulate(trial(recording=RECORDING).until(133)))
    assert other.done == 0


def test_a_state_that_is_not_finite_is_an_error():
    running = Stepper(trial(dtype="float32", n_steps=200))
    running.advance(10)
    running.set(external_weight=1e36)
    with pytest.raises(NumericalError, match="no longer finite"):
        running.advance(100)
    assert running.done == 10
    running.set(external_weight=0.05)
    running.advance(100)


def test_scores_of_pieces():
    whole = trial(recording=Recording(scores=7, bin_steps=5))
    expected = simulate(whole)
    running, scores = Stepper(whole), np.zeros_like(np.stack([expected.scores, expected.arousal_scores]))
    while running.done < 200:
        running.advance_up_to(11)
        running.latest.scores.put(scores)
    np.testing.assert_allclose(scores, np.stack([expected.scores, expected.arousal_scores]), rtol=1e-9, atol=1e-9)


def test_simulate_stands_on_it(monkeypatch):
    def stop(self, n_steps):
        raise KeyboardInterrupt

    monkeypatch.setattr(Stepper, "advance_up_to", stop)
    with pytest.raises(Interrupted):
        simulate(trial())
