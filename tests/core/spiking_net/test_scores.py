"""Scores of the external input: equal to a slow sum over its counts, and the laws of derivatives of a likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from neuro_mod.core.arousal import z_quadrature
from neuro_mod.core.course import Course
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.spiking_net.engine import simulate as engine
from neuro_mod.core.spiking_net.engine.batch import simulate_batch
from neuro_mod.core.spiking_net.engine.noise import external_counts
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.network import ExternalInput, GeneralSynapses, SpikingNetwork
from neuro_mod.errors import InputError, Interrupted
from tests.helpers.slow_simulator import network_at

H = 0.5e-3
SIZES = np.array([30, 31, 0, 22, 9])
P = len(SIZES)


def two_sources(z: bool = True, in_degree: float = 320.0) -> SpikingNetwork:
    """Five populations without synapses between them: one is empty, one hears both sources, one none."""
    rng, each = np.random.default_rng(3), np.ones(P)
    n = int(SIZES.sum())
    external = ExternalInput(
        np.full((2, P), 0.02),
        in_degree * np.array([[1.0, 1, 1, 0, 0], [0, 1, 0, 0.5, 0]]),
        np.array([7 * each, 3 * each]),
        np.array([2.0, 1, 1, 4, 1]),
        rng.uniform(size=n) if z else None,
    )
    neurons = NeuronParameters(20e-3 * each, 5e-3 * each, 5e-3 * each, each, 0 * each)
    return SpikingNetwork(SIZES, GeneralSynapses.from_matrix(np.zeros((n, n))), external, neurons)


def trial(net: SpikingNetwork, n_steps: int = 70, *, every: int = 7, first_step: int = 0, **others) -> Trial:
    state = replace(initial_state(net, 4), step=first_step)
    recording = Recording(spikes=False, scores=every)
    return Trial(network=net, state=state, n_steps=n_steps, delta_t=H, recording=recording, **others)


def slow_scores(some: Trial) -> np.ndarray:
    """Of both kinds in each step, shape ``(2, n_steps, P)``."""
    result = np.zeros((2, some.n_steps, P))
    nodes, shares = z_quadrature()
    for step in range(some.n_steps):
        external = network_at(some.network, some.courses, step).external
        net = replace(some.network, external=external)
        counts = external_counts(net, some.noise_seed, H, 1, some.state.step + step)[0]
        for source, population in np.argwhere(external.in_degree > 0):
            members = net.population == population
            n, per_rate = counts[source, members], external.in_degree[source, population] * H
            rate, aroused = external.rate[source, population], external.arousal_rate[population]
            if external.z is not None:
                z = external.z[members]
                each = (n - per_rate * (rate + aroused * z)) / (rate + aroused * z)
                result[:, step, population] += each.sum(), (each * z).sum()
            else:  # the mixture, from the law of the counts
                rates = rate + aroused * nodes
                likely = shares * poisson.pmf(n[:, None], per_rate * rates)
                slope = likely * (n[:, None] / rates - per_rate)
                total = likely.sum(axis=1)
                result[:, step, population] += (slope.sum(1) / total).sum(), ((slope * nodes).sum(1) / total).sum()
    return result


def in_bins(scores: np.ndarray, every: int) -> np.ndarray:
    return np.add.reduceat(scores, np.arange(0, scores.shape[1], every), axis=1)


def rates_course() -> dict[str, Course]:
    rng, net = np.random.default_rng(1), two_sources()
    steps = np.array([0, 9, 10, 33, 64])
    return {
        "external_rate": Course(steps, net.external.rate * rng.uniform(0.5, 1.5, (5, 2, P))),
        "arousal_rate": Course(np.array([0, 40]), net.external.arousal_rate * np.array([[0.0], [2.0]])),
    }


@pytest.mark.parametrize(("every", "first_step", "in_degree"), [(7, 0, 320.0), (1, 3, 320.0), (500, 5, 3e4)])
@pytest.mark.parametrize("courses", [False, True])
@pytest.mark.parametrize("z", [True, False])
def test_they_are_a_sum_over_the_counts(z, courses, every, first_step, in_degree):
    if not z and in_degree > 1e4:
        in_degree = 3000.0  # more cannot be drawn with z in each step
    some = trial(
        two_sources(z, in_degree), every=every, first_step=first_step, courses=rates_course() if courses else {}
    )
    result = simulate(some)
    expected = in_bins(slow_scores(some), every)
    assert result.scores.shape == (-(-70 // every), P)
    # products of counts of up to 1e4 and weights in double precision
    np.testing.assert_allclose([result.scores, result.arousal_scores], expected, atol=1e-9, rtol=1e-10)
    assert not result.scores[:, [2, 4]].any()


def test_they_change_nothing_else_and_are_the_same_in_threads_and_pieces(monkeypatch):
    some = trial(two_sources(), 1003, every=10)
    whole = simulate(some)
    without = simulate(replace(some, recording=Recording()))
    assert whole.state.voltage.tobytes() == without.state.voltage.tobytes()
    assert without.scores.shape == (0, P)
    both = simulate_batch([some, replace(some, seed=8), some], n_threads=2)
    assert both[0].scores.tobytes() == both[2].scores.tobytes() == whole.scores.tobytes()
    assert both[1].scores.tobytes() != whole.scores.tobytes()
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", 13 * some.network.n_neurons)
    in_pieces = simulate(some)
    np.testing.assert_allclose(in_pieces.scores, whole.scores, atol=1e-11)
    first = simulate(some.until(510))
    joined = np.concatenate([first.scores, simulate(some.after(first)).scores])
    np.testing.assert_allclose(joined, whole.scores, atol=1e-11)


def test_an_interrupted_run_has_those_of_what_it_did(monkeypatch):
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", 13 * SIZES.sum())
    some = trial(two_sources(), 1000, every=10)

    def interrupt(seconds: float) -> None:
        if seconds > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        simulate(some, interrupt)
    finished = stop.value.finished
    assert 400 < finished.n_steps < 500
    np.testing.assert_allclose(finished.scores, simulate(some.until(finished.n_steps)).scores, atol=1e-11)


@pytest.mark.parametrize("z", [True, False])
def test_mean_0_and_the_variance_of_the_formula(z):
    net = two_sources(z)
    scores = simulate(trial(net, 40_000, every=10)).scores[:, [0, 1, 3]]
    external = net.external
    expected = np.zeros(P)
    for source, population in np.argwhere(external.in_degree > 0):
        members = net.population == population
        rates = external.rate[source, population] + external.arousal_rate[population] * (
            np.full(members.sum(), 0.5) if external.z is None else external.z[members]
        )
        expected[population] += 10 * (external.in_degree[source, population] * H / rates).sum()
    n, variance = len(scores), expected[[0, 1, 3]]
    assert (np.abs(scores.mean(axis=0)) < 4 * np.sqrt(variance / n)).all()
    # 4 standard errors of a variance; a mixture's scores are smaller by what z adds to the variance of counts
    lower = 1 - 4 * np.sqrt(2 / n) if z else 0.93
    assert (scores.var(axis=0) / variance > lower).all()
    assert (scores.var(axis=0) / variance < 1 + 4 * np.sqrt(2 / n)).all()
    assert (np.abs(np.corrcoef(scores.T) - np.eye(3)) < 4 / np.sqrt(n)).all()


def test_their_covariance_with_the_voltage_is_its_response():
    """In closed form, far below the threshold: dV/d nu = C J tau_m for a step of the rate that began long ago."""
    net = two_sources()
    net = replace(net, neurons=replace(net.neurons, threshold=np.full(P, 1e6)))
    some = trial(net, 400_000)
    recording = Recording(spikes=False, scores=10, voltage=np.flatnonzero(net.population == 0), every=10)
    result = simulate(replace(some, recording=recording))
    voltage = result.voltage.mean(axis=1)[19::20].astype(float)
    voltage -= voltage.mean()
    window = result.scores[:, 0].reshape(-1, 20).sum(axis=1)  # of the 100 ms that end with each sample
    response, acausal = voltage * window, voltage[:-1] * window[1:]
    error = response.std() / np.sqrt(len(response))
    expected = 320 * 0.02 * 0.02 * (1 - np.exp(-0.1 / 0.02) * 0.02 / (0.02 - 0.005))
    assert abs(response.mean() - expected) < 4 * error < 0.2 * expected
    assert abs(acausal.mean()) < 4 * error


def test_without_spikes_from_outside_there_is_no_score():
    net = two_sources()
    silent = replace(net, external=replace(net.external, rate=0 * net.external.rate))
    courses = {"arousal_rate": Course(np.array([0, 30]), np.array([[1.0] * P, [1.0, 0, 1, 1, 1]]))}
    with pytest.raises(InputError, match=r"external rate of population 1 \(source 0\) from 0\.015 s on: 0 Hz found"):
        trial(silent, courses=courses)
    with pytest.raises(InputError, match="scores: -1 found"):
        trial(net, every=-1)
