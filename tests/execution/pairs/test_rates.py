from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.course import Course
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.rates.rates import binned_rates
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.errors import InputError, Interrupted
from neuro_mod.execution.pairs.rates import run_pairs
from neuro_mod.execution.pairs.simulate import SimulatePair
from neuro_mod.execution.stagers import StageSNNSimulation
from tests.helpers.shared import CONFIGS, SMALL

WINDOW = {"onset_time": 0.05, "offset_time": 0.15}
PERTURBED = SMALL | {
    "perturbation": {
        "rate": {"params": [4.0], "involved_clusters": [["E0"]], "vectors": [[1]], "time_dependence": WINDOW},
        "threshold": {"params": [0.2], "involved_clusters": [["E1", "I1"]], "vectors": [[1, -1]]},
    }
}


@pytest.fixture(scope="module")
def stager():
    return StageSNNSimulation(PERTURBED)


@pytest.fixture(scope="module")
def pairs(stager):
    return run_pairs(stager, 3, 0.1)


def by_hand(stager, k):
    """Rates of trial k, from single simulations."""
    trial = stager.trial()
    seed = Stream(stager.random_seed, "trial", (k,)).derived_seed
    start = initial_state(stager.network, seed, "zero")
    settled = simulate(replace(trial, courses={}, state=start, seed=seed, n_steps=200))
    runs = [
        simulate(replace(trial, courses=courses, state=settled.state, seed=seed)) for courses in ({}, trial.courses)
    ]
    sizes = stager.circuit.populations.sizes
    return [binned_rates(run.binned_counts, sizes, 10 * trial.delta_t) for run in runs]


@pytest.mark.parametrize("k", [0, 2])
def test_a_pair_is_two_runs_from_one_state(stager, pairs, k):
    baseline, perturbed = by_hand(stager, k)
    assert np.array_equal(pairs.baseline[k], baseline)
    assert np.array_equal(pairs.perturbed[k], perturbed)
    assert not np.array_equal(baseline, perturbed)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_more_trials_and_threads_change_no_trial(stager, pairs, n_threads):
    more = run_pairs(stager, 4, 0.1, n_threads=n_threads)
    assert np.array_equal(more.baseline[:3], pairs.baseline) and np.array_equal(more.perturbed[:3], pairs.perturbed)


def test_runs_of_a_pair_agree_until_something_acts():
    rate = {"rate": PERTURBED["perturbation"]["rate"]}
    pairs = run_pairs(StageSNNSimulation(PERTURBED | {"perturbation": rate}), 2, 0.0)
    before = pairs.times < WINDOW["onset_time"]
    assert np.array_equal(pairs.baseline[:, before], pairs.perturbed[:, before])
    assert not np.array_equal(pairs.baseline, pairs.perturbed)
    assert pairs.averaged_bins() == (10, 30)  # bins of 5 ms
    average = pairs.on_average()
    expected = (pairs.perturbed - pairs.baseline)[:, 10:30].mean(axis=(0, 1))
    np.testing.assert_allclose(average.difference, expected, rtol=1e-5)  # float32
    assert pairs.on_average(0.01).difference.tolist() == pytest.approx(
        (pairs.perturbed - pairs.baseline)[:, 10:12].mean(axis=(0, 1)).tolist(), rel=1e-5
    )


def test_a_window_that_ends_within_a_bin_takes_it_along(pairs):
    course = Course([0, 103, 109, 315, 316], np.array([[0.0], [1], [0], [1], [0]]) * np.ones(8))
    assert replace(pairs, perturbations={"rate": course}).averaged_bins() == (10, 32)  # steps 103 to 315, bins of 10


