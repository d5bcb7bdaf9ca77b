from __future__ import annotations

import csv
import inspect
import json
import signal
from functools import partial

import pytest

from neuro_mod.cli.perturb import perturb as command
from neuro_mod.execution.pairs.rates import BASELINE_DURATION, N_TRIALS
from neuro_mod.recordings.saved import load_spikes
from neuro_mod.recordings.spikes import SpikeEvents
from tests.helpers.folders import arrays_in, n_finished, run_json
from tests.helpers.processes import NEURO_MOD, start_python, wait_until
from tests.helpers.shared import SMALL, write_config

PERTURBATION = {
    "rate": {"params": [6.0], "involved_clusters": [["E0", "E1"]], "vectors": [[1, -1]]},
    "threshold": {"params": [0.1], "involved_clusters": [["I0"]], "seed": 1},
}


@pytest.fixture
def perturb(neuro_mod):
    return partial(neuro_mod, "perturb")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("configs") / "perturbed.yaml", SMALL | {"perturbation": PERTURBATION})


def test_it_says_and_saves_what_the_perturbation_does(perturb, config, tmp_path):
    done = perturb(config, "--trials", 4, "--baseline-duration", 0.1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    for words in (
        "-6 to +6 Hz (mean +0, sd 6, norm 8.485) in 2 populations, 0 to 0.2 s",
        "perturbation of threshold",
        "of that of independent runs",
        "4 of 0.2 s, after 0.1 s in common",
        "delta rate",
        "variance ratio",
    ):
        assert words in done.stdout
    for name in ("paired_runs", "differences", "perturbations", "effective_parameters"):
        assert (tmp_path / f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")
    rates, differences = (arrays_in(tmp_path / f"data/{name}.npz") for name in ("paired_rates", "differences"))
    assert rates["baseline"].shape == rates["perturbed"].shape == (4, 40, 8)
    assert differences["difference"].shape == differences["standard_error"].shape == (40, 8)
    with (tmp_path / "data/differences.csv").open() as file:
        rows = {row["population"]: row for row in csv.DictReader(file)}
    assert [rows[name]["delta_rate"] for name in ("E0", "E1", "E2")] == ["6.0", "-6.0", "0.0"]
    expected = (rates["perturbed"] - rates["baseline"])[..., 0].mean()
    assert float(rows["E0"]["difference_hz"]) == pytest.approx(expected, rel=1e-5)
    assert expected > 0
    assert isinstance(load_spikes(tmp_path / "data/spikes_perturbed.npz"), SpikeEvents)
    assert arrays_in(tmp_path / "metadata/perturbations.npz")["rate"][:, 0].tolist() == [6, -6, 0, 0, 0, 0, 0, 0]
    about = run_json(tmp_path)
    assert len(about["seeds"]) == about["n_trials"] == 4 and about["baseline_duration_sec"] == 0.1


def test_json_and_the_folder_of_the_settings(perturb, config, tmp_path):
    done = perturb(config, "--trials", 1, "--baseline-duration", 0, "--json", "--seed", 5, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["random_seed"] == 5 and printed["differences"][0]["standard_error_hz"] is None
    assert (tmp_path / "simulations/default_perturb/metadata/manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "perturbation={}"), "perturbation: none that acts"),
        (("--trials", "0"), "--trials"),
        (("--baseline-duration", "-1"), "--baseline-duration"),
        (("--set", "perturbation.threshold.vectors=[[-100]]"), "threshold becomes"),
        (("--duration", "0.001"), "too short for a rate"),
    ],
)
def test_bad_input(perturb, config, tmp_path, arguments, message):
    done = perturb(config, "--out", tmp_path / "out", *arguments)
    if message == "perturbation: none that acts":
        assert not (tmp_path / "out").exists()
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_the_command_goes_on_in_the_same_folder(perturb, config, tmp_path):
    few = perturb(config, "--trials", 2, "--baseline-duration", 0.1, "--out", tmp_path, "--set", "settings.plot=false")
    more = perturb(
        *(config, "--trials", 3, "--baseline-duration", 0.1, "--out", tmp_path, "--set", "settings.plot=false"),
        *("--executor", "process", "--max-workers", 1),
    )
    assert few.returncode == more.returncode == 0, more.stderr
    assert "2 of 3 pairs finished; executor process, 1 at once" in more.stderr and "3 of 0.2 s" in more.stdout
    other = perturb(config, "--trials", 3, "--baseline-duration", 0.1, "--out", tmp_path, "--seed", 1)
    assert other.returncode == 2 and "settings.random_seed: 256 -> 1" in other.stderr and "--force" in other.stderr


def test_an_interruption_keeps_complete_pairs(config, tmp_path):
    process = start_python(
        *(*NEURO_MOD, "perturb", config, "--trials", 1000, "--out", tmp_path),
        *("--baseline-duration", 20, "--set", "settings.plot=false"),
    )
    wait_until(lambda: n_finished(tmp_path) > 0, process)
    process.send_signal(signal.SIGTERM)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors, errors
    assert "of 1000 pairs finished and saved in" in errors and "rerun the command to resume" in errors
    rates = arrays_in(tmp_path / "data/paired_rates.npz")["baseline"]
    assert len(rates) == n_finished(tmp_path) and f"{len(rates)} of 0.2 s" in printed


def test_where_nothing_is_to_be_saved_it_says_how(perturb, config, tmp_path):
    done = perturb(config, "--set", "settings.save=false", cwd=tmp_path)
    assert done.returncode == 2 and "a folder for results with --out" in done.stderr


def test_the_command_has_the_defaults_of_the_function():
    """Importing these with the command would load the engine for --help."""
    defaults = inspect.signature(command).parameters
    assert defaults["trials"].default == N_TRIALS
    assert defaults["baseline_duration"].default == BASELINE_DURATION
