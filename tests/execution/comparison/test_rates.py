from __future__ import annotations

import csv
import signal
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.random import Stream
from neuro_mod.errors import InputError, Interrupted
from neuro_mod.execution.comparison.rates import compare
from neuro_mod.execution.comparison.results import describe_comparison, save_comparison
from neuro_mod.execution.comparison.simulation import SimulateRates
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.assembly import build_circuit
from neuro_mod.storage.run_folder import RunFolder
from tests.helpers.folders import arrays_in
from tests.helpers.shared import SMALL

#: A constant drive that makes one cluster active, over arousal that differs between neurons.
DRIVEN = SMALL | {
    "arousal": {"level": 0.6},
    "perturbation": {"rate": {"params": [14.0], "involved_clusters": [["E0"]], "vectors": [[1]]}},
}
PULSE = {"onset_time": 0.05, "offset_time": 0.15}


@pytest.fixture(scope="module")
def experiment():
    return load_experiment(DRIVEN)


@pytest.fixture(scope="module")
def comparison(experiment):
    return compare(experiment, 3, 0.1)


def rates_by_hand(config, seed, duration, first, **options):
    """Smoothed rates from a plain run; bins of 5 ms, a Gaussian of 25 ms."""
    outputs = StageSNNSimulation(config, seed).run(duration_sec=duration, record=(), **options)
    return gaussian_filter1d(outputs["rates"], 5, axis=0)[first:]


def test_rates_are_those_of_plain_runs(experiment, comparison):
    simulation = comparison.simulation
    assert simulation.rates.shape == (3, 40, 8) and simulation.settling == pytest.approx(0.1)
    for k in (0, 2):
        seed = Stream(experiment.settings.random_seed, "repeat", (k,)).derived_seed
        assert simulation.seeds[k] == seed
        assert np.array_equal(simulation.rates[k], rates_by_hand(experiment, seed, 0.3, 20))


def test_groups_by_hand(comparison):
    """With loops over trials, bins and clusters: 10 E and 5 I neurons in a cluster."""
    rates, groups = comparison.simulation.rates, {}
    for trial in rates:
        for now in trial:
            for cluster in range(3):
                state = "active" if now[cluster] > 20 else "inactive"
                groups.setdefault(f"E {state}", []).append(now[cluster])
                groups.setdefault(f"I {state}", []).append(now[4 + cluster])
    found = comparison.simulated()
    for group, values in groups.items():
        assert found[group].mean == pytest.approx(np.mean(values), rel=1e-5)
    assert {"E active", "E inactive"} <= set(groups)
    assert found["E background"].mean == pytest.approx(rates[..., 3].mean(), rel=1e-5)
    in_trial = (10 * rates[..., :3].sum(axis=2) + 10 * rates[..., 3]).mean(axis=1) / 40
    assert found["all E"].mean == pytest.approx(in_trial.mean(), rel=1e-5)
    assert found["all E"].standard_error == pytest.approx(in_trial.std(ddof=1) / np.sqrt(3), rel=1e-4)
    assert comparison.n_active.mean == pytest.approx(len(groups["E active"]) / 120)
    parts = comparison.time_by_n_active()
    assert parts.sum() == pytest.approx(1) and parts @ np.arange(4) == pytest.approx(comparison.n_active.mean)


def test_settled_rates_by_hand(comparison):
    """None changes within 50 ms before and after, which are 10 bins, and the usual number is active."""
    rates = comparison.simulation.rates.copy()
    rates[..., :3] = [60, 5, 5]
    rates[0, 15:25, 1] = 30  # a second one, for 10 bins
    made = replace(comparison, simulation=replace(comparison.simulation, rates=rates))
    kept = np.concatenate([rates[0, :5], rates[0, 35:], *rates[1:]])
    found = made.simulated(settled=True)
    assert found["E active"].mean == 60 and found["E inactive"].mean == 5
    assert made.simulated()["E active"].mean == pytest.approx((120 * 60 + 10 * 30) / 130)
    assert found["all I"].mean == pytest.approx(kept[:, 4:].mean(), rel=1e-5)
    row = describe_comparison(made, "float32")["comparison"][0]
    assert (row["group"], row["settled_hz"]) == ("E active", 60)


def test_the_usual_number_of_active_clusters_is_the_most_frequent(comparison):
    """Not the rounded mean, which is 1 and hardly ever seen."""
    rates = np.full_like(comparison.simulation.rates, 5)
    rates[:, :18, :3] = 60
    made = replace(comparison, simulation=replace(comparison.simulation, rates=rates))
    assert made.n_active.mean == pytest.approx(1.35) and made.usual_n_active == 0
    assert made.simulated(settled=True)["E inactive"].mean == 5
    assert np.isnan(made.simulated(settled=True)["E active"].mean)


