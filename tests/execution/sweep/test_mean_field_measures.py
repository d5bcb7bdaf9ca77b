"""Measures of the mean field in sweeps, alone and beside simulations."""

from __future__ import annotations

import logging
from functools import partial
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from neuro_mod.choices import MeanFieldMeasure
from neuro_mod.config import load_experiment
from neuro_mod.config.sweep import load_sweep
from neuro_mod.core.mean_field.core import stable_states_of
from neuro_mod.core.mean_field.core.clusters import interchangeable
from neuro_mod.core.mean_field.core.newton import find_zeros
from neuro_mod.core.mean_field.core.searches import share_of_placements
from neuro_mod.execution.gathering import gather
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.stagers import FullMeanFieldStager, ReducedMeanFieldStager
from neuro_mod.execution.sweep.from_file import _warn_of_partial_search, run_sweep
from neuro_mod.execution.sweep.mean_field_measures import MEAN_FIELD_MEASURES
from neuro_mod.execution.sweep.measures import column_label, split_by_states
from tests.helpers.folders import arrays_in
from tests.helpers.shared import CONFIGS, SMALL

TWO = str(CONFIGS / "2_cluster_mf.yaml")
LEVEL = "arousal.level"
QUIET = {"settings.plot": False}
STARTS = {"starts": 5}
SWEEP = {"config": TWO, "set": QUIET, "parameters": {LEVEL: [0.0, 0.2, 0.6]}, "mean_field": STARTS}

#: Equal but for the last digit, which pandas before 3 may read wrong.
EXACT = partial(pytest.approx, rel=1e-14, abs=0)


