from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from neuro_mod.core.spiking_net.analysis.states import visit_order
from neuro_mod.core.spiking_net.analysis.states.visit_order import shuffle_test
from tests.helpers.visit_frames import sequences, visits

A, B, C, D = (0,), (1,), (2,), (0, 1)


def entropy_by_counting(sessions):
    """Conditional entropy and mutual information from dictionaries of pairs: the slow obvious version."""
    pairs = Counter(pair for sequence in sessions for pair in pairwise(sequence))
    n = sum(pairs.values())
    present, following = Counter(), Counter()
    for (source, target), count in pairs.items():
        present[source] += count
        following[target] += count
    conditional = -sum(count / n * math.log2(count / present[pair[0]]) for pair, count in pairs.items())
    return conditional, -sum(count / n * math.log2(count / n) for count in following.values()) - conditional


def random_visits(rng, n_sessions, n_visits, n_states=5):
    """Each next state is any other with equal probability, so that all orders of the same visits are equally likely."""
    steps = rng.integers(1, n_states, (n_sessions, n_visits))
    return visits({session: [(int(i) % n_states,) for i in np.cumsum(each)] for session, each in enumerate(steps)})


@pytest.mark.parametrize("sequence", [[A, B, A, C, D], [A, B, (), A, (), D], [A, (), B, (), C, A]])
@pytest.mark.parametrize("empty_state", [True, False])
def test_shuffles_are_uniform_over_all_orders(sequence, empty_state):
    """Against a list of all permutations in which no state follows itself; a chi-squared test at 0.001."""

    def order_of(states):
        return [state for state in states if empty_state or state != ()]

    orders = {
        order
        for order in permutations(sequence)
        if all(a != b for a, b in pairwise(order))
        and (empty_state or all((a == ()) == (b == ()) for a, b in zip(order, sequence, strict=True)))
    }
    expected = Counter(round(entropy_by_counting([order_of(order)])[0], 9) for order in orders)
    found = shuffle_test(visits({0: sequence}), n_shuffles=3000, seed=3, empty_state=empty_state)
    assert found.observed == pytest.approx(entropy_by_counting([order_of(sequence)])[0])
    values = Counter(np.round(found.shuffled, 9).tolist())
    assert set(values) == set(expected)
    frequencies = [3000 * expected[value] / len(orders) for value in expected]
    assert len(expected) == 1 or chisquare([values[value] for value in expected], frequencies).pvalue > 0.001


@settings(max_examples=30)
@given(sequences(), st.booleans())
def test_each_shuffle_holds_the_same_visits(sessions, empty_state):
    for session, sequence in sessions.items():
        codes = {state: code for code, state in enumerate(sorted(set(sequence) - (set() if empty_state else {()})))}
        found = visit_order._sequences(visits({session: sequence}), codes)
        for group in visit_order._groups(found, 5):
            padded, orders, ends = visit_order._shuffle(group, 5, 1)
            assert ends.tolist() == [len(padded)]
            for order in orders.T:
                assert sorted(order) == sorted(padded)
                assert ((order == visit_order._GAP) == (padded == visit_order._GAP)).all()
                assert (order[1:] != order[:-1])[(order[1:] != visit_order._GAP)].all()


@pytest.mark.parametrize("together", [1, 300])
def test_sessions_may_be_shuffled_one_by_one_or_together(monkeypatch, together):
    frame = random_visits(np.random.default_rng(4), 12, 9)
    found = shuffle_test(frame, n_shuffles=7, seed=2)
    monkeypatch.setattr(visit_order, "_TOGETHER", together)
    assert shuffle_test(frame, n_shuffles=7, seed=2).shuffled.tobytes() == found.shuffled.tobytes()


@pytest.mark.parametrize("empty_state", [True, False])
def test_statistics_are_those_counted_one_by_one(empty_state):
    rng = np.random.default_rng(2)
    sessions = {0: [], 1: [A]}
    for session in range(2, 6):
        codes = np.cumsum(rng.integers(1, 5, 40)) % 5
        sessions[session] = [[(), A, B, C, D][code] for code in codes]
    kept = [[state for state in each if empty_state or state != ()] for each in sessions.values()]
    found = shuffle_test(visits(sessions), n_shuffles=3, empty_state=empty_state)
    assert (found.observed, found.observed_information) == pytest.approx(entropy_by_counting(kept))


@pytest.mark.parametrize("n_rounds", [3, visit_order.N_ROUNDS])
def test_p_values_are_uniform_under_the_null(monkeypatch, n_rounds):
    """Also with far too few swaps: of 120 p-values a binomial number lies at or below a fraction, here within 99 %.

    No test at all, with every p-value at 1, has no value at or below 0.05; the binomial number is 1 to 13 there.
    """
    monkeypatch.setattr(visit_order, "N_ROUNDS", n_rounds)
    rng = np.random.default_rng(11)
    p_values = np.array([shuffle_test(random_visits(rng, 1, 30), n_shuffles=19, seed=i).p_value for i in range(120)])
    for fraction in (0.05, 0.25, 0.5, 0.75):
        least, most = binom.interval(0.99, 120, fraction)
        assert 1 <= least <= np.count_nonzero(p_values < fraction + 1e-9) <= most


