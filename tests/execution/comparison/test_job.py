"""Comparisons on the disk: resumed, on any executor, with failures."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pandas as pd
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core.theory import THEORIES
from neuro_mod.errors import FailedItemsError, InputError, Interrupted
from neuro_mod.execution import jobs
from neuro_mod.execution.comparison import theories
from neuro_mod.execution.comparison.job import ComparisonJob
from neuro_mod.execution.comparison.rates import compare
from neuro_mod.execution.comparison.simulation import SimulateRates
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.stagers import FullMeanFieldStager
from neuro_mod.storage.names import COMPARISON_TABLE, PLAN
from neuro_mod.storage.run_folder import RunFolder
from tests.helpers.folders import arrays_in, data_in, run_json
from tests.helpers.shared import SMALL

EXPERIMENT = load_experiment(SMALL | {"settings": {"plot": False}, "arousal": {"level": 0.6}})
#: Files that follow from all trials.
RESULTS = {"data/comparison.npz", "data/comparison.csv", "data/validity.csv"}


def job(n_trials=4, settling=0.1, experiment=EXPERIMENT, n_z=None, theories=(), **options):
    """With one theory, as others take time."""
    return ComparisonJob(experiment, n_trials, settling, n_z, "float32", theories=theories, **options)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    jobs.run(job(), folder)
    return data_in(folder)


@pytest.fixture
def simulated(monkeypatch):
    """Seeds of the trials that are simulated."""
    call, seeds = SimulateRates.__call__, []

    def counted(self, planned, report):
        seeds.append(planned.seed)
        return call(self, planned, report)

    monkeypatch.setattr(SimulateRates, "__call__", counted)
    return seeds


def test_the_files_hold_what_python_gets(tmp_path, undisturbed):
    said, found = jobs.run(job(), tmp_path), compare(EXPERIMENT, 4, 0.1, theories=[])
    saved = arrays_in(tmp_path / "data/comparison.npz")
    assert np.array_equal(saved["rates"], found.simulation.rates) and said["seeds"] == found.simulation.seeds
    assert np.array_equal(saved["state_rates"], np.array([state.rates for state in found.states]))
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / COMPARISON_TABLE), found.table())
    assert [row["group"] for row in said["comparison"]] == found.table()["group"].tolist()
    assert said["notes"] == list(found.notes)
    assert data_in(tmp_path).keys() == RESULTS | {f"data/trial_000{k}.npz" for k in range(4)}


@pytest.mark.parametrize(("executor", "workers"), [("serial", None), ("thread", 3), ("process", 1)])
def test_executors_give_the_same_bytes(tmp_path, undisturbed, executor, workers):
    jobs.run(job(), tmp_path, Execution(executor, workers))
    assert data_in(tmp_path) == undisturbed


def test_more_trials_leave_the_earlier_as_they_are(tmp_path, undisturbed, simulated):
    jobs.run(job(2), tmp_path)
    of_two = data_in(tmp_path)
    simulated.clear()
    said = jobs.run(job(4), tmp_path)
    assert data_in(tmp_path) == undisturbed and simulated == said["seeds"][2:]
    assert jobs.run(job(2), tmp_path)["n_trials"] == 2
    assert {name: content for name, content in data_in(tmp_path).items() if name in of_two} == of_two


def test_an_interruption_keeps_complete_trials(tmp_path, undisturbed, simulated, monkeypatch):
    save = ComparisonJob.save

    def interrupted(self, files, item, result):
        if item.key == "1":
            os.kill(os.getpid(), signal.SIGTERM)
        return save(self, files, item, result)

    with monkeypatch.context() as patched:
        patched.setattr(ComparisonJob, "save", interrupted)
        with pytest.raises(Interrupted, match="2 of 4 simulations finished") as caught:
            jobs.run(job(), tmp_path)
    assert caught.value.metadata["n_trials"] == 2 and caught.value.metadata["interrupted"] is True
    assert len(arrays_in(tmp_path / "data/comparison.npz")["rates"]) == 2
    assert len(simulated) == 2
    assert jobs.run(job(), tmp_path)["interrupted"] is False
    assert data_in(tmp_path) == undisturbed and len(simulated) == 4


def test_each_mean_field_is_solved_once(tmp_path, monkeypatch):
    run, solved = FullMeanFieldStager.run, []

    def counted(self, *arguments, **options):
        solved.append((str(self.theory), self.n_z))
        return run(self, *arguments, **options)

    monkeypatch.setattr(FullMeanFieldStager, "run", counted)
    assert jobs.run(job(1, theories=None), tmp_path)["n_z"] == 12
    assert sorted(solved) == [(name, 12) for name in sorted(THEORIES)]


def test_other_theories_and_a_finer_step_need_no_other_simulations(tmp_path, simulated):
    """Nor does another theory of the configuration."""
    said = jobs.run(job(2), tmp_path)
    assert [each["theory"] for each in said["theories"]] == ["shifted/poisson"] and said["finer_delta_t"] is None
    renewal = EXPERIMENT.replace({"mean_field.closure": "renewal"})
    said = jobs.run(job(2, experiment=renewal, theories=["shifted/poisson"], step_check=True), tmp_path)
    assert said["theory"] == "shifted/renewal"
    assert [each["theory"] for each in said["theories"]] == ["shifted/poisson", "shifted/renewal"]
    assert len(simulated) == 4 and simulated[2:] == said["seeds"] and said["finer_delta_t"] == pytest.approx(1e-4)
    row = next(row for row in said["comparison"] if row["group"] == "all E")
    assert (
        row["finer_step_hz"] == pytest.approx(row["simulated_hz"], rel=0.3)
        and row["finer_step_hz"] != row["simulated_hz"]
    )
    assert "exact_poisson_hz" not in row and row["simulated_cv"] is None


def test_a_theory_that_cannot_be_computed_is_left_out_unless_it_is_named(tmp_path, monkeypatch):
    run = FullMeanFieldStager.run

    def failing(self, *arguments, **options):
        if self.theory.response == "exact":
            raise InputError("tau_synaptic: outside")
        return run(self, *arguments, **options)

    monkeypatch.setattr(FullMeanFieldStager, "run", failing)
    said = jobs.run(job(1, theories=None), tmp_path)
    assert said["left_out"] == {"exact/poisson": "tau_synaptic: outside", "exact/renewal": "tau_synaptic: outside"}
    with pytest.raises(InputError, match="tau_synaptic: outside"):
        jobs.run(job(1, theories=["exact/renewal"]), tmp_path)
    with pytest.raises(InputError, match=r'theories: "exact" found; expected some of shifted/poisson, shifted/renewal'):
        job(1, theories=["exact"])


def test_theories_that_need_many_tables_are_left_out_unless_they_are_named(monkeypatch):
    """Nothing is computed for them before the simulations."""
    monkeypatch.setattr(theories, "_MOST_TABLES", 1)
    stager = theories.stage_theory(EXPERIMENT.replace({"init_params.tau_synaptic": [5.1e-3, 5.2e-3]}), 1)
    found = theories.predict(stager)
    assert list(found.left_out) == ["exact/poisson", "exact/renewal"] and len(found.all) == 2
    assert found.left_out["exact/renewal"] == (
        "needs 2 response tables that are not there yet; to have them computed, use --theories exact/renewal, or "
        "`neuro-mod mean-field table` first"
    )


def test_the_folder_of_an_earlier_version_is_named_as_such(tmp_path):
    jobs.run(job(1), tmp_path)
    plan = tmp_path / PLAN
    content = json.loads(plan.read_text())
    del content["intervals"]
    plan.write_text(json.dumps(content))
    with pytest.raises(InputError, match="an earlier version made the folder"):
        jobs.run(job(1), tmp_path)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"settling": 0.05}, r"settling_sec: 0\.1 -> 0\.05"),
        ({"n_z": 1}, "n_z: 12 -> 1"),
        ({"experiment": EXPERIMENT.replace({"arousal.level": 0.5})}, r"config\.arousal\.level: 0\.6 -> 0\.5"),
    ],
)
def test_another_comparison_is_refused_unless_forced(tmp_path, other, message):
    jobs.run(job(1), tmp_path)
    before = data_in(tmp_path)
    with pytest.raises(InputError, match=message):
        jobs.run(job(1, **other), tmp_path)
    assert data_in(tmp_path) == before
    jobs.run(job(1, **other), tmp_path, Execution(force=True))
    assert data_in(tmp_path) != before


def test_the_folder_of_a_single_run_is_refused_unless_forced(tmp_path):
    """Version 0.1 saved comparisons so."""
    single = RunFolder(tmp_path)
    single.save_text("data/comparison.csv", "group\n")
    single.finish()
    with pytest.raises(InputError, match=r"holds the results of another run; .* --force"):
        jobs.run(job(1), tmp_path)
    assert jobs.run(job(1), tmp_path, Execution(force=True))["n_trials"] == 1


def test_a_failing_trial_is_left_out(tmp_path, undisturbed, monkeypatch):
    call, failed = SimulateRates.__call__, job().items[0].seed

    def failing(self, planned, report):
        if planned.seed == failed:
            raise FloatingPointError("too much")
        return call(self, planned, report)

    with monkeypatch.context() as patched:
        patched.setattr(SimulateRates, "__call__", failing)
        with pytest.raises(FailedItemsError, match="1 simulation failed") as caught:
            jobs.run(job(), tmp_path)
        assert caught.value.metadata["n_trials"] == 3 and failed not in caught.value.metadata["seeds"]
        with pytest.raises(FailedItemsError):
            jobs.run(job(1), tmp_path)
        assert run_json(tmp_path)["n_trials"] == 0
    jobs.run(job(), tmp_path)
    assert data_in(tmp_path) == undisturbed
