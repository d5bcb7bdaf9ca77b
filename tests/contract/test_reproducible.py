"""Bytes that do not change from version to version, and folders of earlier versions."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from neuro_mod import Analyzer, Repeater, StageSNNSimulation, load_spikes, load_state, run_sweep
from tests.helpers.shared import CONFIGS, ROOT, SMALL

#: Folders written by version 0.1.0 before its modules were renamed, of `SMALL` with seed 7.
EARLIER = Path(__file__).parent / "earlier"
#: SHA-256, recorded with the same version: ``neuro-mod run configs/snn_test_run.yaml --seed 7 --duration 0.1 --dtype
#: float64``, and ``neuro-mod repeat`` likewise with ``--n-repeats 2``. Files of voltages are left out: their last
#: digits depend on the processor; spikes of 0.1 s in double precision do not.
RUN = {
    "data/clusters.npy": "94b605f4281e0b461a6fbce421aefad6cd42ab9aa5df1cf49383f3e0b4fae634",
    "data/rates.npz": "468cb82f05f38c7fbde458de4be375b9893fcbebf24b2ad1fb448e1bb068e07e",
    "data/spikes.npz": "b528b317d145fd45745adbf985ba17f2149792b50defe276f2cf0b181905186e",
}
REPEATS = {
    "clusters.npy": "94b605f4281e0b461a6fbce421aefad6cd42ab9aa5df1cf49383f3e0b4fae634",
    "data/rates_0000.npz": "7c6108badfb528b6bfa1a52ec501bcc9599c598dac6bff5544a554e2d60a7bc2",
    "data/rates_0001.npz": "2008b28fb02ced0e768d7d5e27012858d1b897c46db9d7c8686c7609e67f837a",
    "data/spikes_0000.npy": "f77149dc582de19b969b8f45ee41e037cd7497b44950c58034547a2f13fdbef9",
    "data/spikes_0001.npy": "923c80d9a05f018afc107c9aa969157044fe2b1d9c54142ac77e7c014a51d22d",
}
CONFIG = CONFIGS / "snn_test_run.yaml"
SHORT = ["init_params.duration_sec=0.1"]


def hashes(folder: Path, names) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}


def test_a_run_gives_the_bytes_that_it_always_gave(tmp_path):
    StageSNNSimulation(CONFIG, 7, overrides=SHORT).execute("none", out=tmp_path, dtype="float64")
    assert hashes(tmp_path, RUN) == RUN


def test_repeats_give_the_bytes_that_they_always_gave(tmp_path):
    Repeater(CONFIG, 2, random_seed=7, overrides=SHORT).execute(tmp_path, dtype="float64", plot_arg="none")
    assert hashes(tmp_path, REPEATS) == REPEATS


def test_a_run_of_an_earlier_version_can_be_read():
    run = ROOT / "test_sim"
    spikes, state = load_spikes(run), load_state(run)
    assert len(spikes) > 1000 and state.step == spikes.n_steps and state.voltage.shape == (spikes.n_neurons,)
    assert Analyzer(run).durations.tolist() == [spikes.duration]


@pytest.fixture
def earlier(tmp_path):
    shutil.copytree(EARLIER, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_repeats_of_an_earlier_version_are_resumed(earlier):
    before = hashes(earlier / "repeats", ["data/spikes_0000.npy", "data/spikes_0001.npy"])
    metadata = Repeater(SMALL, 3, random_seed=7).execute(earlier / "repeats", plot_arg="none")
    assert metadata["n_finished_before"] == 2 and metadata["n_finished"] == 3
    assert hashes(earlier / "repeats", before) == before
    assert np.load(earlier / "repeats/data/spikes_0002.npy").shape == (400, 60)
    assert Analyzer(earlier / "repeats").n_sessions == 3


def test_a_sweep_of_an_earlier_version_is_resumed(earlier):
    sweep = {
        "config": SMALL | {"settings": {"plot": False}},
        "parameters": {"arousal.level": [0.1, 0.5, 0.9]},
        "measures": ["rates"],
        "seed": 7,
    }
    first_rows = (earlier / "sweep/results.csv").read_text().splitlines()
    metadata = run_sweep(sweep, earlier / "sweep")
    assert metadata["n_finished_before"] == 2 and metadata["n_finished"] == 3
    assert (earlier / "sweep/results.csv").read_text().splitlines()[:3] == first_rows
