"""Runs under directions: the same as pairs of runs, and shares of time by counting."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.rates.activity import active_in_time
from neuro_mod.errors import InputError, Interrupted
from neuro_mod.execution import jobs
from neuro_mod.execution.control.capacity.job import VerificationJob
from neuro_mod.execution.control.capacity.sources import vocabulary_from
from neuro_mod.execution.control.capacity.study import Options, study_of
from neuro_mod.execution.control.capacity.verification import Branch, RunArgument, Runs, SimulateDirection, branches_of
from neuro_mod.execution.gathering import gather
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.pairs.rates import run_pairs
from neuro_mod.execution.stagers import StageSNNSimulation
from tests.helpers.folders import data_in
from tests.helpers.shared import CONFIGS, SMALL

#: Rates of clusters vary around what counts as active.
QUIET = SMALL | {
    "init_params": {"duration_sec": 0.4},
    "external_currents": {"nu_ext_baseline": [11.5, 9.0], "j_ext": [0.18, 0.1]},
    "settings": {"plot": False},
}
VECTOR = (4.0, 0.0, -1.0, 0.0, 0.5, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def study():
    return study_of(vocabulary_from("all:1", 3), Options((1, 2, 3), n_random=5))


def test_runs_are_those_of_pairs():
    """Smoothing reaches back over the moment at which the runs part, which pairs do in their own way."""
    block = {"params": [1.0], "vectors": [list(VECTOR)], "involved_clusters": [list(range(8))]}
    pairs = run_pairs(StageSNNSimulation(QUIET | {"perturbation": {"rate": block}}), 2, 0.1)
    stager = StageSNNSimulation(QUIET)
    task, populations = SimulateDirection(stager, 0.1, "float32"), stager.circuit.populations
    reach = round(0.1 / task.bin_width)
    for k, seed in enumerate(pairs.seeds):
        for vector, rates in (((), pairs.baseline), (VECTOR, pairs.perturbed)):
            active = task(RunArgument(seed, vector), lambda _: None)
            expected = active_in_time(pairs.smoothed(rates)[k], populations)
            assert active.shape == expected.shape and expected.any() and not expected.all()
            assert np.array_equal(active[reach:], expected[reach:])


def test_shares_of_time_by_counting():
    """All visits are longer than the shortest that counts, so that no time is given to another state."""
    bins = {"a": [(0,), (1,)], "b": [(0,), (0,)], "c": [(2,), (0, 1)], "d": [(0,), (2,)]}

    def active(name):
        found = np.zeros((40, 3), bool)
        for half, state in enumerate(bins[name]):
            found[20 * half : 20 * half + 20, list(state)] = True
        return found

    branch = Branch((0,), 2, (1.0,), 0.5, 1.0)
    runs = {"baseline 0": "a", "baseline 1": "d", f"{branch.key} 0": "b", f"{branch.key} 1": "d"}
    row = Runs(5e-3, {key: active(name) for key, name in runs.items()}).row(branch)
    assert row["trials"] == 2 and row["baseline_share"] == pytest.approx(0.5) and row["share"] == pytest.approx(0.75)
    assert row["difference"] == pytest.approx(0.25) and row["standard_error"] == pytest.approx(
        np.std([0.5, 0], ddof=1) / np.sqrt(2)
    )
    assert row["log_difference"] == pytest.approx(np.log(1.5))
    leaving_out = np.array([np.log(1), np.log(2)])
    assert row["log_standard_error"] == pytest.approx(np.sqrt(leaving_out.var()))
    assert row["baseline_swapped_share"] == 0.5 and row["swapped_difference"] == -0.25
    never = {
        "baseline 0": "c",
        "baseline 1": "c",
        f"{branch.key} 0": "b",
        f"{branch.key} 1": "b",
        f"{branch.key} 7": "b",
    }
    row = Runs(5e-3, {key: active(name) for key, name in never.items()}).row(branch)
    assert row["trials"] == 2 and row["difference"] == pytest.approx(1) and row["log_difference"] is None
    assert Runs(5e-3, {}).row(branch)["difference"] is None


def test_chosen_directions(study):
    branches = branches_of(study, 2, None, 0.3)
    assert [branch.n_modes for branch in branches] == [1, 1, 2, 2, 3, 3]
    states = [branch.state for branch in branches_of(study, 3, [3], 0.3)]
    assert states[:2] == [branch.state for branch in branches[4:]] and sorted(states) == [(0,), (1,), (2,)]
    for branch in branches:
        subspace = study.found.subspaces[branch.n_modes - 1]
        vector = np.array(branch.vector)
        assert np.linalg.norm(vector) == pytest.approx(0.3, abs=1e-5) and not vector[3:].any()
        modes = subspace.rounded.modes
        within = modes.T @ modes @ np.eye(3)[branch.state[0]]
        assert np.allclose(vector[:3], 0.3 * within / np.linalg.norm(within), atol=1e-6)
    for wrong, message in (
        ((4, None, 1.0), "--verify: 4"),
        ((1, [4], 1.0), "--modes: 1, 2, 3"),
        ((1, None, 0.0), "above 0"),
    ):
        with pytest.raises(InputError, match=message):
            branches_of(study, *wrong)


def test_a_configuration_with_perturbations_is_refused():
    block = {"rate": {"params": [1.0], "vectors": [[1]], "involved_clusters": [["E0"]]}}
    with pytest.raises(InputError, match='perturbation: "rate" found; expected none'):
        SimulateDirection(StageSNNSimulation(QUIET | {"perturbation": block}), 0.1, "float32")


def test_the_job_resumes_and_shards_are_joined(study, tmp_path, monkeypatch):
    stager = StageSNNSimulation(QUIET)

    def job(n_states, n_trials=2):
        return VerificationJob(stager, branches_of(study, n_states, [2], 5.0), n_trials, 5.0, 0.1, "float32")

    said = jobs.run(job(2), tmp_path / "whole")
    assert said["n_trials"] == 2 and [row["trials"] for row in said["verified"]] == [2, 2]
    for shard in ("1/2", "2/2"):
        jobs.run(job(2), tmp_path / "shards", Execution(shard=shard))
    assert gather(tmp_path / "shards")["verified"] == said["verified"]
    assert data_in(tmp_path / "shards") == data_in(tmp_path / "whole")
    save = VerificationJob.save

    def interrupted(self, files, item, result):
        if item.key.endswith(" 1"):
            os.kill(os.getpid(), signal.SIGTERM)
        return save(self, files, item, result)

    monkeypatch.setattr(VerificationJob, "save", interrupted)
    with pytest.raises(Interrupted, match="of 4 runs finished"):
        jobs.run(job(1), tmp_path / "resumed")
    monkeypatch.undo()
    jobs.run(job(1), tmp_path / "resumed")
    jobs.run(job(2), tmp_path / "resumed")
    assert data_in(tmp_path / "resumed") == data_in(tmp_path / "whole")


@pytest.mark.slow
def test_more_margin_gives_more_time_in_the_default_network(tmp_path):
    """Measured with 20 trials: below .03 with 2 modes, .69 to .84 with 17, errors below .03."""
    study = study_of(vocabulary_from("all:3", 18), Options((2, 9, 17), n_random=5))
    stager = StageSNNSimulation(CONFIGS / "default_snn_params.yaml", overrides=["init_params.duration_sec=10"])
    job = VerificationJob(stager, branches_of(study, 3, None, 0.4), 10, 0.4, 1.0, "float32")
    rows = jobs.run(job, tmp_path)["verified"]
    by_modes = {n: [row for row in rows if row["modes"] == n] for n in (2, 9, 17)}
    for few, more, most in zip(*by_modes.values(), strict=True):
        for less, larger in ((few, more), (more, most)):
            error = np.hypot(less["standard_error"], larger["standard_error"])
            assert larger["margin"] > less["margin"] and larger["share"] - less["share"] > 2 * error
    assert all(row["share"] > 0.5 for row in by_modes[17]) and all(row["share"] < 0.1 for row in by_modes[2])