def test_the_response_to_a_pulse_is_averaged_after_it():
    """A pulse of one step in the last step of a bin: its effect comes in the bins that follow."""
    when = {"onset_time": 0.0545, "offset_time": 0.055}
    rate = {"params": [2000.0], "involved_clusters": [["E0"]], "vectors": [[1]], "time_dependence": when}
    pairs = run_pairs(StageSNNSimulation(PERTURBED | {"perturbation": {"rate": rate}}), 2, 0.0)
    assert pairs.averaged_bins() == (10, 30)
    assert pairs.on_average().difference[0] > 0
    with pytest.raises(InputError, match="a positive time"):
        pairs.on_average(0.0)


def test_smoothing_spreads_a_response_to_times_before_it_not_into_the_time_before_the_runs_parted(stager, pairs):
    """A step response, smoothed as if it had been going on before, would begin at its full height."""
    step = replace(pairs, baseline=np.zeros_like(pairs.baseline), perturbed=np.ones_like(pairs.perturbed))
    difference = step.over_time().difference[:, 0]
    assert difference[0] == pytest.approx(0.5, abs=0.05)  # half of a Gaussian of 25 ms, sampled every 5 ms
    assert difference[20:] == pytest.approx(1.0, abs=1e-3)


def test_zero_coefficients_make_no_difference(caplog):
    rate = PERTURBED["perturbation"]["rate"] | {"params": [0.0]}
    pairs = run_pairs(StageSNNSimulation(PERTURBED | {"perturbation": {"rate": rate}}), 2, 0.05)
    assert "reaches no neuron" not in caplog.text  # a baseline is no mistake
    assert np.array_equal(pairs.baseline, pairs.perturbed)
    assert pairs.averaged_bins() == (0, pairs.baseline.shape[1])


def test_common_random_numbers_shrink_the_error():
    """Of the default network under a weak perturbation: the runs of a pair part slowly."""
    experiment = load_experiment(
        CONFIGS / "snn_test_run.yaml",
        [
            "init_params.duration_sec=0.1",
            "perturbation.rate={params: [0.05], involved_clusters: [[E0, E1]], vectors: [[1, 1]]}",
        ],
    )
    average = run_pairs(StageSNNSimulation(experiment), 8, 0.2).on_average()
    assert average.pooled_variance_ratio < 0.25


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        (SMALL, (), r"perturbation: none that acts during the run of .* s found; .* rate, j_baseline"),
        (PERTURBED, (0,), "n_trials: 0 found"),
        (PERTURBED, (1.5,), "n_trials: 1.5 found"),
        (PERTURBED, (1, -1.0), "baseline_duration: -1.0 found"),
        (PERTURBED, (1, float("nan")), "baseline_duration: nan found"),
    ],
)
def test_nothing_to_compare(config, arguments, message):
    with pytest.raises(InputError, match=message):
        run_pairs(StageSNNSimulation(config), *arguments)


def test_ctrl_c_keeps_complete_pairs(stager, pairs, monkeypatch):
    simulated = SimulatePair.__call__

    def interrupt_in_the_second(self, argument, report):
        if argument.seed == pairs.seeds[1]:
            signal.raise_signal(signal.SIGINT)  # heard by the main thread
            while True:
                report(0.0)  # until it is told to stop
        return simulated(self, argument, report)

    monkeypatch.setattr(SimulatePair, "__call__", interrupt_in_the_second)
    with pytest.raises(Interrupted) as caught:
        run_pairs(stager, 3, 0.1, n_threads=1)
    finished = caught.value.finished
    assert finished is not None and finished.seeds == pairs.seeds[:1]
    assert np.array_equal(finished.perturbed[0], pairs.perturbed[0])


def test_what_a_pair_raises_is_raised_with_its_seed(stager, pairs, monkeypatch):
    def failing(*_):
        raise FloatingPointError("too much")

    monkeypatch.setattr(SimulatePair, "__call__", failing)
    with pytest.raises(FloatingPointError, match="too much") as caught:
        run_pairs(stager, 2, 0.1, n_threads=1)
    assert caught.value.__notes__ == [f"in pair 0 (seed {pairs.seeds[0]})"]
    with pytest.raises(InputError, match="n_threads: 0 found"):
        run_pairs(stager, 2, 0.1, n_threads=0)
