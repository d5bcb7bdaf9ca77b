"""Keys about drawn vectors in a configuration, and directions as an axis of a sweep."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.config.sweep import load_sweep
from tests.helpers.problems import problems_of
from tests.helpers.shared import SMALL

LEVEL = "arousal.level"
BLOCK = {"involved_clusters": ["E0", "E1", "E2"], "structured": False, "norm": "l2", "params": [0.4]}


def perturbed(**changed):
    return SMALL | {"perturbation": {"rate": BLOCK | changed}}


def swept(block=None, **changed):
    return {"config": perturbed(**(block or {})), "parameters": {LEVEL: [0, 0.5]}, "n_directions": 3} | changed


def test_the_coefficient_is_the_norm():
    for norm, order in (("l1", 1), ("l2", 2), ("linf", np.inf)):
        vector = load_experiment(perturbed(norm=norm)).timed_perturbations["rate"].vector
        assert np.linalg.norm(vector, order) == pytest.approx(0.4, rel=1e-14)


def test_a_resolved_configuration_draws_the_same_vectors():
    experiment = load_experiment(perturbed(orthogonal=True, direction=2))
    again = load_experiment(experiment.to_yaml())
    assert again == experiment
    np.testing.assert_array_equal(*(each.timed_perturbations["rate"].vector for each in (experiment, again)))


def test_nothing_new_stands_in_resolved_configurations_of_earlier_keys():
    block = {key: BLOCK[key] for key in ("involved_clusters", "structured", "params")}
    resolved = load_experiment(SMALL | {"perturbation": {"rate": block}}).resolved()["perturbation"]["rate"]
    assert resolved.keys() == {*block, "balance", "mean", "sigma"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"norm": "L2"}, 'norm: "L2" found; expected one of l1, l2, linf'),
        ({"norm": None}, "norm: missing value; expected one of l1, l2, linf"),
        ({"vectors": [[1.0, 1.0, 1.0]]}, 'norm: "l2" found beside vectors; norm is about drawn vectors'),
        ({"direction": 1, "params": [1.0, 1.0]}, "direction: found beside 2 coefficients in params; expected one"),
        ({"direction": 10**30}, "direction: "),
        ({"direction": 3, "orthogonal": True}, "orthogonal: 4 vectors on 3 populations found; expected at most 3"),
        ({"sigma": 0.0}, "norm: a vector whose entries are all 0 cannot have l2 norm 1; expected sigma above 0"),
        ({"orthogonal": 1}, "orthogonal: 1 found; expected true or false"),
    ],
)
def test_keys_that_do_not_fit(changed, said):
    assert [
        line.startswith(f"perturbation.rate.{said}") for line in problems_of(load_experiment, perturbed(**changed))
    ] == [True]


def test_directions_are_an_axis():
    sweep = load_sweep(swept())
    assert [(point.direction, point.values[LEVEL]) for point in sweep.points] == [
        (direction, level) for direction in range(3) for level in (0, 0.5)
    ]
    more = load_sweep(swept(n_directions=5, parameters={LEVEL: [0.2]}))
    np.testing.assert_array_equal(more.directions["rate"][:3], sweep.directions["rate"])
    np.testing.assert_allclose(np.linalg.norm(more.directions["rate"], axis=1), 1)
    for point in more.points:
        vector = sweep.experiment.replace(point.overrides).timed_perturbations["rate"].vector
        np.testing.assert_array_equal(vector, 0.4 * more.directions["rate"][point.direction])


def test_all_samples_have_all_directions():
    sampled = {"combine": "sampled", "n_samples": 4, "parameters": {LEVEL: {"from": 0, "to": 1}}}
    points = list(load_sweep(swept(**sampled)).points)
    levels = [point.values[LEVEL] for point in points]
    assert levels[:4] == levels[4:8] == levels[8:] and [point.direction for point in points[::4]] == [0, 1, 2]


def test_directions_alone_and_zipped():
    alone = {key: value for key, value in swept().items() if key != "parameters"}
    assert [point.direction for point in load_sweep(alone).points] == [0, 1, 2]
    zipped = swept(combine="zipped", parameters={LEVEL: [0, 0.1, 0.2]})
    assert [(point.direction, point.values[LEVEL]) for point in load_sweep(zipped).points] == [
        (0, 0),
        (1, 0.1),
        (2, 0.2),
    ]


KEY = "perturbation.rate"


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        (swept(n_directions=0), "n_directions: 0 found; expected a whole number >= 1"),
        (swept(config=SMALL), "n_directions: 3 found, but the configuration draws no vectors"),
        (
            swept({"orthogonal": True}, n_directions=4),
            "n_directions: 4 found, but perturbation.rate is orthogonal on 3",
        ),
        (swept({"direction": 1}), "n_directions: 3 found, but perturbation.rate has a direction, which has no effect"),
        (swept({"params": [1.0, 1.0]}), "n_directions: 3 found, but perturbation.rate has 2 coefficients"),
        (
            swept(parameters={f"{KEY}.direction": [0, 1]}),
            f"parameters.{KEY}.direction: n_directions sets the direction",
        ),
        (swept(parameters={KEY: [{"direction": 0}]}), f"parameters.{KEY}: n_directions sets the direction"),
        (swept(conditions={"a": {KEY: {"direction": 1}}}), f"conditions.a.{KEY}: n_directions sets the direction"),
        (swept(parameters={f"{KEY}.seed": [1, 2]}), "n_directions: direction 0 of rate differs between point 0"),
        (swept(combine="zipped"), "combine: zipped parameters need the same number of values; arousal.level has 2"),
        (swept(n_directions=60_000), "parameters: 120,000 points found; expected at most 100,000"),
    ],
)
def test_sweeps_over_directions_that_are_refused(sweep, said):
    assert problems_of(load_sweep, sweep)[0].startswith(said)
