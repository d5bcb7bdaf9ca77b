"""Responses estimated from scores, against slow sums and against processes whose responses are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm

from neuro_mod.core.control.blocks import block_edges
from neuro_mod.core.control.estimates import estimates
from neuro_mod.core.control.known import known_of_values
from neuro_mod.core.control.moments import moments_of
from neuro_mod.core.control.transforms import log_odds, logarithm, ratio
from neuro_mod.errors import InputError

#: Rates, mean counts per Hz, memory of the process, and its threshold.
RATE, PER_HZ, MEMORY = np.array([5.0, 8.0]), 40.0, 0.9
WEIGHTS = np.array([1.0, -0.5])


def driven(n_bins: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A process with memory that is driven by two Poisson inputs, ``(T, 1)``, and the scores of these, ``(T, 2)``."""
    counts = np.random.default_rng(seed).poisson(PER_HZ * RATE, (n_bins, 2))
    driving = (counts - PER_HZ * RATE) @ WEIGHTS / PER_HZ
    return np.reshape(lfilter([1], [1, -MEMORY], driving), (-1, 1)), (counts - PER_HZ * RATE) / RATE


def of_step(window: int) -> np.ndarray:
    """Change of the mean of the process per Hz so many bins after a step: a sum of a geometric series."""
    return WEIGHTS * (1 - MEMORY**window) / (1 - MEMORY)


def spread() -> float:
    """Standard deviation of the process."""
    return float(np.sqrt((WEIGHTS**2 * RATE).sum() / PER_HZ / (1 - MEMORY**2)))


def within(found: np.ndarray, error: np.ndarray, expected: np.ndarray, most: float = 3.5) -> bool:
    """A normal number is beyond 3.5 standard errors once in 2000 times."""
    return bool((np.abs(found - expected) < most * error).all())


@pytest.mark.parametrize("lead", [0, 4])
def test_sums_are_those_of_a_slow_loop(lead):
    """Each trial is a block; the mean is that of the other trials."""
    rng = np.random.default_rng(1)
    values, scores = ([rng.normal(size=(n, k)) for n in (30, 23, 26)] for k in (3, 2))
    windows, first = [2, 5], 6
    edges = [np.array([0, len(each)]) for each in values]
    moments = moments_of(values, scores, windows, first=first, lead=lead, edges=edges)
    expected, n = np.zeros((3, 2, 3, 2)), np.array([24, 17, 20])
    for i, (f, s) in enumerate(zip(values, scores, strict=True)):
        mean = np.concatenate([each[first:] for k, each in enumerate(values) if k != i]).mean(axis=0)
        for t in range(first, len(f)):
            for j, w in enumerate(windows):
                for u in range(t - w + 1 + lead, t + 1 + lead):
                    if u < len(s):
                        expected[i, j] += np.outer(f[t] - mean, s[u])
    means, responses = moments.means_and_responses()
    assert means == pytest.approx(np.concatenate([each[first:] for each in values]).mean(axis=0))
    assert responses == pytest.approx(expected.sum(axis=0) / n.sum())
    _, left_out = moments.leaving_out()
    assert left_out == pytest.approx((expected.sum(axis=0) - expected) / (n.sum() - n)[:, None, None, None])
    # as of a mean over trials that weigh the same
    even = moments_of(
        [each[:20] for each in values], [each[:20] for each in scores], [3], edges=[np.array([0, 20])] * 3
    )
    by_trial = even.products / 17
    assert estimates(even).error == pytest.approx(by_trial.std(axis=0, ddof=1) / np.sqrt(3))


def test_few_data_give_no_biased_responses():
    """With the mean of all data, these were too small by half of the response."""
    found = []
    for seed in range(400):
        values, scores = zip(*(driven(60, seed=10_000 + 2 * seed + k) for k in range(2)), strict=True)
        edges = [np.array([0, 60])] * 2
        found.append(moments_of(values, scores, [20], edges=edges).means_and_responses()[1][0, 0])
    deviation = np.mean(found, axis=0) - of_step(20)
    assert (np.abs(deviation) < 3.5 * np.std(found, axis=0) / np.sqrt(len(found))).all(), deviation


