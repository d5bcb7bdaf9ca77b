"""Spikes in the formats of others; expected spikes are written down, or go out and come back."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime

import h5py
import neo
import numpy as np
import pytest
import quantities as pq
from pynwb import NWBHDF5IO, NWBFile
from scipy.io import savemat

from neuro_mod.errors import DataError, StorageError
from neuro_mod.recordings import matlab
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.neo_objects import from_neo, is_neo, to_neo
from neuro_mod.recordings.nwb import read_nwb, write_nwb
from neuro_mod.recordings.sessions import open_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.trains import events

STEPS, NEURONS = [0, 3, 3, 17, 48], [2, 0, 1, 2, 2]
EVENTS = SpikeEvents(np.array(STEPS, np.int32), np.array(NEURONS, np.int32), 50, 4, 1e-3)
LABELS = [7, 3, 3, -1]
FULL = Conventions(delta_t=1e-3, duration=50e-3, n_neurons=4)
MS = Conventions(delta_t=1e-3, time_unit="ms")
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def read(data, conventions=FULL):
    (session,) = open_sessions(data).sessions
    return session.read(conventions)


def assert_same(reading, expected=EVENTS, labels=None):
    spikes, found = reading
    assert spikes.steps.tolist() == expected.steps.tolist()
    assert spikes.neurons.tolist() == expected.neurons.tolist()
    assert (spikes.shape, spikes.delta_t) == (expected.shape, expected.delta_t)
    assert (found is None) if labels is None else (found.tolist() == labels)


def random_spikes(delta_t, n_steps=20_000, n_neurons=30):
    dense = np.random.default_rng(3).random((n_steps, n_neurons)) < 0.01
    dense[:, 5] = False
    return events(dense, delta_t)


ROWS = list(zip([0, 3, 3, 17, 48], NEURONS, strict=True))


# Tables


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".dat"])
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"{ms},{neuron}" for ms, neuron in ROWS),
        "time,id\n" + "\n".join(f"{ms},{neuron}" for ms, neuron in ROWS) + "\n",
        "# made by hand\n\nTimes; Neurons # names\n" + "\n".join(f"{ms} ; {neuron}\r" for ms, neuron in ROWS),
        "\ufeffid\ttrial\ttime\n" + "\n".join(f"{neuron}\t1\t{ms}.25" for ms, neuron in ROWS),
        '"","time","neuron"\n' + "\n".join(f'"{row}",{ms},{neuron}.0' for row, (ms, neuron) in enumerate(ROWS)),
        "  0.0e0   2\n" + "\n".join(f"{ms}  {neuron}" for ms, neuron in ROWS[1:]),
    ],
    ids=["bare", "csv", "semicolons", "tabs", "R", "blanks"],
)
def test_tables(tmp_path, text, ending):
    file = tmp_path / f"spikes{ending}"
    file.write_text(text, encoding="utf-8")
    assert_same(read(file, Conventions(1e-3, 50e-3, 4, time_unit="ms")))


def test_tables_of_nest(tmp_path):
    lines = [f"{neuron + 1}\t{ms}.000" for ms, neuron in ROWS]
    comments = "# NEST version: 3.8.0\n# RecordingBackendASCII version: 2\n"
    (tmp_path / "recorder-61-0.dat").write_text(comments + "sender\ttime_ms\n" + "\n".join(lines))
    assert_same(read(tmp_path / "recorder-61-0.dat", Conventions(1e-3, 50e-3, 4, first_neuron=1)))


def test_a_table_of_names_has_no_spikes(tmp_path):
    (tmp_path / "spikes.csv").write_text("time,id\n")
    assert read(tmp_path / "spikes.csv").spikes.shape == (50, 4)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", "an empty file found"),
        ("# nothing\n\n", "an empty file found"),
        ("time,id\n0.1,2\n\n0.2,x\n", ":4: could not convert .* in '0.2,x'"),
        ("time,id\n0.1,2\n0.2\n", ":3: 1 columns found; expected 2"),
        ("0.1 2\n0.2 3 4\n", ":2: 3 columns found; expected 2"),
        ("0.1,2\n0.2,2.5", ":2: neuron 2.5 found; expected a whole number"),
        ("0.1,2\n0.2,inf", ":2: neuron inf found; expected a whole number"),
        ("0,5;3\n", ":1: columns .* found; expected one of time"),
        ("0.1,2,3\n", ":1: columns .* found; expected one of time"),
        ("a,b\n0.1,2\n", ":1: columns .* found; expected one of time"),
        ("time,time,id\n", ":1: columns .* found; expected one of time"),
        ("0.2,1\n0.1,1\n", "expected sorted spike times"),
        ("0.1,1\nnan,1\n", "expected finite numbers"),
        ("0.1,9\n", "neurons: 9 to 9 found; expected 0 to 3"),
        ("0.1,1\n", r"a spike at 0\.1 s found; expected times within a session of 0\.05 s; are times in s"),
    ],
)
def test_bad_tables_are_refused_by_name_and_line(tmp_path, text, pattern):
    file = tmp_path / "spikes.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=pattern) as caught:
        read(file)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)


# MATLAB


def save_hdf5(file, variables):
    """What MATLAB leaves with ``-v7.3``: transposed arrays with the attribute ``MATLAB_class``, after 512 bytes."""
    with h5py.File(file, "w", userblock_size=512) as content:
        for name, array in variables.items():
            stored = np.atleast_2d(array)
            content[name] = stored.T
            content[name].attrs["MATLAB_class"] = {"f": b"double", "i": b"int64", "b": b"logical"}[stored.dtype.kind]
        content.create_group("#refs#")
    with file.open("rb+") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(512))


SAVERS = {
    "v4": lambda file, variables: savemat(file, variables, format="4"),
    "v5": savemat,
    "v7": lambda file, variables: savemat(file, variables, do_compression=True),
    "v7.3": save_hdf5,
}
PAIR = np.array([STEPS, np.array(NEURONS) + 1], float)


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
@pytest.mark.parametrize(
    "variables",
    [
        {"firings": PAIR},
        {"firings": PAIR.T, "gain": 3.0, "rates": np.ones((3, 3))},
        {"times": PAIR[:1], "ids": PAIR[1:], "firings": PAIR},
        {"times": PAIR[:1].T, "neurons": PAIR[1:].T},
    ],
    ids=["rows", "columns", "row vectors", "column vectors"],
)
def test_files_of_matlab(tmp_path, save, variables):
    save(tmp_path / "spikes.mat", variables | {"duration": 50e-3, "clusters": np.array([LABELS], float)})
    assert_same(read(tmp_path / "spikes.mat", Conventions(1e-3, time_unit="ms", first_neuron=1)), labels=LABELS)


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_two_spikes_are_rows_of_times_and_neurons(tmp_path, save):
    save(tmp_path / "spikes.mat", {"firings": np.array([[1.0, 3.0], [2.0, 4.0]])})
    spikes = read(tmp_path / "spikes.mat", MS).spikes
    assert (spikes.steps.tolist(), spikes.neurons.tolist()) == ([1, 3], [2, 4])


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
@pytest.mark.parametrize(
    ("variables", "pattern"),
    [
        ({"first": PAIR, "second": PAIR}, "several arrays, first, second"),
        ({"rates": np.ones((3, 3))}, r"rates double \(3, 3\) found"),
        ({"firings": np.array([[1.0, 2.0, 3.0], [0.1, 0.2, 0.3]])}, "expected times first, then neurons"),
        (
            {"firings": np.array([[1.0, 3.0, 2.0], [7.0, 8.0, 9.0]])},
            "sorted neurons and unsorted times found",
        ),
        ({"firings": np.array([[0.1, 0.2], [0.5, 1.0]])}, "neurons: .* found; expected whole numbers"),
        ({"times": PAIR[0], "neurons": PAIR[1, 1:]}, "5 times and 4 neurons found"),
        (
            {"times": PAIR[0], "neurons": PAIR[1], "n_neurons": np.ones((2, 2))},
            "n_neurons: .* found; expected a number",
        ),
    ],
)
def test_unclear_files_of_matlab_are_refused(tmp_path, save, variables, pattern):
    save(tmp_path / "spikes.mat", variables)
    with pytest.raises(DataError, match=pattern) as caught:
        read(tmp_path / "spikes.mat", MS)
    assert str(tmp_path / "spikes.mat") in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        (np.array([[1], "a"], dtype=object), "cell"),
        ({"times": [1, 2]}, "struct"),
        ("text", "char"),
        (np.array([True, False]), "logical"),
    ],
)
def test_other_classes_of_matlab_are_refused(tmp_path, variable, kind):
    savemat(tmp_path / "spikes.mat", {"times": variable, "neurons": [1, 2]})
    with pytest.raises(DataError, match=f"times: a {kind} array found; expected numbers"):
        read(tmp_path / "spikes.mat")
    savemat(tmp_path / "spikes.mat", {"spikes": variable})
    with pytest.raises(DataError, match=rf"spikes {kind} .* found"):
        read(tmp_path / "spikes.mat")


def test_structures_in_hdf5_are_refused(tmp_path):
    with h5py.File(tmp_path / "spikes.mat", "w") as content:
        content.create_group("times").attrs["MATLAB_class"] = b"struct"
        content["neurons"] = [1.0, 2.0]
        content["huge"] = h5py.Empty("f8")
    with pytest.raises(DataError, match="times: a struct"):
        read(tmp_path / "spikes.mat")


def test_small_files_of_matlab_cannot_ask_for_much_memory(tmp_path):
    with h5py.File(tmp_path / "spikes.mat", "w") as content:
        content.create_dataset("firings", (2**40, 2), "f8", chunks=(1000, 2))
    with pytest.raises(DataError, match=r"firings \(2, 1099511627776\) found; expected at most"):
        read(tmp_path / "spikes.mat")


@pytest.mark.parametrize("save", [savemat, save_hdf5], ids=["v5", "v7.3"])
def test_arrays_of_matlab_have_one_bound_together(tmp_path, monkeypatch, save):
    save(tmp_path / "spikes.mat", {"times": PAIR[0], "neurons": PAIR[1]})
    for most in (2 * 8 * 5, 2 * 8 * 5 - 1):
        monkeypatch.setattr(matlab, "MAX_UNPACKED", most)
        with pytest.raises(DataError, match=r"times \(1, 5\), neurons .* found") if most % 2 else nullcontext():
            read(tmp_path / "spikes.mat", MS)


def linked(content, name):
    content[name] = h5py.ExternalLink("other.h5", name)


def stored_elsewhere(content, name):
    content.create_dataset(name, (5,), "f8", external=[("other.raw", 0, 40)])


def virtual(content, name):
    layout = h5py.VirtualLayout((5,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", name, (5,))
    content.create_virtual_dataset(name, layout)


ELSEWHERE = pytest.mark.parametrize("elsewhere", [linked, stored_elsewhere, virtual])


@ELSEWHERE
def test_files_of_matlab_cannot_lead_to_other_files(tmp_path, monkeypatch, elsewhere):
    monkeypatch.chdir(tmp_path)
    np.zeros(5).tofile("other.raw")
    with h5py.File("other.h5", "w") as other, h5py.File("spikes.mat", "w") as content:
        other["times"] = np.zeros(5)
        content["neurons"] = PAIR[1]
        elsewhere(content, "times")
    with h5py.File("spikes.mat") as content:
        assert content["times"][()].tolist() == [0.0] * 5  # it does lead there
    with pytest.raises(DataError, match="times: a linked array found; expected numbers"):
        read("spikes.mat", MS)


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_damaged_files_of_matlab_are_refused(tmp_path, save):
    file = tmp_path / "spikes.mat"
    save(file, {"firings": np.stack([np.sort(np.random.default_rng(1).random(500)), np.arange(500)])})
    whole = file.read_bytes()
    for length in (1, 10, 100, 130, 600, len(whole) // 2, len(whole) - 8):
        file.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"spikes\.mat"):
            read(file, MS)


# Neo


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


# NWB


def test_nwb_round_trip(tmp_path):
    for spikes in (EVENTS, random_spikes(1e-4)):
        labels = np.arange(spikes.n_neurons)[::-1] // 3
        assert_same(read_nwb(write_nwb(tmp_path / "a.nwb", spikes, labels), Conventions()), spikes, labels.tolist())
        assert_same(read(write_nwb(tmp_path / "a.nwb", spikes), Conventions()), spikes)
    silent = SpikeEvents(np.empty(0, np.int32), np.empty(0, np.int32), 10, 3, 1e-3)
    assert_same(read_nwb(write_nwb(tmp_path / "a.nwb", silent), Conventions()), silent)


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
    import resource

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


# Missing libraries


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