def test_theory_is_that_of_a_direct_solution(experiment, comparison):
    """With the average over z, as every neuron of the simulated network has its own."""
    field = LIFMeanField.from_circuit(build_circuit(experiment), 12)
    rates = field.solve_rates().x
    assert len(comparison.states) == 1 and comparison.nearest == 0
    np.testing.assert_allclose(comparison.states[0].rates, rates, rtol=1e-8)
    theory = comparison.in_theory(comparison.states[0])
    assert theory["E active"] == pytest.approx(rates[0]) and theory["I inactive"] == pytest.approx(rates[5:7].mean())
    assert theory["all I"] == pytest.approx((5 * rates[4:8]).sum() / 20)
    assert rates[0] > 20 > rates[1]


def with_points(comparison, points):
    """A comparison with other steady states of the configuration's theory."""
    predictions = comparison.predictions
    found = replace(predictions.chosen.found, points=points)
    return replace(comparison, predictions=replace(predictions, chosen=replace(predictions.chosen, found=found)))


def test_without_stable_states_all_are_listed(comparison):
    state = comparison.states[0]
    unstable = [replace(state, kind="saddle", active=active) for active in ((), (0, 1), (0, 1, 2))]
    found = with_points(comparison, tuple(unstable))
    assert len(found.states) == 3 and len(found.states[found.nearest].active) in (0, 2)
    nothing = with_points(comparison, ())
    assert nothing.nearest is None and not nothing.validity()
    rows = describe_comparison(nothing, "float32")["comparison"]
    assert rows[0]["shifted_poisson_hz"] is None and rows[0]["exact_renewal_hz"] is not None


def test_histogram(comparison):
    counts, edges = comparison.histogram()
    rates = comparison.simulation.rates[..., :3]
    assert counts.sum() == rates.size and edges[0] == 0 and edges[-1] > rates.max()
    assert counts[5] == np.sum((rates >= edges[5]) & (rates < edges[6]))


@pytest.mark.parametrize("n_threads", [1, 3])
def test_more_trials_and_threads_change_no_trial(experiment, comparison, n_threads):
    more = compare(experiment, 4, 0.1, n_threads=n_threads, theories=[])
    assert np.array_equal(more.simulation.rates[:3], comparison.simulation.rates)
    assert np.array_equal(more.found.points[0].rates, comparison.found.points[0].rates)


def test_files(comparison, tmp_path):
    metadata = describe_comparison(comparison, "float32")
    save_comparison(RunFolder(tmp_path), comparison, metadata)
    with (tmp_path / "data/comparison.csv").open() as file:
        rows = {row["group"]: row for row in csv.DictReader(file)}
    assert float(rows["E active"]["simulated_hz"]) == comparison.simulated()["E active"].mean
    mean_of_one = pytest.approx(comparison.states[0].rates[0], rel=1e-14)  # sum over neurons, over their number
    assert float(rows["E active"]["state_0_active_1_hz"]) == mean_of_one
    saved = arrays_in(tmp_path / "data/comparison.npz")
    assert np.array_equal(saved["rates"], comparison.simulation.rates)
    assert saved["state_rates"].shape == (1, 8) and saved["histogram_counts"].sum() == 360
    with (tmp_path / "data/validity.csv").open() as file:
        judged = list(csv.DictReader(file))
    assert judged[0] | {"limit": ""} == {
        "assumption": "fast synapses",
        "quantity": "sqrt(tau_s/tau_m)",
        "population": "E0",
        "value": "0.5",
        "limit": "",
        "kept": "False",
    }


def test_times_count_from_the_end_of_the_settling():
    """A pulse comes 0.1 s later in a plain run; what acts at time 0 acts before it."""
    block = {"params": [14.0], "involved_clusters": [["E0"]], "vectors": [[1]], "time_dependence": PULSE}
    constant = {"params": [0.2], "involved_clusters": [["E1"]], "vectors": [[1]]}
    found = compare(
        load_experiment(SMALL | {"perturbation": {"rate": block, "threshold": constant}}), 1, 0.1, theories=[]
    )
    values = np.zeros((8, 600))
    values[0, 300:500] = 14.0  # steps of 0.5 ms
    threshold = np.zeros(8)
    threshold[1] = 0.2
    given = {"rate": values, "threshold": threshold}
    expected = rates_by_hand(SMALL, found.simulation.seeds[0], 0.3, 20, perturbations=given)
    assert np.array_equal(found.simulation.rates[0], expected)
    assert len(found.notes) == 1 and "perturbation of rate changes in time" in found.notes[0]
    assert found.theory.circuit.external_rate[0, 0] == 9.0 + 14.0


def test_it_says_what_the_theory_leaves_out():
    config = SMALL | {
        "arousal": {"level": 0.6},
        "stimulus": {"onsets": [0.05], "amplitude": 0.5, "duration_sec": 0.02},
        "architecture": SMALL["architecture"]
        | {"network": SMALL["architecture"]["network"] | {"in_degree": "binomial"}},
    }
    notes = compare(load_experiment(config), 1, 0.0, n_z=1, theories=[]).notes
    for words, note in zip(("stimulus", "numbers of synapses", "n_z is 1"), notes, strict=True):
        assert words in note