def test_the_step_response_of_a_linear_process():
    """And of the probability that it is above a threshold: of normal noise, whose mean is shifted."""
    values, scores = driven(60_000, seed=3)
    above = (values > 0.7 * spread()).astype(float)
    windows = [1, 3, 10, 40]
    found = estimates(moments_of([values], [scores], windows))
    expected = np.array([of_step(w) for w in windows])
    assert within(found.response[:, 0], found.error[:, 0], expected)
    assert (found.error[0, 0] < 0.05 * np.abs(expected[0])).all()
    p, density = norm.sf(0.7), norm.pdf(0.7) / spread()
    for transform, slope in ((None, 1.0), (logarithm, 1 / p), (log_odds, 1 / (p * (1 - p)))):
        moments = moments_of([above], [scores], windows)
        found = estimates(moments) if transform is None else estimates(moments, transform)
        assert within(found.response[:, 0], found.error[:, 0], slope * density * expected)
    rare = estimates(moments_of([np.concatenate([above, np.ones_like(above)], axis=1)], [scores], windows), ratio)
    assert rare.response == pytest.approx(estimates(moments_of([above], [scores], windows)).response)


def test_later_scores_have_no_covariance():
    values, scores = driven(60_000, seed=4)
    found = estimates(moments_of([values], [scores], [5], lead=5))
    assert (np.abs(found.z) < 3.5).all()
    assert np.abs(estimates(moments_of([values], [scores], [5], lead=4)).z[0, 0, 0]) > 10


def test_the_past_makes_errors_smaller_and_adds_no_bias():
    values, scores = driven(60_000, seed=5)
    active = values > 0
    known = known_of_values(values, active, reach=0)
    plain, better = (estimates(moments_of([values], [scores], [10, 40], known=each)) for each in (None, [known]))
    expected = np.array([of_step(w) for w in (10, 40)])
    assert within(better.response[:, 0], better.error[:, 0], expected)
    smaller = (better.error / plain.error).mean(axis=(1, 2))
    assert smaller[0] < 0.8 and smaller[1] < 1  # the present says much about the next 10 bins, less about 40


@pytest.mark.parametrize("with_past", [False, True])
def test_errors_are_as_large_as_deviations(with_past):
    """Of 150 data sets of six trials: the root mean square of z is 1 within 3 of its standard errors."""
    z = []
    for seed in range(150):
        trials = [driven(600, seed=1000 + 10 * seed + k) for k in range(6)]
        values, scores = zip(*trials, strict=True)
        known = [known_of_values(each, each > 0, reach=0) for each in values] if with_past else None
        found = estimates(moments_of(values, scores, [8], known=known))
        z.append((found.response[0, 0] - of_step(8)) / found.error[0, 0])
    ms = np.mean(np.square(z))
    # with some 40 blocks the mean square of Student's t is 1.05; the two inputs are independent
    assert abs(ms - 1.05) < 3 * np.sqrt(2 / np.size(z)), ms


def test_blocks_are_trials_or_parts_of_few_trials():
    assert [each.tolist() for each in block_edges([100] * 50, 10)] == [[0, 100]] * 50
    parts = block_edges([4000, 1000], 100)
    assert [len(each) - 1 for each in parts] == [10, 2]
    assert all(np.diff(each).min() >= 400 for each in parts)
    assert [each.tolist() for each in block_edges([150], 100)] == [[0, 150]]
    values, scores = driven(150, seed=6)
    assert np.isnan(estimates(moments_of([values], [scores], [100])).error).all()


@pytest.mark.parametrize(
    ("values", "windows", "words"),
    [
        (np.zeros((50, 1)), [50], "more than 50 bins"),
        (np.zeros((50, 1)), [0], "at least one bin"),
        (np.zeros((40, 1)), [5], r"\(40, 1\) of observables and \(50, 2\) of scores"),
        (np.zeros((50, 1)), [], "no trial or no window"),
    ],
)
def test_what_does_not_fit_is_refused(values, windows, words):
    with pytest.raises(InputError, match=words):
        moments_of([values], [np.zeros((50, 2))], windows)
