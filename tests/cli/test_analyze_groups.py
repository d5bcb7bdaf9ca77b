from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

from neuro_mod import Repeater, run_sweep
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES
from tests.helpers.semi_markov import SemiMarkov, poisson_spikes
from tests.helpers.shared import SMALL

N_NETWORKS, N_SESSIONS, N_CLUSTERS, SIZE = 4, 3, 15, 12
#: Mean time in seconds for which a cluster is on in each condition, and off in both.
ON, OFF = {"low": 0.45, "high": 0.3}, 0.9
#: Of a neuron in clusters that are on and off.
RATES_HZ = 60.0, 3.0


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Two conditions, four networks, three sessions of 6 s, fifteen clusters: one file for each session."""
    folder = tmp_path_factory.mktemp("course")
    names = [f"net{network}_{session}" for network in range(N_NETWORKS) for session in range(N_SESSIONS)]
    for seed, (condition, on) in enumerate(ON.items()):
        sessions = SemiMarkov(N_CLUSTERS, on, OFF).activity(len(names), 6.0, seed)
        for index, (name, active) in enumerate(zip(names, sessions, strict=True)):
            spikes = poisson_spikes(active, SIZE, *RATES_HZ, seed=100 * seed + index)
            known = {"times": spikes.times, "neurons": spikes.neurons, "duration": spikes.duration}
            np.savez(folder / f"{condition}_{name}.npz", **known)
    return folder


@pytest.fixture
def analyze(neuro_mod):
    return partial(neuro_mod, "analyze")


def of(table, quantity):
    return table.loc[(table["quantity"] == quantity) & table["of"].isna()].set_index("group")


def test_the_question_of_a_course_is_one_command(analyze, course, tmp_path):
    """Durations as drawn, within three standard errors of the four networks and a bin of rates.

    Smoothing of rates lengthens and shortens activations by less than one sampling interval of 5 ms on average, where
    the threshold is halfway between the rates.
    """
    sizes = f"{N_CLUSTERS}x{SIZE}"
    done = analyze(course, "--groups", "{group}_net{network}_*.npz", "--cluster-sizes", sizes, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    told = "from start to end, unless by Kaplan-Meier"
    for words in ("12 sessions of 4 networks", "over networks, paired", "at least 0.12", "low - high", told):
        assert words in done.stdout
    groups = pd.read_csv(tmp_path / "groups.csv")
    activations = of(groups, "mean_activation_kaplan_meier_sec")
    for group, on in ON.items():
        error = activations.loc[group, "standard_error"]
        assert activations.loc[group, "value"] == pytest.approx(on, abs=3 * error + 5e-3)
        share = on / (on + OFF)
        occupancy = of(groups, "occupancy").loc[group]
        assert occupancy["value"] == pytest.approx(share, abs=3 * occupancy["standard_error"] + 0.01)
    assert set(of(groups, "n_states").index) == set(ON)
    assert set(groups.loc[groups["of"].isna(), "quantity"]) == set(QUANTITIES)
    change = of(pd.read_csv(tmp_path / "group_differences.csv"), "mean_activation_kaplan_meier_sec").loc["low"]
    assert change["reference"] == "high" and change["paired"]
    assert change["difference"] == pytest.approx(ON["low"] - ON["high"], abs=3 * change["standard_error"] + 5e-3)
    replicates = pd.read_csv(tmp_path / "group_replicates.csv")
    assert len(replicates.loc[(replicates["quantity"] == "occupancy") & replicates["of"].isna()]) == 2 * N_NETWORKS
    sessions = pd.read_csv(tmp_path / "group_sessions.csv")
    assert sessions["file"].str.contains("low_net3_2").sum() == 1
    assert {"low", "high"} < set(pd.read_csv(tmp_path / "group_states.csv"))
    for name in ("group_values", "group_rasters", "group_lifetimes", "group_activations", "group_intervals"):
        assert (tmp_path / f"plots/{name}.png").read_bytes().startswith(b"\x89PNG")
    again = analyze(course, "--cluster-sizes", sizes, "--out", tmp_path, "--no-plot", "--n-excitatory-clusters", "2")
    assert again.returncode != 0 or not (tmp_path / "groups.csv").exists()


def test_json_has_the_groups(analyze, course, tmp_path):
    some = course / "low_net[01]_[01].npz", course / "high_net[01]_[01].npz"
    sizes = f"{N_CLUSTERS}x{SIZE}"
    done = analyze(*some, "--groups", "low,high", "--cluster-sizes", sizes, "--out", tmp_path, "--no-plot", "--json")
    about = json.loads(done.stdout)["groups"]
    assert about["groups"] == {name: {"n_sessions": 4, "n_networks": 4} for name in ("low", "high")}
    assert (about["over"], about["reference"]) == ("networks", "low")
    rows = {(row["quantity"], row["group"]): row for row in about["quantities"] if not row["of"]}
    assert rows["occupancy", "low"]["value"] > rows["occupancy", "high"]["value"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, level in (("base", 0.1), ("high", 0.9)):
        overrides = {"arousal.level": level, "init_params.duration_sec": 0.4}
        Repeater(SMALL, 3, overrides=overrides).execute(folder / name, plot_arg="none")
    return folder


def test_repeats_with_the_same_seeds_are_paired(analyze, runs, tmp_path):
    done = analyze(runs / "base", runs / "high", "--groups", "base,high", "--out", tmp_path, "--no-plot")
    assert done.returncode == 0, done.stderr
    assert "base: 3 sessions of 3 networks; high: 3 sessions of 3 networks" in done.stdout
    assert "over networks, paired" in done.stdout
    seeds = (runs / "base/metadata/seeds.txt").read_text().split()
    assert pd.read_csv(tmp_path / "group_sessions.csv", dtype=str)["network"].tolist() == 2 * seeds


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    sweep = {
        "config": SMALL,
        "set": {"init_params.duration_sec": 0.4, "settings.plot": False},
        "parameters": {"arousal.level": [0.1, 0.9], "external_currents.nu_ext_baseline[0]": [7.0, 8.0]},
        "repeats": 2,
        "noise": "common",
        "keep_spikes": True,
    }
    run_sweep(sweep, folder)
    return folder


def test_a_column_of_a_sweep_gives_the_groups(analyze, swept, tmp_path):
    done = analyze(swept, "--groups", "arousal.level", "--out", tmp_path, "--no-plot", "--reference", "0.9")
    assert done.returncode == 0, done.stderr
    assert "0.1 - 0.9" in done.stdout and "over networks, paired" in done.stdout
    sessions = pd.read_csv(tmp_path / "group_sessions.csv", dtype=str)
    assert sessions["group"].tolist() == ["0.1"] * 4 + ["0.9"] * 4
    two = analyze(
        swept, "--groups", "arousal.level,external_currents.nu_ext_baseline[0]", "--out", tmp_path, "--no-plot"
    )
    assert "D = arousal.level=0.9, external_currents.nu_ext_baseline[0]=8.0: 2 sessions of 2 networks" in two.stdout
    assert ["quantity", "A", "B", "C", "D"] in [line.split()[:5] for line in two.stdout.splitlines()]
    assert "B - A" in two.stdout


def test_epochs_of_a_sweep_have_their_groups_as_conditions(analyze, tmp_path):
    """Around the onsets at each point, which may differ."""
    conditions = {
        "early": {"stimulus.onsets": [0.1, 0.3]},
        "late": {"stimulus.onsets": [0.2], "stimulus.amplitude": 100.0},
    }
    overrides = {"init_params.duration_sec": 0.4, "settings.plot": False}
    sweep = {"config": SMALL, "set": overrides, "conditions": conditions, "networks": 2}
    run_sweep(sweep | {"keep_spikes": True}, tmp_path / "sweep")
    around = ("--events", "stimulus", "--before", 0.05, "--after", 0.1, "--no-plot", "--out", tmp_path / "out")
    done = analyze(tmp_path / "sweep", "--groups", "condition", *around)
    assert done.returncode == 0, done.stderr
    epochs = pd.read_csv(tmp_path / "out/epochs.csv")
    assert epochs["condition"].tolist() == ["early"] * 4 + ["late"] * 2
    assert epochs["time"].tolist() == [0.1, 0.3] * 2 + [0.2] * 2
    assert set(pd.read_csv(tmp_path / "out/psth.csv")["condition"]) == {"early", "late"}
    done = analyze(tmp_path / "sweep", *around, "--start", 0.05)
    assert done.returncode == 0, done.stderr
    times = sorted(pd.read_csv(tmp_path / "out/epochs.csv")["time"])
    assert times == pytest.approx([0.05, 0.05, 0.15, 0.15, 0.25, 0.25])


@pytest.mark.parametrize("networks", [1, 2])
def test_epochs_of_one_network_are_no_reason_for_a_warning(analyze, tmp_path, caplog, networks):
    stimuli = {"A": {"stimulus.amplitude": 50.0}, "B": {"stimulus.amplitude": 100.0}}
    overrides = {"init_params.duration_sec": 0.3, "stimulus.onsets": [0.1], "settings.plot": False}
    sweep = {"config": SMALL, "set": overrides, "conditions": stimuli, "networks": networks, "trials": 2}
    run_sweep(sweep | {"keep_spikes": True}, tmp_path / "sweep")
    around = ("--events", "stimulus", "--before", 0.1, "--after", 0.1, "--no-plot", "--out", tmp_path / "out")
    done = analyze(tmp_path / "sweep", "--groups", "condition", *around)
    assert done.returncode == 0, done.stderr
    assert ("expected sessions of one network" in caplog.text) == (networks > 1)


def test_points_of_a_sweep_are_not_one_experiment(analyze, swept, tmp_path, caplog):
    done = analyze(swept, "--out", tmp_path, "--no-plot")
    assert done.returncode == 0
    assert "the sessions of 4 points of a sweep count as one experiment; see --groups" in caplog.text


def test_groups_that_cannot_be_found_are_refused(analyze, course, runs, swept, tmp_path):
    sizes, out = ("--cluster-sizes", f"{N_CLUSTERS}x{SIZE}"), ("--out", tmp_path / "none", "--no-plot")
    both = runs / "base", runs / "high"
    low = course / "low_net0_*.npz"
    for arguments, words in [
        ((*both, "--groups", "a"), '--groups: "a" found; expected a name for each of the 2 files and folders'),
        ((*both, "--groups", "a,a"), "expected at least two groups"),
        ((both[0], both[0], "--groups", "a,b"), "each file or folder once"),
        ((*both, "--groups", "a,b", "--reference", "c"), '--reference: "c" found; expected one of a, b'),
        ((*both, "--reference", "a"), "no value without --groups"),
        ((swept, "--groups", "level"), "expected one or more of arousal.level, external_currents.nu_ext_baseline[0]"),
        ((course, "--groups", "net{network}_*.npz", *sizes), "names of files with {group}"),
        ((course, "--groups", "{group}_{trial}.npz", *sizes), "names of files with {group}"),
        ((course, "--groups", "{group}-*.npz", *sizes), "no such file or folder"),
        ((low, course / "high_net0_0.npz", "--groups", "a,b", *sizes), "group b: one session found"),
    ]:
        done = analyze(*arguments, *out)
        assert done.returncode == 2, (arguments, done.stderr)
        assert words in " ".join(done.stderr.split()), (arguments, done.stderr)
        assert not (tmp_path / "none").exists()


def test_unequal_layouts_are_refused(analyze, course, runs, tmp_path):
    small = {"architecture.clusters.n_background": [4, 2], "init_params.duration_sec": 0.2}
    Repeater(SMALL, 2, overrides=small).execute(tmp_path / "other", plot_arg="none")
    done = analyze(runs / "base", tmp_path / "other", "--groups", "a,b", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "another network or time step" in done.stderr and "other" in done.stderr


def test_a_sweep_without_spikes_has_none_to_group(analyze, tmp_path):
    undrawn = SMALL | {"settings": {"plot": False}}
    run_sweep({"config": undrawn, "parameters": {"arousal.level": [0.1, 0.9]}, "repeats": 2}, tmp_path / "sweep")
    done = analyze(tmp_path / "sweep", "--groups", "arousal.level")
    assert done.returncode == 2 and "keep_spikes: true" in done.stderr


def test_a_table_that_was_edited_is_refused(analyze, swept, tmp_path):
    import shutil

    folder = tmp_path / "sweep"
    shutil.copytree(swept, folder)
    table = (folder / "results.csv").read_text()
    (folder / "results.csv").write_text(table.replace("data/spikes", "../spikes"))
    done = analyze(folder, "--groups", "arousal.level")
    assert done.returncode != 0 and "results.csv" in done.stderr


def test_the_reference_is_in_the_printed_table(capsys):
    """Of five groups, more than the table has room for; names that fit are not replaced by letters."""
    from neuro_mod.cli.group_table import print_groups

    names = [f"level {k}" for k in range(5)]
    quantity = {"quantity": "occupancy", "of": "", "standard_error": None}
    values = [quantity | {"group": name, "value": float(k)} for k, name in enumerate(names)]
    changes = [
        quantity | {"group": name, "difference": k - 4.0, "p_value": None, "least_p": None, "paired": True}
        for k, name in enumerate(names[:4])
    ]
    counted = {name: {"n_sessions": 2, "n_networks": 1} for name in names}
    described = {"groups": counted, "over": "sessions", "reference": "level 4", "quantities": values}
    print_groups(described | {"differences": changes})
    printed = capsys.readouterr().out
    assert "level 2 - level 4" in printed and "level 3 - level 4" not in printed
    assert "start to end" not in printed  # there is no mean of durations
    assert "1 more groups in the files" in printed and "A = " not in printed
