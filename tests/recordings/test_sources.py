"""Spikes of our own formats and in memory; expected spikes come from `np.nonzero` or are written down."""

from __future__ import annotations

import json
from contextlib import nullcontext
from types import SimpleNamespace

import neo
import numpy as np
import pandas as pd
import pytest
import quantities

from neuro_mod import Analyzer
from neuro_mod.core.spiking_net.analysis.findings.sessions import find_states
from neuro_mod.core.spiking_net.analysis.findings.settings import AnalysisSettings
from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.saved import spike_arrays
from neuro_mod.recordings.sessions import open_sessions
from neuro_mod.storage.names import PAIRED_SPIKES
from tests.helpers.recordings import (
    DENSE,
    EVENTS,
    FULL,
    MS,
    NEURONS,
    POPULATIONS,
    STEPS,
    TIMES,
    assert_same,
    read_all,
    refused,
    run_folder,
    source_of,
)


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
    monkeypatch.setattr("neuro_mod.recordings.readings._PIECE", 30)
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


@pytest.mark.parametrize("neuron", ["neuron", "unit", "Units"])
def test_frames_have_the_columns_of_tables(tmp_path, neuron):
    for column, times in (("time", TIMES), ("times_ms", np.array(STEPS, float))):
        frame = pd.DataFrame({"region": "a", neuron: NEURONS, column: times}, index=list("vwxyz"))
        frame.to_csv(tmp_path / "spikes.csv", index=False)
        for data in (frame, {"spikes": frame}, tmp_path / "spikes.csv"):
            assert_same(read_all(data, FULL)[0].spikes)


def test_frames_of_other_things():
    assert_same(read_all(pd.DataFrame(DENSE))[0].spikes)
    refused(pd.DataFrame({"time": TIMES}), "session 0: columns 'time' found; expected one of time, times")
    refused(
        pd.DataFrame({"t": TIMES, "id": list("abcde")}), "session 0: neurons: object .* found; expected whole numbers"
    )


def test_messages_name_the_session_in_memory():
    refused([EVENTS, ([-1.0], [0])], "session 1: times: -1 found")


def test_lists_of_all_kinds(tmp_path):
    np.save(tmp_path / "spikes_a.npy", DENSE)
    sessions = open_sessions([tmp_path / "spikes_a.npy", EVENTS, str(tmp_path)]).sessions
    assert [session.name for session in sessions] == ["spikes_a", "session 1", "spikes_a"]
    for session in sessions:
        assert_same(session.read(MS).spikes)


@pytest.mark.parametrize("data", [3, None, [], [[]], [1.0, 2.0], {"rates": 1}, (TIMES,), b"text", {}, [None]])
def test_what_are_no_spikes_in_memory(data):
    refused(data, "session 0: a Python .*; expected a folder or file")


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
        with pytest.raises(DataError, match="with and without a perturbation found"):
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


@pytest.mark.parametrize("metadata", [{}, {"populations": POPULATIONS}], ids=["clusters only", "described"])
def test_folders_with_different_clusters_are_refused(tmp_path, metadata):
    first, second = (run_folder(tmp_path / name) for name in "ab")
    for folder in (first, second):
        (folder / "metadata/run.json").write_text(json.dumps({"delta_t": 1e-3} | metadata))
    np.savez(second / "data/spikes.npz", **(spike_arrays(EVENTS) | {"neurons": NEURONS[::-1]}))
    source = source_of([first, second])
    assert source.layout.of_each_neuron.tolist() == [0, 0, 1, 2]
    np.save(second / "data/clusters.npy", [0, 1, 1, 2])
    with pytest.raises(DataError, match="different clusters") as caught:
        source_of([first, second])
    assert str(first) in str(caught.value) and str(second) in str(caught.value)
    contradicts = pytest.raises(DataError, match=r"clusters\.npy: 4 neurons in 3 clusters found; .*run\.json")
    with contradicts if metadata else nullcontext():
        source_of(second)


def test_sessions_of_different_steps_are_refused_by_name(tmp_path):
    for name, delta_t in (("a", 1e-3), ("b", 1e-3 * (1 + 1e-12)), ("c", 2e-3)):
        np.savez(tmp_path / f"spikes_{name}.npz", **(spike_arrays(EVENTS) | {"delta_t": delta_t}))
    source = source_of(tmp_path, [0, 0, 1, 1])
    assert [source.read(index).n_steps for index in (0, 1)] == [50, 50]
    for read in (lambda: source.read(2), lambda: list(source), lambda: find_states(source, AnalysisSettings())):
        with pytest.raises(DataError, match=r"spikes_c\.npz: steps of 0\.002 s found; .* 0\.001 s, as in .*spikes_a"):
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
    refused([results, other], "another network or time step")


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


