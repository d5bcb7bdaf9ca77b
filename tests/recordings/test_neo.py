"""Spikes as objects of Neo; expected spikes are written down, or go out and come back."""

from __future__ import annotations

import neo
import numpy as np
import pytest
import quantities as pq

from neuro_mod.errors import DataError, InputError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.neo_objects import from_neo, is_neo, to_neo
from neuro_mod.recordings.sessions import open_sessions
from tests.helpers.exchange import (
    EVENTS,
    LABELS,
    MS,
    assert_same,
    random_spikes,
    read,
)


def test_neo_round_trip():
    for spikes in (EVENTS, random_spikes(1e-4), random_spikes(0.5e-3)):
        labels = np.arange(spikes.n_neurons)[::-1] // 3
        for conventions in (Conventions(), Conventions(delta_t=spikes.delta_t)):
            assert_same(from_neo(to_neo(spikes, labels), conventions)[0], spikes, labels.tolist())
            assert_same(from_neo(to_neo(spikes), conventions)[0], spikes)


def test_segments_of_neo_say_what_they_hold():
    segment = to_neo(EVENTS, LABELS, "trial 3")
    assert segment.name == "trial 3" and len(segment.spiketrains) == 4
    train = segment.spiketrains[2]
    assert train.magnitude.tolist() == pytest.approx([0, 0.017, 0.048], rel=1e-15)
    assert train.t_stop == 0.05 * pq.s
    assert train.annotations == {"neuron": 2, "cluster": 3, "delta_t": 1e-3}
    assert len(segment.spiketrains[3]) == 0


def test_neo_in_memory():
    segment = to_neo(EVENTS, LABELS, "trial 3")
    block = neo.Block()
    block.segments = [to_neo(EVENTS), to_neo(EVENTS, name="b")]
    assert [session.name for session in open_sessions(segment).sessions] == ["trial 3"]
    names = [session.name for session in open_sessions([block, list(segment.spiketrains), EVENTS]).sessions]
    assert names == ["session 0, segment 0", "b", "session 1", "session 2"]
    for data in (segment, list(segment.spiketrains), segment.spiketrains):
        assert_same(read(data), labels=LABELS)
    assert [len(each.spikes) for each in from_neo(block)] == [5, 5]
    assert not any(map(is_neo, ([], [1], "neo", EVENTS, [EVENTS], np.zeros(3), None)))


@pytest.mark.parametrize("data", [[EVENTS], EVENTS, [[0.1], [0.2]], "neo", None, []])
def test_nothing_else_is_taken_for_neo(data):
    with pytest.raises(InputError, match=r"data: .* found; expected a block, a segment, or a list of spike trains"):
        from_neo(data)


def test_neo_is_found_in_derived_classes_too():
    segment = type("MySegment", (neo.Segment,), {"__module__": "elsewhere"})()
    segment.spiketrains = to_neo(EVENTS).spiketrains
    assert_same(read(segment))


def test_times_of_neo_count_from_the_begin():
    trains = [
        neo.SpikeTrain(times, units="ms", t_start=2000.0, t_stop=2050.0)
        for times in ([2003.0], [2003.5], [2000.0, 2017.9, 2048.0], [])
    ]
    assert_same(from_neo(trains, Conventions(1e-3))[0])
    assert from_neo(trains)[0].spikes.shape == (100, 4)


def test_times_on_the_grid_stay_on_it_however_late_the_begin():
    steps = np.arange(0, 10_000, 7)
    begin = 12_345.6
    trains = [neo.SpikeTrain(begin + steps * 1e-4, units="s", t_start=begin, t_stop=begin + 1)]
    assert from_neo(trains, Conventions(1e-4))[0].spikes.steps.tolist() == steps.tolist()


def test_the_order_of_times_within_a_train_matters_unless_they_are_to_be_sorted():
    trains = [neo.SpikeTrain([0.04, 0.01], units="s", t_stop=0.05)]
    with pytest.raises(DataError, match="times of unit 0: a decrease at spike 1 found"):
        from_neo(trains, Conventions(1e-3))
    assert from_neo(trains, Conventions(1e-3, sort=True))[0].spikes.steps.tolist() == [10, 40]


def test_times_in_different_units_are_the_same():
    trains = [
        neo.SpikeTrain([0.3, 2.2], units="s", t_start=1.1e-3, t_stop=2.3),
        neo.SpikeTrain([1.1, 2200.0], units="ms", t_start=1.1, t_stop=2300.0),
        neo.SpikeTrain([2.2e6], units="us", t_start=1100, t_stop=2.3e6 * (1 + 1e-12)),
    ]
    assert len({float(train.t_stop.rescale("s")) for train in trains}) > 1
    spikes = from_neo(trains, Conventions(1e-4))[0].spikes
    assert spikes.steps.tolist() == [0, 2989, 21989, 21989, 21989]
    assert spikes.neurons.tolist() == [1, 0, 0, 1, 2] and spikes.n_steps == 22989
    trains[2] = neo.SpikeTrain([2.2e6], units="us", t_start=1100, t_stop=2.3e6 + 1)
    with pytest.raises(DataError, match=r"t_stop from 2\.3 to 2\.300001 s found"):
        from_neo(trains)


def train(t_start=0.0, t_stop=1.0, **annotations):
    return neo.SpikeTrain([0.5], units="s", t_start=t_start, t_stop=t_stop, **annotations)


@pytest.mark.parametrize(
    ("data", "pattern"),
    [
        ([train(), train(t_start=0.1)], "session 0: t_start from 0 to 0.1 s found"),
        ([train(), train(t_stop=2)], "t_stop from 1 to 2 s found"),
        ([train(), train(cluster=3)], "cluster of 1 of 2 spike trains found"),
        ([train(delta_t=1e-3), train(delta_t=2e-3)], "different delta_t"),
        ([train(cluster="a")], "clusters: .* found; expected an integer"),
        (train(), "one spike train found; expected a segment"),
        (neo.Segment(name="rest"), "rest: no spike trains"),
        (neo.Block(), "a block without segments"),
    ],
)
def test_neo_that_makes_no_sense_is_refused(data, pattern):
    with pytest.raises(DataError, match=pattern):
        read(data, Conventions())


def test_a_spike_at_t_stop_lies_in_the_last_step():
    assert from_neo([train(t_stop=0.5)], MS)[0].spikes.steps.tolist() == [499]
