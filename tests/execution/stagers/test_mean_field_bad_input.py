"""Bad input to the stagers of the mean field: one error, which names the argument, its value and what is valid."""

from __future__ import annotations

import time

import numpy as np
import pytest

from neuro_mod.errors import ConfigError, InputError
from neuro_mod.execution.stagers import BifurcationStager, FullMeanFieldStager, ReducedMeanFieldStager
from tests.helpers.shared import SMALL

NAN, INF = float("nan"), float("inf")
J_EE = "architecture.clusters.j_potentiated[0]"


def refused(kind, message, config=SMALL, error=InputError, stager_options=None, **options):
    with pytest.raises(error, match=message):
        kind(config, **(stager_options or {})).run(**options)


@pytest.mark.parametrize("kind", [FullMeanFieldStager, ReducedMeanFieldStager, BifurcationStager])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_z": 0}, "n_z: 0 found; expected a whole number from 1 to 100"),
        ({"n_z": 100_000}, "n_z: 100000 found; expected a whole number from 1 to 100"),
        ({"n_z": 2.0}, "n_z: 2.0 found"),
        ({"n_z": True}, "n_z: true found"),
        ({"random_seed": -1}, "settings.random_seed: -1 found"),
        ({"random_seed": 1.5}, "settings.random_seed: 1.5 found"),
        ({"overrides": ["arousal.levl=1"]}, "levl: unknown key"),
        ({"perturbation_time": -0.1}, "perturbation_time: -0.1 found; expected seconds from 0"),
        ({"perturbation_time": NAN}, "perturbation_time: nan found"),
        ({"perturbation_time": "0.1"}, 'perturbation_time: "0.1" found'),
        ({"perturbation_time": True}, "perturbation_time: true found"),
        ({"perturbation_time": [0.1]}, r"perturbation_time: \[0.1\] found"),
        ({"overrides": ["architecture.network.j_baseline=[1e200, 1, -1, -1]"]}, "expected a number below 1e.12"),
        ({"overrides": ["external_currents.j_ext=1e200"]}, "expected a number below 1e.12"),
    ],
)
def test_stagers(kind, options, message):
    refused(kind, message, stager_options=options)


def test_a_perturbation_that_is_possible_in_the_run_but_not_at_the_time():
    """1.5 - 2 sin(pi t) is positive for all of the run, 0.2 s, and not at 0.5 s."""
    sine = {"shape": "sine", "frequency": 0.5, "onset_time": 0.0}
    block = {"vectors": [[1]], "involved_clusters": [["E1"]], "params": [-2.0], "time_dependence": sine}
    config = SMALL | {"perturbation": {"threshold": block}}
    FullMeanFieldStager(config, perturbation_time=0.19)
    options = {"perturbation_time": 0.5}
    refused(FullMeanFieldStager, r"perturbation of threshold becomes -0\.5 in E1", config, stager_options=options)
    refused(FullMeanFieldStager, "threshold becomes", _threshold(-100), ConfigError)


def _threshold(size):
    block = {"vectors": [[1]], "involved_clusters": [["E1"]], "params": [size]}
    return SMALL | {"perturbation": {"threshold": block}}


@pytest.mark.parametrize("n_runs", [-1, 1.0, 2.5, True, "3", None, NAN])
def test_number_of_runs(n_runs):
    refused(FullMeanFieldStager, "n_runs: .* found; expected a whole number from 0", n_runs=n_runs)


def test_too_many_runs(monkeypatch):
    refused(FullMeanFieldStager, "n_runs: 1000000000 found; expected a whole number from 0 to 100000", n_runs=10**9)
    monkeypatch.setattr("neuro_mod.execution.stagers.memory._physical_memory", lambda: 1e6)
    refused(FullMeanFieldStager, "100000 random starts would need .* GB of memory; use fewer", n_runs=100_000)


