"""``scripts/run_snn.py`` and ``neuro-mod repeat``, which are one function."""

from __future__ import annotations

import json
import os
import signal
from functools import partial

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.execution.repeats.repeater import saved_seeds
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.storage.locking import locked
from tests.helpers.folders import data_in, files_in, n_finished, run_json
from tests.helpers.processes import assert_group_ends, start_python, wait_until
from tests.helpers.shared import ROOT, SMALL, write_config

pytestmark = pytest.mark.usefixtures("figures_are_drafts")
SCRIPT = ROOT / "scripts/run_snn.py"
#: Neither an analysis nor figures.
QUICK = ("--no-analysis", "--plot", "none")


@pytest.fixture
def repeat(neuro_mod):
    return partial(neuro_mod, "repeat")


def test_it_says_and_saves_what_the_repeats_and_their_analysis_are(run_script, config, tmp_path):
    done = run_script(SCRIPT, "--config", config, "--save-dir", tmp_path, "--n-repeats", 2, "--parallel")
    assert done.returncode == 0, done.stderr
    analysis = Analyzer.load_analysis(tmp_path / "analysis")
    assert analysis.n_sessions == 2
    assert (tmp_path / "analysis/plots/state_raster.png").read_bytes().startswith(b"\x89PNG")
    rates = [repeat["mean_rates_by_kind_hz"]["E clusters"] for repeat in run_json(tmp_path)["repeats"]]
    for words in (
        f"{np.mean(rates):.2f} Hz (from {min(rates):.2f} to {max(rates):.2f})",
        "2 of 2, 0.2 s each, a network of its own each",
        "distinct in",
        str(tmp_path / "analysis/states.csv"),
        str(tmp_path / "metadata/run.json"),
    ):
        assert words in done.stdout
    assert "INFO 0 of 2 repeats finished; executor thread" in done.stderr
    assert "INFO complete: 2 of 2 repeats finished" in done.stderr


def test_the_command_goes_on_in_the_same_folder(config, tmp_path, repeat):
    code, printed, _ = repeat(config, "--out", tmp_path, "--n-repeats", 2, "--seed", 7, "--json", "--no-plot")
    said = json.loads(printed)
    assert code == 0 and said["random_seed"] == 7 and said["analysis"]["n_sessions"] == 2
    assert not list((tmp_path / "plots").iterdir()) and not (tmp_path / "analysis/plots").exists()
    code, printed, errors = repeat(config, "--out", tmp_path, "--n-repeats", 3, "--seed", 7, "--json")
    assert code == 0 and json.loads(printed)["analysis"]["n_sessions"] == 3
    assert (tmp_path / "analysis/plots/state_raster.png").exists()
    assert "2 of 3 repeats finished" in errors


def test_options_reach_the_runs(config, tmp_path, repeat):
    options = ["--sim-name", "mine", "--dtype", "float64", "--duration", 0.1, "--set", "arousal.level=0.125"]
    code, *_ = repeat(
        *(config, "--save-dir", tmp_path, "--fix-network", *QUICK, "--seed", 3),
        *("--executor", "thread", "--max-workers", 1, *options),
    )
    run, experiment = run_json(tmp_path / "mine"), load_experiment(tmp_path / "mine/metadata/config.yaml")
    assert code == 0 and run["n_repeats"] == 1 and run["fix_network"] is True and run["dtype"] == "float64"
    assert (run["executor"], run["max_workers"], run["duration_sec"]) == ("thread", 1, 0.1)
    assert experiment.settings.sim_name == "mine" and experiment.arousal.level == 0.125
    assert not (tmp_path / "mine/analysis").exists()
    stager = StageSNNSimulation(experiment)
    spikes = stager.run(noise_seed=saved_seeds(tmp_path / "mine")[0], dtype="float64")["spikes"]
    assert np.array_equal(np.load(tmp_path / "mine/data/spikes_0000.npy"), np.asarray(spikes))


def test_seeds_from_a_file_and_from_the_folder(config, tmp_path, repeat):
    (tmp_path / "seeds.txt").write_text("11\n22\n33\n")
    assert repeat(config, "--out", tmp_path / "a", "--seeds-file", tmp_path / "seeds.txt", *QUICK)[0] == 0
    assert saved_seeds(tmp_path / "a") == [11, 22, 33]
    before = data_in(tmp_path / "a")
    (tmp_path / "a/data/spikes_0001.npy").unlink()
    assert repeat(config, "--out", tmp_path / "a", "--load-saved-seeds", *QUICK)[0] == 0
    assert data_in(tmp_path / "a") == before and len(before) == 6
    saved = ("--seeds-file", tmp_path / "a/metadata/seeds.txt", "--n-repeats", 2)
    assert repeat(config, "--out", tmp_path / "b", *saved, *QUICK)[0] == 0
    assert data_in(tmp_path / "b") == {name: content for name, content in before.items() if "0002" not in name}


def test_where_no_analysis_is_possible_a_warning_says_why(config, tmp_path, repeat):
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data/spikes_of_others.npy", np.zeros((10, 3), bool))
    code, printed, errors = repeat(config, "--out", tmp_path)
    assert code == 0 and "1 of 1" in printed
    assert "WARNING no analysis: " in errors and "spikes_of_others.npy" in errors
    assert n_finished(tmp_path) == 1 and not files_in(tmp_path / "analysis")


