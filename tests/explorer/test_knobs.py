"""Sliders follow from the configuration and its schema."""

from __future__ import annotations

import pytest

from neuro_mod import StageSNNSimulation, load_experiment
from neuro_mod.explorer.knobs import knobs_of
from tests.helpers.shared import EXPERIMENTS, SMALL


@pytest.mark.parametrize("config", EXPERIMENTS, ids=lambda path: path.stem)
def test_each_shipped_configuration_has_sliders_that_hold_its_values(config):
    experiment = load_experiment(config)
    knobs = knobs_of(experiment)
    assert {"arousal.level", "arousal.L", "arousal.x_0", "arousal.k", "arousal.M"} <= {knob.key for knob in knobs}
    for knob in knobs:
        assert knob.min <= knob.value == experiment.number(knob.key) <= knob.max
        assert 0 < knob.step < (knob.max - knob.min) / 50 and knob.label and knob.help and knob.group


def test_those_of_the_default_network():
    knobs = {knob.key: knob for knob in knobs_of(load_experiment("default"))}
    assert (knobs["arousal.level"].min, knobs["arousal.level"].max, knobs["arousal.level"].step) == (0, 1, 0.005)
    rate = knobs["external_currents.nu_ext_baseline[0]"]
    assert (rate.label, rate.unit, rate.max) == ("external rate of E neurons", "Hz", 14.0)
    assert knobs["architecture.clusters.j_potentiated[0]"].label == "potentiation of E→E weights"
    assert not knobs["architecture.network.connectivity_fraction_probs[0]"].at_once
    assert knobs["init_params.threshold[1]"].min == 0.1


@pytest.mark.parametrize("config", ["default", "small", "published"])
def test_both_ends_are_valid(config):
    experiment = load_experiment(config)
    for knob in knobs_of(experiment):
        for end in (knob.min, knob.max):
            experiment.replace([f"{knob.key}={end!r}"])


def test_those_that_act_at_once_need_no_new_network():
    stager = StageSNNSimulation(SMALL)
    stepper = stager.stepper()
    stepper.advance(10)
    for knob in knobs_of(stager.experiment):
        for value in (knob.min, knob.max, knob.value):
            if knob.at_once:
                stepper.set(overrides=[f"{knob.key}={value!r}"])
                stepper.advance(2)
            else:
                assert stager.experiment.replace([f"{knob.key}={value!r}"])
