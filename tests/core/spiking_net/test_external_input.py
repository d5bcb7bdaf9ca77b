"""The Poisson input: what the engine draws, what NumPy draws, and what the theory says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numba
import numpy as np
import pytest
from scipy.stats import chi2, norm, poisson

from neuro_mod.core.arousal import z_quadrature
from neuro_mod.core.course import Course
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.engine import poisson as sampler
from neuro_mod.core.spiking_net.engine import simulate as engine
from neuro_mod.core.spiking_net.engine.noise import external_counts
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.network import ExternalInput, GeneralSynapses, SpikingNetwork
from tests.helpers.simulators import network, run_engine, start

#: From "no spike ever" over the means of one and of several blocks of comparisons to means beyond the tables.
MEANS = [0.0, 1e-6, 0.05, 1.0, 2.4, 3.3, 7.5, 12.0, 50.0, 90.0, 5000.0]


@cache
def compiled(inlined):
    """A function of the kernel that can be called from Python."""
    return numba.njit(inlined.py_func)


def listeners(rate, spread=0.0, n_neurons=20, n_sources=1):
    """Neurons that only listen; the external rates in Hz are given for one synapse each."""
    rate = np.broadcast_to(np.asarray(rate, float), (n_sources, n_neurons))
    ones = np.ones((n_sources, n_neurons))
    external = ExternalInput(ones, ones, rate, np.full(n_neurons, float(spread)), None)
    return replace(network(np.zeros((n_neurons, n_neurons)), threshold=1e9), external=external)


def draw(mean, spread=0.0, n_neurons=20, n_steps=20_000):
    return external_counts(listeners(mean, spread, n_neurons), 11, 1.0, n_steps)[:, 0].T


def chi_square_p(counts, probability):
    """Chi-square of observed counts against a distribution, cells of at least 10 expected."""
    observed = np.bincount(counts.ravel(), minlength=len(probability)).astype(float)
    expected = probability * counts.size
    cells = np.cumsum(expected) // 10
    observed, expected = (np.bincount(cells.astype(int), values) for values in (observed[: len(expected)], expected))
    filled = expected > 5
    statistic = np.sum((observed - expected)[filled] ** 2 / expected[filled])
    return chi2.sf(statistic, filled.sum() - 1)


@pytest.mark.parametrize("mean", MEANS)
def test_counts_are_poisson(mean):
    counts = draw(mean)
    support = np.arange(int(mean + 10 * np.sqrt(mean) + 20))
    if mean > 1e-3:
        assert chi_square_p(counts, poisson(mean).pmf(support)) > 1e-3
    assert abs(counts.mean() - mean) < 4.5 * np.sqrt(mean / counts.size) + 1e-12
    assert abs(counts.var() - mean) < 4.5 * np.sqrt((mean + 2 * mean**2) / counts.size) + 1e-12


def test_rates_redrawn_each_step_give_beta_mixed_counts():
    counts = draw(1.0, spread=4.0)
    nodes, weights = z_quadrature(40)
    pmf = sum(w * poisson(1.0 + 4.0 * z).pmf(np.arange(40)) for z, w in zip(nodes, weights, strict=True))
    assert chi_square_p(counts, pmf) > 1e-3
    assert counts.var() == pytest.approx(3 + 16 / 84, rel=0.02)  # Var Beta(10, 10) = 1/84


def test_counts_are_independent_across_neurons_and_steps():
    counts = draw(1.12, n_neurons=40).astype(float)
    n_steps = counts.shape[1]
    across = np.corrcoef(counts)[np.triu_indices(40, 1)]
    standardised = (counts - counts.mean(1, keepdims=True)) / counts.std(1, keepdims=True)
    lags = np.array([(standardised[:, lag:] * standardised[:, : n_steps - lag]).mean(1) for lag in (1, 2, 3, 4, 5)])
    for correlation in (across, lags.ravel()):
        z = correlation * np.sqrt(n_steps)
        assert np.abs(z).max() < norm.isf(0.5e-3 / len(z))
        assert np.sum(z**2) < chi2.isf(1e-3, len(z))


def table_of(mean):
    """The first count and the table of one neuron, as the loop makes them."""
    width = sampler.widest_window(mean)
    front = np.zeros(width * sampler.CHUNK, np.int16)
    if mean >= sampler.LOW:
        first = compiled(sampler.tabulate)(front, width, np.array([[mean], [0.0]]), np.ones(1), mean)
        return first, front
    means = np.zeros(sampler.GROUP, np.float32)
    means[0] = mean
    compiled(sampler.tabulate_low)(front, width, means, np.empty_like(means), np.empty(sampler.GROUP, np.int32))
    return 0, front


def owned_words(front):
    """Number of words that stand for each count of the window."""
    return np.diff(front[:: sampler.CHUNK].astype(int) + sampler.OFFSET, prepend=0)


@pytest.mark.parametrize("mean", [0.0, 1e-6, 0.3, 1.2, 6.0, 12.9, 40.0, 300.0, 5000.0])
def test_the_words_share_out_the_whole_distribution(mean):
    """The probability of each count, from the words that stand for it: the law itself instead of draws from it."""
    remaining_count, law = compiled(sampler.remaining_count), np.array([[mean], [0.0]])
    first, front = table_of(mean)
    owned = owned_words(front)
    width = len(owned)
    probability = np.zeros(first + width + int(20 * np.sqrt(mean)) + 50)
    probability[first : first + width] = owned / sampler.N_WORDS
    left = 1 - owned.sum() / sampler.N_WORDS
    n_words = 50_000
    for word in ((np.arange(n_words) + 0.5) / n_words * 2.0**32).astype(np.int64):
        drawn = remaining_count(int(word), front, width, law, np.ones(1), first)
        probability[drawn] += left / n_words
    exact = poisson(mean).pmf(np.arange(len(probability))) if mean else np.eye(1, len(probability))[0]
    np.testing.assert_allclose(probability, exact, atol=1.01 * left / n_words)
    assert owned.min() >= 0 and 0 < left < (1e-2 if mean < 80 else 1)


def test_no_count_has_more_words_than_its_probability():
    """Nor many less: where tables are made in single precision, the second word can only add."""
    for mean in np.concatenate([np.linspace(0, sampler.LOW - 1e-3, 400), np.geomspace(1e-9, 1, 100)]):
        first, front = table_of(mean)
        expected = poisson(mean).pmf(first + np.arange(len(front) // sampler.CHUNK)) * sampler.N_WORDS
        owned = owned_words(front)
        assert (owned <= expected).all()
        tabulated = np.arange(len(owned)) < sampler.window.py_func(mean)[1]
        assert (owned >= np.floor(expected * (1 - 2.0**-13)))[tabulated].all()


def test_no_mean_needs_a_wider_table_than_announced():
    means = np.concatenate([np.linspace(0, 200, 4001), np.geomspace(200, 1e6, 500)])
    widths = [sampler.window.py_func(mean)[1] for mean in means]
    assert all(width <= sampler.widest_window(mean) for mean, width in zip(means, widths, strict=True))
    bounds = [sampler.widest_window(mean) for mean in means]
    assert bounds == sorted(bounds)


def counts_by_definition(mean, word, second):
    """What the words of one neuron and step stand for, with probabilities from SciPy."""
    first, width = sampler.window.py_func(mean)
    pmf = poisson(mean).pmf(np.arange(first + width + 60)) * 2**16
    tops = np.cumsum(np.floor(sampler.SHARE * pmf[first : first + width]))
    if word < tops[-1]:
        return first + np.searchsorted(tops, word, side="right")
    rest = pmf.copy()
    rest[first : first + width] -= np.diff(tops, prepend=0)
    order = np.concatenate([np.arange(first, len(pmf)), np.arange(first)[::-1]])  # window, above it, below it
    return order[np.searchsorted(np.cumsum(rest[order]), (2**16 - tops[-1]) * (second + 0.5) / 2**32)]


def test_each_count_is_that_of_its_rate_words_and_definition():
    """Quenched z, several blocks of neurons, and rates that change amid a block of steps, through all window shapes."""
    n, n_steps, h = 1100, 27, 1.0
    z = np.random.default_rng(0).uniform(size=n)
    sizes = np.array([700, 400])
    ones = np.ones((1, 2))
    external = ExternalInput(ones, ones, ones * 1.0, np.array([2.0, 1.0]), z)
    listening = np.array([[1e9, 1e9], [1e9, 1e9], [0, 0], [1e30, 1e30], [0, 0]])
    net = SpikingNetwork(sizes, GeneralSynapses.from_matrix(np.zeros((n, n))), external, NeuronParameters(*listening))
    rates = Course([0, 3, 11, 13, 22], np.array([1.0, 14.0, 0.0, 40.0, 1.0])[:, None, None] * ones)
    aroused = Course([0, 13], [[2.0, 1.0], [0.5, 3.0]])
    trial = Trial(
        network=net,
        state=start(net),
        n_steps=n_steps,
        delta_t=h,
        seed=9,
        dtype="float64",
        courses={"external_rate": rates, "arousal_rate": aroused},
        recording=Recording(current=np.arange(n)),
    )
    current = simulate(trial).current * 1e9
    drawn = np.rint(np.diff(current, axis=0, prepend=0)).astype(int)
    words = Stream(9, "external_input", (0,)).words(np.arange(n), 16).view(np.int16).astype(int) + sampler.OFFSET
    second = Stream(9, "external_input_rest", (0,)).words(np.arange(n), 4 * n_steps)[:, ::4]
    chosen = np.concatenate([np.arange(0, n, 37), np.arange(1010, 1040)])
    for step in range(n_steps):
        mean = np.repeat(rates.at([step])[0, 0], sizes) + np.repeat(aroused.at([step])[0], sizes) * z
        expected = [counts_by_definition(mean[i], words[i, step], second[i, step]) for i in chosen]
        assert drawn[step, chosen].tolist() == expected


@pytest.mark.parametrize("mean", [0.7, 1.2, 6.0])
def test_counts_follow_the_words_of_their_stream(mean):
    """By the definition: probabilities from SciPy, words from `Stream`, one neuron and step after another."""
    first, width = sampler.window.py_func(mean)
    assert first == 0
    pmf = poisson(mean).pmf(np.arange(width + 40)) * 2**16
    tops = np.cumsum(np.floor(sampler.SHARE * pmf[:width]))
    rest = np.cumsum(pmf - np.pad(np.diff(tops, prepend=0), (0, 40)))
    n, n_steps = 30, 8 * 400
    neurons = np.arange(n)
    words = Stream(11, "external_input", (0,)).words(neurons, n_steps // 2).view(np.int16).astype(int) + sampler.OFFSET
    second = Stream(11, "external_input_rest", (0,)).words(neurons, 4 * n_steps)[:, ::4]
    drawn = np.searchsorted(rest, (2**16 - tops[-1]) * (second + 0.5) / 2**32)
    expected = np.where(words < tops[-1], np.searchsorted(tops, words, side="right"), drawn)
    assert (words >= tops[-1]).sum() > 5
    assert np.array_equal(draw(mean, n_neurons=n, n_steps=n_steps), expected)


@pytest.mark.parametrize("rate", [0.0, 2240.0, 6000.0, 1e5, 1e7])
@pytest.mark.parametrize("n_sources", [1, 2])
def test_the_loop_adds_the_counts_to_the_current(rate, n_sources):
    h, n, n_steps = 0.5e-3, 37, 50
    net = listeners(rate * np.linspace(0.5, 1.0, n), min(0.1 * rate, 5e4), n, n_sources)
    weight = np.linspace(0.5, 1.5, n_sources * n).reshape(n_sources, n)
    net = replace(net, external=replace(net.external, weight=weight))
    current = run_engine(net, start(net), n_steps, h, seed=9).current
    arrived = np.diff(current, axis=0, prepend=0) + np.vstack([np.zeros(n), current[:-1]]) * (1 - np.exp(-h / 5e-3))
    expected = np.einsum("tsn,sn->tn", external_counts(net, 9, h, n_steps), weight) / 5e-3
    np.testing.assert_allclose(arrived, expected, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(current).max()))


@pytest.mark.parametrize("updates_per_call", [1, 100, 777])
def test_the_block_size_does_not_matter(monkeypatch, updates_per_call):
    net = listeners(2240.0, n_neurons=37)
    whole = run_engine(net, start(net), 50, 0.5e-3).current
    monkeypatch.setattr(engine, "_UPDATES_PER_CALL", updates_per_call)
    assert run_engine(net, start(net), 50, 0.5e-3).current.tobytes() == whole.tobytes()


def test_more_neurons_change_no_other_neurons_input():
    few, many = listeners(2240.0, n_neurons=5), listeners(2240.0, n_neurons=10)
    counts = external_counts(many, 3, 0.5e-3, 20)
    assert np.array_equal(counts[:, :, :5], external_counts(few, 3, 0.5e-3, 20))
    assert np.array_equal(counts[7:], external_counts(many, 3, 0.5e-3, 13, first_step=7))


def test_the_largest_counts_do_not_overflow():
    counts = draw(900_000.0, n_neurons=40, n_steps=500)
    assert counts.mean() == pytest.approx(900_000, rel=1e-3)
    assert counts.std() == pytest.approx(np.sqrt(900_000), rel=0.05)


@pytest.mark.parametrize(("rate", "spread"), [(1e10, 0.0), (1.0, 2e5)])
def test_counts_that_cannot_be_drawn_are_refused(rate, spread):
    net = listeners(rate, spread)
    with pytest.raises(ValueError, match=r"external spikes in each step, at most (1e\+06|50) can"):
        run_engine(net, start(net), 1, 0.5e-3)
