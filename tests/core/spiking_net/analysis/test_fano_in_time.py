"""Fano factors over epochs: slow, obvious versions, Poisson, and rates that rise while variability stays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Analyzer, InputError
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.events.mean_matching import (
    common_histogram,
    mean_matched_slopes,
    slope_through_origin,
)
from tests.core.spiking_net.analysis.test_epochs import slow_counts
from tests.helpers.trains import STEP, bernoulli, events


def epochs_of(sessions, n_neurons, before=0.2, after=0.3, at=0.2, **options):
    return Analyzer(sessions, clusters=np.zeros(n_neurons, int)).epochs(at, before, after, **options)


def test_as_one_window_at_a_time():
    sessions = [bernoulli(seed, 500, 5, 0.03) for seed in range(7)]
    conditions = list("aabbbcc")
    epochs = epochs_of(sessions, 5, conditions=conditions)
    found = epochs.fano(window_ms=100, step_ms=30)
    counts = slow_counts(sessions, [(k, 0.2) for k in range(7)], 0.2, 0.3, 100, 30)
    for row, window in enumerate(range(counts.shape[1])):
        of_conditions = [[k for k in range(7) if conditions[k] == c] for c in "abc"]
        variance = np.mean([counts[rows, window].var(axis=0, ddof=1) for rows in of_conditions], axis=0)
        mean = np.mean([counts[rows, window].mean(axis=0) for rows in of_conditions], axis=0)
        factors = variance[mean > 0] / mean[mean > 0]
        assert found["fano"][row] == pytest.approx(factors.mean(), rel=1e-12)
        assert found["standard_error"][row] == pytest.approx(factors.std(ddof=1) / np.sqrt(len(factors)), rel=1e-12)
        assert found["n_neurons"][row] == len(factors)
    np.testing.assert_allclose(found["time"], -0.15 + 0.03 * np.arange(14))


def test_poisson():
    """Counts are binomial: F = 1 - p, with a variance of about 2 / (n - 1) for n epochs of one neuron."""
    p, n_epochs, n_neurons = 0.02, 60, 80
    table = epochs_of([bernoulli(seed, 500, n_neurons, p) for seed in range(n_epochs)], n_neurons).fano(
        100, 100, mean_matched=True
    )
    assert np.all(np.abs(table["fano"] - (1 - p)) < 4 * np.sqrt(2 / (n_epochs - 1) / n_neurons))
    assert np.all(np.abs(table["mean_matched"] - (1 - p)) < 5 * np.sqrt(2 / (n_epochs - 1) / table["n_matched"]))
    np.testing.assert_allclose(table["standard_error"], np.sqrt(2 / (n_epochs - 1) / n_neurons), rtol=0.4)


def slow_matching(mean, variance, n_epochs, window, seed, n_draws, width):
    """Mean matching bin by bin, with the random orders of the same streams."""
    n_windows, n_points = mean.shape
    edges = np.arange(0, mean.max() + 2 * width, width)
    histograms = [np.histogram(each[each > 0], edges)[0] for each in mean]
    common = np.min(histograms, axis=0)
    slopes = np.zeros((n_draws, n_windows))
    for draw in range(n_draws):
        for t in range(n_windows):
            kept = []
            order = Stream(seed, "mean_matching", (draw, t)).permutation(n_points).tolist()
            for b, number in enumerate(common):
                inside = [k for k in order if mean[t, k] > 0 and edges[b] <= mean[t, k] < edges[b + 1]]
                kept += inside[:number]
            root = np.sqrt(n_epochs[kept]) / (mean[t, kept] + window)
            slopes[draw, t] = np.linalg.lstsq((root * mean[t, kept])[:, None], root * variance[t, kept])[0][0]
    return slopes.mean(axis=0), int(common.sum())


def test_matching_as_one_bin_at_a_time():
    random = np.random.default_rng(3)
    mean = random.integers(0, 40, (6, 150)) / 8  # 20 on edges of bins
    variance = mean * random.uniform(0.5, 2, mean.shape)
    n_epochs = random.integers(2, 30, 150)
    found = mean_matched_slopes(mean, variance, n_epochs, window=0.1, seed=5, n_draws=3, bin_spikes=0.25)
    slopes, n_kept = slow_matching(mean, variance, n_epochs, 0.1, 5, 3, 0.25)
    np.testing.assert_allclose(found.slope, slopes, rtol=1e-12)
    assert set(found.n_points) == {n_kept} and 20 < n_kept < 150


def test_the_common_histogram_fits_into_all():
    bins = np.array([[0, 0, 1, 3, -1], [0, 1, 1, 1, 0], [1, 1, 0, 0, 0]])
    np.testing.assert_array_equal(common_histogram(bins), [2, 1, 0, 0])


def test_the_error_of_the_slope_is_that_of_weighted_least_squares():
    random = np.random.default_rng(0)
    mean = random.uniform(0.5, 3, 2000)
    deviation = 0.3 * (mean + 0.1)  # as the weights assume
    slopes, errors = zip(
        *[
            slope_through_origin(mean[:50], 1.3 * mean[:50] + random.normal(0, deviation[:50]), np.ones(50), 0.1)
            for _ in range(400)
        ],
        strict=True,
    )
    assert np.mean(slopes) == pytest.approx(1.3, abs=4 * np.std(slopes) / 20)
    assert np.mean(errors) == pytest.approx(np.std(slopes), rel=0.15)  # relative error of a deviation of 400: 3.5 %


def refractory_sessions(n_epochs=80, n_neurons=120):
    """Neurons with a hazard of firing outside of 8 ms of refractoriness, which makes them regular at high rates.

    The distribution of rates is wide, and all rates double in the middle of the session.
    """
    random = np.random.default_rng(1)
    rates = random.uniform(5, 60, n_neurons)
    gain = np.where(np.arange(500) >= 250, 2.0, 1.0)
    last = np.full((n_epochs, n_neurons), -1000)
    dense = np.zeros((500, n_epochs, n_neurons), bool)
    for step in range(-50, 500):
        rate = rates * gain[max(step, 0)]
        hazard = STEP * rate / (1 - 8e-3 * np.minimum(rate, 120))
        fired = (random.random(last.shape) < hazard) & (step - last > 8)
        last[fired] = step
        if step >= 0:
            dense[step] = fired
    return [events(dense[:, k]) for k in range(n_epochs)]


def test_matching_removes_what_rates_alone_do():
    sessions = refractory_sessions()
    table = epochs_of(sessions, 120, before=0.25, after=0.25, at=0.25).fano(100, 50, mean_matched=True)
    before, after = table["time"] <= -0.05, table["time"] >= 0.05
    raw = table["fano"][before].mean() - table["fano"][after].mean()
    matched = table["mean_matched"][before].mean() - table["mean_matched"][after].mean()
    error = np.hypot(*(table["mean_matched_error"][each].mean() for each in (before, after)))  # windows overlap
    assert raw > 0.15
    assert abs(matched) < 3 * error < raw / 2


def test_distributions_without_overlap_have_no_slope(caplog):
    mean = np.array([np.full(10, 0.1), np.full(10, 5.0)])
    found = mean_matched_slopes(mean, mean, np.full(10, 5), window=0.1)
    assert np.isnan(found.slope).all() and not found.n_points.any()
    assert "mean matching leaves 0 neurons (expected at least 5)" in caplog.text
    with pytest.raises(InputError, match="bin_spikes: 0 found"):
        mean_matched_slopes(mean, mean, np.full(10, 5), window=0.1, bin_spikes=0)


def doubly_stochastic(n_epochs, n_neurons, seed=0):
    """Half of the epochs have twice the rate before the event: F = 1 + var(m) / mean(m) of their mean counts m."""
    random = np.random.default_rng(seed)
    chance = np.full((n_epochs, 500, n_neurons), 0.03)
    chance[:, :200] = np.where(random.random(n_epochs) < 0.5, 0.02, 0.04)[:, None, None]
    return [events(each) for each in random.random(chance.shape) < chance]


def test_quenching():
    epochs = epochs_of(doubly_stochastic(100, 30), 30)
    found = epochs.quenching(window_ms=100)
    assert found.difference == found.before - found.after
    assert found.before == pytest.approx(1 - 0.03 + 1 / 3, abs=4 * found.before_standard_error)
    assert found.after == pytest.approx(1 - 0.03, abs=4 * found.after_standard_error)
    table = epochs.fano(100, 100)
    assert found.after == pytest.approx(table["fano"][table["time"] > 0].mean())
    part = epochs.quenching(window_ms=50, spontaneous=(-0.2, -0.1), evoked=(0.1, 0.2))
    table = epochs.fano(50, 50)
    assert part.before == pytest.approx(table["fano"][table["time"].between(-0.2, -0.1)].mean())


def test_the_jackknife_as_leaving_out_one_epoch_at_a_time():
    sessions, conditions = [bernoulli(seed, 500, 4, 0.04) for seed in range(8)], list("aaabbbbb")
    found = epochs_of(sessions, 4, conditions=conditions).quenching()

    def difference(left):
        return (
            epochs_of([sessions[k] for k in left], 4, conditions=[conditions[k] for k in left]).quenching().difference
        )

    total = 0.0
    for condition in "ab":
        members = [k for k in range(8) if conditions[k] == condition]
        without = np.array([difference([j for j in range(8) if j != k]) for k in members])
        total += (len(members) - 1) / len(members) * np.sum((without - without.mean()) ** 2)
    assert found.standard_error == pytest.approx(np.sqrt(total), rel=1e-9)


def test_its_error_is_that_of_repeated_experiments():
    """A deviation of 30 repeats has a relative error of 13 %."""
    found = [epochs_of(doubly_stochastic(40, 10, seed), 10).quenching() for seed in range(30)]
    spread = np.std([each.difference for each in found], ddof=1)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(spread, rel=0.5)


def test_few_epochs(caplog):
    sessions = [bernoulli(seed, 500, 4, 0.04) for seed in range(5)]
    with pytest.raises(InputError, match="epochs: 1 of a condition found; expected at least 2"):
        epochs_of(sessions[:1], 4).fano()
    two = epochs_of(sessions[:2], 4)
    assert np.isnan(two.quenching().standard_error) and np.isfinite(two.quenching().difference)
    uneven = epochs_of(sessions, 4, conditions=["a", "b", "a", "a", "a"])
    caplog.clear()
    pd.testing.assert_frame_equal(uneven.fano(), uneven.select("a").fano())
    assert "1 conditions with fewer than 2 epochs were left out of Fano factors" in caplog.text
    with pytest.raises(InputError, match="window_ms: 600 found; expected at most 500 ms"):
        two.fano(window_ms=600)
    with pytest.raises(InputError, match=r"window: .* found; expected begin and end from -0.2 to 0.3 s"):
        two.quenching(evoked=(0, 1))


def test_draws_depend_on_the_seed_alone():
    epochs = epochs_of(doubly_stochastic(20, 30), 30)
    first = epochs.fano(mean_matched=True, seed=1)
    pd.testing.assert_frame_equal(first, epochs.fano(mean_matched=True, seed=1), check_exact=True)
    assert not np.array_equal(first["mean_matched"], epochs.fano(mean_matched=True, seed=2)["mean_matched"])