def test_forward_undoes_backward_if_every_coin_is_heads(monkeypatch):
    """Each round is then its own inverse: whoever forgets to run backward, or in reverse, ends elsewhere."""
    codes = np.cumsum(np.random.default_rng(1).integers(1, 5, 50)) % 5
    observed = np.pad(codes, 1, constant_values=visit_order._GAP)
    rounds = visit_order._rounds(observed != visit_order._GAP, 0, 0)
    monkeypatch.setattr(visit_order, "_rounds", lambda *_: rounds)
    heads = np.uint32(2**32 - 1)
    monkeypatch.setattr(visit_order.Stream, "words", lambda _, rows, n: np.full((len(rows), n), heads))
    assert (visit_order._shuffle({0: observed}, 2, 0)[1] == observed[:, None]).all()


def test_a_cycle_is_no_chance():
    found = shuffle_test(visits({i: [A, B, C, D] * 10 for i in range(3)}), n_shuffles=199, seed=4)
    assert found.observed == pytest.approx(0, abs=1e-12)
    assert found.p_value == 1 / 200
    assert found.excess == pytest.approx(found.shuffled.mean()) and found.excess > 1
    assert found.z_score > 10
    assert found.observed_information == pytest.approx(2, abs=0.01)  # of four states, but for the ends


def test_two_states_can_only_alternate():
    found = shuffle_test(visits({0: [A, B] * 20 + [A]}), n_shuffles=50)
    assert found.p_value == 1
    assert np.isnan(found.z_score) and found.excess == pytest.approx(0)


def test_empty_visits_between_active_states():
    """A, (), B, (), C, () in a cycle: only once the empty state is skipped, the present state tells the next."""
    frame = visits({0: [A, (), B, (), C, ()] * 20})
    assert shuffle_test(frame, n_shuffles=99, empty_state=True).p_value > 0.05
    assert shuffle_test(frame, n_shuffles=99, empty_state=False).p_value == 1 / 100
    rng = np.random.default_rng(8)
    free = [state for i in rng.integers(0, 3, 60) for state in ((A, B, C)[i], ())]
    assert shuffle_test(visits({0: free}), n_shuffles=99, empty_state=False).p_value > 0.05


def test_reproducible_whatever_the_order_of_sessions_and_labels():
    frame = random_visits(np.random.default_rng(0), 3, 30)
    found = shuffle_test(frame, n_shuffles=20, seed=6)
    backwards = pd.concat([frame[frame["session"] == session] for session in (2, 0, 1)])
    relabelled = frame.assign(state=pd.Series([(9 - label,) for (label,) in frame["state"]], dtype=object))
    assert shuffle_test(backwards, n_shuffles=20, seed=6).shuffled.tobytes() == found.shuffled.tobytes()
    assert shuffle_test(relabelled, n_shuffles=20, seed=6).shuffled == pytest.approx(found.shuffled)
    assert not np.array_equal(shuffle_test(frame, n_shuffles=20, seed=7).shuffled, found.shuffled)


def test_a_state_may_follow_itself_after_a_gap_only():
    frame = visits({0: [1, 2, 2, 0]})
    with pytest.raises(ValueError, match="session 0: state S2 directly follows itself"):
        shuffle_test(frame)
    apart = frame.assign(start=frame["start"] + [0, 0, 0.5, 0])
    assert shuffle_test(apart).observed == pytest.approx(entropy_by_counting([[1, 2, 2, 0]])[0])


def test_no_transitions():
    for frame in (visits({}), visits({0: [A], 1: [B]}), visits({0: [(), A, ()]})):
        found = shuffle_test(frame, n_shuffles=4, empty_state=False)
        assert np.isnan([found.observed, found.observed_information, found.p_value, found.z_score]).all()
        assert found.shuffled.shape == (4,) and np.isnan(found.shuffled).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_shuffles": 0}, "n_shuffles: 0 found; expected a whole number of at least 1"),
        ({"n_shuffles": 1.5}, "n_shuffles: 1.5 found"),
        ({"n_shuffles": True}, "n_shuffles: true found"),
        ({"n_shuffles": None}, "n_shuffles: nothing found"),
        ({"seed": -1}, "seed: -1 found; expected a whole number of at least 0"),
        ({"seed": 0.5}, "seed: 0.5 found"),
    ],
)
def test_what_is_no_number_of_shuffles_or_seed(arguments, message):
    with pytest.raises(ValueError, match=message):
        shuffle_test(visits({0: [A, B, C]}), **arguments)
