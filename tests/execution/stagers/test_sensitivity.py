from __future__ import annotations

import csv

import numpy as np
import pytest

from neuro_mod import BifurcationStager, ReducedMeanFieldStager, SensitivityStager
from neuro_mod.errors import InputError
from tests.helpers.folders import arrays_in
from tests.helpers.shared import CONFIGS

TWO_CLUSTERS = CONFIGS / "2_cluster_mf.yaml"


def read_table(file):
    with file.open() as lines:
        return list(csv.DictReader(lines))


def test_saved_sensitivities(tmp_path):
    """The table, the arrays and the method of the field say the same; each of two targets has a map and bars."""
    stager = SensitivityStager(TWO_CLUSTERS)
    outputs = stager.execute(targets=["rate", "threshold"], n_runs=10, out=tmp_path)
    (state,), (found,) = outputs["states"], outputs["sensitivities"]
    expected = stager.field.sensitivity(state, ["threshold"])["threshold"]
    np.testing.assert_array_equal(found["threshold"].rates, expected.rates)
    saved = arrays_in(tmp_path / "data/sensitivities.npz")
    assert saved["targets"].tolist() == ["rate", "threshold"] and saved["populations"][0] == "E0"
    np.testing.assert_array_equal(saved["rates"][0, 1], expected.rates)
    np.testing.assert_array_equal(saved["eigenvalue_derivatives"][0, 1], expected.eigenvalues)
    np.testing.assert_array_equal(saved["eigenvalues"][0], expected.values)
    rows = read_table(tmp_path / "data/sensitivities.csv")
    assert len(rows) == 2 * 6
    row = next(row for row in rows if row["target"] == "threshold" and row["perturbed"] == "E1")
    assert float(row["E0_hz"]) == expected.rates[1, 0] and float(row["leading_eigenvalue"]) == expected.leading[1]
    assert {row["group"] for row in rows if row["perturbed"][:2] in {"E0", "E1"}} == {"E active", "E inactive"}
    assert (tmp_path / "plots/sensitivities_0.png").exists()
    effect = next(each for each in outputs["metadata"]["effects"] if each["target"] == "threshold")
    active = state.active[0]
    assert effect["perturbed"] == f"E{active}" and effect["itself_hz"] == expected.rates[active, active]
    assert effect["E inactive_hz"] == expected.rates[active, 1 - active]


def test_perturbations_of_the_configuration_act_meanwhile():
    """An external rate lowered to 0 is at its bound; of one below, nothing changes."""
    changes = "perturbation.rate={vectors: [[1, 0]], involved_clusters: [[E0, E1]], params: [%s]}"
    for delta, effect in ((-7.0, True), (-8.0, False)):
        stager = SensitivityStager(TWO_CLUSTERS, overrides=[changes % delta])
        found = stager.run(["rate"], n_runs=10)["sensitivities"][0]["rate"]
        assert bool(found.rates[0, 0] > 0) == effect and bool(found.one_sided[0]) == effect


def test_chosen_states():
    stager = SensitivityStager(TWO_CLUSTERS)
    assert [state.kind for state in stager.run(["rate"], n_runs=10, states="all")["states"]] == [
        "stable focus",
        "saddle",
    ]
    assert not stager.run(["rate"], n_runs=10, states="all", n_active=[0])["states"][0].active
    with pytest.raises(InputError, match=r"n_active: \[0\] found; .*stable states were found with 1 active clusters"):
        stager.run(["rate"], n_runs=10, n_active=[0])
    for wrong, message in (
        ({"targets": ["rates"]}, "rates cannot be perturbed; expected one of rate"),
        ({"targets": []}, "targets: "),
        ({"targets": "rate"}, 'targets: "rate" found; expected a list'),
        ({"states": "unstable"}, 'states: "unstable" found; expected stable or all'),
        ({"n_runs": -1}, "n_runs"),
    ):
        with pytest.raises(InputError, match=message):
            stager.run(**{"targets": ["rate"], "n_runs": 3} | wrong)


def test_barriers(tmp_path):
    """More external rate of a cluster lowers the barrier to the well in which it is active."""
    outputs = ReducedMeanFieldStager(TWO_CLUSTERS).execute(targets=["rate"], grid_density=6, out=tmp_path)
    found = outputs["barrier_sensitivities"]["rate"]
    assert found.shape == (2, 6)
    for barrier, row in zip(outputs["barriers"], found, strict=True):
        assert (row[:2] > 0).tolist() == (outputs["states"][barrier.well].nu > 30).tolist()
    rows = read_table(tmp_path / "data/barrier_sensitivities.csv")
    assert [float(row["height_hz2_per_unit"]) for row in rows] == found.ravel().tolist()
    assert outputs["metadata"]["barrier_sensitivities"]["rate"][0]["E1"] == found[0, 1]


def test_folds(tmp_path):
    """Three more-excitable clusters need less potentiation; by symmetry each of the active ones counts the same."""
    stager = BifurcationStager(CONFIGS / "default_mf_params.yaml", overrides=["arousal.level=0"])
    outputs = stager.execute(limits=(14.96, 14.975), n_active=[3], n_values=2, targets=["rate"], out=tmp_path)
    found = outputs["fold_sensitivities"]["rate"]
    folds = [point for point in outputs["diagram"].critical_points if point.kind == "fold"]
    assert found.shape == (len(folds), 38) == (1, 38)
    assert (found[0, :3] < 0).all() and np.ptp(found[0, :3]) < 1e-6 and (found[0, 3:18] > 0).all()
    rows = read_table(tmp_path / "data/fold_sensitivities.csv")
    assert [float(row["parameter_per_unit"]) for row in rows] == found.ravel().tolist()
    with pytest.raises(InputError, match="rates cannot be perturbed"):
        stager.run(targets=["rates"])
