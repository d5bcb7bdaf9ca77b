from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf, norm

from neuro_mod.core.spiking_net.analysis.states.lifetimes import lifespans, mean_lifespan, survival
from tests.helpers.visit_frames import sequences, visits

A, B = (0,), (1,)


def observed(durations, cut, state=A):
    """Visits whose start was seen, of which some were cut off at their end."""
    frame = visits({0: [state] * len(durations)}, {0: durations})
    return frame.assign(censored_start=False, censored_end=cut, censored=cut)


def kaplan_and_meier_1958():
    """The example of their section 2: deaths at 0.8, 3.1, 5.4 and 9.2 months, losses at 1.0, 2.7, 7.0 and 12.1."""
    durations = [0.8, 1.0, 2.7, 3.1, 5.4, 7.0, 9.2, 12.1]
    return observed(durations, [False, True, True, False, False, True, False, True])


def test_example_of_kaplan_and_meier():
    found = survival(kaplan_and_meier_1958())
    assert found.times == pytest.approx([0.8, 1.0, 2.7, 3.1, 5.4, 7.0, 9.2, 12.1])
    expected = [7 / 8, 7 / 8, 7 / 8, 0.7, 0.525, 0.525, 0.2625, 0.2625]
    assert found.probability == pytest.approx(expected)
    assert (found.n_seen, found.n_censored) == (4, 4)
    area = 0.8 + (3.1 - 0.8) * 0.875 + (5.4 - 3.1) * 0.7 + (9.2 - 5.4) * 0.525 + (12.1 - 9.2) * 0.2625
    assert mean_lifespan(kaplan_and_meier_1958(), estimator="kaplan_meier") == pytest.approx(area)


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=40))
def test_the_same_as_scipy_to_the_last_bit(seen):
    durations, cut = np.array([n * 0.1 for n, _ in seen]), np.array([each for _, each in seen])
    found = survival(observed(durations, cut))
    expected = ecdf(CensoredData.right_censored(durations.round(9), cut)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = expected.confidence_interval(method="log-log")
    np.testing.assert_array_equal(found.times, expected.quantiles)
    np.testing.assert_array_equal(found.probability, expected.probabilities)
    np.testing.assert_array_equal(found.low, interval.low.probabilities)
    np.testing.assert_array_equal(found.high, interval.high.probabilities)


def test_durations_that_differ_by_rounding_are_equal():
    """At 0.3 s three are at risk and two are seen to end, by hand: 1/3."""
    found = survival(observed([0.3, 0.6 - 0.3, 1.2 - 0.9], [False, False, True]))
    assert found.times.tolist() == [0.3] and found.probability == pytest.approx([1 / 3])


def test_confidence_interval_from_greenwoods_formula():
    """log(-log S) +- z sqrt(sum d / (n (n - d))) / log S (Kalbfleisch & Prentice 2002, section 1.4)."""
    found = survival(kaplan_and_meier_1958())
    greenwood = np.cumsum([1 / (8 * 7), 0, 0, 1 / (5 * 4), 1 / (4 * 3), 0, 1 / (2 * 1), 0])
    half_width = norm.ppf(0.975) * np.sqrt(greenwood) / np.log(found.probability)
    ends = [found.probability ** np.exp(sign * half_width) for sign in (-1, 1)]
    assert found.low == pytest.approx(np.minimum(*ends))
    assert found.high == pytest.approx(np.maximum(*ends))


def test_visits_of_unknown_start_are_left_out():
    frame = kaplan_and_meier_1958()
    older = observed([50.0], [False]).assign(censored_start=True, censored=True)
    both = pd.concat([frame, older])
    assert survival(both).times.max() == pytest.approx(12.1)
    assert mean_lifespan(both, estimator="kaplan_meier") == mean_lifespan(frame, estimator="kaplan_meier")
    assert mean_lifespan(both) == pytest.approx(np.mean([0.8, 3.1, 5.4, 9.2]))
    assert lifespans(both, censored=True).max() == 50


@given(st.lists(st.floats(1e-3, 1e3), min_size=1))
def test_seen_to_the_end_the_mean_is_the_mean(durations):
    frame = observed(durations, [False] * len(durations))
    for estimator in ("mean", "kaplan_meier"):
        assert mean_lifespan(frame, A, estimator) == pytest.approx(np.mean(durations))


def test_exponential_lifetimes_in_short_sessions():
    """Sessions of ten mean lifetimes. Time at risk over ends is the maximum-likelihood estimate of the mean.

    With about 13500 ends its relative standard error is 0.9 %; the curve is cut at most e^-8 from zero. Seen whole,
    a visit that starts s before the end lasts 1 - s/(e^s - 1) on average: by far below 1 for the last ones.
    """
    rng, length = np.random.default_rng(5), 10.0
    sessions = {}
    for session in range(1500):
        ends = np.cumsum(rng.exponential(size=60))
        ends = np.append(ends[ends < length], length)
        sessions[session] = np.diff(ends, prepend=0.0)
    frame = visits({session: [A] * len(each) for session, each in sessions.items()}, sessions)
    at_risk = frame[~frame["censored_start"]]
    exposure = at_risk["duration"].sum() / (~at_risk["censored_end"]).sum()
    assert exposure == pytest.approx(1.0, abs=0.04)
    assert mean_lifespan(frame, estimator="kaplan_meier") == pytest.approx(1.0, abs=0.04)
    assert mean_lifespan(frame) < 0.92
    curve = survival(frame)
    at = np.searchsorted(curve.times, [0.5, 1.0, 2.0], side="right") - 1
    assert curve.probability[at] == pytest.approx(np.exp([-0.5, -1.0, -2.0]), abs=0.02)
    assert (curve.low[at] < curve.probability[at]).all() and (curve.probability[at] < curve.high[at]).all()


def test_states_are_kept_apart():
    frame = visits({0: [(), A, (), B, (), A, B]}, {0: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]})
    assert lifespans(frame, ()).tolist() == [3, 5]
    assert lifespans(frame, (), censored=True).tolist() == [1, 3, 5]
    assert mean_lifespan(frame, A) == 4
    assert survival(frame, B).n_censored == 1
    hidden = visits({0: [1, 0, 1, 0]}, {0: [1.0, 2.0, 3.0, 4.0]})
    assert lifespans(hidden, 0).tolist() == [2]