def test_arousal_that_is_the_same_for_all_needs_no_average():
    config = SMALL | {"arousal": {"level": 0.6, "heterogeneity": "none"}}
    found = compare(load_experiment(config), 1, 0.0, theories=[])
    assert found.theory.n_z == 1 and not found.notes


def test_a_network_without_clusters():
    config = SMALL | {
        "architecture": {
            "network": {"n_neurons": 60, "n_excitatory": 40},
            "clusters": {"n_clusters": 0, "n_background": [40, 20]},
        }
    }
    found = compare(load_experiment(config), 2, 0.0, theories=[])
    assert found.n_active.mean == 0 and found.time_by_n_active().tolist() == [1.0]
    simulated = found.simulated()
    assert np.isnan(simulated["E active"].mean) and simulated["all E"] == simulated["E background"]
    assert found.histogram()[0].sum() == 0


def test_where_the_assumptions_are_kept_theory_and_simulation_agree():
    """5000 neurons without clusters, sparse, with weak and fast synapses: within 3 %, as the sampling error is 1 %."""
    config = {
        "init_params": {
            "duration_sec": 1.0,
            "delta_t": 1e-4,
            "tau_synaptic": 1e-3,
            "tau_refractory": 2e-3,
            "threshold": 1.0,
        },
        "architecture": {
            "network": {
                "n_neurons": 5000,
                "n_excitatory": 4000,
                "connectivity_fraction_probs": 0.1,
                "j_baseline": [0.1, 0.1, -0.6, -0.6],
            },
            "clusters": {"n_clusters": 0, "n_background": [4000, 1000]},
        },
        "external_currents": {"c_ext": [1000, 1000], "nu_ext_baseline": [7.0, 7.0], "j_ext": [0.5, 0.5]},
    }
    found = compare(load_experiment(config), 1, theories=[])
    assert [each.name for each in found.validity() if not each.kept] == []
    theory, simulated = found.in_theory(found.states[0]), found.simulated()
    for group in ("all E", "all I"):
        assert simulated[group].mean == pytest.approx(theory[group], rel=0.03)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "n_trials: 0 found"),
        ((1.5,), r"n_trials: 1\.5 found"),
        ((1, -1.0), r"settling: -1\.0 found"),
        ((1, float("nan")), "settling: nan found"),
        ((10**9,), "n_trials: 1000000000 found; .* from 1 to 10000"),
        ((1, 1e9), r"a settling time of 1e\+09 s and a run of .* s are too long; expected at most 2147483647 steps"),
    ],
)
def test_numbers_out_of_bounds(experiment, arguments, message):
    with pytest.raises(InputError, match=message):
        compare(experiment, *arguments)


def test_theories_are_a_list(experiment):
    with pytest.raises(InputError, match='theories: "exact/renewal" found; expected a list of some of shifted/poisson'):
        compare(experiment, theories="exact/renewal")


def test_a_configuration_may_be_given_as_a_mapping(experiment):
    assert compare(DRIVEN, 1, 0.1, theories=[]).table().equals(compare(experiment, 1, 0.1, theories=[]).table())


def test_ctrl_c_keeps_complete_trials(experiment, comparison, monkeypatch):
    simulated = SimulateRates.__call__

    def interrupt_in_the_second(self, planned, report):
        if planned.seed == comparison.simulation.seeds[1]:
            signal.raise_signal(signal.SIGINT)  # handled by the main thread
            while True:
                report(0.0)  # until it is told to stop
        return simulated(self, planned, report)

    monkeypatch.setattr(SimulateRates, "__call__", interrupt_in_the_second)
    with pytest.raises(Interrupted, match="1 of 3 simulations finished") as caught:
        compare(experiment, 3, 0.1, n_threads=1, theories=[])
    finished = caught.value.finished
    assert finished is not None and finished.simulation.seeds == comparison.simulation.seeds[:1]
    assert np.array_equal(finished.simulation.rates, comparison.simulation.rates[:1])


def test_ctrl_c_before_there_is_anything(experiment, monkeypatch):
    from neuro_mod.execution.stagers import FullMeanFieldStager

    def stop(self, *_):
        raise KeyboardInterrupt

    monkeypatch.setattr(FullMeanFieldStager, "run", stop)
    with pytest.raises(Interrupted) as caught:
        compare(experiment, 1, theories=[])
    assert caught.value.finished is None


def test_a_comparison_describes_itself_and_draws(comparison):
    assert "3 simulated trials" in repr(comparison) and "of 3, time average" in repr(comparison)
    assert comparison.plot("rate_histogram").axes
    with pytest.raises(InputError, match="expected one of rate_histogram, rate_comparison"):
        comparison.plot("rates")


def test_its_description_counts_the_states_of_the_theory_of_the_configuration():
    experiment = load_experiment(SMALL | {"mean_field": {"closure": "renewal"}})
    found = compare(experiment, 1, 0.0, n_z=1, theories=["shifted/poisson"])
    assert f" {len(found.states)} of shifted/renewal\n" in repr(found)
