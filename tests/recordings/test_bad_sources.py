"""Spikes that make no sense: each is one error that names the file."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from neuro_mod.errors import DataError
from neuro_mod.recordings.conventions import Conventions, check_conventions
from neuro_mod.recordings.saved import spike_arrays
from neuro_mod.recordings.sessions import open_sessions
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.platforms import POSIX_ONLY, make_pipe
from tests.helpers.recordings import DENSE, EVENTS, FULL, STEPS, read_all, refused, run_folder, source_of


def test_folders_without_spikes(tmp_path):
    refused(tmp_path, "nothing found; expected files spikes.* in it or in data/$")
    for name, found in (
        ("b.npy", "b.npy"),
        ("c", "b.npy, c"),
        ("a.mat", "a.mat, b.npy, c"),
        ("d", r"a.mat, b.npy, c, \.\.\."),
    ):
        (tmp_path / name).touch()
        refused(tmp_path, f": {found} found; expected files")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        open_sessions(tmp_path / "nowhere")
    (tmp_path / "spikes.xlsx").write_text("")
    refused(tmp_path / "spikes.xlsx", r"expected one of \.npy, \.npz")


def lies_there(file, kind):
    if kind == "pipe":
        make_pipe(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("nowhere")


IRREGULAR = pytest.mark.parametrize(
    "kind", ["folder", *(pytest.param(kind, marks=POSIX_ONLY) for kind in ("pipe", "link"))]
)


@IRREGULAR
@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv", ".gdf", ".mat", ".nwb", ".h5"])
def test_sessions_that_are_no_regular_files(tmp_path, kind, ending):
    lies_there(tmp_path / f"spikes_1{ending}", kind)
    with pytest.raises(DataError, match=rf"spikes_1\{ending} is no regular file"):
        read_all(tmp_path)


@IRREGULAR
@pytest.mark.parametrize("name", ["data/clusters.npy", "metadata/run.json"])
def test_what_lies_with_spikes_and_is_no_regular_file(tmp_path, kind, name):
    run = run_folder(tmp_path)
    (run / name).unlink()
    lies_there(run / name, kind)
    with pytest.raises(DataError, match=f"{name} is no regular file"):
        source_of(run)
    if name.endswith(".npy"):
        with pytest.raises(DataError, match=f"{name} is no regular file"):
            source_of(EVENTS, run / name)


def test_labels_of_clusters_are_not_read_from_any_text(tmp_path):
    file = tmp_path / "labels.txt"
    file.write_text("0\n0\n1\n1\n")
    with pytest.raises(DataError, match=r"labels\.txt .*not what numpy\.save writes; expected an \.npy or \.csv file"):
        source_of(EVENTS, file)


def test_the_same_session_in_two_formats_is_refused(tmp_path):
    np.save(tmp_path / "spikes_1.npy", DENSE)
    np.savez(tmp_path / "spikes_1.npz", spikes=DENSE)
    refused(tmp_path, "spikes_1 in several formats found")


@pytest.mark.parametrize(
    ("array", "pattern"),
    [
        (np.full((2, 2), 2), "entries other than 0 and 1"),
        (np.array([[0, -1]]), "entries other than 0 and 1"),
        (np.array([[0.0, 0.5]]), "entries other than 0 and 1"),
        (np.array([[0, np.nan]]), "entries other than 0 and 1"),
        (np.zeros((2, 2, 2), bool), "found; expected a boolean array"),
        (np.zeros(3, bool), "found; expected a boolean array"),
        (np.array(True), "found; expected a boolean array"),
        (np.array([["a"]]), "found; expected a boolean array"),
        (np.zeros((1, 1), complex), "found; expected a boolean array"),
        (np.zeros((2**31, 0), bool), "expected at most 2147483647 steps"),
        (np.zeros((0, 2**31), bool), "expected at most 2147483647 steps"),
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
        ({"times": [0.2, 0.1]}, "times: a decrease at spike 1 found; expected sorted spike times"),
        ({"times": [-0.1, 0.1]}, r"times: -0\.1 found; expected times from 0"),
        ({"times": [0.1, np.nan]}, "expected finite numbers"),
        ({"times": [0.1, np.inf]}, "expected finite numbers"),
        ({"times": [0.1]}, "1 times and 2 neurons found"),
        ({"times": [[0.1, 0.2]]}, "times: .* found; expected numbers"),
        ({"times": ["a", "b"]}, "times: .* found; expected numbers"),
        ({"times": 0.1}, "times: .* found; expected numbers"),
        ({"times": [0.1, 1e300]}, "expected times within a session of .*; are times in s?"),
        ({"times": [0.1, 1e300], "duration": 1.0}, "a spike at 1e.300 s found; expected times within a session of 1 s"),
        (
            {"times": [0.1, 0.25], "duration": 0.2},
            r"a spike at 0\.25 s found; .* within a session of 0\.2 s",
        ),
        ({"times": [0.1, 0.2001], "duration": 0.2}, r"a spike at 0\.2001 s found; expected times within"),
        ({"times": [0.0, 0.0], "duration": 0.0}, r"a spike at 0 s found; expected times within"),
        ({"duration": 1e300}, "steps found; expected at most"),
        ({"duration": -1.0}, "duration: -1 found"),
        ({"duration": np.nan}, "duration: nan found"),
        ({"duration": [1.0, 2.0]}, "duration: .* found; expected a number"),
        ({"duration": "a"}, "duration: .* found; expected a number"),
        (
            {"neurons": [0, 3], "n_neurons": 2},
            r"0 to 3 found; expected 0 to 1, for 2 neurons or cluster labels$",
        ),
        ({"neurons": [0, 2], "n_neurons": 2}, r"expected 0 to 1, .*; is the label of a neuron missing\?"),
        (
            {"neurons": [1, 2], "n_neurons": 2},
            r"1 to 2 found; expected 0 to 1, for 2 .*; are neurons counted from 1",
        ),
        ({"neurons": [-1, 0]}, "neurons: -1 to 0 found; expected 0 to"),
        ({"neurons": [0, 2**31]}, "expected 0 to 2147483646"),
        ({"neurons": [0, 1e300]}, r"neurons: 0 to 1e\+300 found; expected 0 to 2147483646"),
        ({"neurons": [0, np.inf]}, "neurons: .* found; expected whole numbers"),
        ({"neurons": [0, np.nan]}, "neurons: .* found; expected whole numbers"),
        ({"neurons": [0, 1.5]}, "neurons: .* found; expected whole numbers"),
        ({"neurons": [True, False]}, "neurons: .* found; expected whole numbers"),
        ({"neurons": ["a", "b"]}, "neurons: .* found; expected whole numbers"),
        ({"neurons": [[0, 1]]}, "neurons: .* found; expected whole numbers"),
        ({"n_neurons": 2.5}, r"n_neurons: 2\.5 found; expected a whole number"),
        ({"n_neurons": 1e12}, "expected a whole number up to"),
        ({"clusters": [0]}, "neurons: 0 to 1 found; expected 0 to 0"),
        ({"clusters": [0, 1, 2], "n_neurons": 2}, "clusters: 3 found; expected 2"),
        ({"clusters": [0.5, 1]}, "clusters: .* found; expected an integer for each neuron"),
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
        ({"n_steps": 3}, "steps: .* expected whole numbers from 0 to below 3"),
        ({"n_steps": np.nan}, "n_steps: nan found"),
        ({"n_steps": 50.5}, r"n_steps: 50\.5 found"),
        ({"n_steps": 2**31}, "n_steps: 2.* found"),
        ({"n_neurons": -1, "steps": np.zeros(0, int), "neurons": np.zeros(0, int)}, "n_neurons: -1 found"),
        ({"neurons": [0]}, "neurons: invalid indices"),
        ({"neurons": [0, -1, 0, 0, 0]}, "neurons: .* expected whole numbers from 0 to below 4"),
        ({"neurons": [0, 4, 0, 0, 0]}, "neurons: .* expected whole numbers from 0 to below 4"),
        ({"neurons": [0.0] * 5}, "neurons: invalid indices"),
        ({"steps": STEPS[::-1]}, "steps: a decrease found; expected sorted steps"),
        ({"delta_t": 0.0}, "delta_t: 0 found; expected seconds above 0"),
        ({"delta_t": 5e-324}, "delta_t: 4.94066e-324 found; expected seconds above 0, at least 1e-12"),
        ({"delta_t": 1j}, "delta_t: complex128 .* found; expected a number"),
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
        refused([EVENTS, data], f"session 1: {pattern}")


def test_saved_spikes_with_clusters_of_other_neurons(tmp_path):
    np.savez(tmp_path / "spikes.npz", **spike_arrays(EVENTS), clusters=[1, 2])
    refused(tmp_path / "spikes.npz", "clusters: 2 found; expected 4")


def test_archives_of_other_things(tmp_path):
    np.savez(tmp_path / "spikes.npz", rates=[1.0])
    refused(tmp_path / "spikes.npz", "rates found; expected steps, neurons, n_steps")


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.mark.parametrize("ending", [".npy", ".npz", ".csv", ".gdf", ".mat", ".nwb", ".h5"])
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
        (Conventions(delta_t=2e-3), r"delta_t: 0\.001 found; expected 0\.002 s, the given time step"),
        (Conventions(n_neurons=5), "n_neurons: 4 found; expected 5 as there are cluster labels"),
        (Conventions(duration=1.0), r"duration: 0\.05 found; expected 1 s, the given length of a session"),
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
        {"delta_t": True},
        {"duration": True},
        {"n_neurons": True},
        {"first_neuron": True},
        {"time_unit": "min"},
        {"n_neurons": 2.5},
        {"n_neurons": -1},
        {"first_neuron": -1},
    ],
    ids=str,
)
def test_conventions_are_checked(wrong):
    assert check_conventions(FULL) is FULL
    with pytest.raises(ValueError, match="found; expected"):
        check_conventions(Conventions(**wrong))
