from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
from scipy.stats import expon, halfnorm, norm, uniform

from neuro_mod.choices import Kernel
from neuro_mod.core.spiking_net.analysis.rates.kernels import filtered
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth, smoothed_rates
from neuro_mod.recordings.spikes import SpikeEvents

KERNELS = get_args(Kernel)
SYMMETRIC, CAUSAL = ("gaussian", "box"), ("exponential", "half_normal")
WIDTHS = (0.0, 1e-3, 0.3, 1.0, 1.7, 5.0, 40.0, 300.0)
DENSITIES = {
    "gaussian": lambda s: norm(scale=s),
    "box": lambda s: uniform(-s / 2, s),
    "exponential": lambda s: expon(scale=s),
    "half_normal": lambda s: halfnorm(scale=s),
}


def drawn(n, columns=3):
    return np.random.default_rng(n).poisson(2.0, (n, columns)).astype(float)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_no_spike_is_lost_and_a_constant_density_has_a_constant_rate(kernel, width, n):
    rates = drawn(n)
    np.testing.assert_allclose(filtered(rates, kernel, width).sum(axis=0), rates.sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(filtered(np.full((n, 1), 3.0), kernel, width), 3.0, rtol=1e-12)


def mean_of_density(kernel, width, lag):
    """Mean of a kernel over the bins that are so many bins behind, from SciPy; the Gaussian is sampled instead."""
    density = DENSITIES[kernel](width)
    return density.pdf(lag) if kernel == "gaussian" else density.cdf(lag + 0.5) - density.cdf(lag - 0.5)


def slow(rates, kernel, width):
    """Each rate as a direct sum over all bins, mirrored or relative to what lies within the session."""
    n = len(rates)
    reach = 3 * n + math.ceil(5 * width) if kernel in SYMMETRIC else n - 1
    lags = np.arange(-reach, reach + 1)
    weights = dict(zip(lags.tolist(), mean_of_density(kernel, width, lags), strict=True))
    if kernel in SYMMETRIC:
        total = sum(weights.values())
        mirrored = np.concatenate([rates, rates[::-1]])
        return np.array(
            [sum(w / total * mirrored[(i - lag) % (2 * n)] for lag, w in weights.items()) for i in range(n)]
        )
    raw = np.array([sum(weights[i - j] * rates[j] for j in range(i + 1)) for i in range(n)])
    raw /= np.cumsum([weights[lag] for lag in range(n)])[:, None]
    return raw * rates.sum(axis=0) / raw.sum(axis=0)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("width", [0.4, 1.0, 2.5, 8.0])
def test_direct_sum_over_the_density(kernel, width):
    rates = drawn(30)
    np.testing.assert_allclose(filtered(rates, kernel, width), slow(rates, kernel, width), atol=1e-3)  # tails are cut


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("width", [7.5, 10.0, 19.9, 20.0, 25.6, 48.5])
def test_direct_sum_of_kernels_wider_than_the_session(kernel, width):
    rates = drawn(5)
    np.testing.assert_allclose(filtered(rates, kernel, width), slow(rates, kernel, width), atol=1e-3)


@pytest.mark.parametrize("kernel", SYMMETRIC)
@pytest.mark.parametrize("width", [1e12, 1.7e300])
def test_a_symmetric_kernel_of_any_width_gives_the_mean(kernel, width):
    """Its weights at the width of all bins of such a kernel would take terabytes."""
    rates = drawn(100)
    expected = np.broadcast_to(rates.mean(axis=0), rates.shape)
    np.testing.assert_allclose(filtered(rates, kernel, width), expected, rtol=1e-9)
    assert filtered(rates.astype(np.float32), kernel, np.float64(width)).dtype == np.float32


@pytest.mark.parametrize("kernel", CAUSAL)
def test_causal_kernels_do_not_see_what_comes(kernel):
    rates = drawn(60, 1)
    changed = rates.copy()
    changed[40:] += 5.0
    before, after = (filtered(each, kernel, 6.0)[:40, 0] for each in (rates, changed))
    np.testing.assert_allclose(before / before.sum(), after / after.sum(), rtol=1e-12)  # but for the scale
    spike = np.zeros((60, 1))
    spike[40] = 1
    response = filtered(spike, kernel, 6.0)[:, 0]
    assert not response[:40].any() and (response[40:] > 0).all()


@pytest.mark.parametrize("kernel", SYMMETRIC)
def test_symmetric_kernels_have_no_direction(kernel):
    rates = drawn(50)
    np.testing.assert_allclose(filtered(rates[::-1], kernel, 4.3)[::-1], filtered(rates, kernel, 4.3), rtol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_narrow_kernel_changes_nothing(kernel):
    rates = drawn(20)
    np.testing.assert_allclose(filtered(rates, kernel, 0.02), rates, rtol=1e-10)


def test_width_in_seconds_of_each_kernel():
    """One spike in the middle of a long session: standard deviation or mean delay of the response is the width."""
    rates = np.zeros((4001, 1))
    rates[2000] = 1.0
    response = {kernel: smooth(rates, 1e-3, 40e-3, kernel)[1][:, 0] for kernel in KERNELS}
    lag = (np.arange(4001) - 2000) * 1e-3
    assert np.sqrt(response["gaussian"] @ lag**2) == pytest.approx(40e-3, rel=1e-2)
    assert np.sqrt(response["box"] @ lag**2) == pytest.approx(40e-3 / np.sqrt(12), rel=1e-2)
    assert response["exponential"] @ lag == pytest.approx(40e-3, rel=1e-2)
    assert response["half_normal"] @ lag == pytest.approx(40e-3 * np.sqrt(2 / np.pi), rel=1e-2)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (0, 0)])
def test_nothing_to_smooth(kernel, shape):
    assert filtered(np.zeros(shape, np.float32), kernel, 5.0).shape == shape


@pytest.mark.parametrize("kernel", KERNELS)
def test_empty_populations_and_precision_stay(kernel):
    rates = drawn(20).astype(np.float32)
    rates[:, 1] = np.nan
    rates[:, 2] = 0
    smoothed = filtered(rates, kernel, 3.0)
    assert smoothed.dtype == np.float32
    assert np.isnan(smoothed[:, 1]).all() and not smoothed[:, 2].any() and np.isfinite(smoothed[:, 0]).all()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n_steps", [3, 1000, 1003])
def test_integral_of_the_rate_is_the_spike_count(kernel, n_steps):
    rng = np.random.default_rng(1)
    complete = n_steps - n_steps % 5 if n_steps >= 5 else n_steps
    steps = np.sort(rng.integers(0, complete, 400)).astype(np.int32)
    spikes = SpikeEvents(steps, rng.integers(0, 6, 400).astype(np.int32), n_steps, 6, 1e-3)
    population = np.array([0, 0, 0, 0, 1, 1])
    times, rates = smoothed_rates(spikes, population, 2, kernel=kernel)
    integral = rates.sum(axis=0, dtype=float) * 2 * times[0] * [4, 2]
    np.testing.assert_allclose(integral, np.bincount(population[spikes.neurons]), rtol=1e-6)  # single precision


@pytest.mark.parametrize("width", [-1.0, np.nan, np.inf])
def test_widths_that_cannot_be(width):
    with pytest.raises(ValueError, match="width"):
        filtered(drawn(4), "box", width)


def test_unknown_kernels_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r".triangle..*gaussian, box, exponential, half_normal"):
        smooth(drawn(4), 5e-3, kernel="triangle")