def test_where_labels_were_found_is_known(tmp_path):
    np.savetxt(tmp_path / "spikes.csv", np.column_stack([TIMES, NEURONS]), delimiter=",", header="time,id", comments="")
    np.save(tmp_path / "clusters.npy", [0, 0, 1, 2])
    assert source_of(tmp_path / "spikes.csv").labels_from == str(tmp_path / "clusters.npy")
    assert source_of(tmp_path / "spikes.csv", [1, 1, 2, 2]).labels_from == "clusters"
    with pytest.raises(
        DataError, match=r"neurons: 0 to 2 found; .* cluster labels \(clusters\); is the label of a neuron missing"
    ):
        source_of(tmp_path / "spikes.csv", [1, 1]).read(0)


@pytest.mark.parametrize(
    ("name", "n_labels", "message"),
    [
        ("spikes.csv", 2, "neurons: 0 to 3 found; expected 0 to 1, for 2 neurons or cluster labels ({clusters})"),
        ("spikes.npz", 3, "n_neurons: 4 found; expected 3 as there are cluster labels ({clusters})"),
    ],
)
def test_a_file_of_labels_that_does_not_fit_is_named(tmp_path, name, n_labels, message):
    file, clusters = tmp_path / name, tmp_path / "clusters.npy"
    if file.suffix == ".csv":
        file.write_text("time,id\n0.1,0\n0.2,3\n")
    else:
        np.savez(file, times=[0.1, 0.2], neurons=[0, 3], n_neurons=4)
    np.save(clusters, np.arange(n_labels))
    with pytest.raises(DataError) as caught:
        source_of(file).read(0)
    assert str(caught.value) == f"{file}: {message.format(clusters=clusters)}"


UNSORTED = np.array([0.01, 0.4, 0.2])


def neo_segment(*trains):
    segment = neo.Segment()
    for times in trains:
        segment.spiketrains.append(neo.SpikeTrain(times, units="s", t_stop=0.5))
    return segment


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ((UNSORTED, np.array([0, 1, 0])), "times"),
        (pd.DataFrame({"time": UNSORTED, "neuron": [0, 1, 0]}), "times"),
        ([np.array([0.3]), UNSORTED], "times of unit 1"),
        ({0: np.array([0.3]), 1: UNSORTED}, "times of unit 1"),
        (neo_segment([0.3], UNSORTED), "times of unit 1"),
    ],
    ids=["pair", "frame", "list", "mapping", "neo"],
)
def test_times_out_of_order_are_refused_wherever_they_are_and_sorted_if_asked_for(data, place):
    """Times that restart are often those of several recordings."""
    with pytest.raises(
        DataError, match=rf"{place}: a decrease at spike 2 found; expected sorted spike times; sort=True"
    ):
        read_all(data, Conventions(delta_t=1e-3, n_neurons=2))
    ((spikes, _),) = read_all(data, Conventions(delta_t=1e-3, n_neurons=2, sort=True))
    assert spikes.steps[-1] == 400 and (np.diff(spikes.steps) > 0).all()


@pytest.mark.parametrize("kind", ["pair", "mapping", "list", "trains"])
def test_units_of_times_count(kind):
    """400 ms are 0.4 s, whoever holds them."""
    times, ids = np.array([10.0, 200.0, 400.0]) * quantities.ms, np.array([0, 1, 0])
    data = {
        "pair": (times, ids),
        "mapping": {"times": times, "neurons": ids},
        "list": [times, times],
        "trains": {0: times, 1: times},
    }[kind]
    ((spikes, _),) = read_all(data, Conventions(delta_t=1e-3))
    assert spikes.duration == pytest.approx(0.401)
    with pytest.raises(DataError, match="times in mV found; expected a unit of time"):
        read_all((times.magnitude * quantities.mV, ids), Conventions(delta_t=1e-3))


def test_lists_of_quantities_and_masks_are_not_taken_for_seconds() -> None:
    times = [float(ms) * quantities.ms for ms in range(1, 400, 10)]
    neurons = np.zeros(len(times), int)
    for data in ((times, neurons), (tuple(times), neurons), {"times": times, "neurons": neurons}, {0: times, 1: []}):
        assert Analyzer(data, [0, 1], 1e-3).spikes().duration == 0.392
    with pytest.raises(DataError, match="times with and without a unit found"):
        Analyzer(([0.001, *times[1:]], neurons), [0, 1], 1e-3).spikes()
    masked = np.ma.array([0.1, 0.2], mask=[True, False])
    for data in ((masked, [0, 1]), {"times": masked, "neurons": [0, 1]}, [masked, [0.1]]):
        with pytest.raises(DataError, match="masked times found"):
            Analyzer(data, [0, 1], 1e-3).spikes()
