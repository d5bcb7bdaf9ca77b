"""Sweeps over directions: the runs, and the vectors that are saved with them."""

from __future__ import annotations

import logging
from functools import partial

import pandas as pd
import pytest

from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.sweep.from_file import run_sweep
from tests.helpers.shared import SMALL

CLUSTERS = ["E0", "E1", "E2"]
BLOCK = {"involved_clusters": CLUSTERS, "structured": False, "norm": "l2", "orthogonal": True}
CONFIG = SMALL | {
    "perturbation": {"rate": BLOCK | {"params": [3.0]}, "threshold": {"involved_clusters": ["I0"], "params": [0.01]}},
    "settings": {"plot": False, "random_seed": 7},
}
PARAMS = "perturbation.rate.params[0]"
SWEEP = {"config": CONFIG, "n_directions": 2, "parameters": {PARAMS: [0.5, 3.0]}, "networks": 2, "trials": 2}

#: Equal but for the last digit, which pandas before 3 may read wrong.
EXACT = partial(pytest.approx, rel=1e-14, abs=0)


def table_in(folder):
    return pd.read_csv(folder / "results.csv")


def test_each_run_is_that_of_the_saved_vectors(tmp_path):
    run_sweep(SWEEP, tmp_path)
    vectors = pd.read_csv(tmp_path / "data" / "directions.csv").set_index(["target", "direction"])
    for row in table_in(tmp_path).to_dict("records")[::5]:
        chosen = {target: vectors.loc[target, row["direction"]] for target in ("rate", "threshold")}
        given = {
            "rate": {"vectors": [chosen["rate"][CLUSTERS].tolist()], "involved_clusters": CLUSTERS},
            "threshold": {"vectors": [[chosen["threshold"]["I0"]]], "involved_clusters": ["I0"], "params": [0.01]},
        }
        given["rate"]["params"] = [row[PARAMS]]
        stager = StageSNNSimulation(CONFIG | {"perturbation": given}, row["network_seed"])
        rates = stager.run(noise_seed=row["seed"])["metadata"]["mean_rates_by_kind_hz"]
        assert row["rate_E_clusters_hz"] == EXACT(rates["E clusters"])


def test_more_directions_change_no_earlier_run(tmp_path):
    few = run_sweep(SWEEP, tmp_path)
    before = table_in(tmp_path).set_index(["direction", PARAMS, "network", "trial"]).drop(columns="point")
    more = run_sweep(SWEEP | {"n_directions": 3}, tmp_path)
    after = table_in(tmp_path).set_index(["direction", PARAMS, "network", "trial"]).drop(columns="point")
    assert (few["n_points"], more["n_points"]) == (4, 6)
    assert more["n_finished_before"] == len(before) == 16
    pd.testing.assert_frame_equal(after.loc[before.index], before)
    assert after["rate_E_clusters_hz"].groupby("direction").mean().nunique() == 3


def test_equal_directions_are_reported(tmp_path, caplog):
    block = {"involved_clusters": ["E0"], "params": [1.0]}
    few = {
        "config": CONFIG | {"perturbation": {"rate": block}},
        "n_directions": 3,
        "set": {"init_params.duration_sec": 0.01},
    }
    with caplog.at_level(logging.WARNING):
        run_sweep(few, tmp_path)
    n = pd.read_csv(tmp_path / "data" / "directions.csv")["E0"].nunique()  # of +1 and -1
    assert f"only {n} of 3 directions differ" in caplog.text
