"""Elephant's statistics of spike trains are ours, to rounding.

Elephant takes one train at a time; sessions it knows not. Where it defines something else, the test says so.
"""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.neurons.correlations import count_correlations
from neuro_mod.core.spiking_net.analysis.neurons.fano import fano_factors
from neuro_mod.core.spiking_net.analysis.neurons.intervals import interval_statistics
from neuro_mod.core.spiking_net.analysis.neurons.neuron_statistics import firing_rates
from neuro_mod.recordings.spikes import SpikeEvents

#: Elephant calls quantities with an argument, and NumPy for a class, that they are about to drop.
pytestmark = [
    pytest.mark.peers,
    pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:the matrix subclass is not:PendingDeprecationWarning"),
]

EXACT = {"rtol": 1e-10, "atol": 1e-12}
N_STEPS, N_NEURONS, STEP = 20_100, 12, 0.5e-3


@pytest.fixture(scope="module")
def elephant():
    try:
        import elephant.conversion
        import elephant.spike_train_correlation
        import elephant.statistics
    except ImportError:
        pytest.fail("Elephant is not installed: run `make test-peers`", pytrace=False)
    return elephant


@pytest.fixture(scope="module")
def sessions() -> list[SpikeEvents]:
    """Neurons of different rates with a common input, rates that differ between sessions."""
    random = np.random.default_rng(1)
    rates = np.geomspace(2, 80, N_NEURONS)
    made = []
    for scale in (1.0, 0.5, 1.7):
        common = random.random((N_STEPS, 1)) < 4 * STEP
        dense = (random.random((N_STEPS, N_NEURONS)) < scale * rates * STEP) | common
        steps, neurons = (index.astype(np.int32) for index in np.nonzero(dense))
        made.append(SpikeEvents(steps, neurons, *dense.shape, STEP))
    return made


def trains(spikes: SpikeEvents) -> list:
    """A `neo.SpikeTrain` for each neuron, with spikes in the middle of their steps: no edge of a bin is near."""
    import neo
    import quantities as pq

    return [
        neo.SpikeTrain((spikes.steps[spikes.neurons == neuron] + 0.5) * STEP * pq.s, t_stop=spikes.duration * pq.s)
        for neuron in range(spikes.n_neurons)
    ]


def intervals(elephant, spikes: SpikeEvents) -> list[np.ndarray]:
    return [elephant.statistics.isi(train).magnitude for train in trains(spikes)]


def test_rates(elephant, sessions):
    theirs = [[elephant.statistics.mean_firing_rate(train).item() for train in trains(each)] for each in sessions]
    np.testing.assert_allclose(firing_rates(sessions).per_session, theirs, **EXACT)


def test_coefficients_of_variation(elephant, sessions):
    """Pooled: theirs of the intervals of all sessions, strung together; per session: the mean of theirs."""
    of_sessions = [intervals(elephant, each) for each in sessions]
    found = interval_statistics(sessions)
    pooled = [elephant.statistics.cv(np.concatenate(each)) for each in zip(*of_sessions, strict=True)]
    per_session = np.mean([[elephant.statistics.cv(each) for each in session] for session in of_sessions], axis=0)
    np.testing.assert_allclose(found.cv_pooled, pooled, **EXACT)
    np.testing.assert_allclose(found.cv_per_session, per_session, **EXACT)


def test_cv2(elephant, sessions):
    """Pooled over sessions it is the mean of theirs, weighted with the number of pairs of adjacent intervals."""
    of_sessions = [intervals(elephant, each) for each in sessions]
    theirs = [[elephant.statistics.cv2(each) for each in session] for session in of_sessions]
    pairs = [[len(each) - 1 for each in session] for session in of_sessions]
    np.testing.assert_allclose(interval_statistics(sessions).cv2, np.average(theirs, axis=0, weights=pairs), **EXACT)
    np.testing.assert_allclose(interval_statistics(sessions[:1]).cv2, theirs[0], **EXACT)


@pytest.mark.parametrize("width", [50e-3, 1.0])
def test_fano_factors(elephant, sessions, width):
    """Of one session, whose windows Elephant takes for trials.

    Elephant divides the variance of m windows by m, we by m - 1 by default, else a Poisson process had less than 1.
    """
    import quantities as pq

    n_windows = int(N_STEPS * STEP / width)
    theirs = [
        elephant.statistics.fanofactor(
            [train.time_slice(k * width * pq.s, (k + 1) * width * pq.s) for k in range(n_windows)]
        )
        for train in trains(sessions[0])
    ]
    for ddof in (0, 1):
        found = fano_factors(sessions[:1], [width], ddof=ddof).per_neuron[0]
        np.testing.assert_allclose(found * (n_windows - ddof) / n_windows, theirs, **EXACT)


@pytest.mark.parametrize("width", [5e-3, 50e-3])
def test_count_correlations(elephant, sessions, width):
    """Of one session. Of several, Elephant's mean covariance gives our coefficient."""
    import quantities as pq

    def binned(spikes):
        n_bins = int(N_STEPS * STEP / width)
        return elephant.conversion.BinnedSpikeTrain(
            [train.time_slice(None, n_bins * width * pq.s) for train in trains(spikes)],
            bin_size=width * pq.s,
            n_bins=n_bins,
            t_start=0 * pq.s,
        )

    correlation = elephant.spike_train_correlation
    theirs = correlation.correlation_coefficient(binned(sessions[0]))
    np.testing.assert_allclose(count_correlations(sessions[:1], width), theirs, **EXACT)
    covariance = np.mean([correlation.covariance(binned(each)) for each in sessions], axis=0)
    deviation = np.sqrt(covariance.diagonal())
    expected = covariance / np.outer(deviation, deviation)
    np.testing.assert_allclose(count_correlations(sessions, width), expected, **EXACT)


def test_a_silent_neuron_has_nothing_for_either(elephant):
    silent = SpikeEvents(np.empty(0, np.int32), np.empty(0, np.int32), 1000, 1, STEP)
    assert np.isnan(elephant.statistics.fanofactor(trains(silent)))
    assert np.isnan(fano_factors([silent], [0.01]).per_neuron).all()
    with pytest.warns(UserWarning, match="input size is too small"):
        assert np.isnan(elephant.statistics.cv2(intervals(elephant, silent)[0], with_nan=True))
    assert np.isnan(interval_statistics([silent]).cv2).all()


def test_rates_around_events(elephant, sessions):
    """Elephant's time histogram of the epochs of a neuron, each of which is a train."""
    import quantities as pq

    from neuro_mod import Analyzer

    epochs = Analyzer(sessions, clusters=np.arange(N_NEURONS) // 4).epochs([3.0, 7.0], before=0.5, after=0.5)
    table = epochs.psth("neurons", bin_ms=20)
    for neuron in range(N_NEURONS):
        pieces = []
        for spikes in sessions:
            train = trains(spikes)[neuron]
            pieces += [train.time_slice((t - 0.5) * pq.s, (t + 0.5) * pq.s).time_shift(-t * pq.s) for t in (3.0, 7.0)]
        histogram = elephant.statistics.time_histogram(pieces, 20 * pq.ms, output="rate")
        ours = table.loc[table["unit"] == neuron, "rate_hz"]
        np.testing.assert_allclose(ours, histogram.rescale(pq.Hz).magnitude[:, 0], **EXACT)
