"""The search for a metastable network: its steps on small grids, and what it says in the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.errors import InputError
from neuro_mod.execution.stagers.seeds import repeat_seed
from neuro_mod.execution.tuning import search, theory
from neuro_mod.execution.tuning.knobs import POTENTIATED, Knobs, Point
from neuro_mod.execution.tuning.results import describe_tuning
from neuro_mod.execution.tuning.search import TuningOptions, tune
from neuro_mod.execution.tuning.trials import SimulatedTrial, scouting_seed
from tests.helpers.shared import CONFIGS

SMALL = load_experiment(CONFIGS / "small.yaml", ["settings.save=false", "settings.plot=false"])
OPTIONS = TuningOptions(frozenset({1}))


@pytest.fixture(autouse=True)
def predicted(monkeypatch):
    """In place of the mean field: the uniform state is stable up to J+ 5.2, 1 and 2 active clusters from 5 and 6 on."""

    def leading(self, point):
        del self
        return {0: point.potentiation - 5.2, 1: 5 - point.potentiation, 2: 6 - point.potentiation}

    monkeypatch.setattr(theory.Predictions, "leading", leading)


def trial(seed, n_switches, shares=(0.0, 1.0), **others):
    n_active = sum(number * share for number, share in enumerate(shares))
    fine = {"distinct": True, "reassigned": 0.0}
    return SimulatedTrial(seed, n_active, tuple(shares), n_switches, 0.5, **fine | others)


@pytest.fixture
def simulated(monkeypatch):
    """Networks that switch more rarely the larger J+ is, 100 times at 5.2, in place of simulations."""
    calls: list[tuple[Point, int]] = []

    def simulate(self, point, seed, report):
        del self, report
        calls.append((point, seed))
        return trial(seed, round(100 * 2 ** (-(point.potentiation - 5.2) / 0.1)) if point.rate_factor == 1 else 0)

    monkeypatch.setattr(search.SimulateTrial, "__call__", simulate)
    return calls


def test_finds_the_potentiation_at_which_states_change_often_enough(simulated):
    found = tune(SMALL, OPTIONS, n_threads=1)
    assert found.found and found.best.point.rate_factor == 1
    assert 30 <= found.best.trials[0].n_switches <= 80  # it aims at 50
    assert found.best.leading is not None and found.best.leading[0] > 0 > found.best.leading[1]
    scouted = {seed for _, seed in simulated} - {trial.seed for trial in found.best.trials}
    assert scouted == {scouting_seed(256)}
    assert [each.seed for each in found.best.trials] == [repeat_seed(256, k) for k in range(3)]


def test_the_same_whatever_the_number_of_threads(simulated):
    one, two = (tune(SMALL, OPTIONS, n_threads=n) for n in (1, 2))
    assert describe_tuning(one) == describe_tuning(two)


def test_a_configuration_that_is_as_wanted_is_left_alone(monkeypatch):
    monkeypatch.setattr(search.SimulateTrial, "__call__", lambda self, point, seed, report: trial(seed, 50))
    found = tune(SMALL.replace({POTENTIATED: [5.3, 1.8, 2.1, 1.7]}), OPTIONS, n_threads=1)
    assert found.found and not found.maps and not found.scouts
    assert found.knobs.changes(found.best.point) == {}


def test_says_what_came_closest_where_nothing_switches(monkeypatch):
    monkeypatch.setattr(search.SimulateTrial, "__call__", lambda self, point, seed, report: trial(seed, 3))
    found = tune(SMALL, OPTIONS, n_threads=1)
    assert not found.found
    assert found.best.shortcomings(OPTIONS) == ["fewer than 20 switches"]
    assert len(found.scouts) > 0 and len(found.checked) == 2  # the best point, and the configuration


def test_simulations_without_theory_are_not_enough(monkeypatch):
    """No state with 5 of 6 active clusters is stable."""
    monkeypatch.setattr(
        search.SimulateTrial, "__call__", lambda self, point, seed, report: trial(seed, 50, (0, 0, 0, 0, 0, 1.0))
    )
    found = tune(SMALL, replace(OPTIONS, wanted=frozenset({5})), n_threads=1)
    assert not found.found and len(found.maps) == 2
    assert found.best.shortcomings(found.options) == [
        "in the mean field, no wanted state is stable while the uniform one is not"
    ]
    counts = describe_tuning(found)["maps"][0]
    assert counts["n_wanted"] == 0 and counts["active_without_uniform"] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"n_switches": 19}, ["fewer than 20 switches"]),
        ({"distinct": False}, ["active clusters and others do not have distinct rates"]),
        ({"reassigned": 0.3}, ["states too short to count fill more than 20 % of the time"]),
        ({"shares": (0.2, 0.3, 0.5)}, ["another number of clusters is active for more than 50 % of the time"]),
        ({"shares": (0.0, 0.5, 0.5)}, []),
    ],
    ids=["switches", "rates", "short", "number", "as wanted"],
)
def test_each_shortcoming_is_named(changes, expected):
    assert trial(1, **{"n_switches": 20} | changes).shortcomings({1}, 20) == expected


@pytest.mark.parametrize(
    ("changes", "overrides", "words"),
    [
        ({"wanted": frozenset({6})}, [], "active: 6 found; expected numbers from 1 to 5 of 6 clusters"),
        ({"wanted": frozenset()}, [], "active: nothing found"),
        ({"n_trials": 0}, [], "trials: 0 found"),
        ({"duration": 0.0}, [], "init_params.duration_sec"),
        ({}, ["external_currents.nu_ext_baseline=0"], "nu_ext_baseline: 0.0 found; expected a rate above 0"),
        (
            {},
            ["architecture.clusters={n_clusters: 1, n_background: [408, 102], j_potentiated: 1}"],
            "n_clusters: 1 found; expected at least 2; in a network without clusters nothing can switch",
        ),
    ],
    ids=["all", "none", "trials", "duration", "no input", "one cluster"],
)
def test_what_cannot_be_wanted(changes, overrides, words):
    with pytest.raises(InputError, match=words):
        tune(SMALL.replace(overrides) if overrides else SMALL, replace(OPTIONS, **changes))


def test_what_is_varied_is_what_is_written():
    knobs = Knobs(SMALL.replace({"external_currents.nu_ext_baseline": [7.0, 3.0], "stimulus.onsets": [0.5]}))
    assert knobs.changes(knobs.start) == {} and not knobs.experiment.stimulus.onsets
    changes = knobs.changes(Point(5.12345, 1.23457))
    assert changes == {
        "architecture.clusters.j_potentiated": [5.123, 1.8, 2.1, 1.7],
        "external_currents.nu_ext_baseline": [8.642, 3.704],
    }
    assert knobs.at(Point(5.12345, 1.23457)) == knobs.experiment.replace(changes)
    # a cluster of small.yaml holds three times the part of the neurons that one of the published network holds
    others = knobs.changes(Point(5.0, others_published=True))["architecture.clusters.j_potentiated"]
    assert others == [5.0, 1.817, 2.083, 1.667]
    assert knobs.strongest == pytest.approx(2 / 0.15 - 6, abs=1e-3)  # without a negative depression factor
