"""Pairs of runs on the disk: resumed, on any executor, with failures."""

from __future__ import annotations

import os
import signal

import numpy as np
import pandas as pd
import pytest

from neuro_mod.errors import FailedItemsError, InputError, Interrupted
from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.pairs.job import PairJob
from neuro_mod.execution.pairs.rates import run_pairs
from neuro_mod.execution.pairs.simulate import SimulatePair
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.recordings.saved import load_spikes
from neuro_mod.storage.names import DIFFERENCES_TABLE
from tests.helpers.folders import arrays_in, data_in, run_json
from tests.helpers.shared import SMALL

PERTURBED = SMALL | {
    "perturbation": {"rate": {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]]}},
    "settings": {"plot": False},
}


@pytest.fixture(scope="module")
def stager():
    return StageSNNSimulation(PERTURBED)


@pytest.fixture(scope="module")
def undisturbed(stager, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    jobs.run(PairJob(stager, 5, 0.1, "float32"), folder)
    return data_in(folder)


def test_the_files_hold_what_python_gets(stager, tmp_path):
    said = jobs.run(PairJob(stager, 3, 0.1, "float32"), tmp_path)
    pairs, saved = run_pairs(stager, 3, 0.1), arrays_in(tmp_path / "data/paired_rates.npz")
    assert np.array_equal(saved["baseline"], pairs.baseline) and np.array_equal(saved["perturbed"], pairs.perturbed)
    assert np.array_equal(saved["times"], pairs.times) and said["seeds"] == pairs.seeds
    differences, over_time = arrays_in(tmp_path / "data/differences.npz"), pairs.over_time()
    assert np.array_equal(differences["difference"], over_time.difference)
    assert np.array_equal(differences["standard_error"], over_time.standard_error)
    table = pairs.table()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / DIFFERENCES_TABLE), table)
    assert table["population"].tolist() == list(stager.circuit.populations.names)
    assert table["difference_hz"].to_numpy() == pytest.approx(table["perturbed_hz"] - table["baseline_hz"], abs=1e-9)
    assert pairs.example is not None
    for name, spikes in zip(("baseline", "perturbed"), pairs.example, strict=True):
        assert np.array_equal(np.asarray(load_spikes(tmp_path / f"data/spikes_{name}.npz")), np.asarray(spikes))


@pytest.mark.parametrize(("executor", "workers"), [("thread", 1), ("thread", 3), ("process", 1)])
def test_executors_give_the_same_bytes(stager, tmp_path, undisturbed, executor, workers):
    jobs.run(PairJob(stager, 5, 0.1, "float32"), tmp_path, Execution(executor, workers))
    assert data_in(tmp_path) == undisturbed


def test_more_pairs_leave_the_earlier_as_they_are_and_fewer_are_looked_at(stager, tmp_path, undisturbed, monkeypatch):
    jobs.run(PairJob(stager, 2, 0.1, "float32"), tmp_path)
    of_two = data_in(tmp_path)
    simulated, call = [], SimulatePair.__call__

    def counted(self, argument, report):
        simulated.append(argument.seed)
        return call(self, argument, report)

    monkeypatch.setattr(SimulatePair, "__call__", counted)
    said = jobs.run(PairJob(stager, 5, 0.1, "float32"), tmp_path)
    assert data_in(tmp_path) == undisturbed and simulated == said["seeds"][2:]
    assert "2 of 5 pairs finished" in (tmp_path / "metadata/run.log").read_text()
    assert jobs.run(PairJob(stager, 2, 0.1, "float32"), tmp_path)["n_trials"] == 2
    assert {name: content for name, content in data_in(tmp_path).items() if name in of_two} == of_two


def test_another_baseline_is_refused(stager, tmp_path):
    jobs.run(PairJob(stager, 1, 0.1, "float32"), tmp_path)
    with pytest.raises(InputError, match=r"baseline_duration_sec: 0\.1 -> 0\.05"):
        jobs.run(PairJob(stager, 1, 0.05, "float32"), tmp_path)


def test_a_failing_pair_is_left_out(stager, tmp_path, undisturbed, monkeypatch):
    """Even the first, whose spikes are missing then."""
    call, seeds = SimulatePair.__call__, [item.seed for item in PairJob(stager, 5, 0.1, "float32").items]

    def failing(self, argument, report):
        if argument.seed == seeds[0]:
            raise FloatingPointError("too much")
        return call(self, argument, report)

    monkeypatch.setattr(SimulatePair, "__call__", failing)
    drawn = StageSNNSimulation(PERTURBED | {"settings": {"plot": True}})
    with pytest.raises(FailedItemsError, match="1 pair failed") as caught:
        jobs.run(PairJob(drawn, 5, 0.1, "float32"), tmp_path)
    assert caught.value.metadata["seeds"] == seeds[1:] and caught.value.metadata["n_trials"] == 4
    assert arrays_in(tmp_path / "data/paired_rates.npz")["baseline"].shape[0] == 4
    drawings = {path.stem for path in (tmp_path / "plots").iterdir()}
    assert drawings == {"differences", "perturbations", "effective_parameters"}
    monkeypatch.undo()
    jobs.run(PairJob(stager, 5, 0.1, "float32"), tmp_path)
    assert data_in(tmp_path) == undisturbed


def test_an_interruption_keeps_complete_pairs(stager, tmp_path, undisturbed, monkeypatch):
    save = PairJob.save

    def interrupted(self, files, item, result):
        if item.key == "1":
            os.kill(os.getpid(), signal.SIGTERM)
        return save(self, files, item, result)

    monkeypatch.setattr(PairJob, "save", interrupted)
    with pytest.raises(Interrupted, match="2 of 5 pairs finished") as caught:
        jobs.run(PairJob(stager, 5, 0.1, "float32"), tmp_path)
    assert caught.value.metadata["n_trials"] == 2
    assert arrays_in(tmp_path / "data/paired_rates.npz")["baseline"].shape[0] == 2
    monkeypatch.undo()
    jobs.run(PairJob(stager, 5, 0.1, "float32"), tmp_path)
    assert data_in(tmp_path) == undisturbed


def test_where_no_pair_is_complete_nothing_follows(stager, tmp_path, monkeypatch):
    def failing(*_):
        raise FloatingPointError("too much")

    monkeypatch.setattr(SimulatePair, "__call__", failing)
    with pytest.raises(FailedItemsError, match="2 pairs failed"):
        jobs.run(PairJob(stager, 2, 0.1, "float32"), tmp_path)
    assert run_json(tmp_path)["n_trials"] == 0 and set(data_in(tmp_path)) == {"data/clusters.npy"}
