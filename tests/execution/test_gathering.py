"""Studies whose shards are joined: the same bytes as one run has, from any order and number of shards."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest

import neuro_mod
from neuro_mod.config import load_experiment
from neuro_mod.config.sweep import load_sweep
from neuro_mod.errors import DataError, InputError, MissingItemsError, StorageError
from neuro_mod.execution import jobs
from neuro_mod.execution.comparison.job import ComparisonJob
from neuro_mod.execution.gathering import gather, job_of_shards
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.pairs.job import PairJob
from neuro_mod.execution.repeats.repeater import Repeater
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.sweep.from_file import FileSweepJob
from neuro_mod.execution.sweep.spiking_net import SNNBaseSweepRunner
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, FINISHED, PLAN
from tests.helpers.folders import data_in, files_in
from tests.helpers.shared import SMALL

SHORT = SMALL | {"init_params": {"duration_sec": 0.1}, "settings": {"random_seed": 7, "sim_name": "mine"}}
QUIET = SHORT | {"settings": {"plot": False}}
RATE = {"rate": {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]]}}
DRAWN = SHORT | {"perturbation": {"threshold": {"params": [0.1], "involved_clusters": [["I0"]]}}}
RATES = "external_currents.nu_ext_baseline[0]"
SWEEP = {"config": SHORT, "parameters": {RATES: {"from": 8, "to": 12, "n": 3}, "arousal.level": [0, 0.5]}}
MEASURE = "def size(outputs):\n    return {'size': len(outputs['spikes'])}\n"


@pytest.fixture(autouse=True)
def no_git(monkeypatch):
    monkeypatch.setattr("neuro_mod.execution.provenance.git_state", lambda _: None)


def repeats(config=SHORT, n=4, **what):
    how = {name: what.pop(name) for name in ("seeds", "fix_network") if name in what}
    return lambda folder, shard=None: Repeater(config, n, **how).execute(folder, shard=shard, **what)


def of_job(make):
    return lambda folder, shard=None: jobs.run(make(), folder, Execution(shard=shard))


def of_sweep(**changed):
    return of_job(lambda: FileSweepJob(load_sweep(SWEEP | changed)))


def pairs():
    return PairJob(StageSNNSimulation(QUIET | {"perturbation": RATE}), 4, 0.1, "float32")


def comparison():
    return ComparisonJob(load_experiment(DRAWN | {"settings": {"plot": False}}), 3, 0.1, None, "float64")


STUDIES = {
    "repeats": (repeats(plot_arg="rates"), 3),
    "repeats of drawn perturbations": (repeats(DRAWN, plot_arg="perturbations"), 2),
    "repeats in one network": (repeats(QUIET, fix_network=True, plot_arg="none", dtype="float64"), 2),
    "repeats with events": (repeats(QUIET, seeds=[5, 2**127, 9], n=3, spike_format="events"), 7),
    "sweep": (of_sweep(), 4),
    "sampled sweep": (
        of_sweep(
            config=QUIET,
            combine="sampled",
            n_samples=3,
            parameters={RATES: {"from": 8, "to": 12}},
            seed=3,
            keep_spikes=True,
        ),
        2,
    ),
    "sweep in one network": (of_sweep(config=QUIET, fix_network=True, repeats=2, measures=["rates", "lifetimes"]), 5),
    "sweep of conditions": (
        of_job(
            lambda: FileSweepJob(
                load_sweep(
                    {
                        "config": QUIET,
                        "conditions": {"none": None, "aroused": {"arousal": {"level": 0.5}}},
                        "networks": 2,
                        "trials": 2,
                        "analysis": {"method": "gain", "threshold_hz": 0},
                        "measures": ["rates", "n_states"],
                        "keep_spikes": True,
                    }
                )
            )
        ),
        3,
    ),
    "pairs": (of_job(pairs), 3),
    "comparison": (of_job(comparison), 2),
}
#: Files in which times are, and which list these.
WITH_TIMES = ("metadata/run.json", "metadata/run.log", "metadata/manifest.json", "metadata/logs/", FINISHED)

#: What ``run.json`` says about an attempt, and lists with times.
OF_AN_ATTEMPT = {
    *("executor", "max_workers", "n_finished_before", "earlier_attempts", "started", "ended", "wall_seconds"),
    *("slowest", "files", "repeats", "command"),
}


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files_in(folder) if not name.startswith(WITH_TIMES)}


#: One of each kind; further ones are among the slow tests.
KINDS = {"repeats", "sweep", "sweep of conditions", "pairs", "comparison"}


@pytest.mark.parametrize("study", [pytest.param(s, marks=[pytest.mark.slow] * (s not in KINDS)) for s in STUDIES])
def test_the_folder_is_that_of_one_run(tmp_path, study):
    call, total = STUDIES[study]
    one, joined = tmp_path / "one", tmp_path / "joined"
    said = call(one)
    for number in chain(range(total, 0, -2), range(total - 1, 0, -2)):
        call(joined, f"{number}/{total}")
    gathered = gather(joined)
    assert bytes_in(joined) == bytes_in(one) and len(bytes_in(one)) > 5
    assert not (joined / "shards").exists()
    same = said.keys() - OF_AN_ATTEMPT
    assert gathered.keys() - OF_AN_ATTEMPT == same
    assert {key: gathered[key] for key in same} == {key: said[key] for key in same}
    assert gather(joined)["files"] == [] and bytes_in(joined) == bytes_in(one)


def test_measures_of_the_user_are_not_called_to_gather(tmp_path):
    (tmp_path / "mine.py").write_text(MEASURE)
    file = tmp_path / "sweep.yaml"
    file.write_text(json.dumps(SWEEP | {"measures": ["mine:size"]}))
    neuro_mod.run_sweep(file, tmp_path / "one")
    for number in (1, 2):
        neuro_mod.run_sweep(file, tmp_path / "out", Execution(shard=f"{number}/2"))
    (tmp_path / "mine.py").write_text("raise SystemExit")
    gather(tmp_path / "out")
    assert bytes_in(tmp_path / "out") == bytes_in(tmp_path / "one")


def test_values_that_the_command_line_set_are_kept(tmp_path):
    sweep = load_sweep(SWEEP | {"seed": 3}, ["settings.random_seed=5", "settings.plot=false"], repeats=2)
    for number in (1, 2):
        jobs.run(FileSweepJob(sweep), tmp_path, Execution(shard=f"{number}/2"))
    assert gather(tmp_path)["random_seed"] == 5 and not list((tmp_path / "plots").iterdir())


class Sizes(SNNBaseSweepRunner):
    def _step(self, param, idx, sweep_param, **kwargs):
        return len(self._sweep_object.run(**kwargs)["spikes"])

    def summary(self, results, sweep_params):
        self.summarised = results


def test_a_sweep_in_python_is_joined_by_its_program(tmp_path):
    what = (SHORT, "arousal.level", [0.0, 0.5, 1.0])
    expected = Sizes().execute(tmp_path / "one", *what, duration_sec=0.1)
    study = tmp_path / "study"
    for number in (2, 1):
        runner = Sizes()
        assert runner.execute(study, *what, duration_sec=0.1, shard=f"{number}/2") == []
        assert not hasattr(runner, "summarised")
    with pytest.raises(InputError, match=r"shards of a program found; .* run the program without shard"):
        gather(study)
    runner = Sizes()
    assert runner.execute(study, *what, duration_sec=0.1) == expected == runner.summarised
    assert bytes_in(study) == bytes_in(tmp_path / "one")
    assert Sizes().repeat(2, study, *what, duration_sec=0.1, shard="1/2") == [[], []]


@pytest.fixture
def study(tmp_path):
    """Two shards of four repeats."""
    call = repeats(plot_arg="none")
    for number in (1, 2):
        call(tmp_path / "study", f"{number}/2")
    return tmp_path / "study"


def test_what_is_no_study_is_refused(tmp_path, study):
    Repeater(SHORT, 1).execute(tmp_path / "repeats", plot_arg="none")
    assert gather(tmp_path / "repeats")["n_finished"] == 1
    StageSNNSimulation(SHORT).execute("none", out=tmp_path / "run")
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "absent", tmp_path / "run", tmp_path / "file", study / "shards/1_of_2"):
        with pytest.raises(InputError, match=r"no shards found; expected .* shards/"):
            gather(folder)


def test_shards_of_another_configuration_are_refused(study):
    before = files_in(study)
    job = json.loads((study / "shards/2_of_2/metadata/job.json").read_text())
    job["config"]["arousal"]["level"] = 0.125
    (study / "shards/2_of_2/metadata/job.json").write_text(json.dumps(job))
    with pytest.raises(InputError, match=r"differs from .*\n  config.arousal.level: 0.3 -> 0.125"):
        gather(study)
    (study / "shards/1_of_2/metadata/job.json").write_text(json.dumps(job))
    with pytest.raises(InputError, match=r"1_of_2 holds the results of another job; .*\n  config.arousal.level"):
        gather(study)
    assert files_in(study) == before


def test_shards_of_other_numbers_of_repeats_are_refused(study):
    repeats(n=5, plot_arg="none")(study, "1/2")
    with pytest.raises(InputError, match=r"job.json differs from .*; rerun one of these shards:\n  seeds\[4\]: "):
        gather(study)
    repeats(n=5, plot_arg="none")(study, "2/2")
    assert gather(study)["n_finished"] == 5


DAMAGES = [
    *({"seeds": "abc"}, {"seeds": None}, {"seeds": [-1]}, {"dtype": "int8"}, {"plot_arg": "everything"}, {"other": 1}),
    *({"config": "/etc/hostname"}, {"config": {"arousal": {"level": 2}}}),
]


def test_arguments_that_are_damaged_are_an_error_in_words(study):
    files = [study / f"shards/{number}_of_2/metadata/job.json" for number in (1, 2)]
    arguments = json.loads(files[0].read_text())
    for change in DAMAGES:
        for file in files:
            file.write_text(json.dumps(arguments | change))
        with pytest.raises((DataError, InputError)):
            gather(study)
    for text in ("", "[]", "{", '"a"', "\0"):
        files[0].write_text(text)
        with pytest.raises((DataError, InputError), match=r"job.json"):
            gather(study)
    assert not (study / CONFIG).exists() and not (study / PLAN).exists()


def test_two_at_once(study):
    with locked(study), pytest.raises(StorageError, match="another process is writing to"):
        gather(study)
    gather(study)


def test_a_study_that_cannot_be_written_to(study, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("filelock.FileLock.acquire", refuse)
        with pytest.raises(StorageError, match=r"cannot write to the folder .*: Permission denied"):
            gather(study)
    gather(study)


def test_shards_without_gaps_are_a_job_again(study):
    job = job_of_shards(study)
    assert job is not None and len(job.items) == 4 and len(data_in(study / "shards/1_of_2")) == 4
    (study / "shards/1_of_2/data/rates_0002.npz").unlink()
    with pytest.raises(MissingItemsError, match=r"shard 1/2 \(1 damaged\): repeat 2\n"):
        gather(study)