def test_all_measures_are_there():
    assert set(MEAN_FIELD_MEASURES) == set(get_args(MeanFieldMeasure))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The folder and table of a sweep with all measures but the sensitivities."""
    folder = tmp_path_factory.mktemp("theory")
    run_sweep(SWEEP | {"measures": ["fixed_points", "eigenvalues", "barriers"]}, folder)
    return folder, pd.read_csv(folder / "results.csv")


def test_states_are_those_of_the_stager(results):
    folder, table = results
    assert not {"repeat", "seed"} & set(table) and table["error"].isna().all()
    for row in table.to_dict("records"):
        found = FullMeanFieldStager(TWO, overrides=[f"{LEVEL}={row[LEVEL]}"]).run(n_runs=5)["metadata"]
        stable = [state for state in found["states"] if state["kind"].startswith("stable")]
        (state,) = stable  # one, with its images
        n = state["n_active"]
        assert (row["n_distinct"], row["n_stable"]) == (found["n_distinct"], 1)
        assert (row["n_attractors"], row["fewest_active"], row["most_active"]) == (state["multiplicity"], n, n)
        assert row[f"leading_per_sec_of_{n}_active"] == row["leading_per_sec"] == EXACT(state["leading_eigenvalue"][0])
        for group in ("active", "inactive", "background"):
            column = f"rate_E_{group}_hz_of_{n}_active"
            rate = state[f"E {group}_hz"]
            assert row.get(column) == (None if rate is None else EXACT(rate))
        arrays = arrays_in(folder / row["mean_field"])
        assert arrays["kind"].tolist() == [state["kind"] for state in found["states"]]
        assert arrays["rates"].shape == (len(found["states"]), len(arrays["populations"]))


def test_barriers_are_those_of_the_landscape(results):
    _, table = results
    landscape = ReducedMeanFieldStager(TWO, overrides=[f"{LEVEL}=0.2"]).run(grid_density=2.0)
    row = table[table[LEVEL] == 0.2].iloc[0]
    heights = {landscape["states"][each.well].nu.argmax(): each.height for each in landscape["barriers"]}
    assert (row["barrier_E0_to_E1_hz2"], row["barrier_E1_to_E0_hz2"]) == (heights[0], heights[1])
    assert row["lowest_barrier_hz2"] == min(heights.values()) and row["n_wells"] == 2
    above = table[table[LEVEL] == 0.6].iloc[0]  # of a single well
    assert above["n_wells"] == 1 and np.isnan(above["lowest_barrier_hz2"])


def test_sensitivities_are_differences_of_a_sweep_over_the_perturbation(tmp_path):
    step = 1e-3
    block = {"vectors": [[1.0]], "involved_clusters": ["E0"], "params": [0.0]}
    of_rate = {"config": TWO, "set": QUIET | {"perturbation.rate": block}, "mean_field": STARTS}
    swept = {"parameters": {"perturbation.rate.params[0]": [-step, 0.0, step]}}
    run_sweep(of_rate | swept | {"measures": ["fixed_points", "sensitivities"]}, tmp_path)
    below, at, above = pd.read_csv(tmp_path / "results.csv").to_dict("records")
    # E0 is active in one of the two stable states with one active cluster, over which the rates are means
    for what, (own, other) in {
        "active": ("d_active_d_own_rate", "d_active_d_inactive_rate"),
        "inactive": ("d_inactive_d_active_rate", "d_inactive_d_own_rate"),
    }.items():
        column = f"rate_E_{what}_hz_of_1_active"
        mean = (at[f"{own}_of_1_active"] + at[f"{other}_of_1_active"]) / 2
        # central differences are accurate to the third derivative times step^2
        assert (above[column] - below[column]) / (2 * step) == pytest.approx(mean, rel=1e-3)
    arrays = arrays_in(tmp_path / at["mean_field"])
    n = len(arrays["populations"])
    assert arrays["d_rates_d_rate"].shape == arrays["d_eigenvalues_d_rate"].shape == (1, n, n)
    assert arrays["state_group"].tolist() == ["1_active"]


def test_named_states_move_as_their_sensitivities_say(tmp_path):
    step = 1e-3
    block = {"vectors": [[1.0]], "involved_clusters": ["E0"], "params": [0.0]}
    of_rate = {"config": TWO, "set": {"perturbation.rate": block, "settings.plot": True}}
    swept = {
        "parameters": {"perturbation.rate.params[0]": [-step, step]},
        "mean_field": {"states": ["E1", "none", "E0"]},
    }
    run_sweep(of_rate | swept | {"measures": ["fixed_points", "eigenvalues", "sensitivities"]}, tmp_path)
    table = pd.read_csv(tmp_path / "results.csv")
    below, above = table.to_dict("records")
    middle = table.mean(numeric_only=True)  # accurate to the second derivative times step^2, as the difference is
    for column, derivative in {
        "rate_E_active_hz_of_E0": "d_active_d_own_rate_of_E0",
        "rate_E_inactive_hz_of_E0": "d_inactive_d_active_rate_of_E0",
        "rate_E_active_hz_of_E1": "d_active_d_inactive_rate_of_E1",
        "leading_per_sec_of_E0": "d_leading_d_active_rate_of_E0",
        "leading_per_sec_of_E1": "d_leading_d_inactive_rate_of_E1",
    }.items():
        assert (above[column] - below[column]) / (2 * step) == pytest.approx(middle[derivative], rel=1e-3)
    assert table[["rate_E_inactive_hz_of_none", "leading_per_sec_of_none"]].isna().all(axis=None)  # it is a saddle
    drawn = {file.stem for file in (tmp_path / "plots").iterdir()}
    others = {"fixed_points", "eigenvalues"}
    assert drawn == others | {f"{name}_by_state" for name in (*others, "sensitivities")}
    assert arrays_in(tmp_path / above["mean_field"])["state_group"].tolist() == ["E1", "E0"]


def test_named_states_are_those_that_one_reaches_by_following_them():
    block = {"involved_clusters": list(range(18)), "structured": False, "norm": "l2", "params": [0.0]}
    experiment = load_experiment(CONFIGS / "default_mf_params.yaml", {"perturbation.rate": block})

    def field(coefficient):
        return FullMeanFieldStager(experiment.replace({"perturbation.rate.params[0]": coefficient})).field

    active = (3, 4, 5)
    (first,) = stable_states_of(field(0.0), [active])
    rates = first.rates
    for coefficient in np.linspace(0.015, 0.15, 10):
        followed = find_zeros(field(float(coefficient)).linearize, rates[None])
        rates = followed.x[0]
    (found,) = stable_states_of(field(0.15), [active])
    np.testing.assert_allclose(found.rates, rates, rtol=1e-9)  # of a solver that ends at 1e-10 or so
    assert np.abs(rates - first.rates).max() > 1
    assert stable_states_of(field(0.3), [active]) == [None]  # it has ended


def test_a_search_among_too_many_states_is_reported(caplog):
    overrides = {"perturbation.rate": {"involved_clusters": list(range(12)), "structured": False, "params": [0.02]}}
    field = FullMeanFieldStager(load_experiment(CONFIGS / "default_mf_params.yaml", overrides)).field
    share = share_of_placements(field.populations, interchangeable(field.coefficients, field.populations))
    # 12 clusters are different and 6 alike: 2^12 * 7 choices, of which 17 * 100 + 1 are tried
    assert share == pytest.approx(1701 / (2**12 * 7))
    with caplog.at_level(logging.WARNING):
        table = pd.DataFrame({"point": [0, 1, 2], "part_searched": [1.0, share, np.nan]})
        _warn_of_partial_search(table, load_sweep(SWEEP | {"measures": ["fixed_points"]}))
    assert "clusters differ in 1 of 3 rows" in caplog.text and "at point 1 (arousal.level=0.2):" in caplog.text
    assert "name states with mean_field.states" in caplog.text


def test_shards_give_the_same_bytes(results, tmp_path):
    folder, _ = results
    sweep = SWEEP | {"measures": ["fixed_points", "eigenvalues", "barriers"]}
    for shard in ("1/2", "2/2"):
        run_sweep(sweep, tmp_path, Execution(executor="thread", max_workers=2, shard=shard))
    gather(tmp_path)
    names = ["results.csv", *(str(file.relative_to(folder)) for file in (folder / "data").iterdir())]
    assert len(names) == 7
    assert all((tmp_path / name).read_bytes() == (folder / name).read_bytes() for name in names)


def test_theory_stands_beside_simulations_and_can_be_added(tmp_path):
    sweep = {"config": SMALL, "set": QUIET, "parameters": {LEVEL: [0.0, 0.5]}, "repeats": 2, "keep_spikes": True}
    theory = {"measures": ["rates", "fixed_points"], "mean_field": STARTS}
    run_sweep(sweep | theory, tmp_path / "once")
    run_sweep(sweep, tmp_path / "added")
    run_sweep(sweep | theory, tmp_path / "added")
    table = pd.read_csv(tmp_path / "once" / "results.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "added" / "results.csv"), table)
    assert all((tmp_path / "added" / name).is_file() for name in table["mean_field"])
    alone = {key: value for key, value in sweep.items() if key not in {"repeats", "keep_spikes"}}
    run_sweep(alone | theory | {"measures": ["fixed_points"]}, tmp_path / "alone")
    found = pd.read_csv(tmp_path / "alone" / "results.csv")
    columns = [column for column in found if column.startswith(("n_", "rate_"))]
    for repeat in (0, 1):
        of_repeat = table.loc[table["repeat"] == repeat, columns].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_repeat, found[columns])
    assert table["rate_E_clusters_hz"].nunique() > 2
    more = sweep | theory | {"mean_field": {"starts": 5, "n_z": 3}}  # the settings change, and with them the theory
    run_sweep(more, tmp_path / "added")
    changed = pd.read_csv(tmp_path / "added" / "results.csv")
    assert (changed["rate_E_clusters_hz"] == table["rate_E_clusters_hz"]).all()
    assert (changed["rate_E_background_hz_of_0_active"] != table["rate_E_background_hz_of_0_active"]).any()


def test_labels():
    assert split_by_states("rate_E_active_hz_of_12_active") == ("rate_E_active_hz", "12 active")
    assert split_by_states("leading_per_sec_of_E0+E10") == ("leading_per_sec", "E0+E10")
    assert split_by_states("lowest_barrier_hz2") == ("lowest_barrier_hz2", "")
    assert column_label("rate_E_active_hz_of_3_active") == "rate of active E clusters, 3 active (Hz)"
    assert column_label("barrier_E0_to_E1_hz2") == "barrier E0 to E1 (Hz²)"
    assert (
        column_label("d_leading_d_inactive_arousal_level")
        == "change of eigenvalue, by inactive arousal level (1/s per unit)"
    )
