"""Paired differences of the quantities of clusters and states."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import sem

from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.analysis.states.quantities import QUANTITIES
from neuro_mod.execution import jobs
from neuro_mod.execution.pairs.job import PairJob
from neuro_mod.execution.pairs.quantities import describe_quantities, paired_tables
from neuro_mod.execution.pairs.rates import PairedRuns
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.populations import Populations
from tests.helpers.semi_markov import SemiMarkov
from tests.helpers.shared import SMALL

POPULATIONS = Populations(3, (10, 5), (10, 5))
DELTA_T = 0.5e-3


def rates(seed, activation=0.4):
    """Of 3 clusters and the other populations, 100 or 0 Hz, constant for long against the kernel."""
    network = SemiMarkov(3, activation, 0.4, 25.0, 25.0)
    active = np.array(network.activity(12, 6.0, seed))
    others = np.ones((*active.shape[:2], POPULATIONS.total - 3))
    return np.concatenate([100 * active, others], axis=2).astype(np.float32)


@pytest.fixture(scope="module")
def pairs():
    one = rates(1)
    # The last two clusters are active at the same times without and with the perturbation.
    changed = np.where(np.arange(POPULATIONS.total) == 0, rates(2, activation=0.8), one)
    return PairedRuns(
        one, changed, round(6.0 / DELTA_T), DELTA_T, None, {}, list(range(12)), StageSNNSimulation(SMALL).baseline
    )


def test_occupancies_pair_by_pair(pairs):
    found = describe_quantities(pairs, POPULATIONS)["occupancy"]
    assert [row["cluster"] for row in found] == [0, 1, 2]
    occupancy = [(pairs.smoothed(each)[..., :3] > 20).mean(axis=1) for each in (pairs.baseline, pairs.perturbed)]
    for cluster, row in enumerate(found):
        before, after = (each[:, cluster] for each in occupancy)
        # But for the few activations below 50 ms at the edges of runs.
        assert row["baseline"] == pytest.approx(before.mean(), abs=2e-3)
        assert row["difference"] == pytest.approx((after - before).mean(), abs=2e-3)
        assert row["standard_error"] == pytest.approx(sem(after - before), rel=0.05)
    assert found[0]["difference"] > 0.1 and found[1]["difference"] == found[1]["standard_error"] == 0


def test_quantities_pair_by_pair(pairs):
    found = {row["quantity"]: row for row in describe_quantities(pairs, POPULATIONS)["quantities"]}
    assert list(found) == list(QUANTITIES)
    tables = paired_tables(pairs, POPULATIONS)
    for name, row in found.items():
        before, after = (QUANTITIES[name].value(each) for each in tables)
        assert (row["baseline"], row["perturbed"], row["difference"]) == pytest.approx((before, after, after - before))
    longer = found["mean_activation_kaplan_meier_sec"]
    assert longer["difference"] > 3 * longer["standard_error"] > 0
    # The two clusters that do not change are the same in both runs, so that a pair varies less than its runs.
    occupancy = found["occupancy"]
    unpaired = np.hypot(*(QUANTITIES["occupancy"].standard_error(each) for each in tables))
    assert occupancy["standard_error"] < 0.9 * unpaired


def test_a_single_pair_has_no_error(pairs):
    alone = replace(pairs, baseline=pairs.baseline[:1], perturbed=pairs.perturbed[:1], seeds=[0])
    found = describe_quantities(alone, POPULATIONS)
    assert all(row["standard_error"] is None for rows in found.values() for row in rows)
    assert found["occupancy"][0]["difference"] is not None


@pytest.mark.parametrize("populations", [Populations(0, (0, 0), (10, 5)), Populations(2, (0, 5), (10, 5))])
def test_without_clusters_there_is_nothing_to_tell(pairs, populations):
    assert describe_quantities(pairs, populations) == {"quantities": [], "occupancy": []}


def test_they_are_saved_beside_the_rates(tmp_path):
    perturbed = {"perturbation": {"rate": {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]]}}}
    stager = StageSNNSimulation(SMALL | perturbed | {"settings": {"plot": False}})
    said = jobs.run(PairJob(stager, 3, 0.1, "float32"), tmp_path)
    for name, file in {"quantities": "quantity_differences", "occupancy": "occupancy_differences"}.items():
        with (tmp_path / f"data/{file}.csv").open() as table:
            rows = list(csv.DictReader(table))
        assert rows == [{key: "" if value is None else str(value) for key, value in row.items()} for row in said[name]]
        assert len(rows) == (len(QUANTITIES) if name == "quantities" else 3)


def test_pairs_describe_themselves(pairs):
    assert repr(pairs).splitlines()[0] == "12 pairs of runs of 6 s"
    assert "(12, 1200, " in repr(pairs) and "on_average()" in repr(pairs)
    acting = replace(pairs, perturbations={"rate": Course([0, 400], np.eye(POPULATIONS.total)[:2] * [[0.5], [0]])})
    assert "perturbation of rate" in repr(acting) and "+0.5 Hz" in repr(acting)
