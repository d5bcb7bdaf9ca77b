from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from neuro_mod.errors import DataError, NeuroModError
from neuro_mod.execution.stagers.saved_state import load_state
from neuro_mod.recordings.saved import load_spikes, save_spikes
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage import reading
from neuro_mod.storage.run_folder import RunFolder

SPIKES = SpikeEvents(np.array([0, 2], np.int32), np.array([1, 0], np.int32), 3, 2, 1e-3)
GOOD = {"steps": [0, 2], "neurons": [1, 0], "n_steps": 3, "n_neurons": 2, "delta_t": 1e-3}


def test_spikes_survive_saving(tmp_path):
    file = save_spikes(RunFolder(tmp_path), SPIKES)
    for path in (file, tmp_path):
        loaded = load_spikes(path)
        assert np.array_equal(np.asarray(loaded), np.asarray(SPIKES)) and loaded.delta_t == SPIKES.delta_t


def test_no_spikes_survive_too(tmp_path):
    none = np.empty(0, np.int32)
    save_spikes(RunFolder(tmp_path), SpikeEvents(none, none, 3, 2, 1e-3))
    assert len(load_spikes(tmp_path)) == 0


def test_damaged_files_are_refused_by_name(tmp_path):
    file = save_spikes(RunFolder(tmp_path), SPIKES)
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"rubbish", whole.replace(b"neurons", b"neutron")):
        file.write_bytes(damaged)
        with pytest.raises(OSError, match=r"spikes\.npz"):
            load_spikes(file)
    with pytest.raises(FileNotFoundError):
        load_spikes(tmp_path / "nowhere.npz")


def test_spikes_of_others_are_for_the_analyzer(tmp_path):
    file = tmp_path / "spikes.csv"
    file.write_text("time,neuron\n0.1,0\n")
    with pytest.raises(DataError, match=r"spikes\.csv: \.csv found; expected the \.npz of a run; Analyzer reads"):
        load_spikes(file)


@pytest.mark.parametrize(
    "change",
    [
        {"neurons": [1, 2]},
        {"neurons": [-1, 0]},
        {"neurons": [0.5, 0]},
        {"neurons": [0]},
        {"steps": [[0, 2]]},
        {"steps": [0, 3]},
        {"steps": [2, 0]},
        {"n_steps": -4},
        {"delta_t": float("nan")},
    ],
)
def test_content_that_makes_no_sense_is_refused(tmp_path, change):
    file = tmp_path / "spikes.npz"
    np.savez(file, **(GOOD | change))
    with pytest.raises(OSError, match=r"spikes.npz: \w+: .* found; expected"):
        load_spikes(file)


def test_small_files_cannot_ask_for_much_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_UNPACKED", 10**6)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<i4", "fortran_order": False, "shape": (2**40,)})
    lying, packed = tmp_path / "lying.npz", tmp_path / "packed.npz"
    with zipfile.ZipFile(lying, "w") as archive:
        archive.writestr("steps.npy", header.getvalue() + b"0000")
    np.savez_compressed(packed, **(GOOD | {"steps": np.zeros(10**6, np.int32)}))
    for file, reason in ((lying, "does not have 4 bytes"), (packed, "unpacks to")):
        with pytest.raises(OSError, match=reason):
            load_spikes(file)


def test_pickles_are_not_read(tmp_path):
    file = tmp_path / "state.npz"
    np.savez(file, voltage=np.array([{}], dtype=object))
    with pytest.raises(OSError, match=r"state\.npz"):
        load_state(file)


@pytest.mark.parametrize("load", [load_spikes, load_state])
def test_a_folder_of_many_runs_says_what_it_holds(tmp_path, load):
    names = [f"spikes_{number:04d}.npy" for number in range(3)]
    (tmp_path / "data").mkdir()
    for name in names:
        np.save(tmp_path / "data" / name, np.zeros((2, 2), bool))
    found = rf"{tmp_path}: data/{names[0]}, data/{names[1]} and 1 more found; expected the folder of a single run, with"
    with pytest.raises(NeuroModError, match=found) as caught:
        load(tmp_path)
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(NeuroModError, match=r"empty: no data/\w+\.npz found"):
        (tmp_path / "empty").mkdir()
        load(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match=r"nowhere.npz: no such file"):
        load(tmp_path / "nowhere.npz")


def test_a_dense_array_is_no_file_of_events(tmp_path):
    np.save(tmp_path / "spikes_0000.npy", np.zeros((2, 2), bool))
    with pytest.raises(NeuroModError, match=r"a single array found; expected .npz .* numpy.load reads it"):
        load_spikes(tmp_path / "spikes_0000.npy")