def test_a_network_without_clusters_has_one_state(tmp_path, repeat):
    architecture = {
        "network": {"n_neurons": 60, "n_excitatory": 40},
        "clusters": {"n_clusters": 0, "n_background": [40, 20], "j_potentiated": [1, 1, 1, 1]},
    }
    config = write_config(tmp_path / "unclustered.yaml", SMALL | {"architecture": architecture})
    code, printed, errors = repeat(config, "--out", tmp_path / "out")
    assert code == 0 and "1 distinct in 1 visits" in printed, errors
    assert Analyzer.load_analysis(tmp_path / "out/analysis").get_num_states() == 1


def test_a_run_of_one_step_is_analysed(config, tmp_path, repeat):
    code, _, errors = repeat(config, "--out", tmp_path, "--duration", 5e-4)
    assert code == 0, errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml: no such file"),
        ([], "CONFIG, or --config FILE"),
        (["CONFIG", "--config", "other.yaml"], "CONFIG, or --config FILE"),
        (["CONFIG", "--executor", "mpi"], 'executor: "mpi" found; expected one of serial, thread, process'),
        (["CONFIG", "--parallel", "--executor", "serial"], "expected thread, process or dask with --parallel"),
        (["CONFIG", "--max-workers", "2"], "choose thread, process or dask"),
        (["CONFIG", "--address", "tcp://a:1"], "choose dask"),
        (["CONFIG", "--n-repeats", "0"], "expected a whole number from 1"),
        (["CONFIG", "--n-repeats", "x"], "--n-repeats"),
        (["CONFIG", "--seed", "-1"], "settings.random_seed"),
        (["CONFIG", "--sim-name", "a/b"], "expected a plain folder name"),
        (["CONFIG", "--plot", "rasters"], '--plot: "rasters" found'),
        (["CONFIG", "--load-saved-seeds"], "cannot read seeds from"),
        (["CONFIG", "--load-saved-seeds", "--seeds-file", "a"], "contradicts --load-saved-seeds"),
        (["CONFIG", "--set", "settings.save=false"], "--save-dir"),
    ],
)
def test_bad_input_is_one_clear_message(config, tmp_path, monkeypatch, repeat, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, _, errors = repeat(*(config if argument == "CONFIG" else argument for argument in arguments))
    assert code == 2 and message in errors and "Traceback" not in errors
    assert not list(tmp_path.iterdir())


def test_another_configuration_is_refused_unless_forced(config, tmp_path, repeat):
    change = ("--set", "arousal.level=0.125")
    assert repeat(config, "--out", tmp_path, *QUICK)[0] == 0
    code, _, errors = repeat(config, "--out", tmp_path, *change)
    assert code == 2 and "config.arousal.level: 0.3 -> 0.125" in errors and "--force" in errors
    assert repeat(config, "--out", tmp_path, *change, "--force", *QUICK)[0] == 0
    assert load_experiment(tmp_path / "metadata/config.yaml").arousal.level == 0.125


def test_the_second_process_in_a_folder_stops(config, tmp_path, repeat):
    with locked(tmp_path):
        code, _, errors = repeat(config, "--out", tmp_path)
    assert code == 2 and f"another process is writing to {tmp_path}" in errors
    assert not n_finished(tmp_path)


def test_failed_repeats_are_listed_and_the_others_analysed(config, tmp_path, repeat, monkeypatch):
    seeds = [1, 2, 3]
    (tmp_path / "seeds.txt").write_text("\n".join(map(str, seeds)))
    run = StageSNNSimulation.run

    def failing(self, **options):
        if self.random_seed == 2:
            raise FloatingPointError("too much")
        return run(self, **options)

    monkeypatch.setattr(StageSNNSimulation, "run", failing)
    out = tmp_path / "out"
    code, printed, errors = repeat(config, "--out", out, "--seeds-file", tmp_path / "seeds.txt")
    assert code == 3 and "1 repeat failed:\n  repeat 1 (seed 2): FloatingPointError: too much" in errors
    assert "2 of 3 repeats finished and saved in" in errors and "2 of 3, 0.2 s each" in printed
    assert Analyzer.load_analysis(out / "analysis").n_sessions == 2
    assert repeat(config, "--out", out, "--load-saved-seeds", "--on-error", "stop", *QUICK)[0] == 3


@pytest.mark.parametrize(
    ("executor", "number"),
    [("process", signal.SIGINT), pytest.param("thread", signal.SIGTERM, marks=pytest.mark.large)],
)
def test_interruptions_keep_finished_repeats_and_leave_no_process(tmp_path, executor, number):
    config, out = tmp_path / "long.yaml", tmp_path / "out"
    write_config(config, SMALL, ["init_params.duration_sec=20", "settings.plot=false"])
    process = start_python(
        *(SCRIPT, "--config", config, "--save-dir", out, "--n-repeats", 10_000, "--executor", executor)
    )
    wait_until(lambda: n_finished(out) > 0, process)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to all
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors, errors
    assert "interrupted; " in errors and "of 10000 repeats finished and saved in" in errors
    assert "rerun the command to resume" in errors
    assert_group_ends(process.pid)
    run = run_json(out)
    assert run["interrupted"] is True and run["n_finished"] == n_finished(out) >= 1
    assert len(data_in(out)) == 2 * run["n_finished"] and not (out / "analysis").exists()
    manifest = json.loads((out / "metadata/manifest.json").read_text())["files"]
    assert set(manifest) | {"metadata/manifest.json"} == files_in(out)