@pytest.mark.parametrize(
    ("nu_init", "message"),
    [
        (np.ones(8), r"nu_init: shape \(8,\) found; expected rates \(n_runs, 8\) in Hz"),
        (np.ones((2, 7)), r"shape \(2, 7\)"),
        (np.ones((1, 2, 8)), r"shape \(1, 2, 8\)"),
        (np.full((2, 8), NAN), "nu_init: values that are not rates found"),
        (np.full((2, 8), INF), "not rates"),
        (np.full((2, 8), 1e300), "not rates found; expected Hz, from 0 to 1e[+]09"),
        (-np.ones((2, 8)), "not rates"),
        ([["a"] * 8], "not rates"),
        ([[None] * 8], "not rates"),
        ([[1j] * 8], "not rates"),
        ([[1.0] * 8, [1.0] * 7], "not rates"),
    ],
)
def test_starts(nu_init, message):
    refused(FullMeanFieldStager, message, nu_init=nu_init)


@pytest.mark.parametrize("highest", [0, -1.0, NAN, INF, 1e300, "x", None, [1.0, 2.0]])
def test_highest_start(highest):
    refused(FullMeanFieldStager, "highest_start: .* found; expected a positive rate in Hz", highest_start=highest)


@pytest.mark.parametrize(
    ("focus", "message"),
    [
        ([], "expected at least one population"),
        ([0, 0], "each once"),
        ([0, "E0"], "each once"),
        ([8], "population: 8 found; expected 0 to 7, or E0 to E2, E_background, I0 to I2, I_background"),
        ([-1], "population: -1 found"),
        (["E3"], 'population: "E3" found'),
        ([0.0], "population: 0.0 found"),
        ([None], "population: nothing found"),
        (0, "focus_pops: 0 found; expected a list"),
        (None, "focus_pops: nothing found; expected a list"),
        ("E0", 'focus_pops: "E0" found; expected a list'),
    ],
)
def test_focus_populations(focus, message):
    refused(ReducedMeanFieldStager, message, focus_pops=focus)


@pytest.mark.parametrize(
    ("density", "limits", "message"),
    [
        (0.0, (0, 60), "grid_density: 0.0 found; expected a distance in Hz above 0, and at most 60"),
        (-1.0, (0, 60), "grid_density: -1.0 found"),
        (NAN, (0, 60), "grid_density: nan found"),
        (61.0, (0, 60), "at most 60"),
        ("x", (0, 60), "and 'x' found; expected"),
        (None, (0, 60), "and None found"),
        (5.0, (60, 0), r"grid_lims: \[60, 0\] found; expected 0 <= lowest < highest"),
        (5.0, (0, 0), "grid_lims: "),
        (5.0, (-5, 60), "grid_lims: "),
        (5.0, (0, NAN), "grid_lims: "),
        (5.0, (0, INF), "grid_lims: "),
        (1e299, (0, 1e300), "<= 1e[+]09, in Hz"),
        (5.0, (0,), "expected [(]lowest, highest[)] and a distance, in Hz"),
        (5.0, (0, 1, 2), "expected [(]lowest, highest[)] and a distance, in Hz"),
        (5.0, None, "grid_lims, grid_density: None and"),
        (5.0, 60, "grid_lims, grid_density: 60 and"),
        (5.0, "ab", "grid_lims, grid_density: 'ab' and"),
        (1e-9, (0, 60), r"6e\+10 points on each axis; use a larger one"),
        (1e-300, (0, 60), "points on each axis"),
    ],
)
def test_grids(density, limits, message):
    refused(ReducedMeanFieldStager, message, grid_density=density, grid_lims=limits)


