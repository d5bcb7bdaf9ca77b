"""Spikes of our own formats and in memory; expected spikes come from `np.nonzero` or are written down."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuro_mod.core.spiking_net.analysis.findings import find_states
from neuro_mod.core.spiking_net.analysis.settings import AnalysisSettings
from neuro_mod.core.spiking_net.analysis.sources.events import Conventions, events_from_times
from neuro_mod.core.spiking_net.analysis.sources.opening import open_source
from neuro_mod.core.spiking_net.analysis.sources.saved import spike_arrays
from neuro_mod.core.spiking_net.analysis.sources.sessions import check_conventions, open_sessions
from neuro_mod.core.spiking_net.spikes import SpikeEvents
from neuro_mod.storage.names import PAIRED_SPIKES
from neuro_mod.storage.reading import DataError

MS = Conventions(delta_t=1e-3)
DENSE = np.zeros((50, 4), bool)
DENSE[[0, 3, 3, 17, 49], [2, 0, 1, 2, 2]] = True
#: The same spikes, as written above.
STEPS, NEURONS = [0, 3, 3, 17, 49], [2, 0, 1, 2, 2]
EVENTS = SpikeEvents(np.array(STEPS, np.int32), np.array(NEURONS, np.int32), 50, 4, 1e-3)
TIMES = np.array(STEPS) * 1e-3
FULL = Conventions(delta_t=1e-3, duration=50e-3, n_neurons=4)
POPULATIONS = {"n_clusters": 1, "cluster_sizes": [2, 1], "background_sizes": [1, 0]}


def read_all(data, conventions=MS):
    return [session.read(conventions) for session in open_sessions(data).sessions]


def assert_same(spikes, expected=EVENTS):
    assert spikes.steps.tolist() == expected.steps.tolist()
    assert spikes.neurons.tolist() == expected.neurons.tolist()
    assert (spikes.shape, spikes.delta_t) == (expected.shape, expected.delta_t)
    assert spikes.steps.dtype == spikes.neurons.dtype == np.int32


def refused(data, pattern, conventions=MS):
    """One error, and one only: of the data, and naming the file."""
    with pytest.raises(DataError, match=pattern) as caught:
        read_all(data, conventions)
    if isinstance(data, Path):
        assert str(data) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64, ">i2"])
def test_dense_arrays(tmp_path, dtype, order):
    file = tmp_path / "spikes.npy"
    np.save(file, np.asarray(DENSE, dtype, order=order))
    np.savez_compressed(tmp_path / "more.npz", spikes=np.asarray(DENSE, dtype, order=order), clusters=[5, 5, 6, 6])
    assert_same(read_all(file)[0].spikes)
    spikes, labels = read_all(tmp_path / "more.npz")[0]
    assert_same(spikes)
    assert labels.tolist() == [5, 5, 6, 6]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 3), (1, 1)])
def test_dense_arrays_of_any_shape(tmp_path, shape):
    np.save(tmp_path / "spikes.npy", np.ones(shape, bool))
    (spikes, labels), (again, _) = read_all([tmp_path / "spikes.npy", np.ones(shape)])
    assert labels is None
    for each in (spikes, again):
        assert each.shape == shape
        assert np.array_equal(np.asarray(each), np.ones(shape, bool))


def test_dense_arrays_are_read_piece_by_piece(monkeypatch):
    dense = np.random.default_rng(1).random((101, 7)) < 0.2
    monkeypatch.setattr("neuro_mod.core.spiking_net.analysis.sources.events._PIECE", 30)
    for each in (dense, np.asfortranarray(dense)):
        spikes = read_all(each)[0].spikes
        assert np.array_equal(np.stack([spikes.steps, spikes.neurons]), np.nonzero(dense))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives(tmp_path, save):
    ours, pair, ids = (tmp_path / f"{name}.npz" for name in ("ours", "pair", "ids"))
    save(ours, **spike_arrays(EVENTS), clusters=[1, 1, 2, 2])
    save(pair, times=TIMES, neurons=NEURONS, duration=50e-3, n_neurons=4, clusters=[1, 1, 2, 2], note=np.array("x"))
    save(ids, times=TIMES, ids=np.array(NEURONS, float), duration=[50e-3], clusters=[1, 1, 2, 2])
    for file in (ours, pair, ids):
        spikes, labels = read_all(file)[0]
        assert_same(spikes)
        assert labels.tolist() == [1, 1, 2, 2]


def test_arrays_that_nobody_asked_for_are_not_looked_at(tmp_path):
    np.savez(tmp_path / "pair.npz", times=TIMES, neurons=NEURONS, notes=np.array([{}], dtype=object))
    assert len(read_all(tmp_path / "pair.npz")[0].spikes) == 5


def test_without_further_word_a_session_ends_with_its_last_spike():
    spikes = read_all(([0.1, 0.2], [3, 0]), Conventions())[0].spikes
    assert spikes.shape == (401, 4) and spikes.delta_t == 0.5e-3


def test_units_and_first_neuron():
    conventions = Conventions(1e-3, 50e-3, 4, time_unit="ms", first_neuron=1)
    assert_same(read_all((STEPS, np.array(NEURONS) + 1), conventions)[0].spikes)


def test_spikes_of_one_step_are_ordered_by_neuron():
    spikes = read_all(([0.0012, 0.0018, 0.0021], [5, 1, 0]))[0].spikes
    assert spikes.steps.tolist() == [1, 1, 2] and spikes.neurons.tolist() == [1, 5, 0]


@pytest.mark.parametrize(
    "data",
    [
        EVENTS,
        DENSE,
        (TIMES, NEURONS),
        (TIMES.tolist(), np.array(NEURONS, float)),
        {"spikes": EVENTS, "metadata": {}},
        SimpleNamespace(spikes=EVENTS),
        {"spikes": DENSE},
    ],
    ids=["events", "dense", "pair", "lists", "stager", "engine", "stager, dense"],
)
def test_spikes_in_memory(data):
    (alone,), several = read_all(data, FULL), read_all([data, data], FULL)
    for spikes, labels in (alone, *several):
        assert_same(spikes)
        assert labels is None
    assert [session.name for session in open_sessions([data, data]).sessions] == ["session 0", "session 1"]


def test_messages_name_the_session_in_memory():
    refused([EVENTS, ([-1.0], [0])], "session 1: negative times")


def test_lists_of_all_kinds(tmp_path):
    np.save(tmp_path / "spikes_a.npy", DENSE)
    sessions = open_sessions([tmp_path / "spikes_a.npy", EVENTS, str(tmp_path)]).sessions
    assert [session.name for session in sessions] == ["spikes_a", "session 1", "spikes_a"]
    for session in sessions:
        assert_same(session.read(MS).spikes)


@pytest.mark.parametrize("data", [3, None, [], [[]], [1.0, 2.0], {"rates": 1}, (TIMES,), b"text", {}, [None]])
def test_what_are_no_spikes_in_memory(data):
    refused(data, "session 0: a Python .*; expected a folder or file")


def run_folder(path, **metadata):
    for name in ("data", "metadata"):
        (path / name).mkdir(parents=True)
    np.savez(path / "data/spikes.npz", **spike_arrays(EVENTS))
    np.save(path / "data/clusters.npy", [0, 0, 1, 2])
    (path / "metadata/run.json").write_text(json.dumps({"delta_t": 1e-3, "populations": POPULATIONS} | metadata))
    return path


def test_folders_of_runs(tmp_path):
    run = run_folder(tmp_path / "run")
    for data in (run, run / "data", run / "data/spikes.npz", str(run)):
        found = open_sessions(data)
        assert_same(found.sessions[0].read(Conventions()).spikes)
        assert found.description.delta_t == 1e-3
        assert found.description.populations.cluster_sizes == (2, 1)
        assert found.clusters == (run / "data/clusters.npy",)


def test_folders_of_repeats(tmp_path):
    run = run_folder(tmp_path)
    (run / "data/spikes.npz").unlink()
    np.save(run / "clusters.npy", [0, 0, 1, 2])
    for index in (1, 0, 10):
        np.save(run / f"data/spikes_{index:04d}.npy", np.roll(DENSE, index, axis=0))
    found = open_sessions(run)
    assert [session.name for session in found.sessions] == ["spikes_0000", "spikes_0001", "spikes_0010"]
    assert np.array_equal(np.asarray(found.sessions[1].read(MS).spikes), np.roll(DENSE, 1, axis=0))
    assert found.clusters == (run / "clusters.npy", run / "data/clusters.npy")


def test_a_pair_without_and_with_perturbations_is_not_two_sessions(tmp_path):
    run = run_folder(tmp_path)
    (run / "data/spikes.npz").unlink()
    for name in PAIRED_SPIKES.values():
        np.savez(run / name, **spike_arrays(EVENTS))
    for folder in (run, run / "data"):
        with pytest.raises(DataError, match="without and with perturbations is not two sessions"):
            open_sessions(folder)
    for name in PAIRED_SPIKES.values():
        assert_same(open_sessions(run / name).sessions[0].read(MS).spikes)


def test_sessions_are_in_the_order_of_their_numbers(tmp_path):
    names = ["spikes_1.npy", "spikes_2_9.NPY", "spikes_2_10.npy", "spikes_10.npy", "spikes_010.npy"]
    for name in names:
        with (tmp_path / name).open("wb") as opened:
            np.save(opened, DENSE)
    expected = [*names[:3], "spikes_010.npy", "spikes_10.npy"]
    sessions = open_sessions(tmp_path).sessions
    assert [session.file.name for session in sessions] == expected
    assert_same(sessions[1].read(MS).spikes)


@pytest.mark.parametrize("data", [".", "spikes.npz", "../data"])
def test_what_lies_with_spikes_is_found_from_the_folder_of_data_too(tmp_path, monkeypatch, data):
    monkeypatch.chdir(run_folder(tmp_path) / "data")
    found = open_sessions(data)
    assert found.description.populations.cluster_sizes == (2, 1)
    assert [file.resolve() for file in found.clusters] == [tmp_path / "data/clusters.npy"]


def source_of(spikes, clusters=None):
    return open_source(spikes, clusters, None, "all", Conventions())


@pytest.mark.parametrize("metadata", [{}, {"populations": POPULATIONS}], ids=["clusters only", "described"])
def test_folders_with_different_clusters_are_refused(tmp_path, metadata):
    first, second = (run_folder(tmp_path / name) for name in "ab")
    for folder in (first, second):
        (folder / "metadata/run.json").write_text(json.dumps({"delta_t": 1e-3} | metadata))
    source = source_of([first, second])
    assert source.layout.of_each_neuron.tolist() == [0, 0, 1, 2]
    np.save(second / "data/clusters.npy", [0, 1, 1, 2])
    with pytest.raises(DataError, match="different clusters") as caught:
        source_of([first, second])
    assert str(first) in str(caught.value) and str(second) in str(caught.value)
    contradicts = pytest.raises(DataError, match=r"clusters\.npy has 4 neurons in 3 clusters, other than .*run\.json")
    with contradicts if metadata else nullcontext():
        source_of(second)


def test_sessions_of_different_steps_are_refused_by_name(tmp_path):
    for name, delta_t in (("a", 1e-3), ("b", 1e-3 * (1 + 1e-12)), ("c", 2e-3)):
        np.savez(tmp_path / f"spikes_{name}.npz", **(spike_arrays(EVENTS) | {"delta_t": delta_t}))
    source = source_of(tmp_path, [0, 0, 1, 1])
    assert [source.read(index).n_steps for index in (0, 1)] == [50, 50]
    for read in (lambda: source.read(2), lambda: list(source), lambda: find_states(source, AnalysisSettings())):
        with pytest.raises(DataError, match=r"spikes_c\.npz has steps of 0\.002 s, .*spikes_a\.npz of 0\.001 s"):
            read()


def test_folders_of_other_files(tmp_path):
    np.save(tmp_path / "spikes_b.npy", DENSE)
    (tmp_path / "spikes_a.csv").write_text("time,id\n0.001,3\n")
    (tmp_path / "spikes.pdf").write_text("no spikes")
    (tmp_path / "notes.csv").write_text("no spikes")
    found = open_sessions(tmp_path)
    assert [session.file.name for session in found.sessions] == ["spikes_a.csv", "spikes_b.npy"]
    assert found.description is None and not found.clusters


def test_metadata_of_results_are_used():
    results = {"spikes": EVENTS, "metadata": {"delta_t": 1e-3, "populations": POPULATIONS}}
    assert open_sessions(results).description.populations.n_neurons == 4
    assert open_sessions([results, results]).description.delta_t == 1e-3
    other = {"spikes": EVENTS, "metadata": {"delta_t": 2e-3, "populations": POPULATIONS}}
    refused([results, other], "describe other networks or time steps")


@pytest.mark.parametrize(
    "metadata",
    [
        {"delta_t": "soon"},
        {"delta_t": float("nan")},
        {"delta_t": 0},
        {"delta_t": None},
        {"populations": 3},
        {"populations": {}},
        {"populations": POPULATIONS | {"cluster_sizes": [1]}},
        {"populations": POPULATIONS | {"n_clusters": "3"}},
        {"populations": POPULATIONS | {"n_clusters": 2.5}},
        {"populations": POPULATIONS | {"background_sizes": [-1, 0]}},
    ],
    ids=str,
)
def test_damaged_descriptions_are_refused(tmp_path, metadata):
    run_folder(tmp_path / "run", **metadata)
    with pytest.raises(DataError, match=r"run\.json is damaged"):
        open_sessions(tmp_path / "run")


def test_a_description_that_is_no_json_is_refused(tmp_path):
    run = run_folder(tmp_path / "run")
    (run / "metadata/run.json").write_text('{"delta_t": ')
    with pytest.raises(DataError, match=r"run\.json is damaged"):
        open_sessions(run)


def test_folders_without_spikes(tmp_path):
    refused(tmp_path, "no spikes found; expected files spikes")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        open_sessions(tmp_path / "nowhere")
    (tmp_path / "spikes.xlsx").write_text("")
    refused(tmp_path / "spikes.xlsx", r"files that end in \.npy, \.npz")


def test_the_same_session_in_two_formats_is_refused(tmp_path):
    np.save(tmp_path / "spikes_1.npy", DENSE)
    np.savez(tmp_path / "spikes_1.npz", spikes=DENSE)
    refused(tmp_path, "spikes_1 is there in more than one format")


@pytest.mark.parametrize(
    ("array", "pattern"),
    [
        (np.full((2, 2), 2), "entries other than 0 and 1"),
        (np.array([[0, -1]]), "entries other than 0 and 1"),
        (np.array([[0.0, 0.5]]), "entries other than 0 and 1"),
        (np.array([[0, np.nan]]), "entries other than 0 and 1"),
        (np.zeros((2, 2, 2), bool), "expected a boolean array"),
        (np.zeros(3, bool), "expected a boolean array"),
        (np.array(True), "expected a boolean array"),
        (np.array([["a"]]), "expected a boolean array"),
        (np.zeros((1, 1), complex), "expected a boolean array"),
        (np.zeros((2**31, 0), bool), "more than can be read"),
        (np.zeros((0, 2**31), bool), "more than can be read"),
    ],
)
def test_arrays_that_are_not_dense_spikes(tmp_path, array, pattern):
    np.save(tmp_path / "spikes.npy", array)
    np.savez(tmp_path / "spikes.npz", spikes=array)
    for data in (tmp_path / "spikes.npy", tmp_path / "spikes.npz", array):
        refused(data, pattern)


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"times": [0.2, 0.1]}, "times do not ascend, first at spike 1"),
        ({"times": [-0.1, 0.1]}, "negative times"),
        ({"times": [0.1, np.nan]}, "no finite numbers"),
        ({"times": [0.1, np.inf]}, "no finite numbers"),
        ({"times": [0.1]}, "1 times, but 2 neurons"),
        ({"times": [[0.1, 0.2]]}, "expected times"),
        ({"times": ["a", "b"]}, "expected times"),
        ({"times": 0.1}, "expected times"),
        ({"times": [0.1, 1e300]}, "not within a session of .*; are times in s?"),
        ({"times": [0.1, 1e300], "duration": 1.0}, "a spike at 1e.300 s, not within a session of 1 s"),
        ({"times": [0.1, 0.25], "duration": 0.2}, r"a spike at 0\.25 s, not within a session of 0\.2 s"),
        ({"times": [0.1, 0.2001], "duration": 0.2}, r"a spike at 0\.2001 s, not within"),
        ({"times": [0.0, 0.0], "duration": 0.0}, r"a spike at 0 s, not within"),
        ({"duration": 1e300}, "steps are more than"),
        ({"duration": -1.0}, "duration is -1"),
        ({"duration": np.nan}, "duration is nan"),
        ({"duration": [1.0, 2.0]}, "duration is no number"),
        ({"duration": "a"}, "duration is no number"),
        ({"neurons": [0, 2], "n_neurons": 2}, r"neurons 0 to 2, expected 0 to 1"),
        ({"neurons": [1, 2], "n_neurons": 2}, r"neurons 1 to 2, expected 0 to 1; are neurons counted from 1"),
        ({"neurons": [-1, 0]}, "neurons -1 to 0, expected 0 to"),
        ({"neurons": [0, 2**31]}, "expected 0 to 2147483646"),
        ({"neurons": [0, 1e300]}, r"neurons 0 to 1e\+300, expected 0 to 2147483646"),
        ({"neurons": [0, np.inf]}, "expected whole numbers of neurons"),
        ({"neurons": [0, np.nan]}, "expected whole numbers of neurons"),
        ({"neurons": [0, 1.5]}, "expected whole numbers of neurons"),
        ({"neurons": [True, False]}, "expected whole numbers of neurons"),
        ({"neurons": ["a", "b"]}, "expected whole numbers of neurons"),
        ({"neurons": [[0, 1]]}, "expected whole numbers of neurons"),
        ({"n_neurons": 2.5}, r"n_neurons is 2\.5, expected a whole number"),
        ({"n_neurons": 1e12}, "expected a whole number up to"),
        ({"clusters": [0]}, "neurons 0 to 1, expected 0 to 0"),
        ({"clusters": [0, 1, 2], "n_neurons": 2}, "clusters of 3 neurons, but there are 2"),
        ({"clusters": [0.5, 1]}, "clusters: expected an integer for each neuron"),
    ],
    ids=str,
)
def test_times_and_neurons_that_make_no_sense(tmp_path, change, pattern):
    file = tmp_path / "spikes.npz"
    content = {"times": [0.1, 0.2], "neurons": [0, 1]}
    np.savez(file, **content)
    assert len(read_all(file)[0].spikes) == 2
    np.savez(file, **(content | change))
    refused(file, pattern)


IMPOSSIBLE = pytest.mark.parametrize(
    ("change", "pattern"),
    [
        ({"n_steps": 3}, "steps are not indices below 3"),
        ({"n_steps": np.nan}, "n_steps is nan"),
        ({"n_steps": 50.5}, r"n_steps is 50\.5"),
        ({"n_steps": 2**31}, "n_steps is 2"),
        ({"n_neurons": -1, "steps": np.zeros(0, int), "neurons": np.zeros(0, int)}, "n_neurons is -1"),
        ({"neurons": [0]}, "neurons are not indices"),
        ({"neurons": [0, -1, 0, 0, 0]}, "neurons are not indices below 4"),
        ({"neurons": [0, 4, 0, 0, 0]}, "neurons are not indices below 4"),
        ({"neurons": [0.0] * 5}, "neurons are not indices"),
        ({"steps": STEPS[::-1]}, "time does not run forward"),
        ({"delta_t": 0.0}, "time does not run forward"),
        ({"delta_t": 1j}, "delta_t is no number"),
    ],
    ids=str,
)


@IMPOSSIBLE
def test_saved_spikes_that_make_no_sense(tmp_path, change, pattern):
    np.savez(tmp_path / "spikes.npz", **(spike_arrays(EVENTS) | change))
    refused(tmp_path / "spikes.npz", pattern)


@IMPOSSIBLE
def test_spikes_in_memory_are_not_believed_either(change, pattern):
    spikes = SpikeEvents(**{name: np.asarray(value) for name, value in (spike_arrays(EVENTS) | change).items()})
    for data in (spikes, {"spikes": spikes}, SimpleNamespace(spikes=spikes)):
        refused([EVENTS, data], f"session 1 is damaged: {pattern}")


def test_saved_spikes_with_clusters_of_other_neurons(tmp_path):
    np.savez(tmp_path / "spikes.npz", **spike_arrays(EVENTS), clusters=[1, 2])
    refused(tmp_path / "spikes.npz", "clusters of 2 neurons, but there are 4")


def test_archives_of_other_things(tmp_path):
    np.savez(tmp_path / "spikes.npz", rates=[1.0])
    refused(tmp_path / "spikes.npz", "has rates; expected steps, neurons, n_steps")


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv", ".mat", ".nwb"])
def test_rubbish_and_pickles_are_refused_unread(tmp_path, ending):
    file, sprung = tmp_path / f"spikes{ending}", tmp_path / "sprung"
    for content in (b"", b"rubbish", b"\x00" * 1000, b"\xff" * 1000, pickle.dumps(Trap(sprung))):
        file.write_bytes(content)
        with pytest.raises(DataError, match=re.escape(str(file))):
            read_all(file)
    objects = np.array([Trap(sprung)], dtype=object)
    for save in (np.save, lambda opened, array: np.savez(opened, spikes=array)):
        with file.open("wb") as opened:
            save(opened, objects)
        with pytest.raises(DataError, match=re.escape(str(file))):
            read_all(file)
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("conventions", "pattern"),
    [
        (Conventions(delta_t=2e-3), r"delta_t is 0\.001, but the time step is said to be 0\.002 s"),
        (Conventions(n_neurons=5), "n_neurons is 4, but there are cluster labels for 5 neurons"),
        (Conventions(duration=1.0), r"duration is 0\.05, but a session is said to last 1 s"),
    ],
)
def test_spikes_that_contradict_what_is_said_about_them(tmp_path, conventions, pattern):
    np.savez(tmp_path / "spikes.npz", **spike_arrays(EVENTS))
    for data in (EVENTS, tmp_path / "spikes.npz"):
        refused(data, pattern, conventions)


@pytest.mark.parametrize(
    "wrong",
    [
        {"delta_t": 0},
        {"delta_t": np.nan},
        {"duration": -1.0},
        {"duration": np.inf},
        {"duration": "1"},
        {"time_unit": "min"},
        {"n_neurons": 2.5},
        {"n_neurons": -1},
        {"first_neuron": -1},
    ],
    ids=str,
)
def test_conventions_are_checked(wrong):
    assert check_conventions(FULL) is FULL
    with pytest.raises(ValueError, match=r"; (expected|valid)"):
        check_conventions(Conventions(**wrong))


DELTA_T = st.sampled_from([0.1e-3, 0.5e-3, 1e-3])
UNITS = st.sampled_from([("s", 1.0), ("ms", 1e3)])


@given(st.integers(0, 10**8), DELTA_T, UNITS)
def test_a_multiple_of_the_step_begins_that_step(step, delta_t, unit):
    name, per_second = unit
    conventions = Conventions(delta_t, time_unit=name)
    times = [step * delta_t * per_second, step * (delta_t * per_second), step / round(1 / delta_t) * per_second]
    for time in times:
        assert events_from_times([time], [0], conventions, "").steps.tolist() == [step]


@given(st.integers(0, 10**8), st.floats(0, 0.999), DELTA_T)
def test_any_other_time_lies_in_the_step_before_it(step, fraction, delta_t):
    assert events_from_times([(step + fraction) * delta_t], [0], Conventions(delta_t), "").steps.tolist() == [step]


@given(st.integers(0, 10**6), DELTA_T)
def test_single_precision_counts_as_rounded_too(step, delta_t):
    time = np.array([step * delta_t], np.float32)
    assert events_from_times(time, [0], Conventions(delta_t), "").steps.tolist() == [step]


@given(st.integers(1, 10**6), DELTA_T, st.sampled_from([np.float32, np.float64]))
def test_a_spike_at_the_very_end_lies_in_the_last_step(n_steps, delta_t, dtype):
    for duration in (n_steps * delta_t, n_steps / round(1 / delta_t), (n_steps - 0.4) * delta_t):
        spikes = events_from_times(np.array([0, duration], dtype), [0, 0], Conventions(delta_t, duration), "")
        assert spikes.steps.tolist() == [0, n_steps - 1] and spikes.n_steps == n_steps


@given(st.integers(1, 10**8), DELTA_T)
def test_sessions_have_as_many_steps_as_fit(n_steps, delta_t):
    for duration, expected in (
        (n_steps * delta_t, n_steps),
        (n_steps / round(1 / delta_t), n_steps),
        ((n_steps + 0.3) * delta_t, n_steps + 1),
    ):
        assert events_from_times([], [], Conventions(delta_t, duration), "").n_steps == expected


def test_scipy_io_is_left_alone_until_a_file_of_matlab_is_read():
    code = "import sys, neuro_mod.core.spiking_net.analysis.analyzer; assert 'scipy.io' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