@given(sequences(), st.sampled_from([None, (), A, (0, 1)]))
def test_curves_never_rise_and_order_does_not_matter(sessions, state):
    frame = visits(sessions)
    found, shuffled = survival(frame, state), survival(frame.iloc[::-1], state)
    assert (np.diff(found.probability) <= 0).all() and (np.diff(found.times) > 0).all()
    assert np.array_equal(found.probability, shuffled.probability)
    assert found.n_seen == len(lifespans(frame, state))


def test_nothing_seen():
    for frame in (visits({}), visits({0: [B]}), kaplan_and_meier_1958().iloc[:0]):
        assert lifespans(frame, A).size == 0
        assert math.isnan(mean_lifespan(frame, A)) and math.isnan(mean_lifespan(frame, A, "kaplan_meier"))
        assert survival(frame, A).times.size == 0


def test_no_end_seen():
    frame = observed([1.0, 2.0], [True, True])
    found = survival(frame)
    assert found.probability.tolist() == [1, 1] and np.isnan(found.low).all()
    assert (found.n_seen, found.n_censored) == (0, 2)
    assert math.isnan(found.mean) and math.isnan(mean_lifespan(frame))


def test_unknown_estimator():
    with pytest.raises(ValueError, match=r"estimator: .median. found; expected one of mean, kaplan_meier"):
        mean_lifespan(visits({}), estimator="median")
