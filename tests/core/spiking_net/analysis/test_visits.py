from __future__ import annotations

from itertools import groupby, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.core.spiking_net.analysis.states.visits import (
    OCCURRENCES,
    labels_of,
    no_visits,
    of_state,
    rates_in_visits,
    share_reassigned,
    visit_columns,
    visit_table,
    visits_of,
    within,
)

BIN = 0.005
LABELS = np.array([2, 5])
STATES = ((), (2,), (5,), (2, 5))
#: Which clusters are active in each of at most 40 bins, mostly in runs.
RUNS = st.lists(st.tuples(st.sampled_from(STATES), st.integers(1, 5)), max_size=12)
MINIMAL_BINS = st.integers(0, 6)


def bins_of(runs):
    return [state for state, n in runs for _ in range(n)]


def activity(states):
    return np.array([[label in state for label in LABELS] for state in states]).reshape(-1, len(LABELS))


def found(states, minimal_bins=0, rest=0.0, session=0):
    duration = len(states) * BIN + rest
    visits = visits_of(activity(states), LABELS, BIN, duration, minimal_lifespan=minimal_bins * BIN, session=session)
    return visit_table([visits])


def rows(visits):
    return list(zip(visits["state"], visits["start"] / BIN, visits["end"] / BIN, strict=True))


def approx_rows(expected):
    return [(state, pytest.approx(start, abs=1e-9), pytest.approx(end, abs=1e-9)) for state, start, end in expected]


def slow_visits(states, minimal_bins, rest):
    """State, begin and end in bins: half bins are filled one by one, from the left up to the middle of each gap."""
    groups = [(state, 2 * len(list(group))) for state, group in groupby(states)]
    halves, last = [], len(groups) - 1
    for i, (state, n) in enumerate(groups):
        lasts = n / 2 + (rest / BIN if i == last else 0) >= minimal_bins - 1e-6 or not last
        halves += [state if lasts else None] * n
    known = [i for i, state in enumerate(halves) if state is not None]
    if not known:
        return []
    filled = list(halves)
    for i in range(len(halves)):
        before = max((k for k in known if k <= i), default=None)
        after = min((k for k in known if k >= i), default=None)
        if before is None or (after is not None and after - i <= i - before):
            before = after
        filled[i] = halves[before]
    visits, at = [], 0
    for state, group in groupby(filled):
        n = len(list(group))
        visits.append((state, at / 2, (at + n) / 2))
        at += n
    visits[-1] = (*visits[-1][:2], len(states) + rest / BIN)
    return visits


@given(RUNS, MINIMAL_BINS, st.sampled_from([0.0, 0.4 * BIN]))
def test_visits_are_those_of_a_slow_version(runs, minimal_bins, rest):
    states = bins_of(runs)
    assert rows(found(states, minimal_bins, rest)) == approx_rows(slow_visits(states, minimal_bins, rest))


@pytest.mark.parametrize(
    ("runs", "minimal_bins", "expected"),
    [
        ([((2,), 4), ((), 2), ((5,), 4)], 3, [((2,), 0, 5), ((5,), 5, 10)]),  # halves
        ([((2,), 4), ((), 1), ((5,), 4)], 3, [((2,), 0, 4.5), ((5,), 4.5, 9)]),  # half a bin
        ([((2,), 4), ((), 1), ((5,), 1), ((2,), 4)], 3, [((2,), 0, 10)]),  # joined over two short ones
        ([((5,), 2), ((2,), 4), ((), 2)], 3, [((2,), 0, 8)]),  # at both edges
        ([((2,), 3), ((), 3)], 3, [((2,), 0, 3), ((), 3, 6)]),  # exactly the minimal lifespan
        ([((2,), 1), ((), 1), ((2,), 1), ((), 1)], 2, []),  # nothing lasts, all are removed at once
        ([((2, 5), 1)], 3, [((2, 5), 0, 1)]),  # fills the session
        ([((), 1), ((2,), 2)], 4, []),
        ([], 0, []),
    ],
)
def test_gaps(runs, minimal_bins, expected):
    assert rows(found(bins_of(runs), minimal_bins)) == approx_rows(expected)


