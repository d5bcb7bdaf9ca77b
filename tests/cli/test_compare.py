from __future__ import annotations

import csv
import inspect
import json
import re
import signal
from functools import partial

import pytest

from neuro_mod.cli import comparison_summary
from neuro_mod.cli.compare import compare as command
from neuro_mod.execution.comparison.simulation import N_TRIALS, SETTLING
from tests.helpers.folders import arrays_in, n_finished, run_json
from tests.helpers.processes import NEURO_MOD, start_python, wait_until
from tests.helpers.shared import SMALL, write_config

NAMES = ("shifted_poisson", "shifted_renewal", "exact_poisson", "exact_renewal")
ONE_THEORY = ("--theories", "shifted/poisson")
PERTURBATION = {"rate": {"params": [14.0], "involved_clusters": [["E0"]], "vectors": [[1]]}}


@pytest.fixture
def compare(neuro_mod):
    return partial(neuro_mod, "compare")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("configs") / "driven.yaml", SMALL | {"perturbation": PERTURBATION})


def test_it_says_and_saves_how_theory_and_simulation_compare(compare, config, tmp_path):
    done = compare(config, "--trials", 2, "--settling", 0.1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    for words in (
        "2 networks for 0.2 s each, after 0.1 s of settling",
        "E clusters above 20 Hz",
        "*1 active",
        "simulated above *",
        "fast synapses, NOT KEPT: sqrt(tau_s/tau_m) is 0.5 everywhere",
        "assumptions are kept",
        str(tmp_path / "data/comparison.csv"),
    ):
        assert words in done.stdout
    for name in ("rate_histogram", "rate_comparison"):
        assert (tmp_path / f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")
    about = run_json(tmp_path)
    assert about["n_trials"] == len(about["seeds"]) == 2 and about["nearest"] == 0 and about["n_z"] == 12
    with (tmp_path / "data/comparison.csv").open() as file:
        row = next(csv.DictReader(file))
    first, of_cvs, second = (line for line in done.stdout.splitlines() if line.startswith("E active"))
    simulated, theory = (float(row[name]) for name in ("simulated_hz", "state_0_active_1_hz"))
    settled = float(row["settled_hz"])
    assert second.split()[2] == f"{simulated:.3g}" and second.split()[4] == f"{theory:.3g}"
    assert second.split()[5] == f"{100 * (simulated / theory - 1):+.0f}"
    error = float(row["standard_error_hz"])
    assert first.split()[2:6] == [f"{simulated:.3g}", "+-", f"{error:.1g}", f"{settled:.3g}"]
    assert first.split()[6:8] == [f"{float(row['shifted_poisson_hz']):.3g}", f"{100 * (theory / settled - 1):+.0f}"]
    assert of_cvs.split()[-4:] == [f"{float(row[f'{name}_cv']):.2f}" for name in NAMES]
    header = next(line for line in done.stdout.splitlines() if line.startswith("rate in Hz"))
    assert header.split()[5:] == ["shifted/poisson", "shifted/renewal", "exact/poisson", "exact/renewal"]
    assert "0.5 ms, which lowers rates of active clusters by about 4 %" in done.stdout


@pytest.mark.parametrize(
    ("settled", "clusters", "said"),
    [
        (50.0, 1, ("while 1 cluster is active and none changes within 50 ms before and after\n", "from settled rates")),
        (None, 2, ("while 2 clusters are active and none changes", "which is at no time", "from simulated rates")),
    ],
)
def test_the_summary_says_which_rates_theories_are_compared_with(settled, clusters, said, capsys):
    row = {"group": "E active", "simulated_hz": 40.0, "standard_error_hz": None, "settled_hz": settled}
    row |= {"simulated_cv": None, "standard_error_cv": None, "exact_renewal_hz": 44.0, "exact_renewal_cv": 0.3}
    metadata = {
        "theories": [{"theory": "exact/renewal", "nearest": {"n_active": clusters}}],
        "active_clusters": 1.6,
        "active_clusters_standard_error": None,
        "settled": {"active_clusters": clusters, "unchanged_sec": 0.05},
        "comparison": [row],
        "left_out": {},
    }
    comparison_summary._print_theories(metadata)
    out = capsys.readouterr().out
    assert all(words in out for words in said) and ("-12 %" in out) == (settled is not None)
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_chosen_theories_and_the_check_of_the_time_step(compare, config, tmp_path):
    options = ("--theories", "exact/renewal", "--response", "exact", "--step-check", "--set", "settings.plot=false")
    done = compare(config, "--trials", 2, "--settling", 0, "--out", tmp_path, *options)
    assert done.returncode == 0, done.stderr
    header = next(line for line in done.stdout.splitlines() if line.startswith("rate in Hz"))
    assert header.split() == ["rate", "in", "Hz", "simulated", "settled", "exact/poisson", "exact/renewal"]
    assert "theory of the configuration: exact/poisson, 1 stable of " in done.stdout
    checked = next(line for line in done.stdout.splitlines() if "at 0.1 ms" in line)
    assert checked.split("  ")[0] == "rate in Hz" and "effect of the time step" in checked
    assert done.stdout.count(" %\n") >= 6  # a line for each group
    other = compare(config, "--trials", 2, "--theories", "exact", "--out", tmp_path)
    assert other.returncode == 2 and 'theories: "exact" found; expected some of shifted/poisson' in other.stderr


def test_json_and_the_folder_of_the_settings(compare, config, tmp_path):
    arguments = ("--trials", 1, "--settling", 0, "--json", "--seed", 5, "--n-z", 1, *ONE_THEORY)
    done = compare(config, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["random_seed"] == 5 and printed["n_z"] == 1
    assert printed["comparison"][0]["standard_error_hz"] is None
    assert (tmp_path / "simulations/default_compare/metadata/manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--trials", "0"), "--trials"),
        (("--settling", "-1"), "--settling"),
        (("--n-z", "0"), "--n-z"),
        (("--n-z", "100000"), "--n-z: 100000 found; expected a whole number from 1 to 100"),
        (("--settling", "1e9"), "are too long"),
        (
            ("--set", "perturbation.threshold={params: [-100.0], involved_clusters: [[E0]], vectors: [[1]]}"),
            "threshold becomes",
        ),
        (("--duration", "0.001"), "too short for a rate"),
        (("--set", "settings.save=false"), "a folder for results with --out"),
    ],
)
def test_bad_input(compare, config, tmp_path, arguments, message):
    done = compare(config, *arguments, cwd=tmp_path)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


