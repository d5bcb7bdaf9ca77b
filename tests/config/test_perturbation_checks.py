"""Perturbations that keep parameters within their bounds, or do not: in which population, and from which time on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.errors import ConfigError
from tests.helpers.shared import SMALL

RAMP = {"shape": "ramp", "rise_time": 0.1}  # at 0.05 s it has reached a half; the run ends at 0.2 s
RESET = {"init_params": {"duration_sec": 0.2, "reset_voltage": [0.25, 0.0]}}


def perturbed(target: str, population: str, size: float, **times: Any) -> dict[str, Any]:
    block = {"vectors": [[size]], "involved_clusters": [[population]], "params": [1.0]}
    return SMALL | RESET | {"perturbation": {target: block | ({"time_dependence": times} if times else {})}}


#: For each bound of each target: population, twice the way from the default to the bound, whether the bound itself is
#: possible, and the bound in words.
CASES = [
    ("j_baseline", "E1", -2.0, True, "at least 0"),
    ("j_potentiated", "I2", -2.0, True, "at least 0"),
    ("threshold", "E0", -2.5, False, "above the reset voltage"),
    ("threshold", "I_background", -1.5, False, "above the reset voltage"),
    ("tau_membrane", "E2", -0.04, False, "above 0"),
    ("tau_synaptic", "I0", -0.01, False, "above 0"),
    ("tau_refractory", "E_background", -0.01, True, "at least 0"),
    ("arousal_L", "E0", 0.5, True, "at least 0 and at most 1"),
    ("arousal_L", "E0", -1.5, True, "at least 0 and at most 1"),
    ("arousal_x_0", "E1", -0.4, False, "above 0 and below 1"),
    ("arousal_x_0", "E1", 1.6, False, "above 0 and below 1"),
    ("arousal_k", "E2", -2.5, False, "above 0"),
    ("arousal_M", "I1", -26.25, True, "at least 0"),
]


@pytest.mark.parametrize(("target", "population", "size", "bound_is_possible", "bound"), CASES)
def test_parameter_out_of_bounds(target, population, size, bound_is_possible, bound):
    with pytest.raises(ConfigError) as caught:
        load_experiment(perturbed(target, population, size, **RAMP))
    (problem,) = caught.value.problems
    assert problem.key == f"perturbation.{target}.params" and problem.expected == bound
    step = 101 if bound_is_possible else 100  # the ramp is at a half in step 100, at 0.05 s
    # where the bound itself is excluded, rounding may delay reaching it by one step
    times = [f"{(step + late) * 0.5e-3:.10g} s on" for late in ((0,) if bound_is_possible else (0, 1))]
    assert any(problem.found.endswith(f" in {population} from {time}") for time in times), problem.found
    assert problem.found.startswith(target) and " becomes " in problem.found
    load_experiment(perturbed(target, population, 0.49 * size, **RAMP))


@pytest.mark.parametrize(("target", "population", "size", "bound_is_possible", "bound"), CASES)
def test_only_while_it_acts(target, population, size, bound_is_possible, bound):
    for times, when in (({}, "0"), ({"onset_time": 0.1}, "0.1"), ({"onset_time": 0.125, "offset_time": 0.15}, "0.125")):
        with pytest.raises(
            ConfigError, match=f"{target}.* becomes .* in {population} from {when} s on; expected {bound}"
        ):
            load_experiment(perturbed(target, population, 1.01 * size, **times))
    load_experiment(perturbed(target, population, 1.01 * size, shape="ramp", rise_time=0.5))  # 0.4 of it at the end
    if bound_is_possible:
        load_experiment(perturbed(target, population, 0.5 * size))
    del bound


@pytest.mark.parametrize(("target", "size"), [("rate", -1e3), ("rate", 1e3), ("arousal_level", -9.0), ("j_ext", -9.0)])
def test_clipped_and_unbounded_parameters_are_always_valid(target, size):
    load_experiment(perturbed(target, "E1", size))


def test_the_sign_of_the_time_course_counts():
    sine = {"shape": "sine", "frequency": 5.0}  # 0.2 s for one period: negative in its second half
    with pytest.raises(ConfigError, match=r"tau_membrane becomes -\S+ in E0 from 0\.1\d* s on"):
        load_experiment(perturbed("tau_membrane", "E0", 0.03, **sine))
    with pytest.raises(ConfigError, match=r"tau_membrane becomes -\S+ in E0 from 0\.0\d* s on"):
        load_experiment(perturbed("tau_membrane", "E0", -0.03, **sine))
    load_experiment(perturbed("tau_membrane", "E0", 0.03, **sine, offset_time=0.1))


def test_a_population_with_its_own_parameter():
    own = {"tau_membrane": [0.02, 0.02, 0.005, 0.02, 0.02, 0.02, 0.02, 0.02], "duration_sec": 0.2}
    block = {"vectors": [[-0.01] * 8], "involved_clusters": [list(range(8))], "params": [1.0]}
    with pytest.raises(ConfigError, match=r"tau_membrane becomes -0\.005 in E2 from 0 s on"):
        load_experiment(SMALL | {"init_params": own, "perturbation": {"tau_membrane": block}})


def test_the_problems_of_all_targets_are_reported_together():
    bad = {"vectors": [[-9.0]], "involved_clusters": [["E1"]], "params": [1.0]}
    unknown = bad | {"involved_clusters": [["E7"]]}
    blocks = {"threshold": bad, "tau_synaptic": bad, "rate": unknown, "j_ext": bad | {"params": [1.0, 2.0]}}
    with pytest.raises(ConfigError) as caught:
        load_experiment(SMALL | {"perturbation": blocks})
    assert {problem.key for problem in caught.value.problems} == {
        "perturbation.threshold.params",
        "perturbation.tau_synaptic.params",
        "perturbation.rate.involved_clusters[0][0]",
        "perturbation.j_ext.params",
    }


def test_drawn_vectors_are_checked():
    block = {"involved_clusters": ["E0", "E1"], "params": [2.0], "structured": False, "mean": -1.0, "sigma": 0.0}
    with pytest.raises(ConfigError, match=r"threshold becomes -0\.5 in E0 from 0 s on"):
        load_experiment(SMALL | {"perturbation": {"threshold": block}})
    load_experiment(SMALL | {"perturbation": {"threshold": block | {"mean": 1.0}}})


def test_the_earliest_violation_is_reported_whichever_the_population():
    """E1 is out of bounds at a third of the ramp, E0 at two thirds."""
    ramp = {"shape": "ramp", "rise_time": 0.15}
    block = {"vectors": [[-0.03, -0.06]], "involved_clusters": [["E0", "E1"]], "params": [1], "time_dependence": ramp}
    with pytest.raises(ConfigError, match=r"tau_membrane becomes \S+ in E1 from 0\.05\d* s on"):
        load_experiment(SMALL | {"perturbation": {"tau_membrane": block}})


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"onset_time": 0.05, "offset_time": 0.15}, {"onset_time": 0.05}),
        ({"shape": "ramp", "onset_time": 0.05, "offset_time": 0.15}, {"onset_time": 0.05, "rise_time": 0.1}),
        ({"shape": "ramp", "rise_time": 0.02, "offset_time": 0.15}, {"rise_time": 0.02}),
        ({"onset_time": 0.02, "offset_time": 0.1}, {"onset_time": 0.02, "offset_time": 0.1}),
        ({"onset_time": 0.1}, None),
        (None, {}),
    ],
)
def test_windows_end_with_a_shorter_run(when, expected):
    block = {"involved_clusters": [["E0"]], "params": [1], "seed": 1} | ({"time_dependence": when} if when else {})
    whole = load_experiment(SMALL | {"perturbation": {"rate": block}})
    shorter = whole.lasting(0.1)
    assert shorter.init_params.duration_sec == 0.1 and load_experiment(shorter.to_yaml()) == shorter
    if expected is None:
        assert not shorter.perturbation.blocks
        return
    kept = shorter.perturbation.blocks["rate"].time_dependence
    assert (kept.given() if kept else {}) == pytest.approx({"onset_time": 0.0} | expected if when else {})
    times = np.arange(200) * 0.5e-3
    course = [experiment.timed_perturbations["rate"].time_course for experiment in (whole, shorter)]
    np.testing.assert_allclose(course[1](times), course[0](times), atol=1e-15)
