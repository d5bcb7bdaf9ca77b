from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.errors import InputError
from tests.helpers.semi_markov import BIN, SemiMarkov

NETWORK = SemiMarkov(n_clusters=3)


def drawn(n_sessions=4, duration=3.0, seed=1):
    return NETWORK.activity(n_sessions, duration, seed)


def assert_same(one: SessionTables, other: SessionTables):
    for name in ("visits", "activations", "intervals"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), atol=1e-9)
    np.testing.assert_allclose(one.durations, other.durations)


def test_selected_sessions_are_those_of_fewer_recordings():
    active = drawn()
    tables = tables_of_activity(active, BIN)
    for chosen in ([2], [3, 0], [1, 1, 2], []):
        expected = tables_of_activity([active[i] for i in chosen], BIN, tables.labels)
        assert_same(tables.select(chosen), expected)
        np.testing.assert_array_equal(tables.select(chosen).reassigned, expected.reassigned)
    assert_same(tables.select(np.array([True, False, True, False])), tables_of_activity(active[::2], BIN))


@pytest.mark.parametrize("wrong", [[4], [-1]])
def test_there_is_no_such_session(wrong):
    with pytest.raises(InputError, match=f"sessions: {wrong[0]} found; expected 0 to 3"):
        tables_of_activity(drawn(), BIN).select(wrong)


def test_a_window_is_a_shorter_recording():
    active = drawn()
    tables = tables_of_activity(active, BIN)
    assert_same(tables.within(0.5, 2.0), tables_of_activity([each[100:400] for each in active], BIN))
    assert np.isnan(tables.within(0.5, 2.0).reassigned).all()
    assert tables.within() is tables


def test_blocks_are_shorter_recordings_one_after_the_other():
    active = drawn(2)
    blocks = tables_of_activity(active, BIN).blocks(5)
    expected = tables_of_activity([part for each in active for part in np.split(each, 5)], BIN)
    assert_same(blocks, expected)


def test_durations_count_whole_in_the_block_in_which_they_begin():
    tables = tables_of_activity(drawn(2), BIN)
    blocks = tables.blocks(5)
    for kind in ("visits", "activations", "intervals"):
        whole, by_block = tables.spans(kind), blocks.spans(kind)
        place = whole["session"] * 5 + (whole["start"] / 0.6 + 1e-9).astype(int)
        assert sorted(zip(place, whole["duration"], strict=True)) == sorted(
            zip(by_block["session"], by_block["duration"], strict=True)
        )
    chosen = blocks.select([7, 2]).spans("activations")
    of_seven = blocks.spans("activations").query("session == 7")["duration"]
    assert chosen.query("session == 0")["duration"].tolist() == of_seven.tolist()


def test_sessions_of_several_analyses_are_joined():
    active = drawn()
    parts = [tables_of_activity(active[:1], BIN), tables_of_activity(active[1:], BIN)]
    assert_same(SessionTables.joined(parts), tables_of_activity(active, BIN))
    unknown = replace(parts[0], activations=None)
    assert SessionTables.joined([unknown, parts[1]]).activations is None
    with pytest.raises(InputError, match=r"clusters that define states: \[1, 2, 3\] found; expected .* 0, 1, 2"):
        SessionTables.joined([parts[0], tables_of_activity(active, BIN, np.array([1, 2, 3]))])
    with pytest.raises(InputError, match="at least one"):
        SessionTables.joined([])


def test_unknown_activations_are_refused():
    tables = replace(tables_of_activity(drawn(), BIN), activations=None)
    for ask in ("known_activations", "intervals"):
        with pytest.raises(InputError, match=r"activations: none found in this analysis; .* analyse the spikes again"):
            getattr(tables, ask)
    assert tables.blocks(2).activations is None and tables.select([0]).activations is None


def test_one_cluster_and_one_number_of_active_clusters():
    active = drawn()
    tables = tables_of_activity(active, BIN)
    alone = tables_of_activity([each[:, 1:2] for each in active], BIN, np.array([1]))
    own = tables.of_cluster(1)
    pd.testing.assert_frame_equal(own.known_activations, alone.known_activations)
    pd.testing.assert_frame_equal(own.intervals, alone.intervals)
    two = tables.of_number_active(2).visits
    assert two["duration"].sum() == pytest.approx(sum((each.sum(axis=1) == 2).sum() for each in active) * BIN)
