"""The theory of the mean field in a configuration: simulations do not depend on it, plans of before still fit."""

from __future__ import annotations

import pytest

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.sweep import load_sweep
from neuro_mod.core.mean_field.core.theory import DEFAULT_THEORY
from neuro_mod.errors import ConfigError
from neuro_mod.execution.sweep.from_file import FileSweepJob
from tests.helpers.problems import problems_of

BOTH = {"response": "exact", "closure": "renewal"}


def test_the_default_theory_is_that_of_the_core():
    assert Experiment().mean_field.model_dump() == vars(DEFAULT_THEORY)


def test_simulations_do_not_depend_on_the_theory():
    assert load_experiment({"mean_field": BOTH}).determining() == Experiment().determining()
    assert "mean_field" not in Experiment().determining()
    assert load_experiment({"mean_field": BOTH}).resolved()["mean_field"] == BOTH


def test_a_theory_can_be_set_and_a_wrong_one_is_named():
    assert load_experiment({}, ["mean_field.response=exact"]).mean_field.model_dump() == {
        "response": "exact",
        "closure": "poisson",
    }
    found = problems_of(lambda: load_experiment({"mean_field": {"closure": "Poisson", "order": 2}}))
    assert sorted(found) == [
        'mean_field.closure: "Poisson" found; expected one of poisson, renewal',
        "mean_field.order: unknown key; valid: response, closure",
    ]


@pytest.mark.parametrize("measures", [["rates"], ["rates", "fixed_points"]])
@pytest.mark.parametrize(
    "axis",
    [
        {"parameters": {"mean_field.response": ["shifted", "exact"]}},
        {"conditions": {"one": {}, "other": {"mean_field": {"closure": "renewal"}}}},
    ],
)
def test_a_theory_is_not_swept_beside_simulations(measures, axis):
    with pytest.raises(ConfigError, match="simulations do not depend on it; sweep it with measures of the mean field"):
        load_sweep({"config": {}, "measures": measures, **axis})
    assert len(load_sweep({"config": {}, "measures": ["fixed_points"], **axis}).points) == 2


def test_plans_of_sweeps_have_the_theory_only_where_a_measure_depends_on_it():
    def plan(measures, **theory):
        config = {"mean_field": theory}
        described = {"config": config, "measures": measures, "parameters": {"arousal.level": [0, 0.1]}}
        return FileSweepJob(load_sweep(described)).identity

    assert plan(["rates"], **BOTH) == plan(["rates"])
    before, now = plan(["fixed_points"]), plan(["fixed_points"], **BOTH)
    assert "response" not in before["mean_field"]  # as in plans of earlier versions
    assert now["mean_field"] == before["mean_field"] | BOTH
