"""Cells and further dimensions in files of MATLAB; SciPy writes those of level 5."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from neuro_mod.recordings import matlab
from neuro_mod.recordings.conventions import Conventions
from tests.helpers.recordings import NEURONS, STEPS, assert_same, read_all, refused

IN_MS = Conventions(1e-3, 50e-3, 4, time_unit="ms")
LABELS = [7, 3, 3, -1]


def cells(shape):
    """Times in ms of each of 4 neurons, the last of which is silent."""
    found = np.empty(4, dtype=object)
    for neuron in range(4):
        found[neuron] = np.array([[float(s) for s, n in zip(STEPS, NEURONS, strict=True) if n == neuron]])
    found[3] = np.zeros((0, 0))
    return found.reshape(shape)


def save_hdf5(file, variables):
    """What MATLAB leaves with ``-v7.3``: cells are references to datasets in the group ``#refs#``."""
    with h5py.File(file, "w") as content:
        group = content.create_group("#refs#")
        for name, array in variables.items():
            if np.asarray(array).dtype != object:
                content[name] = np.atleast_2d(array).T
                continue
            references = np.empty(array.T.shape, dtype=h5py.ref_dtype)
            for place, cell in np.ndenumerate(array.T):
                key = f"{len(group)}"
                group[key] = cell.T if cell.size else np.zeros(2, np.uint64)
                group[key].attrs["MATLAB_class"] = b"double"
                if not cell.size:
                    group[key].attrs["MATLAB_empty"] = 1
                references[place] = group[key].ref
            content[name] = references
            content[name].attrs["MATLAB_class"] = b"cell"


SAVERS = {
    "v5": savemat,
    "v7": lambda file, variables: savemat(file, variables, do_compression=True),
    "v7.3": save_hdf5,
}


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (1, 4, 1)], ids=str)
@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_cells_are_the_times_of_neurons(tmp_path, save, shape):
    file = tmp_path / "spikes.mat"
    save(file, {"rates": np.ones((3, 3)), "spikes": cells(shape), "gain": 3.0})
    assert_same(read_all(file, IN_MS)[0].spikes)
    save(file, {"spikes": cells(shape), "duration": 50e-3, "clusters": np.array([LABELS], float)})
    spikes, labels = read_all(file, Conventions(1e-3, time_unit="ms", first_neuron=1))[0]
    assert_same(spikes)
    assert labels.tolist() == LABELS


@pytest.mark.parametrize("shape", [(1, 2, 5), (1, 5, 2), (2, 1, 5), (2, 5, 1), (5, 2, 1, 1)], ids=str)
@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_further_dimensions_of_length_1_do_not_matter(tmp_path, save, shape):
    pair = np.array([STEPS, NEURONS], float)
    array = pair if next(each for each in shape if each != 1) == 2 else pair.T
    save(tmp_path / "spikes.mat", {"firings": array.reshape(shape)})
    assert_same(read_all(tmp_path / "spikes.mat", IN_MS)[0].spikes)


def test_one_spike_with_further_dimensions(tmp_path):
    savemat(tmp_path / "spikes.mat", {"firings": np.array([3.0, 1.0]).reshape(1, 2, 1)})
    spikes = read_all(tmp_path / "spikes.mat", IN_MS)[0].spikes
    assert (spikes.steps.tolist(), spikes.neurons.tolist()) == ([3], [1])


def replaced(cell):
    found = cells((1, 4))
    found[0, 1] = cell
    return found


@pytest.mark.parametrize(
    ("variables", "pattern"),
    [
        ({"spikes": replaced("text")}, r"spikes cell \(1, 4\) with a char array found"),
        ({"spikes": replaced(np.ones((2, 3)))}, r"spikes cell \(1, 4\) with an array of shape \(2, 3\) found"),
        ({"spikes": replaced(np.array([1j]))}, "with a complex array found"),
        ({"spikes": replaced({"a": 1})}, "with a struct array found"),
        ({"spikes": replaced(np.array([[True]]))}, "with a logical array found"),
        ({"spikes": replaced(np.array([-1.0]))}, "times: .* found; expected times from 0"),
        ({"spikes": cells((2, 2))}, r"spikes cell \(2, 2\) found; expected .* one cell of times for each neuron"),
        ({"spikes": cells((1, 4)), "stimulus": np.ones((1, 2))}, "several arrays, spikes, stimulus"),
        ({"spikes": cells((1, 4)), "n_neurons": 5.0}, "n_neurons: 5 found"),
        ({"spikes": cells((1, 4)), "clusters": np.array([1.0, 2.0])}, "n_neurons: 2 found"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_cells_that_are_no_trains(tmp_path, variables, pattern, compressed):
    savemat(tmp_path / "spikes.mat", variables, do_compression=compressed)
    refused(tmp_path / "spikes.mat", pattern, IN_MS)


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
def test_damaged_or_large_cells_are_refused(tmp_path, save, monkeypatch):
    file = tmp_path / "spikes.mat"
    save(file, {"spikes": cells((1, 4))})
    whole = file.read_bytes()
    for length in (150, 200, len(whole) // 2, len(whole) - 8):
        file.write_bytes(whole[:length])
        refused(file, "spikes.mat")
    file.write_bytes(whole)
    monkeypatch.setattr(matlab, "MAX_UNPACKED", 39)  # of 5 spikes
    refused(file, "cells of more than 39 bytes")
