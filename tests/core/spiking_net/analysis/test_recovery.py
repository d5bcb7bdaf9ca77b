"""States, durations and transitions that were put in are found again, up to sampling error."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.synthetic_sessions import Chain, Firing, synthetic_sessions
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.detection import DETECTORS

CHAIN = Chain(
    ((), (0,), (1,), (2, 3)),
    np.array([[0, 0.2, 0.6, 0.2], [0.4, 0, 0.6, 0], [0.3, 0, 0, 0.7], [0.4, 0.5, 0.1, 0]]),
    lifespan=0.4,
    shape=3.0,
)
N_SESSIONS, DURATION = 12, 20.0
#: Visits below the minimal lifespan, and edges that noise moves, relative to what is counted.
MISSED = 0.02
FIRINGS = {
    "clear": Firing(4, 40, active_hz=50, inactive_hz=3),
    "low contrast": Firing(4, 40, active_hz=25, inactive_hz=8),
    "few neurons": Firing(4, 10, active_hz=50, inactive_hz=5),
    "drift": Firing(4, 40, active_hz=45, inactive_hz=5, spread=0.1, drift=0.1),
}


HARD = ("low contrast", "drift")


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[pytest.mark.slow] * (name not in HARD)) for name in FIRINGS]
)
def sessions(request):
    firing = FIRINGS[request.param]
    spikes, visits = synthetic_sessions(CHAIN, firing, n_sessions=N_SESSIONS, duration=DURATION, seed=11)
    return firing, spikes, visits


@pytest.fixture(scope="module", params=DETECTORS)
def recovered(request, sessions):
    firing, spikes, visits = sessions
    # a cluster is active for about a quarter of the time: a quarter of the difference above its mean is half way
    parameters = {
        "threshold": {"high_hz": (firing.active_hz + firing.inactive_hz) / 2},
        "gain": {"threshold_hz": (firing.active_hz - firing.inactive_hz) / 4},
        "network_gain": {"threshold_hz": (firing.active_hz - firing.inactive_hz) / 4},
        "two_state": {},
    }[request.param]
    return Analyzer(spikes, firing.cluster_of_neuron, method=request.param, **parameters), visits


def test_states_are_found_for_most_of_the_time(recovered):
    analyzer, visits = recovered
    shares = analyzer.get_attractors_data().set_index("state")["probability"]
    assert sum(shares[[*CHAIN.states]]) > 1 - MISSED
    true = visits.groupby("state")["duration"].sum() / (N_SESSIONS * DURATION)
    for state in CHAIN.states:
        assert shares[[state]].item() == pytest.approx(true[[state]].item(), abs=MISSED)


def test_occupancies_are_those_of_the_chain(recovered):
    """Of the semi-Markov process: all states last equally long, so that it is the stationary distribution of jumps."""
    analyzer, _ = recovered
    stationary = np.linalg.matrix_power(CHAIN.transitions, 200)[0]
    visits = analyzer.occurrences()
    for state, expected in zip(CHAIN.states, stationary, strict=True):
        own = visits.loc[[each == state for each in visits["state"]]]
        of_session = own.groupby("session")["duration"].sum() / DURATION
        error = of_session.std() / np.sqrt(N_SESSIONS)
        assert analyzer.get_attractor_prob(state) == pytest.approx(expected, abs=4 * error)


def test_lifespans_are_those_of_the_chain(recovered):
    analyzer, _ = recovered
    for state in CHAIN.states:
        n = len(analyzer.get_life_spans(state))
        error = CHAIN.lifespan / np.sqrt(CHAIN.shape * n)  # standard error of a mean of gamma variables
        for estimator in ("mean", "kaplan_meier"):
            mean = analyzer.get_mean_lifespan(state, estimator=estimator)
            assert mean == pytest.approx(CHAIN.lifespan, abs=4 * error + MISSED * CHAIN.lifespan)


def test_transitions_are_those_of_the_chain(recovered):
    analyzer, _ = recovered
    for row, source in enumerate(CHAIN.states):
        n = analyzer.get_occurrences(source)
        for column, target in enumerate(CHAIN.states):
            p = CHAIN.transitions[row, column]
            tolerance = 4 * np.sqrt(p * (1 - p) / n) + MISSED
            assert analyzer.get_transition_prob(source, target) == pytest.approx(p, abs=tolerance)


def test_mean_rates_are_those_of_active_clusters(recovered):
    analyzer, visits = recovered
    for state in CHAIN.states[1:]:
        true = visits.loc[[each == state for each in visits["state"]]]
        expected = np.average(true["mean_rate"], weights=true["duration"])
        # rates of active clusters reach a little into the flanks, where they are lower
        assert analyzer.get_attractor_data(state)["mean_rate"] == pytest.approx(expected, rel=2 * MISSED)
