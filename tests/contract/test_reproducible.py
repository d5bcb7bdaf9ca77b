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
#: SHA-256, recorded when random numbers changed for the last time (see CHANGELOG): ``neuro-mod run
#: configs/snn_test_run.yaml --seed 7 --duration 0.1 --dtype float64``, and ``neuro-mod repeat`` likewise with
#: ``--n-repeats 2``. Files of voltages are left out: their last digits depend on the processor; spikes of 0.1 s in
#: double precision do not.
RUN = {
    "data/clusters.npy": "94b605f4281e0b461a6fbce421aefad6cd42ab9aa5df1cf49383f3e0b4fae634",
    "data/rates.npz": "a615ba07dce300a16c064c6ff699b06f7f62013e0999711eedaedc69424fb06f",
    "data/spikes.npz": "51c1f96d01fc388cbd8ff297419a9f928d720657c0f285b42a4084d3a5e4eb42",
}
REPEATS = {
    "clusters.npy": "94b605f4281e0b461a6fbce421aefad6cd42ab9aa5df1cf49383f3e0b4fae634",
    "data/rates_0000.npz": "961e3a854b841c6eb3398dcb3eb6b3286cffbea76b5bf6d77898ff1afcf0d72a",
    "data/rates_0001.npz": "2216ad8e7a005af7aeba616ddff7ca51202ac3f187105de071b2a03dd243a8dd",
    "data/spikes_0000.npy": "02e56df7aeb28374fe3b506fda8bd038e8b79eef6afe5d44a7ffe8d2c7772ea3",
    "data/spikes_0001.npy": "95f202c7d2dde35ba17f7e851ae1f407e5bbe2e6da0f3e46ef923a54c9b332e9",
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