@given(RUNS, MINIMAL_BINS)
def test_visits_fill_the_session_without_repeats(runs, minimal_bins):
    visits = found(bins_of(runs), minimal_bins, session=3)
    assert {name: visits[name].dtype for name in visits} == OCCURRENCES
    if len(visits):
        assert visits["duration"].sum() == pytest.approx(len(bins_of(runs)) * BIN)
        assert (visits["end"].iloc[:-1].to_numpy() == visits["start"].iloc[1:].to_numpy()).all()
        assert (visits["duration"] >= min(minimal_bins, len(bins_of(runs))) * BIN - 1e-12).all()
        assert set(visits["session"]) == {3}
    states = visits["state"].tolist()
    assert all(one != next_one for one, next_one in pairwise(states))


@given(RUNS, MINIMAL_BINS)
def test_reversing_time_reverses_the_visits(runs, minimal_bins):
    states = bins_of(runs)
    forward, backward = rows(found(states, minimal_bins)), rows(found(states[::-1], minimal_bins))
    n = len(states)
    assert backward == approx_rows([(state, n - end, n - start) for state, start, end in reversed(forward)])


def test_visits_at_an_edge_are_censored():
    visits = found(bins_of([((), 2), ((2,), 3), ((), 1)]))
    assert visits["censored_start"].tolist() == [True, False, False]
    assert visits["censored_end"].tolist() == [False, False, True]
    assert visits["censored"].tolist() == [True, False, True]
    whole = found([(5,)] * 4)
    assert whole[["censored_start", "censored_end", "censored"]].to_numpy().all()


def test_visits_of_a_state():
    visits = found(bins_of([((), 2), ((2,), 3), ((5,), 1), ((2,), 1)]))
    assert of_state(visits, (2,))["start"].tolist() == [2 * BIN, 6 * BIN]
    assert of_state(visits, ())["end"].tolist() == [2 * BIN] and of_state(visits, (2, 5)).empty
    assert of_state(visits, None) is visits


def test_labels_of_rows_are_sorted_tuples_of_plain_integers():
    states = labels_of(np.array([[True, True], [False, False], [False, True]]), LABELS)
    assert states == [(2, 5), (), (5,)]
    assert {type(label) for state in states for label in state} == {int}


def test_a_table_without_rows_has_the_columns_of_the_others():
    assert visit_table([visit_columns(0, [], [], [], 1.0)]).dtypes.equals(no_visits().dtypes)
    assert list(no_visits()) == list(OCCURRENCES)


DURATIONS = np.array([10.0, 6.0])
VISITS = visit_table(
    [
        visit_columns(0, [(2,), (5,), (), (2,)], [0, 1, 4, 7], [1, 4, 7, 10], 10.0),
        visit_columns(1, [(5,), (2, 5)], [0, 2.5], [2.5, 6], 6.0),
    ]
)


def slow_within(windows):
    """Half a second after the other: session, state, start, end, duration, and whether start and end were not seen.

    A start is seen if the half second before it lies within the window too, an end likewise.
    """
    kept = []
    for row in VISITS.to_dict("records"):
        begin, end = windows[row["session"]]
        inside = range(int(2 * begin), int(2 * end))
        own = [half for half in range(20) if row["start"] <= half / 2 < row["end"]]
        seen = [half for half in own if half in inside]
        if seen:
            cut = own[0] - 1 not in inside, own[-1] + 1 not in inside
            start, stop = seen[0] / 2, (seen[-1] + 1) / 2
            kept.append((row["session"], row["state"], start, stop, stop - start, any(cut), *cut))
    return kept


@pytest.mark.parametrize(
    ("t_from", "t_to", "windows"),
    [
        (None, None, [(0, 10), (0, 6)]),
        (2, None, [(2, 10), (2, 6)]),
        (None, 4, [(0, 4), (0, 4)]),
        (1, 5, [(1, 5), (1, 5)]),
        (-3, None, [(7, 10), (3, 6)]),
        (-5, -3, [(5, 7), (1, 3)]),
        (2, -1.5, [(2, 8.5), (2, 4.5)]),
        (3, 3.5, [(3, 3.5), (3, 3.5)]),
    ],
)
def test_visits_within_a_window_are_cut_and_censored(t_from, t_to, windows):
    inside = within(VISITS, DURATIONS, t_from, t_to)
    assert inside.dtypes.equals(VISITS.dtypes) and inside.index.tolist() == list(range(len(inside)))
    columns = ["session", "state", "start", "end", "duration", "censored", "censored_start", "censored_end"]
    assert list(inside[columns].itertuples(index=False, name=None)) == slow_within(windows)


