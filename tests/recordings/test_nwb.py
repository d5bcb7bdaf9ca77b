"""Spikes in NWB files; expected spikes are written down, or go out and come back."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile

from neuro_mod.errors import DataError, InputError, StorageError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.neo_objects import to_neo
from neuro_mod.recordings.nwb import read_nwb, to_nwb, write_nwb
from neuro_mod.recordings.pynapple_objects import to_pynapple
from neuro_mod.recordings.sessions import open_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.exchange import (
    BEGIN,
    EVENTS,
    LABELS,
    PAIR,
    assert_same,
    random_spikes,
    read,
    save_hdf5,
    stored_elsewhere,
    virtual,
)


def test_nwb_round_trip(tmp_path):
    for spikes in (EVENTS, random_spikes(1e-4)):
        labels = np.arange(spikes.n_neurons)[::-1] // 3
        assert_same(read_nwb(write_nwb(tmp_path / "a.nwb", spikes, labels), Conventions()), spikes, labels.tolist())
        assert_same(read(write_nwb(tmp_path / "a.nwb", spikes), Conventions()), spikes)
    silent = SpikeEvents(np.empty(0, np.int32), np.empty(0, np.int32), 10, 3, 1e-3)
    assert_same(read_nwb(write_nwb(tmp_path / "a.nwb", silent)), silent)


def test_nwb_says_what_it_holds(tmp_path):
    file = write_nwb(tmp_path / "a.nwb", EVENTS, LABELS, description="Three clusters", identifier="x1", begin=BEGIN)
    with NWBHDF5IO(file, "r") as stream:
        content = stream.read()
        assert (content.identifier, content.session_description) == ("x1", "Three clusters")
        assert content.session_start_time == BEGIN
        assert content.units.resolution == 1e-3
        assert content.units["cluster"].data[:].tolist() == LABELS
        assert content.units["spike_times"][2].tolist() == pytest.approx([0, 0.017, 0.048], rel=1e-15)
        assert np.asarray(content.units["obs_intervals"][3]).tolist() == [[0.0, 0.05]]
    assert [each.name for each in tmp_path.iterdir()] == ["a.nwb"]


def test_nwb_is_valid(tmp_path):
    from pynwb import validate

    write_nwb(tmp_path / "a.nwb", EVENTS, LABELS)
    assert not validate(path=tmp_path / "a.nwb")


def test_nwb_is_written_whole_or_not_at_all(tmp_path):
    resource = pytest.importorskip("resource")  # of POSIX

    file = write_nwb(tmp_path / "a.nwb", EVENTS)
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageError, match=r"cannot write .*a\.nwb: File too large"):
            write_nwb(file, EVENTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.nwb"]
    with pytest.raises(StorageError, match="nowhere"):
        write_nwb(tmp_path / "nowhere/a.nwb", EVENTS)


@pytest.mark.parametrize("write", [to_neo, lambda spikes, labels: write_nwb("unwritten.nwb", spikes, labels)])
def test_labels_belong_to_neurons(write):
    with pytest.raises(ValueError, match="labels: 3 found; expected 4"):
        write(EVENTS, [1, 2, 3])


def test_a_session_begins_at_a_time():
    with pytest.raises(InputError, match='begin: "2024-01-01" found; expected a datetime with a time zone'):
        to_nwb(EVENTS, begin="2024-01-01")


@pytest.mark.parametrize("write", [to_neo, to_pynapple, to_nwb, lambda spikes: write_nwb("unwritten.nwb", spikes)])
@pytest.mark.parametrize("spikes", [[EVENTS, EVENTS], [[0.1], [0.2]], np.asarray(EVENTS), {"spikes": EVENTS}, None])
def test_only_the_spikes_of_one_session_are_written(write, spikes):
    with pytest.raises(InputError, match=r"spikes: .* found; expected the SpikeEvents of one session; outputs"):
        write(spikes)


def foreign(file, *units, n_columns=()):
    content = NWBFile(session_description="theirs", identifier="y", session_start_time=BEGIN)
    for name in n_columns:
        content.add_unit_column(name, name)
    for unit in units:
        content.add_unit(**unit)
    with NWBHDF5IO(file, "w") as stream:
        stream.write(content)
    return file


def test_nwb_of_others(tmp_path):
    units = [{"spike_times": times} for times in ([0.0032], [0.0035], [0.0001, 0.0174, 0.048])]
    bare = foreign(tmp_path / "bare.nwb", *units)
    expected = SpikeEvents(EVENTS.steps, EVENTS.neurons, 49, 3, 1e-3)
    assert_same(read_nwb(bare, Conventions(1e-3)), expected)
    assert read_nwb(bare, Conventions()).spikes.delta_t == 0.5e-3
    late = [
        {"id": 9 - row, "spike_times": np.add(unit["spike_times"], 10), "obs_intervals": [[10.0, 10.049]], "depth": 1.0}
        for row, unit in enumerate(units)
    ]
    assert_same(read_nwb(foreign(tmp_path / "late.nwb", *late, n_columns=["depth"]), Conventions(1e-3)), expected)


def unit(*intervals, **columns):
    return {"spike_times": [0.5], "obs_intervals": list(intervals)} | columns


@pytest.mark.parametrize(
    ("units", "columns", "pattern"),
    [
        ([], [], "no spike_times of units found"),
        ([{"depth": 1.0}], ["depth"], "no spike_times of units found"),
        ([unit([0.0, 1.0]), unit([0.0, 2.0])], [], "obs_intervals: several intervals found"),
        ([unit([0.0, 1.0], [2.0, 3.0]), unit([0.0, 3.0])], [], "obs_intervals: several intervals found"),
        ([unit([0.0, 0.4])], [], r"a spike at 0\.5 s found; expected times within"),
        ([unit([0.6, 1.0])], [], "expected times from 0"),
        ([unit([0.0, 1.0], cluster="a")], ["cluster"], "clusters: .* found; expected an integer"),
    ],
)
def test_nwb_that_makes_no_sense_is_refused(tmp_path, units, columns, pattern):
    file = foreign(tmp_path / "spikes.nwb", *units, n_columns=columns)
    with pytest.raises(DataError, match=pattern) as caught:
        read(file, Conventions())
    assert str(file) in str(caught.value)


#: Neuron 0 spikes at the start of the second piece, neuron 1 in both and between them, neuron 2 at the end of both.
IN_PIECES = [[10.0], [1.5, 5.0, 10.25], [2.0, 11.0]]
PIECES = [[1.0, 2.0], [10.0, 11.0]]


def in_trials(file, trials, intervals=PIECES):
    content = NWBFile(session_description="theirs", identifier="y", session_start_time=BEGIN)
    for times in IN_PIECES:
        content.add_unit(spike_times=times, **({} if intervals is None else {"obs_intervals": intervals}))
    for begin, end in trials:
        content.add_trial(start_time=begin, stop_time=end)
    with NWBHDF5IO(file, "w") as stream:
        stream.write(content)
    return file


@pytest.mark.parametrize(
    ("trials", "intervals", "kind"),
    [([], PIECES, "interval"), (PIECES, None, "trial"), (PIECES, [[0.0, 12.0]], "trial"), (PIECES, PIECES, "trial")],
)
def test_trials_and_pieces_of_nwb_are_sessions(tmp_path, caplog, trials, intervals, kind):
    file = in_trials(tmp_path / "a.nwb", trials, intervals)
    sessions = open_sessions(file).sessions
    assert [session.name for session in sessions] == [f"a, {kind} 0", f"a, {kind} 1"]
    first, second = (session.read(Conventions(0.25)).spikes for session in sessions)
    assert first.shape == second.shape == (4, 3)
    assert (first.steps.tolist(), first.neurons.tolist()) == ([2, 3], [1, 2])
    assert (second.steps.tolist(), second.neurons.tolist()) == ([0, 1, 3], [0, 1, 2])
    assert caplog.messages == [f"{file}: 1 of 6 spikes are outside of the 2 sessions"]


def test_trials_that_follow_each_other_share_no_spike(tmp_path, caplog):
    file = in_trials(tmp_path / "a.nwb", [[0.0, 2.0], [2.0, 10.0], [10.0, 11.0]], None)
    spikes = [session.read(Conventions(0.25)).spikes for session in open_sessions(file).sessions]
    assert [len(each) for each in spikes] == [1, 2, 3] and not caplog.records
    (whole,) = open_sessions(file, trials=False).sessions
    assert len(whole.read(Conventions(0.25)).spikes) == 6


@pytest.mark.parametrize(
    ("trials", "intervals", "pattern"),
    [
        ([[1.0, 2.0], [1.5, 3.0]], None, "trials that overlap found"),
        ([[1.0, 1.0]], None, "one without a length found"),
        ([[1.0, np.nan]], None, "one without a length found"),
        (
            [[1.0, 2.0], [1.5 + 2, 4.0]],
            PIECES,
            r"trial 1 from 3\.5 to 4 s found; expected trials within the obs_intervals",
        ),
    ],
)
def test_trials_that_make_no_sense(tmp_path, trials, intervals, pattern):
    file = in_trials(tmp_path / "a.nwb", trials, intervals)
    with pytest.raises(DataError, match=pattern):
        open_sessions(file)


def test_damaged_nwb_is_refused(tmp_path):
    file = write_nwb(tmp_path / "spikes.nwb", EVENTS)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-100], whole[:8]):
        file.write_bytes(damaged)
        with pytest.raises(DataError, match=r"spikes\.nwb"):
            read(file)
    for ends in ([1, 9, 9, 9], [4, 2, 5, 5]):
        write_nwb(file, EVENTS)
        with h5py.File(file, "a") as content:
            content["units/spike_times_index"][:] = ends
        with pytest.raises(DataError, match=r"spikes\.nwb is damaged: spike_times_index does not match spike_times"):
            read(file)


def test_small_nwb_cannot_ask_for_much_memory(tmp_path):
    file = write_nwb(tmp_path / "spikes.nwb", EVENTS)
    with h5py.File(file, "a") as content:
        attributes = dict(content["units/spike_times"].attrs)
        del content["units/spike_times"]
        content["units"].create_dataset("spike_times", (2**40,), "f8", chunks=(1000,)).attrs.update(attributes)
    with pytest.raises(DataError, match=r"spike_times: .* entries found; expected at most"):
        read(file)


@pytest.mark.parametrize("elsewhere", [stored_elsewhere, virtual])
def test_nwb_cannot_lead_to_other_files(tmp_path, monkeypatch, elsewhere):
    monkeypatch.chdir(tmp_path)
    file = write_nwb("spikes.nwb", EVENTS)
    EVENTS.times[[1, 2, 0, 3, 4]].tofile("other.raw")
    with h5py.File(file, "a") as content, h5py.File("other.h5", "w") as other:
        other["spike_times"] = EVENTS.times[[1, 2, 0, 3, 4]]
        attributes = dict(content["units/spike_times"].attrs)
        del content["units/spike_times"]
        elsewhere(content["units"], "spike_times")
        content["units/spike_times"].attrs.update(attributes)
    with pytest.raises(DataError, match="spike_times: a link to another file found"):
        read(file)


@pytest.mark.parametrize(
    ("library", "extra", "needs_it"),
    [
        ("neo", "neo", lambda folder: to_neo(EVENTS)),
        ("pynwb", "nwb", lambda folder: write_nwb(folder / "b.nwb", EVENTS)),
        ("pynwb", "nwb", lambda folder: read(folder / "a.nwb")),
        ("h5py", "nwb", lambda folder: read(folder / "a.mat")),
    ],
)
def test_missing_libraries_are_named(tmp_path, monkeypatch, library, extra, needs_it):
    (tmp_path / "a.nwb").touch()
    save_hdf5(tmp_path / "a.mat", {"firings": PAIR})
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf'needs {library}.*pip install "neuro_mod\[{extra}\]"'):
        needs_it(tmp_path)
