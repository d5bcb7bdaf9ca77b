from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from shared import CONFIGS, ROOT, SMALL

from neuro_mod.config import load_experiment

COMMAND = [sys.executable, str(ROOT / "scripts/run_perturbed_snn.py")]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def run_script(*arguments, cwd=None):
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd, env=ENVIRONMENT, check=False)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("configs") / "small.yaml"
    path.write_text(load_experiment(SMALL).to_yaml())
    return path


def test_the_call_of_the_readme(tmp_path):
    config = CONFIGS / "perturbed/default_snn_params_with_perturbation.yaml"
    done = run_script("--config", config, "--save-dir", "simulations/perturbed_snn", "--n-repeats", 2, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "simulations/perturbed_snn"
    assert np.load(folder / "data/spikes_0001.npy").shape == (5000, 2000)
    assert np.load(folder / "clusters.npy").shape == (2000,)
    assert (folder / "plots/raster.png").exists()
    assert "finished; saved in simulations/perturbed_snn" in done.stderr and "no section" not in done.stderr


def test_options_reach_the_run(config, tmp_path):
    done = run_script(
        *("--config", config, "--save-dir", tmp_path, "--sim-name", "mine", "--n-repeats", 2, "--seed", 7),
        *("--parallel", "--max-workers", 2),
    )
    assert done.returncode == 0, done.stderr
    run = json.loads((tmp_path / "mine/metadata/run.json").read_text())
    assert run["random_seed"] == 7 and run["executor"] == "thread" and run["n_finished"] == 2
    assert load_experiment(tmp_path / "mine/metadata/config.yaml").settings.sim_name == "mine"
    assert "WARNING the configuration has no section perturbation" in done.stderr


def test_without_a_folder_the_settings_say_where(config, tmp_path):
    assert run_script("--config", config, cwd=tmp_path).returncode == 0
    assert (tmp_path / "simulations/default/data/spikes_0000.npy").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["--executor", "dask"], "executor is 'dask'; valid: serial, thread, process"),
        (["--parallel", "--executor", "serial"], "--parallel contradicts --executor serial"),
        (["--max-workers", "2"], "choose thread or process"),
        (["--n-repeats", "0"], "expected a whole number from 1"),
        (["--n-repeats", "x"], "--n-repeats"),
        (["--seed", "-1"], "settings.random_seed"),
        (["--sim-name", "a/b"], "expected a plain folder name"),
    ],
)
def test_bad_input_is_one_clear_message(config, tmp_path, arguments, message):
    done = run_script("--config", config, *arguments, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr and not list(tmp_path.iterdir())


def test_nothing_is_run_that_would_not_be_kept(tmp_path):
    config = tmp_path / "unsaved.yaml"
    config.write_text(load_experiment(SMALL | {"settings": {"save": False}}).to_yaml())
    done = run_script("--config", config, cwd=tmp_path)
    assert done.returncode == 2 and "--save-dir" in done.stderr


@pytest.mark.parametrize("executor", ["serial", "thread", "process"])
def test_ctrl_c_keeps_finished_repeats_and_leaves_no_process(tmp_path, executor):
    config = tmp_path / "long.yaml"
    config.write_text(load_experiment(SMALL, ["init_params.duration_sec=20", "settings.plot=false"]).to_yaml())
    out = tmp_path / "out"
    command = [*COMMAND, "--config", str(config), "--save-dir", str(out), "--n-repeats", "10000"]
    command += ["--executor", executor]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True)
    assert process.stderr is not None
    while "INFO repeat" not in process.stderr.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors, errors
    assert "interrupted; " in errors and "of 10000 repeats are finished: saved in" in errors
    assert_all_ended(process.pid)
    run = json.loads((out / "metadata/run.json").read_text())
    assert run["interrupted"] is True and run["n_finished"] >= 1
    assert len(list((out / "data").glob("spikes_*.npy"))) == run["n_finished"]
    manifest = json.loads((out / "metadata/manifest.json").read_text())["files"]
    assert set(manifest) == {
        str(path.relative_to(out)) for path in out.rglob("*") if path.is_file() and path.name != "manifest.json"
    }


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_workers_end_with_a_killed_parent(tmp_path):
    config = tmp_path / "long.yaml"
    config.write_text(load_experiment(SMALL, ["settings.plot=false"]).to_yaml())
    command = [*COMMAND, "--config", str(config), "--save-dir", str(tmp_path / "out"), "--n-repeats", "10000"]
    command += ["--executor", "process", "--max-workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True)
    assert process.stderr is not None
    while "INFO repeat" not in process.stderr.readline():
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=60)
    assert_all_ended(process.pid)


def assert_all_ended(group):
    """No process of the group is left, after a moment for the last to go."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("processes are left")