def test_the_command_resumes_in_the_same_folder(compare, config, tmp_path):
    arguments = (config, "--settling", 0.1, "--out", tmp_path, *ONE_THEORY, "--set", "settings.plot=false")
    few = compare(*arguments, "--trials", 2)
    more = compare(*arguments, "--trials", 3, "--executor", "process", "--max-workers", 1)
    assert few.returncode == more.returncode == 0, more.stderr
    assert "2 of 3 simulations finished; executor process, 1 at once" in more.stderr
    assert "3 networks for 0.2 s each" in more.stdout
    other = compare(*arguments, "--trials", 3, "--seed", 1)
    assert other.returncode == 2 and "settings.random_seed: 256 -> 1" in other.stderr and "--force" in other.stderr


def test_an_interruption_keeps_complete_trials(config, tmp_path):
    process = start_python(
        *(*NEURO_MOD, "compare", config, "--trials", 1000, "--out", tmp_path),
        *("--settling", 20, *ONE_THEORY, "--set", "settings.plot=false"),
    )
    wait_until(lambda: n_finished(tmp_path) > 0, process)
    process.send_signal(signal.SIGTERM)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors, errors
    assert "of 1000 simulations finished and saved in" in errors and "rerun the command to resume" in errors
    rates = arrays_in(tmp_path / "data/comparison.npz")["rates"]
    assert len(rates) == n_finished(tmp_path) and re.search(rf"{len(rates)} networks? for 0.2 s", printed)


def test_assumptions_that_cannot_be_judged_do_not_count(compare, config, tmp_path):
    """Without any input nobody fires."""
    nothing = ("--set", "external_currents.nu_ext_baseline=0", "--set", "arousal.level=0", "--set", "perturbation={}")
    done = compare(config, "--trials", 1, "--settling", 0, "--out", tmp_path, *ONE_THEORY, *nothing)
    assert done.returncode == 0, done.stderr
    validity = run_json(tmp_path)["validity"]
    judged = [each["kept"] for each in validity if each["kept"] is not None]
    assert 0 < len(judged) < len(validity)
    said = f"{sum(judged)} of {len(judged)} assumptions are kept, {len(validity) - len(judged)} cannot be judged"
    assert said in done.stdout and "at worst" not in done.stdout


def test_the_command_has_the_defaults_of_the_function():
    """Importing these with the command would load the engine for --help."""
    defaults = inspect.signature(command).parameters
    assert defaults["trials"].default == N_TRIALS
    assert defaults["settling"].default == SETTLING
