"""Spikes as simulators and tools of others keep them; every format holds the spikes `EVENTS`, which are read back."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.errors import InputError
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.layout import labels_of_sizes
from neuro_mod.recordings.sessions import open_sessions
from tests.helpers.recordings import FULL, NEURONS, STEPS, TIMES, assert_same, read_all, refused

#: Times in s of each neuron.
TRAINS = [[time for time, neuron in zip(TIMES.tolist(), NEURONS, strict=True) if neuron == each] for each in range(4)]
IN_MS = Conventions(1e-3, 50e-3, 4, time_unit="ms")
FROM_1 = Conventions(1e-3, 50e-3, 4, first_neuron=1)


# Trains


@pytest.mark.parametrize(
    "data",
    [
        TRAINS,
        [np.array(train) for train in TRAINS],
        list(map(tuple, TRAINS)),
        np.array([np.array(train) for train in TRAINS], dtype=object),
        {neuron: train for neuron, train in enumerate(TRAINS) if train},
        {np.int64(neuron): np.array(TRAINS[neuron]) for neuron in (2, 0, 1)},
        {"spikes": TRAINS},
    ],
    ids=["lists", "arrays", "tuples", "objects", "mapping", "numpy", "results"],
)
def test_trains_of_neurons(data):
    for reading in (*read_all(data, FULL), *read_all([data, data], FULL)):
        assert_same(reading.spikes)


def test_units_and_first_neuron_of_trains():
    in_ms = [[1e3 * time for time in train] for train in TRAINS]
    assert_same(read_all(in_ms, IN_MS)[0].spikes)
    assert_same(read_all({neuron + 1: train for neuron, train in enumerate(TRAINS)}, FROM_1)[0].spikes)
    analyzer = Analyzer(in_ms, [0, 0, 1, 1], dt=1e-3, duration=50e-3, time_unit="ms")
    assert analyzer.firing_rates().overall.tolist() == pytest.approx([20, 20, 60, 0])


@pytest.mark.parametrize(
    ("data", "pattern"),
    [
        ([[0.1], [[0.2]]], "session 0: a Python list found"),
        ({0: "ab"}, "session 0: neuron 0: <U2 .* found; expected its times"),
        ({0: [0.1], 1: [[0.2]]}, "neuron 1: .* found; expected its times"),
        ({-1: [0.1]}, "neurons: -1 to -1 found; expected 0 to"),
        ({10**9: [0.1]}, "neurons: 1000000000 to 1000000000 found; expected 0 to 9999999"),
        ([[-0.1], [0.2]], r"times: -0\.1 found"),
        ([[np.nan], [0.2]], "expected finite numbers"),
    ],
)
def test_what_are_no_trains(data, pattern):
    refused(data, pattern)


def test_trains_have_as_many_neurons_as_labels():
    refused([TIMES, np.array(NEURONS, float)], "n_neurons: 2 found; expected 4 as there are cluster labels", FULL)
    refused({0: [0.001], 4: [0.002]}, "neurons: 0 to 4 found; expected 0 to 3, for 4 neurons or cluster labels", FULL)


# Names of arrays and columns


@pytest.mark.parametrize(
    ("arrays", "conventions"),
    [
        ({"t": TIMES, "i": NEURONS, "N": 5}, FULL),
        ({"times": np.array(STEPS, float), "senders": NEURONS}, FULL),
        ({"timestamps": np.array(STEPS, float), "node_ids": NEURONS}, FULL),
        ({"timestamps": TIMES, "neurons": NEURONS}, None),
    ],
    ids=["Brian2", "NEST", "SONATA", "none"],
)
def test_names_of_times_and_neurons(tmp_path, arrays, conventions):
    """They imply the same unit wherever they stand."""
    np.savez(tmp_path / "spikes.npz", **arrays)
    frame = pd.DataFrame(arrays)
    frame.to_csv(tmp_path / "spikes.csv", index=False)
    tables = () if conventions is None else (frame, tmp_path / "spikes.csv")
    for data in (arrays, tmp_path / "spikes.npz", *tables):
        if conventions is None:
            refused(data, "found; expected")
        else:
            assert_same(read_all(data, conventions)[0].spikes)


@pytest.mark.parametrize(
    "text",
    [
        "i,t\n" + "".join(f"{neuron},{time}\n" for time, neuron in zip(TIMES, NEURONS, strict=True)),
        "timestamps,node_ids\n" + "".join(f"{step},{neuron}\n" for step, neuron in zip(STEPS, NEURONS, strict=True)),
        "timestamps population node_ids\n"
        + "".join(f"{step} V1 {neuron}\n" for step, neuron in zip(STEPS, NEURONS, strict=True)),
    ],
    ids=["Brian2", "SONATA", "BMTK"],
)
def test_columns_of_simulators(tmp_path, text):
    (tmp_path / "spikes.csv").write_text(text)
    assert_same(read_all(tmp_path / "spikes.csv", FULL)[0].spikes)


# Pynapple


def save_tsgroup(file, **changed):
    """What `TsGroup.save` of Pynapple 0.8 writes, with units 3, 5, 8 and 13, of which the last is silent."""
    arrays = {
        "type": np.array(["TsGroup"]),
        "_metadata": np.array({"group": [0, 1]}, dtype=object),
        "t": 2 + TIMES,
        "index": np.array([3, 5, 8])[NEURONS],
        "keys": np.array([3, 5, 8, 13]),
        "start": np.array([2.0]),
        "end": np.array([2.05]),
    }
    np.savez(file, **{name: array for name, array in (arrays | changed).items() if array is not None})


def test_groups_of_pynapple(tmp_path):
    file = tmp_path / "spikes.npz"
    save_tsgroup(file)
    assert_same(read_all(file, Conventions(1e-3))[0].spikes)
    save_tsgroup(file, keys=None)
    assert read_all(file, Conventions(1e-3))[0].spikes.n_neurons == 3
    for changed, pattern in (
        ({"type": np.array(["Tsd"])}, "Tsd of Pynapple found; expected TsGroup"),
        ({"start": np.array([0.0, 2.0]), "end": np.array([1.0, 2.05])}, "a time support of 2 intervals found"),
        ({"keys": np.array([3, 5, 7])}, "index of other units than the keys found"),
        ({"keys": np.array([], int)}, "spikes.npz"),
        ({"t": TIMES[:3]}, "index of other units than the keys found"),
    ):
        save_tsgroup(file, **changed)
        refused(file, pattern)


# SONATA


def save_sonata(file, populations, units="ms"):
    with h5py.File(file, "w") as content:
        content.create_group("spikes")
        for name, (times, neurons) in populations.items():
            group = content["spikes"].create_group(name)
            group["timestamps"], group["node_ids"] = np.asarray(times), np.asarray(neurons)
            if units is not None:
                group["timestamps"].attrs["units"] = units


BY_ID = np.argsort(NEURONS, kind="stable")
IDS = np.array(NEURONS, np.uint64)[BY_ID]


@pytest.mark.parametrize(("units", "per_second"), [("ms", 1e3), (b"milliseconds", 1e3), (None, 1e3), ("s", 1.0)])
def test_files_of_sonata(tmp_path, units, per_second):
    file = tmp_path / "spikes.h5"
    save_sonata(file, {"V1": (TIMES[BY_ID] * per_second, IDS), "silent": ([0.0][:0], [0][:0])}, units)
    for conventions in (FULL, IN_MS):
        assert_same(read_all(file, conventions)[0].spikes)
    assert_same(read_all(tmp_path, FULL)[0].spikes)


def test_files_of_sonata_that_are_unclear(tmp_path):
    file, times = tmp_path / "spikes.h5", TIMES[BY_ID] * 1e3
    for populations, units, pattern in (
        ({"V1": (times, IDS), "LGN": (times, IDS)}, "ms", "LGN, V1 found in spikes; expected one population"),
        ({}, "ms", "no population found in spikes"),
        ({"V1": (times, IDS)}, "us", "units 'us' found; expected one of ms"),
        ({"V1": (times, IDS[:3])}, "ms", "5 timestamps and 3 node_ids found"),
        ({"V1": (times[None], IDS)}, "ms", r"timestamps: float64 of shape \(1, 5\) found; expected numbers"),
    ):
        save_sonata(file, populations, units)
        refused(file, pattern)
    with h5py.File(file, "w") as content:
        content["firing"] = times
    refused(file, "firing found; expected a group spikes")
    save_sonata(tmp_path / "other.h5", {"V1": (times, IDS)})
    with h5py.File(file, "w") as content:
        content["spikes/V1/node_ids"] = IDS
        content["spikes/V1/timestamps"] = h5py.ExternalLink("other.h5", "/spikes/V1/timestamps")
    refused(file, "/spikes/V1: no array timestamps found")


# Several files, and sizes of clusters


def test_patterns_are_the_files_that_match(tmp_path, monkeypatch):
    for number in (10, 2, 1):
        np.save(tmp_path / f"run_{number}.npy", np.ones((3, 2), bool))
    monkeypatch.chdir(tmp_path)
    for pattern in (tmp_path / "run_*.npy", "run_*.npy", "run_[0-9]*.npy"):
        assert [session.name for session in open_sessions(pattern).sessions] == ["run_1", "run_2", "run_10"]
    with pytest.raises(FileNotFoundError, match=r"rub_\*\.npy: no such file or folder"):
        open_sessions("rub_*.npy")
    shutil.copy("run_1.npy", "run_[1].npy")
    assert [session.name for session in open_sessions("run_[1].npy").sessions] == ["run_[1]"]


def test_the_command_takes_several_files_and_sizes(tmp_path, neuro_mod):
    for number in (1, 2):
        np.save(tmp_path / f"run_{number}.npy", np.random.default_rng(number).random((2000, 6)) < 0.01)
    options = ("--cluster-sizes", "2x2, 1,1", "--no-plot", "--json")
    given = [tmp_path / "run_1.npy", tmp_path / "run_2.npy"]
    for arguments in ([tmp_path / "run_*.npy"], given):
        done = neuro_mod("analyze", *arguments, *options)
        assert done.returncode == 0, done.stderr
        assert '"n_sessions": 2' in done.stdout and '"n_clusters": 4' in done.stdout
        assert (tmp_path / "analysis_run_1_and_1_more/analysis.json").exists()
    wrong = neuro_mod("analyze", *given, *options, "--clusters", tmp_path / "labels.npy")
    assert wrong.returncode == 2 and "--cluster-sizes" in wrong.stderr
    assert neuro_mod("analyze", *given, "--cluster-sizes", "3x3").returncode == 2


def test_sizes_of_clusters():
    assert labels_of_sizes("sizes", "2x3,1, 2 * 2").tolist() == [0, 0, 0, 1, 1, 1, 2, 3, 3, 4, 4]
    published = labels_of_sizes("sizes", "18x80,160,18x20,40")
    assert len(published) == 2000 and np.bincount(published).tolist() == [80] * 18 + [160] + [20] * 18 + [40]
    for text in ("", "a", "3x", "0x3", "3,0", "-1", "1.5", "18x80;160", "1,,2"):
        with pytest.raises(InputError, match=r"sizes: .* found; expected sizes of clusters"):
            labels_of_sizes("sizes", text)
    with pytest.raises(InputError, match="at most 100000000 neurons"):
        labels_of_sizes("sizes", "999999999x999999999")
