"""Quantities of independent semi-Markov clusters, whose true values are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, entropy

from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES
from neuro_mod.core.spiking_net.analysis.states.quantity_tables import (
    active_table,
    cluster_table,
    occupancy_table,
    quantities_table,
    state_table,
)
from tests.helpers.semi_markov import BIN, SemiMarkov

NETWORK = SemiMarkov(n_clusters=6, activation=0.3, interval=0.5)
CYCLE = NETWORK.activation + NETWORK.interval
#: Independent clusters: probabilities of their combinations multiply.
TRUE = {
    "occupancy": NETWORK.occupancy,
    "active_clusters_detected": 6 * NETWORK.occupancy,
    "mean_activation_kaplan_meier_sec": NETWORK.activation,
    "mean_interval_kaplan_meier_sec": NETWORK.interval,
    "activation_rate_hz": 1 / CYCLE,
    "n_states": 2**6,
    "time_reassigned": 0.0,
}


@pytest.fixture(scope="module")
def tables():
    return tables_of_activity(NETWORK.activity(60, 15.0, seed=2), BIN)


def assert_near(found, error, true, within=3):
    assert np.all(np.abs(found - true) <= within * error), (found, error, true)


def test_known_values_are_within_three_standard_errors(tables):
    table = quantities_table(tables)
    assert list(table.index) == list(QUANTITIES)
    for name, true in TRUE.items():
        assert_near(table.at[name, "value"], table.at[name, "standard_error"], true)
    # So many of them make the check sharp.
    assert table.at["mean_activation_kaplan_meier_sec", "standard_error"] < 0.01 * NETWORK.activation
    assert table.at["occupancy", "standard_error"] < 0.01 * NETWORK.occupancy


def test_clusters_and_numbers_of_active_clusters(tables):
    clusters, numbers = cluster_table(tables), active_table(tables)
    assert clusters.index.tolist() == list(range(6)) and numbers.index.tolist() == list(range(7))
    for name in (
        "occupancy",
        "mean_activation_kaplan_meier_sec",
        "mean_interval_kaplan_meier_sec",
        "activation_rate_hz",
    ):
        assert_near(clusters[name], clusters[f"{name}_standard_error"], TRUE[name])
    occupancy = occupancy_table(tables)
    assert occupancy["occupancy"].tolist() == clusters["occupancy"].tolist()
    assert np.allclose(occupancy["standard_error"], clusters["occupancy_standard_error"])
    expected = binom(6, NETWORK.occupancy).pmf(numbers.index)
    assert_near(numbers["probability"], numbers["probability_standard_error"], expected)
    assert numbers["visits"].sum() == len(tables.visits) and numbers["probability"].sum() == pytest.approx(1)


def test_states_of_independent_clusters(tables):
    """Their probabilities are products, and the entropy the sum of those of the clusters."""
    table, p = state_table(tables), NETWORK.occupancy
    expected = p ** table["n_active"] * (1 - p) ** (6 - table["n_active"])
    assert len(table) == 64 and table["probability"].sum() == pytest.approx(1)
    off = np.abs(table["probability"] - expected) / table["probability_standard_error"]
    assert off.max() < 4 and (off < 2).mean() > 0.9  # of 64 states, 3 are outside of 2 on average
    found = quantities_table(tables, ["state_entropy_bits"]).iloc[0]
    # An underestimate, of 63 / (2 n log 2) bits for n independent visits (Miller 1955): .003 bits.
    assert_near(found["value"], found["standard_error"], 6 * entropy([p, 1 - p], base=2))


def test_coefficient_of_variation_of_intervals(tables):
    """That of a gamma distribution is 1 over the root of its shape; few intervals are cut in 15 s."""
    found = quantities_table(tables, ["interval_cv"]).iloc[0]
    assert_near(found["value"], found["standard_error"], 1 / math.sqrt(NETWORK.interval_shape))


def test_censoring_where_a_third_of_the_activations_are_cut():
    """In sessions of 1.6 s, longer than any activation. The mean of those seen whole is too short."""
    tables = tables_of_activity(SemiMarkov(6, 0.3, 0.6).activity(500, 1.6, seed=5), BIN)
    activations = tables.known_activations
    assert 0.25 < activations["censored"].mean() < 0.35
    found = quantities_table(tables)
    for name in ("occupancy", "activation_rate_hz", "mean_activation_kaplan_meier_sec"):
        true = {"occupancy": 1 / 3, "activation_rate_hz": 1 / 0.9}.get(name, 0.3)
        assert_near(found.at[name, "value"], found.at[name, "standard_error"], true)
    whole = found.loc["mean_activation_sec"]
    assert whole["value"] < 0.3 - 6 * whole["standard_error"]


def test_always_and_never_active_clusters():
    """Nothing begins or ends: durations are not known, occupancies are."""
    active = [np.tile([True, False], (200, 1))] * 3
    tables = tables_of_activity(active, BIN)
    clusters = cluster_table(tables)
    assert clusters["occupancy"].tolist() == [1, 0] and clusters["activations"].tolist() == [3, 0]
    assert clusters["occupancy_standard_error"].tolist() == [0, 0]
    for name in ("mean_activation_sec", "mean_activation_kaplan_meier_sec", "mean_interval_sec", "interval_cv"):
        assert clusters[[name, f"{name}_standard_error"]].isna().all(axis=None)
    assert clusters["activation_rate_hz"].tolist() == [0, 0]
    found = quantities_table(tables)["value"]
    assert found["state_entropy_bits"] == 0 and found["n_states"] == 1 and found["active_clusters_detected"] == 1
    assert active_table(tables)["probability"].tolist() == [0, 1]


@pytest.mark.parametrize("active", [[], [np.zeros((0, 2), bool)], [np.zeros((0, 2), bool)] * 2])
def test_no_time_at_all(active):
    tables = tables_of_activity(active, BIN, np.arange(2))
    found = quantities_table(tables)
    assert found["value"].drop("n_states").isna().all() and found.at["n_states", "value"] == 0
    assert len(cluster_table(tables)) == len(occupancy_table(tables)) == 2
    assert len(active_table(tables)) == len(state_table(tables)) == 0


def test_one_session_has_errors_from_its_parts():
    tables = tables_of_activity(NETWORK.activity(1, 40.0), BIN)
    found = quantities_table(tables).drop("time_reassigned")
    assert np.isfinite(found["standard_error"]).all()
    for name in set(TRUE) - {"time_reassigned", "n_states"}:
        assert_near(found.at[name, "value"], found.at[name, "standard_error"], TRUE[name])


def test_states_that_are_asked_for_keep_their_order():
    tables = tables_of_activity([np.array([[1, 0], [1, 1], [0, 1]], bool)], BIN)
    table = state_table(tables, [(1,), (0, 5), (0,)])
    assert table["state"].tolist() == [(1,), (0, 5), (0,)] and table["visits"].tolist() == [1, 0, 1]
    assert table["probability"].tolist() == pytest.approx([1 / 3, 0, 1 / 3])
    assert table["n_active"].tolist() == [1, 2, 1] and table.index.name == "number"


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_are_described(name):
    quantity = QUANTITIES[name]
    assert quantity.name == name and quantity.label
    endings = {"_sec": "s", "_hz": "Hz", "_bits": "bits"}
    assert quantity.unit == next((unit for ending, unit in endings.items() if name.endswith(ending)), "")
