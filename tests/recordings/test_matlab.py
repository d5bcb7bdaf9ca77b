"""Spikes in files of MATLAB; expected spikes are written down."""

from __future__ import annotations

from contextlib import nullcontext

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from neuro_mod.errors import DataError
from neuro_mod.recordings import matlab
from neuro_mod.recordings.conventions import Conventions
from tests.helpers.exchange import LABELS, MS, PAIR, SAVERS, assert_same, read, save_hdf5, stored_elsewhere, virtual


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
