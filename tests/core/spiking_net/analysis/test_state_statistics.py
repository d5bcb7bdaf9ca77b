"""Every answer about states, computed again from `occurrences` in a slow and obvious way."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from tests.helpers.known_states import CHAIN, CLUSTERS, drawn_sessions, regular

DURATIONS = (8.0, 5.0, 11.0)
WINDOWS = [(None, None), (1, 4), (-3, None), (None, -2.5), (0.5, -1), (2, 2.01)]


@pytest.fixture(scope="module")
def analyzer():
    return Analyzer(drawn_sessions(*DURATIONS), CLUSTERS)


@pytest.fixture(params=WINDOWS, ids=str)
def window(request):
    return request.param


def lengths(window):
    def length(duration):
        begin, end = (0, duration) if window == (None, None) else window
        begin, end = begin or 0, duration if end is None else end
        return (end + duration if end < 0 else end) - (begin + duration if begin < 0 else begin)

    return [length(duration) for duration in DURATIONS]


def visits_in(analyzer, window, *, empty_state=True):
    visits = analyzer.occurrences(*window).to_dict("records")
    return [visit for visit in visits if empty_state or visit["state"] != ()]


def ordered(states):
    return sorted(set(states), key=lambda state: (len(state), state))


def moves_in(analyzer, window, *, empty_state=True):
    visits = visits_in(analyzer, window, empty_state=empty_state)
    return [(a["state"], b["state"], b) for a, b in pairwise(visits) if a["session"] == b["session"]]


def share(moves, source, target):
    leaving = [b for a, b, _ in moves if a == source]
    return leaving.count(target) / len(leaving) if leaving else np.nan


def product_limit_mean(visits):
    """Area under the Kaplan-Meier curve of visits whose start was seen, one duration after the other."""
    seen = [visit for visit in visits if not visit["censored_start"]]
    seen = [visit | {"duration": round(visit["duration"] / 0.0025) * 0.0025} for visit in seen]  # half bins of 5 ms
    if all(visit["censored_end"] for visit in seen):
        return np.nan
    area, alive, before = 0.0, 1.0, 0.0
    for time in sorted({visit["duration"] for visit in seen}):
        area += alive * (time - before)
        at_risk = sum(visit["duration"] >= time for visit in seen)
        ended = sum(visit["duration"] == time and not visit["censored_end"] for visit in seen)
        alive, before = alive * (1 - ended / at_risk), time
    return area


def mean(values):
    return sum(values) / len(values) if values else np.nan


def test_the_sessions_show_enough(analyzer):
    assert set(analyzer.get_unique_attractors()) >= set(CHAIN.states)
    assert analyzer.durations.tolist() == list(DURATIONS) and len(analyzer.occurrences()) > 80


def test_unique_attractors(analyzer, window):
    for empty_state in (True, False):
        expected = ordered(visit["state"] for visit in visits_in(analyzer, window, empty_state=empty_state))
        assert analyzer.get_unique_attractors(*window, empty_state=empty_state) == expected
    assert analyzer.get_num_states(*window) == len(analyzer.get_unique_attractors(*window))


def test_index_and_number_of_clusters(analyzer):
    for place, state in enumerate(analyzer.get_unique_attractors()):
        assert analyzer.get_attractor_idx(state) == place
        assert analyzer.get_num_clusters(state) == len(state)
    assert analyzer.get_num_clusters([3, 0, 1]) == 3


def test_data_of_attractors(analyzer, window):
    table = analyzer.get_attractors_data(*window)
    assert table["state"].tolist() == analyzer.get_unique_attractors(*window)
    for row in table.to_dict("records"):
        own = [visit for visit in visits_in(analyzer, window) if visit["state"] == row["state"]]
        total = sum(visit["duration"] for visit in own)
        expected = {
            "occurrences": len(own),
            "total_duration": total,
            "probability": total / sum(lengths(window)),
            "mean_lifespan": mean([visit["duration"] for visit in own if not visit["censored"]]),
            "mean_lifespan_kaplan_meier": product_limit_mean(own),
            "mean_rate": sum(visit["mean_rate"] * visit["duration"] for visit in own) / total,
        }
        assert {name: row[name] for name in expected} == pytest.approx(expected, nan_ok=True)
        one = analyzer.get_attractor_data(row["state"], *window)
        assert {name: one[name] for name in expected} == pytest.approx(expected, nan_ok=True)
        assert one["visits"]["start"].tolist() == [visit["start"] for visit in own]
        assert analyzer.get_attractor_prob(row["state"], *window) == pytest.approx(expected["probability"])
    assert analyzer.get_attractor_probs(*window).tolist() == table["probability"].tolist()
    assert table["probability"].sum() == pytest.approx(1)


def test_occurrences_and_lifespans(analyzer, window):
    for state in (None, *analyzer.get_unique_attractors(*window)):
        own = [visit for visit in visits_in(analyzer, window) if state is None or visit["state"] == state]
        whole = [visit["duration"] for visit in own if not visit["censored"]]
        assert analyzer.get_occurrences(state, *window) == len(own)
        assert analyzer.get_life_spans(state, *window).tolist() == whole
        assert analyzer.get_life_spans(state, *window, censored=True).tolist() == [visit["duration"] for visit in own]
        found = [analyzer.get_mean_lifespan(state, *window, estimator=name) for name in ("mean", "kaplan_meier")]
        assert found == pytest.approx([mean(whole), product_limit_mean(own)], nan_ok=True)
        assert analyzer.survival(state, *window).mean == pytest.approx(product_limit_mean(own), nan_ok=True)


@pytest.mark.parametrize("empty_state", [True, False])
def test_transitions(analyzer, window, empty_state):
    moves = moves_in(analyzer, window, empty_state=empty_state)
    states = analyzer.get_unique_attractors(*window, empty_state=empty_state)
    table = analyzer.transitions(*window, empty_state=empty_state)
    assert list(table.itertuples(index=False, name=None)) == [(b["session"], a, s, b["start"]) for a, s, b in moves]
    counts = analyzer.get_transition_counts(*window, empty_state=empty_state)
    pairs = [(a, b) for a, b, _ in moves]
    assert counts.tolist() == [[pairs.count((a, b)) for b in states] for a in states]
    matrix = analyzer.get_transition_matrix(*window, empty_state=empty_state)
    expected = np.array([[share(moves, a, b) for b in states] for a in states])
    np.testing.assert_allclose(matrix, expected)
    zeros = analyzer.get_transition_matrix(*window, empty_state=empty_state, never_left="zero")
    np.testing.assert_allclose(zeros, np.nan_to_num(expected))
    assert np.isin(zeros.sum(axis=1).round(12), [0, 1]).all()
    for i, a in enumerate(states):
        for j, b in enumerate(states):
            found = analyzer.get_transition_prob(a, b, *window, empty_state=empty_state)
            assert found == pytest.approx(expected[i, j], nan_ok=True)


def test_probabilities_of_sequences(analyzer):
    moves = moves_in(analyzer, (None, None))
    for sequence in ([(0,), (1,), (2, 3)], [(2, 3), (), (1,), (2, 3), (0,)], [(0,), (0, 1, 2)]):
        expected = np.prod([share(moves, a, b) for a, b in pairwise(sequence)])
        assert analyzer.get_sequence_probability(sequence) == pytest.approx(expected)
    assert analyzer.get_sequence_probability([(0,)]) == 1
    assert np.isnan(analyzer.get_sequence_probability([(0, 1, 2), (0,)]))  # never left


@pytest.mark.parametrize("empty_state", [True, False])
def test_states_and_transitions_until_a_time(analyzer, empty_state):
    times = [0.0, 0.4, 1.0, 3.3, 5.0]
    counts, density = (
        ask(times, empty_state=empty_state)
        for ask in (analyzer.get_unique_attractors_count_until_time, analyzer.get_transition_density_until_time)
    )
    visits, moves = (of(analyzer, (None, None), empty_state=empty_state) for of in (visits_in, moves_in))
    for session in range(3):
        for k, time in enumerate(times):
            n = len({v["state"] for v in visits if v["session"] == session and v["start"] <= time})
            pairs = {(a, b) for a, b, v in moves if v["session"] == session and v["start"] <= time and a != b}
            assert counts[session, k] == n
            assert density[session, k] == pytest.approx(len(pairs) / (n * (n - 1)) if n > 1 else np.nan, nan_ok=True)


def test_until_one_time_or_several_or_from_the_end(analyzer):
    counts = analyzer.get_unique_attractors_count_until_time([0.4, 1.0])
    assert analyzer.get_unique_attractors_count_until_time(1.0).tolist() == counts[:, 1].tolist()
    assert analyzer.get_unique_attractors_count_until_time([[0.4, 1.0], [3.3, 0]]).shape == (3, 2, 2)
    assert analyzer.get_transition_density_until_time(1.0).shape == (3,)
    ends = analyzer.durations
    backward = analyzer.get_unique_attractors_count_until_time(-0.5)
    assert backward.tolist() == [
        len({v["state"] for v in visits_in(analyzer, (None, None)) if v["session"] == k and v["start"] <= end - 0.5})
        for k, end in enumerate(ends)
    ]


@pytest.mark.parametrize("time", [-100, -5.1, 5.1, np.nan, np.inf, [1.0, 11.0]])
def test_times_that_a_session_does_not_have(analyzer, time):
    for ask in (analyzer.get_unique_attractors_count_until_time, analyzer.get_transition_density_until_time):
        with pytest.raises(ValueError, match=r"time: .* found; expected -[58] s to [58] s"):
            ask(time)


def test_a_state_that_was_never_visited(analyzer):
    data = analyzer.get_attractor_data((0, 1, 2, 3))
    assert data["occurrences"] == data["probability"] == data["total_duration"] == len(data["visits"]) == 0
    assert np.isnan([data["mean_lifespan"], data["mean_lifespan_kaplan_meier"], data["mean_rate"]]).all()
    assert analyzer.get_life_spans((0, 1, 2, 3)).shape == (0,)
    assert analyzer.get_transition_prob((0,), (0, 1, 2, 3)) == 0
    assert np.isnan(analyzer.get_transition_prob((0, 1, 2, 3), (0,)))


def test_answers_are_copies(analyzer):
    before = analyzer.occurrences()
    mine = analyzer.occurrences()
    mine["start"] = -1.0
    assert analyzer.occurrences().equals(before)


def test_nothing_crosses_the_boundary_of_two_sessions():
    sessions = [regular(((0,), 1.0), ((1,), 1.0)), regular(((1,), 1.0), ((2,), 1.0)), regular(((0,), 2.0))]
    several = Analyzer(sessions, np.repeat([0, 1, 2], 10), method="threshold")
    counts = several.get_transition_counts()
    # one after the other they would be a visit of (1,) of 2 s, and a transition from (2,) to (0,)
    assert several.get_unique_attractors() == [(0,), (1,), (2,)]
    assert counts.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert several.get_occurrences((1,)) == 2 and several.get_life_spans().size == 0
    joined = several.get_sequence_probability([(0,), (1,), (2,)])
    assert joined == 1 and np.isnan(several.get_transition_prob((2,), (0,)))
    assert several.get_unique_attractors_count_until_time(2.0).tolist() == [2, 2, 1]


def test_each_session_has_a_threshold_of_its_own():
    visits = [((0,), 1.0), ((1,), 1.0), ((), 1.0), ((2,), 1.0)]
    analyzer = Analyzer([regular(*visits), regular(*visits, active_hz=12.5)], np.repeat([0, 1, 2], 10))
    strong, weak = (session.thresholds for session in analyzer.sessions)
    assert 12.5 < strong.min() == strong.max() < 50 and 2 < weak.min() == weak.max() < 12.5
    assert analyzer.occurrences()["state"].tolist() == 2 * [(0,), (1,), (), (2,)]


def test_the_order_of_sessions_changes_their_numbers_only(analyzer):
    order = [2, 0, 1]
    sessions = drawn_sessions(*DURATIONS)
    permuted = Analyzer([sessions[index] for index in order], CLUSTERS)
    back = permuted.occurrences().assign(session=lambda table: np.array(order)[table["session"]])
    expected = analyzer.occurrences()
    pd.testing.assert_frame_equal(back.sort_values(["session", "start"], ignore_index=True), expected)
    assert permuted.get_transition_counts().tolist() == analyzer.get_transition_counts().tolist()
    np.testing.assert_allclose(permuted.get_attractor_probs(), analyzer.get_attractor_probs(), rtol=1e-12)
    assert permuted.get_unique_attractors_count_until_time(2.0).tolist() == (
        analyzer.get_unique_attractors_count_until_time(2.0)[order].tolist()
    )


def test_other_labels_of_clusters_change_the_labels_only(analyzer):
    new = np.array([7, -2, 30, 4])
    renamed = Analyzer(drawn_sessions(*DURATIONS), new[CLUSTERS])
    expected = analyzer.occurrences()
    expected["state"] = [tuple(sorted(new[list(state)].tolist())) for state in expected["state"]]
    pd.testing.assert_frame_equal(renamed.occurrences(), expected)
    assert renamed.get_transition_prob((7,), (-2,)) == analyzer.get_transition_prob((0,), (1,))
