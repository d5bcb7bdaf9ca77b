"""The theory of a stager of the mean field: from the configuration or a keyword, in plans, metadata and results."""

from __future__ import annotations

import json

import pytest

from neuro_mod import BifurcationStager, FullMeanFieldStager, ReducedMeanFieldStager, SensitivityStager
from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.errors import ConfigError, InputError
from neuro_mod.storage.names import PLAN
from tests.helpers.shared import CONFIGS

TWO_CLUSTERS = CONFIGS / "2_cluster_mf.yaml"


@pytest.mark.parametrize("stager", [FullMeanFieldStager, ReducedMeanFieldStager, BifurcationStager, SensitivityStager])
def test_a_keyword_replaces_what_the_configuration_says(stager):
    config = load_experiment(TWO_CLUSTERS, ["mean_field.closure=renewal"])
    assert stager(TWO_CLUSTERS).theory == Theory("shifted", "poisson")
    assert stager(config).theory == Theory("shifted", "renewal")
    staged = stager(config, response="exact", closure="poisson")
    assert staged.theory == Theory("exact", "poisson")
    assert staged.experiment.mean_field.response == "exact"  # so that a saved configuration repeats the result
    with pytest.raises(ConfigError, match=r'mean_field\.response: "exat" found; expected one of shifted, exact'):
        stager(config, response="exat")


def test_every_value_of_a_bifurcation_has_the_theory():
    stager = BifurcationStager(TWO_CLUSTERS, response="exact", closure="renewal")
    assert stager._at("arousal.level", 0.1).coefficients.theory == Theory("exact", "renewal")


def test_time_constants_are_not_followed_with_a_table_for_each_value():
    stager = BifurcationStager(TWO_CLUSTERS, response="exact")
    with pytest.raises(InputError, match=r'response: "exact" found; expected shifted where time constants vary'):
        stager.run("init_params.tau_synaptic", (0.004, 0.005))


def test_plan_and_metadata_name_the_theory_and_a_folder_has_one(tmp_path):
    stager = FullMeanFieldStager(TWO_CLUSTERS, overrides=["settings.plot=false"])
    metadata = stager.execute(n_runs=2, out=tmp_path)["metadata"]
    assert (metadata["response"], metadata["closure"]) == ("shifted", "poisson")
    plan = json.loads((tmp_path / PLAN).read_text())
    assert plan["mean_field"] == {"response": "shifted", "closure": "poisson"}
    assert "mean_field" not in plan["config"]

    del plan["mean_field"]  # of an earlier version
    (tmp_path / PLAN).write_text(json.dumps(plan))
    other = FullMeanFieldStager(TWO_CLUSTERS, overrides=["settings.plot=false"], response="exact")
    with pytest.raises(InputError, match=r"mean_field.response: 'shifted' -> 'exact'"):
        other.execute(n_runs=2, out=tmp_path)
    assert stager.execute(n_runs=2, out=tmp_path)["metadata"]["n_distinct"] == metadata["n_distinct"]
