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


@pytest.mark.parametrize(
    ("times", "key", "found", "hint"),
    [
        (
            {"tau_synaptic": 1e-6},
            "tau_synaptic",
            "5e-05",
            "use the shifted response, which is accurate to about 1 % there",
        ),
        (
            {"tau_synaptic": [5e-3, 0.4]},
            "tau_synaptic",
            "20",
            "simulate, or use the shifted response, which is far off there",
        ),
        ({"tau_refractory": 0.5}, "tau_refractory", "0.25", "simulate, or use the shifted response"),
    ],
)
def test_time_constants_that_the_exact_response_does_not_cover_are_refused(times, key, found, hint):
    config = {"settings": {"allow_unusual": True}, "init_params": {"tau_membrane": 20e-3} | times}
    (said,) = problems_of(lambda: load_experiment(config, ["mean_field.response=exact"]))
    assert said.startswith(f"init_params.{key}: tau_synaptic/tau_membrane {found}, tau_refractory/tau_membrane ")
    assert "found with init_params.tau_membrane and mean_field.response: exact; expected tau_syn" in said
    assert said.endswith(hint)
    load_experiment(config)


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
