from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.spiking_net.external.stimulus import Stimulus, draw_stimulated, stimulus_course
from neuro_mod.execution.stagers.assembly import build_circuit, build_stimulus
from neuro_mod.populations import divide_into_clusters

PUBLISHED = divide_into_clusters(18, (1600, 400), (160, 40))
TIMES = np.arange(2000) * 0.5e-3
OPTIONS = {"duration": 0.1, "tau_rise": 0.02, "tau_decay": 0.1}


def test_box_acts_from_onset_to_offset():
    course = stimulus_course("box", [0.2], TIMES, **OPTIONS)
    assert np.flatnonzero(course).tolist() == list(range(400, 600)) and set(course) == {0.0, 1.0}


def test_ramp_reaches_its_peak_at_the_offset():
    course = stimulus_course("linear", [0.2], TIMES, **OPTIONS)
    np.testing.assert_allclose(course[400:600], np.arange(200) / 200, atol=1e-12)
    assert not course[:400].any() and not course[600:].any()


def test_difference_of_exponentials_has_peak_one_at_the_known_time():
    fine = np.arange(0, 1, 1e-6)
    course = stimulus_course("diff2exp", [0.2], fine, **OPTIONS)
    assert course.max() == pytest.approx(1, abs=1e-9)
    peak_time = 0.2 + np.log(5) * 0.02 * 0.1 / 0.08
    assert fine[course.argmax()] == pytest.approx(peak_time, abs=2e-6)
    assert not course[fine < 0.2 - 1e-9].any()


@pytest.mark.parametrize("shape", ["box", "linear", "diff2exp"])
def test_onsets_add_up_and_may_be_none(shape):
    both = stimulus_course(shape, [0.1, 0.15], TIMES, **OPTIONS)
    each = [stimulus_course(shape, [onset], TIMES, **OPTIONS) for onset in (0.1, 0.15)]
    np.testing.assert_allclose(both, sum(each))
    assert not stimulus_course(shape, [], TIMES, **OPTIONS).any()


def test_unknown_shape_lists_the_valid_ones():
    with pytest.raises(ValueError, match="box, linear, diff2exp"):
        stimulus_course("sine", [0.1], TIMES, **OPTIONS)


def test_it_reaches_the_stated_fractions_of_clusters_and_e_neurons():
    stimulated = draw_stimulated(PUBLISHED, seed=3, clusters=0.5, neurons=0.25)
    per_population = np.bincount(PUBLISHED.of_neuron[stimulated], minlength=38)
    assert sorted(per_population[:18]) == [0] * 9 + [20] * 9
    assert not per_population[18:].any()
    assert not np.array_equal(stimulated, draw_stimulated(PUBLISHED, 4, 0.5, 0.25))


@pytest.mark.parametrize(("unit", "peak"), [("current", 0.2), ("relative", 0.2 * 320 * 7 * 2.3 / np.sqrt(2000))])
def test_amplitude_units(unit, peak):
    experiment = load_experiment(
        {"stimulus": {"onsets": [0.1], "amplitude": 0.2, "amplitude_unit": unit, "stimulated_clusters_prob": 1.0}}
    )
    stimulus = build_stimulus(experiment, build_circuit(experiment), 1, 0, 400, 0.5e-3)
    assert set(np.round(stimulus.gain, 12)) == {0.0, round(peak, 12)}
    assert (stimulus.gain > 0).sum() == 18 * 40


def test_a_later_stretch_continues_the_course():
    experiment = load_experiment({"stimulus": {"onsets": [0.1], "amplitude": 1.0, "stimulus_shape": "linear"}})
    circuit = build_circuit(experiment)
    whole, tail = (build_stimulus(experiment, circuit, 1, first, 1000 - first, 0.5e-3) for first in (0, 300))
    np.testing.assert_array_equal(whole.course[300:], tail.course)


def test_dense_array():
    stimulus = Stimulus(np.array([0.0, 2.0]), np.array([0.0, 1.0, 0.5]))
    assert np.asarray(stimulus).tolist() == [[0, 0], [0, 2], [0, 1]]


@pytest.mark.parametrize("tau_rise", [0.49, 0.5 * (1 - 1e-9), 0.5 * (1 - 1e-13), np.nextafter(0.5, 0)])
def test_rise_and_decay_may_nearly_be_equal(tau_rise):
    times = np.arange(0, 3, 1e-4)
    course = stimulus_course("diff2exp", [0.0], times, duration=1, tau_rise=float(tau_rise), tau_decay=0.5)
    alpha = times / 0.5 * np.exp(1 - times / 0.5)  # the limit of equal time constants
    np.testing.assert_allclose(course, alpha, atol=2 * (0.5 - tau_rise) + 1e-7)


def test_half_of_one_cluster_is_that_cluster():
    assert draw_stimulated(divide_into_clusters(1, (10, 5), (2, 1)), 1, 0.5, 0.5).sum() == 4


def test_given_clusters_have_the_neurons_that_they_have_when_drawn():
    drawn = draw_stimulated(PUBLISHED, 3, 0.5, 0.25)
    clusters = sorted(set(PUBLISHED.of_neuron[drawn].tolist()))
    np.testing.assert_array_equal(draw_stimulated(PUBLISHED, 3, clusters, 0.25), drawn)
    some, more = draw_stimulated(PUBLISHED, 3, [4, 2], 0.25), draw_stimulated(PUBLISHED, 3, [2, 4], 0.75)
    assert set(PUBLISHED.of_neuron[some].tolist()) == {2, 4} and some.sum() == 2 * 20 and more.sum() == 2 * 60
    assert not (some & ~more).any(), "a smaller fraction is a part of a larger one"


def test_given_neurons_are_stimulated_whatever_the_seed():
    for seed in (1, 2):
        assert np.flatnonzero(draw_stimulated(PUBLISHED, seed, 0.5, [7, 1, 300])).tolist() == [1, 7, 300]


@pytest.mark.parametrize(
    ("keys", "same"),
    [({}, False), ({"clusters": [1, 5]}, False), ({"seed": 4}, True), ({"neurons": [3, 99]}, True)],
)
def test_networks_share_the_stimulated_neurons_where_nothing_is_drawn_from_their_seed(keys, same):
    experiment = load_experiment({"stimulus": {"onsets": [0.1], "amplitude": 1.0} | keys})
    circuit = build_circuit(experiment)
    a, b = (build_stimulus(experiment, circuit, seed, 0, 300, 0.5e-3).gain for seed in (1, 2))
    assert np.array_equal(a, b) is same and a.any() and b.any()
    if "seed" in keys:
        np.testing.assert_array_equal(a > 0, draw_stimulated(PUBLISHED, 4, 0.5, 0.5))