@pytest.mark.slow
def test_windows_at_edges_of_visits_hold_no_visit_of_rounding():
    """At every half bin of a session, as a decimal: many edges of visits lie a rounding error beside it."""
    states = bins_of([((), 3), ((2,), 2), ((5,), 1), ((2, 5), 3), ((), 4)] * 7)
    visits, duration = found(states, minimal_bins=2), len(states) * BIN
    expected = [(state, round(2 * start), round(2 * end)) for state, start, end in slow_visits(states, 2, 0.0)]
    assert any(start % 2 for _, start, _ in expected)
    for half in range(1, 2 * len(states)):
        at = round(half * BIN / 2, 6)
        behind = [(state, max(start, half), end) for state, start, end in expected if end > half]
        before = [(state, start, min(end, half)) for state, start, end in expected if start < half]
        for time in (at, round(at - duration, 6)):
            for window, rest in (((time, None), behind), ((None, time), before)):
                cut = within(visits, np.array([duration]), *window)
                assert rows(cut) == approx_rows([(state, start / 2, end / 2) for state, start, end in rest])
                assert cut["censored_start"].tolist() == [True] + [False] * (len(rest) - 1)
                assert cut["censored_end"].tolist() == [False] * (len(rest) - 1) + [True]


def test_a_window_of_a_window_is_the_smaller_one():
    twice = within(within(VISITS, DURATIONS, 1, 5), DURATIONS, 2, 4)
    pd.testing.assert_frame_equal(twice, within(VISITS, DURATIONS, 2, 4))


def test_no_visits_within_a_window():
    assert within(no_visits(), np.array([3.0]), 1, 2).dtypes.equals(no_visits().dtypes)


@pytest.mark.parametrize(
    ("t_from", "t_to", "name"), [(7, None, "t_from"), (None, -7, "t_to"), (4, 3, "t_from, t_to: 4 s to 3 s")]
)
def test_a_window_that_one_session_does_not_have(t_from, t_to, name):
    with pytest.raises(ValueError, match=name):
        within(VISITS, DURATIONS, t_from, t_to)


@given(RUNS, MINIMAL_BINS, st.integers(0, 2**32 - 1))
def test_mean_rates_are_counted_bin_by_bin(runs, minimal_bins, seed):
    states = bins_of(runs)
    labels, sizes = np.array([1, 2, 5]), np.array([3, 4, 2])  # cluster 1 defines no states
    counts = np.random.default_rng(seed).integers(0, 9, (len(states), 3))
    visits = found(states, minimal_bins, rest=0.4 * BIN)
    for rate, state, start, end in zip(
        rates_in_visits(visits, counts, sizes, labels, BIN),
        visits["state"],
        visits["start"],
        visits["end"],
        strict=True,
    ):
        times = [max(0, min(end, (b + 1) * BIN) - max(start, b * BIN)) for b in range(len(states))]
        members = [labels.tolist().index(label) for label in state]
        spikes = sum(time / BIN * counts[b, m] for b, time in enumerate(times) for m in members)
        if state:
            # differences of cumulative counts round
            assert rate == pytest.approx(spikes / (sum(sizes[members]) * sum(times)), abs=1e-9)
        else:
            assert np.isnan(rate)


def test_share_of_time_taken_from_too_short_visits():
    states = bins_of([((2,), 10), ((5,), 3), ((2,), 4), ((), 20), ((2, 5), 3)])
    active = activity(states)
    shares = [share_reassigned(active, BIN, 40 * BIN, minimal_lifespan=n * BIN) for n in (0, 3, 4, 5, 99)]
    assert shares == pytest.approx([0, 0, 6 / 40, 10 / 40, 1])
    assert share_reassigned(activity([(2,)]), BIN, BIN, minimal_lifespan=1) == 0, "one state throughout"
    assert share_reassigned(activity([]), BIN, 0.0) == 0
