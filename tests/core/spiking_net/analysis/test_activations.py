from __future__ import annotations

from itertools import groupby

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuro_mod.core.spiking_net.analysis.states.activations import (
    ACTIVATIONS,
    activation_table,
    activations_of,
    inter_activation_intervals,
)
from neuro_mod.core.spiking_net.analysis.states.visits import within

WIDTH = 0.01
LABELS = np.array([3, 5, 8])


def activity(*rows: str):
    """One row for each cluster, ``#`` where it is active."""
    return np.array([[each == "#" for each in row] for row in rows]).T


def found(active, duration=None, session=0, **options):
    labels = LABELS[: active.shape[1]]
    columns = activations_of(active, labels, WIDTH, duration or len(active) * WIDTH, session=session, **options)
    return activation_table([columns])


def runs(active):
    """Obvious and slow: (cluster, first bin, bin after the last) of each stretch of activity."""
    for cluster in range(active.shape[1]):
        begin = 0
        for on, stretch in groupby(active[:, cluster].tolist()):
            end = begin + len(list(stretch))
            if on:
                yield cluster, begin, end
            begin = end


def spans(table):
    return list(zip(table["cluster"], table["start"].round(9), table["end"].round(9), strict=True))


def test_other_clusters_neither_cut_nor_extend_an_activation():
    table = found(activity(".##..", "#.#.#", "....."))
    assert spans(table) == [(3, 0.01, 0.03), (5, 0, 0.01), (5, 0.02, 0.03), (5, 0.04, 0.05)]
    assert table["censored_start"].tolist() == [False, True, False, False]
    assert table["censored_end"].tolist() == [False, False, False, True]
    assert table["censored"].tolist() == [False, True, False, True]
    assert dict(table.dtypes) == {name: np.dtype(kind) for name, kind in ACTIVATIONS.items()}


def test_the_last_activation_lasts_until_the_end_of_the_session():
    """A last, incomplete bin has no rate."""
    table = found(activity("..##"), duration=0.043)
    assert spans(table) == [(3, 0.02, 0.043)] and table["censored_end"].tolist() == [True]


def test_short_activations_are_left_out_and_interruptions_are_not_filled():
    table = found(activity("##.##.#"), minimal_duration=2 * WIDTH)
    assert spans(table) == [(3, 0, 0.02), (3, 0.03, 0.05)]


@pytest.mark.parametrize(("row", "n"), [("##", 1), ("#.", 0)])
def test_one_that_fills_a_short_session_counts(row, n):
    """As a visit does."""
    assert len(found(activity(row), minimal_duration=1.0)) == n


@given(arrays(bool, st.tuples(st.integers(0, 30), st.integers(1, 3))), st.integers(0, 4))
def test_the_same_as_stretch_by_stretch(active, shortest):
    table = found(active, minimal_duration=shortest * WIDTH)
    n = len(active)
    expected = [
        (LABELS[cluster], round(begin * WIDTH, 9), round(end * WIDTH, 9))
        for cluster, begin, end in runs(active)
        if end - begin >= shortest or end - begin == n
    ]
    assert spans(table) == expected


@given(st.lists(arrays(bool, st.tuples(st.integers(1, 30), st.just(2))), max_size=4))
def test_intervals_are_the_rest_of_the_time(sessions):
    """Those of the inactive bins, found as activations of the opposite; no cluster has time that is neither."""
    durations = np.array([len(active) * WIDTH for active in sessions])
    tables = [found(active, session=i) for i, active in enumerate(sessions)]
    activations = pd.concat([found(np.zeros((0, 2), bool)), *tables], ignore_index=True)
    opposite = [found(~active, session=i) for i, active in enumerate(sessions)]
    expected = pd.concat([found(np.zeros((0, 2), bool)), *opposite], ignore_index=True)
    pd.testing.assert_frame_equal(inter_activation_intervals(activations, durations, LABELS[:2]), expected)


def test_intervals_lead_from_one_activation_to_the_next():
    table = inter_activation_intervals(found(activity(".#..##.", "#######")), np.array([0.07]), LABELS[:2])
    assert spans(table) == [(3, 0, 0.01), (3, 0.02, 0.04), (3, 0.06, 0.07)]
    assert table["censored_start"].tolist() == [True, False, False]
    assert table["censored_end"].tolist() == [False, False, True]


def test_a_window_cuts_activations_and_intervals_as_it_cuts_visits():
    durations = np.array([0.07])
    activations = found(activity(".#..##."))
    cut = within(activations, durations, 0.015, 0.045)
    assert spans(cut) == [(3, 0.015, 0.02), (3, 0.04, 0.045)]
    assert cut["censored_start"].tolist() == [True, False] and cut["censored_end"].tolist() == [False, True]
    intervals = within(inter_activation_intervals(activations, durations, LABELS[:1]), durations, 0.015, 0.045)
    assert spans(intervals) == [(3, 0.02, 0.04)] and not intervals["censored"].any()
