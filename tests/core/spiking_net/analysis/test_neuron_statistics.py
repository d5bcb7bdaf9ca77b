from __future__ import annotations

import weakref

import numpy as np
import pandas as pd
import pytest

from neuro_mod.core.spiking_net.analysis.neurons.correlations import count_correlations
from neuro_mod.core.spiking_net.analysis.neurons.fano import fano_factors
from neuro_mod.core.spiking_net.analysis.neurons.intervals import interval_statistics
from neuro_mod.core.spiking_net.analysis.neurons.neuron_statistics import firing_rates, neuron_table
from neuro_mod.core.spiking_net.analysis.neurons.one_pass import each_session
from neuro_mod.core.spiking_net.analysis.rates.units import unit_counts
from tests.helpers.trains import bernoulli, events, uneven

OF_NEURON, LABELS = np.array([1, 0, 1, 0]), np.array([3, 8])


def table(sessions, **options):
    return neuron_table(sessions, OF_NEURON, LABELS, **options)


EVERYTHING = pytest.mark.parametrize(
    "function", [firing_rates, interval_statistics, fano_factors, count_correlations, table]
)


@EVERYTHING
def test_sessions_are_held_one_at_a_time(function):
    held = []

    def lazily():
        for seed in range(4):
            assert all(session() is None for session in held)
            spikes = bernoulli(seed, 3000, 4, 0.02)
            held.append(weakref.ref(spikes))
            yield spikes
            del spikes

    function(lazily())
    assert len(held) == 4


@EVERYTHING
def test_no_session(function):
    with pytest.raises(ValueError, match="expected at least one session"):
        function(iter([]))


@EVERYTHING
def test_sessions_of_other_neurons(function):
    with pytest.raises(ValueError, match=r"session 1: 5 neurons in steps of 0.001 s found; expected 4 in steps"):
        function([bernoulli(0, 3000, 4, 0.02), bernoulli(0, 3000, 5, 0.02)])


@pytest.mark.parametrize(
    "said_by",
    [
        lambda sessions: firing_rates(sessions).overall,
        lambda sessions: table(sessions)[["rate_hz", "cv_pooled", "cv_per_session", "cv2"]],
        lambda sessions: fano_factors(sessions).per_neuron,
        count_correlations,
    ],
    ids=["rates", "table", "fano", "correlations"],
)
def test_a_session_without_a_step_says_nothing(said_by):
    empty, spikes = bernoulli(0, 0, 4, 0.02), bernoulli(0, 3000, 4, 0.02)
    np.testing.assert_array_equal(said_by([empty, spikes]), said_by([spikes]))
    assert np.isnan(said_by([empty])).all(axis=None) and not np.isnan(said_by([spikes])).all(axis=None)


def test_errors_name_the_session():
    sessions = [*uneven(1)[:2], bernoulli(0, 0, 4, 0)]
    counts = each_session(lambda spikes: unit_counts(spikes, np.zeros(4, int), 1, 0.5), sessions)
    with pytest.raises(ValueError, match=r"session 2: bin_width: 0.5 found; .* the session's length, 0 s"):
        list(counts)


@EVERYTHING
def test_the_time_window_lies_within_each_session(function):
    with pytest.raises(ValueError, match=r"session 2: t_from: -0.7 found; expected -0.65 s to 0.65 s"):
        function(uneven(1), t_from=-0.7)


def test_rates():
    """From the dense arrays."""
    sessions = uneven(1)
    found = firing_rates(sessions)
    counts = np.array([np.asarray(session).sum(axis=0) for session in sessions])
    np.testing.assert_allclose(found.durations, [0.9, 1.4, 0.65])
    np.testing.assert_allclose(found.per_session, counts / np.array([[0.9], [1.4], [0.65]]))
    np.testing.assert_allclose(found.overall, counts.sum(axis=0) / 2.95)
    late = firing_rates(sessions, t_from=-0.5)
    np.testing.assert_allclose(late.per_session, [np.asarray(session)[-500:].sum(axis=0) / 0.5 for session in sessions])


def test_table():
    """Two regular neurons, one of a single spike, one silent; 1 s twice."""
    dense = np.zeros((1000, 4), bool)
    dense[::10, 0] = dense[::100, 1] = dense[500, 2] = True
    nan = np.nan
    expected = pd.DataFrame(
        {
            "neuron": [0, 1, 2, 3],
            "cluster": [8, 3, 8, 3],
            "n_spikes": [200, 20, 2, 0],
            "rate_hz": [100.0, 10.0, 1.0, 0.0],
            "cv_pooled": [0.0, 0.0, nan, nan],
            "cv_per_session": [0.0, 0.0, nan, nan],
            "cv2": [0.0, 0.0, nan, nan],
            "n_intervals": [198, 18, 0, 0],
        }
    )
    pd.testing.assert_frame_equal(table(events(dense) for _ in range(2)), expected)


def test_table_of_a_window():
    found = table(uneven(1), t_from=0.1, t_to=0.6, min_intervals=5)
    expected = interval_statistics(uneven(1), t_from=0.1, t_to=0.6, min_intervals=5)
    np.testing.assert_array_equal(found["cv_per_session"], expected.cv_per_session)
    np.testing.assert_array_equal(found["n_spikes"], expected.n_spikes)


def test_clusters_of_other_neurons():
    with pytest.raises(ValueError, match="length of of_neuron: 3 found; expected 4"):
        neuron_table(uneven(1), OF_NEURON[:3], LABELS)
