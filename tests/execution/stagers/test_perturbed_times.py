"""Perturbed time constants and refractory periods: rounded, unusual, or too short for the time step."""

from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.perturbations import Gaussian, Ramp, Sine, TimedPerturbation, VectorialPerturbation
from neuro_mod.errors import InputError
from neuro_mod.execution.stagers import StageSNNSimulation
from tests.helpers.shared import SMALL

P = 8  # E0 E1 E2 E_background I0 I1 I2 I_background


@pytest.fixture(scope="module")
def stager():
    return StageSNNSimulation(SMALL)


@pytest.mark.parametrize("course", [Sine(frequency=20), Ramp(rise_time=0.1), Gaussian(peak_time=0.1, width=0.01)])
def test_a_refractory_period_that_varies_smoothly_may_be_shorter_than_a_step_for_a_while(stager, course):
    up_and_down = TimedPerturbation(VectorialPerturbation(np.ones(P)), (5e-3,), course)
    stager.run(record=(), tau_refractory_perturbation=up_and_down)
    with pytest.raises(InputError, match=r"tau_refractory: 0\.0002\d* found; expected 0, or at least one time step"):
        stager.run(record=(), tau_refractory_perturbation=-4.8e-3)


def test_perturbed_refractory_periods_are_told_as_they_are_applied(stager):
    change = np.zeros(P)
    change[0] = 0.00433
    about = stager.run(duration_sec=0.05, record=("spikes",), perturbations={"tau_refractory": change})["metadata"]
    applied = about["tau_refractory_applied"]
    assert applied["least"] == applied["most"] == pytest.approx([0.0095] + [0.005] * (P - 1))


def test_given_times_are_checked_as_those_of_a_configuration(stager, caplog):
    with pytest.raises(InputError, match=r"tau_membrane under its perturbation: 2.02 found; expected at most 1 s"):
        stager.run(duration_sec=0.05, record=("spikes",), perturbations={"tau_membrane": 2.0})
    euler = StageSNNSimulation(stager.experiment.replace({"init_params.mechanism": "euler"}))
    euler.run(duration_sec=0.05, record=("spikes",), perturbations={"tau_synaptic": -0.0046})
    assert "delta_t is 1.25 times as long as tau_synaptic under its perturbation" in caplog.text
    slow = StageSNNSimulation(stager.experiment.replace({"settings.allow_unusual": True}))
    slow.run(duration_sec=0.05, record=("spikes",), perturbations={"tau_membrane": 2.0})
