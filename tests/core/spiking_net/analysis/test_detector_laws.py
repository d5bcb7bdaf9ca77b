"""What holds for the states that any method finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.detection import DETECTORS
from tests.helpers.known_states import CLUSTERS, drawn_sessions

PARAMETERS = {
    "gain": [{}, {"threshold_hz": 5.0}],
    "network_gain": [{"threshold_hz": 10.0}],
    "threshold": [{}, {"high_hz": 30.0, "low_hz": 15.0}],
    "two_state": [{}, {"least_difference_hz": 60.0, "otherwise_hz": 25.0}],
}
#: Methods that treat each session alone.
OF_ONE_SESSION = [
    (method, parameters) for method in DETECTORS if method != "network_gain" for parameters in PARAMETERS[method]
]
METHODS = [(method, parameters) for method in DETECTORS for parameters in PARAMETERS[method]]


@pytest.fixture(scope="module")
def sessions():
    return drawn_sessions(6.0, 4.5)  # whole bins


@pytest.fixture(params=METHODS, ids=str)
def analyse(request):
    method, parameters = request.param
    return lambda sessions, clusters=CLUSTERS, **others: Analyzer(
        sessions, clusters, method=method, **parameters, **others
    )


def reversed_in_time(spikes):
    steps = (spikes.n_steps - 1 - spikes.steps).astype(np.int32)
    order = np.lexsort((spikes.neurons, steps))
    return replace(spikes, steps=steps[order], neurons=spikes.neurons[order])


def test_the_sessions_show_enough(analyse, sessions):
    assert analyse(sessions).get_transition_counts().sum() > 20


@pytest.mark.parametrize("kernel", ["gaussian", "box"])
def test_reversing_time_reverses_the_transitions(analyse, sessions, kernel):
    forward = analyse(sessions, kernel=kernel)
    backward = analyse([reversed_in_time(spikes) for spikes in sessions], kernel=kernel)
    assert backward.get_unique_attractors() == forward.get_unique_attractors()
    assert backward.get_transition_counts().tolist() == forward.get_transition_counts().T.tolist()
    visits = forward.occurrences()
    duration = forward.durations[visits["session"]]
    mirrored = visits.assign(
        start=duration - visits["end"],
        end=duration - visits["start"],
        censored_start=visits["censored_end"],
        censored_end=visits["censored_start"],
    ).sort_values(["session", "start"], ignore_index=True)
    pd.testing.assert_frame_equal(backward.occurrences(), mirrored)


@pytest.mark.parametrize("label", [-2, 9])  # first and last; -1 is no cluster
def test_a_silent_cluster_more_changes_nothing_else(analyse, sessions, label):
    before = analyse(sessions)
    more = [replace(spikes, n_neurons=spikes.n_neurons + 7) for spikes in sessions]
    after = analyse(more, np.append(CLUSTERS, np.full(7, label)))
    pd.testing.assert_frame_equal(after.occurrences(), before.occurrences())
    others = after.layout.labels != label
    for session, (old, new) in enumerate(zip(before.sessions, after.sessions, strict=True)):
        np.testing.assert_allclose(new.thresholds[others], old.thresholds)
        np.testing.assert_array_equal(
            after.get_cluster_spike_rate(session)[:, others], before.get_cluster_spike_rate(session)
        )
        activity = after.get_cluster_activity(session)
        np.testing.assert_array_equal(activity[:, others], before.get_cluster_activity(session))
        assert not activity[:, ~others].any()


def test_the_order_of_neurons_is_of_no_importance(analyse, sessions):
    order = np.random.default_rng(3).permutation(len(CLUSTERS))  # neuron order[k] becomes neuron k
    shuffled = [replace(spikes, neurons=np.argsort(order)[spikes.neurons].astype(np.int32)) for spikes in sessions]
    pd.testing.assert_frame_equal(analyse(shuffled, CLUSTERS[order]).occurrences(), analyse(sessions).occurrences())


@pytest.mark.parametrize("analyse", OF_ONE_SESSION, indirect=True, ids=str)
def test_a_session_alone_has_the_states_it_has_among_others(analyse, sessions):
    together = analyse(sessions).occurrences()
    for index, spikes in enumerate(sessions):
        own = together.loc[together["session"] == index].assign(session=0).reset_index(drop=True)
        pd.testing.assert_frame_equal(analyse(spikes).occurrences(), own)