@pytest.mark.parametrize(
    ("focus", "density"),
    [([0, 1], 1e-4), ([0, 1, 2], 0.06), (list(range(8)), 1.0)],
)
def test_a_grid_of_hundreds_of_gigabytes_is_refused_at_once(focus, density):
    begin = time.perf_counter()
    message = r"points of this grid would need .* GB of memory; use a larger grid_density or fewer focus_pops"
    refused(ReducedMeanFieldStager, message, focus_pops=focus, grid_density=density)
    assert time.perf_counter() - begin < 5.0


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("downhill", 'path: "downhill" found; expected minimum_force, straight, or an array'),
        ("", 'path: "" found'),
        (None, "path: values that are not rates found"),
        (5.0, r"path: shape \(\) found"),
        ([[0, 1]], r"path: shape \(1, 2\)"),
        ([[0, 1], [0, 1]], "not all the same"),
        ([[0, 1, 2], [1, 2, 3]], r"path: shape \(2, 3\) found; .*rates \(K, 2\)"),
        ([[0, 1], [2, NAN]], "not rates found"),
        ([[0, 1], [2, -1]], "not rates found"),
        ([[0, 1], [2, 1e300]], "not rates found"),
        ([["a", "b"], [1, 2]], "not rates found"),
        ([[0, 1], [2]], "not rates found"),
    ],
)
def test_paths_are_refused_before_the_grid_is_solved(path, message, monkeypatch):
    solver = "neuro_mod.execution.stagers.mean_field.reduced.field_on_grid"
    monkeypatch.setattr(solver, lambda *_: pytest.fail("it solved the grid"))
    refused(ReducedMeanFieldStager, message, path=path)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ((2.0, 1.0), r"limits: \[2.0, 1.0\] found; expected finite values, the smallest first"),
        ((1.0, 1.0), "limits: "),
        ((NAN, 1.0), "limits: "),
        ((1.0, INF), "limits: "),
        ((1.0,), "expected [(]smallest, largest[)]"),
        ((1.0, 2.0, 3.0), "expected [(]smallest, largest[)]"),
        (None, "limits: nothing found"),
        ("ab", 'limits: "ab" found'),
        ((-5.0, 1.0), "-5.0 found; expected a number >= 0"),
        ((1.0, 100.0), "at most 5 for 3 clusters of these sizes"),
    ],
)
def test_limits(limits, message):
    refused(BifurcationStager, message, limits=limits)


@pytest.mark.parametrize(
    ("parameter", "limits", "message"),
    [
        ("nope", (1, 2), "nope: unknown key; valid: init_params"),
        ("arousal", (0, 1), "expected a mapping"),
        ("arousal.level", (0, 2), "arousal.level: 2.0 found; expected a number >= 0 and <= 1"),
        ("init_params.threshold", (-1, 1), "expected more than init_params.reset_voltage"),
        ("external_currents.j_ext[5]", (0, 1), "index out of range"),
        ("a b", (0, 1), "cannot read the key"),
        ("settings.save", (0, 1), "expected true or false"),
        ("architecture.network.n_neurons", (60, 90), "expected a whole number"),
        ("perturbation.rate.params[0]", (0, 1), "has no default"),
        (None, (0, 1), "parameter: nothing found; expected the key of a number, such as architecture"),
        (3, (0, 1), "parameter: 3 found"),
    ],
)
def test_parameters(parameter, limits, message):
    refused(BifurcationStager, message, parameter=parameter, limits=limits)


def test_the_number_of_clusters_is_no_parameter():
    """It is a whole number, and other numbers make other populations."""
    architecture = {"network": SMALL["architecture"]["network"], "clusters": {"n_background": [10, 5]}}
    architecture["clusters"] |= {"n_clusters": 3, "depress": False}
    config = SMALL | {"architecture": architecture}
    for limits in ((1, 3), (1, 1.5)):
        refused(
            BifurcationStager,
            "n_clusters|populations",
            config,
            parameter="architecture.clusters.n_clusters",
            limits=limits,
        )


def test_a_perturbation_that_becomes_impossible_on_the_way():
    refused(
        BifurcationStager,
        "threshold becomes -3.5 in E1",
        _threshold(0.1),
        parameter="perturbation.threshold.params[0]",
        limits=(-5, 1),
    )


@pytest.mark.parametrize("n_active", [[-1], [3], [4], [0, 99], ["a"], [0.5], [[1]], 3, "abc"])
def test_numbers_of_active_clusters(n_active):
    refused(
        BifurcationStager,
        "n_active: .* found; expected a list of numbers from 0 to 2",
        limits=(1, 2),
        n_active=n_active,
    )


@pytest.mark.parametrize("n_values", [1, 0, -3, 2.0, True, "3", None])
def test_number_of_values(n_values):
    refused(
        BifurcationStager, "n_values: .* found; expected a whole number of at least 2", limits=(1, 2), n_values=n_values
    )
