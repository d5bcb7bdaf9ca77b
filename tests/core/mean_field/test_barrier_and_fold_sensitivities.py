from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.optimize import root

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.analysis import landscape
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.analysis.grid import field_on_grid
from neuro_mod.core.mean_field.analysis.sensitivities import barrier_sensitivities, fold_sensitivities
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.newton import find_zeros
from neuro_mod.errors import InputError
from neuro_mod.execution.stagers.assembly import build_baseline
from tests.helpers.shared import CONFIGS

BASELINE = build_baseline(load_experiment(CONFIGS / "2_cluster_mf.yaml"))
FOCUS = ["E0", "E1"]


@pytest.fixture(scope="module")
def barriers():
    """The landscape of two clusters; perturbed ones are found without searching the grid again."""
    field = LIFMeanField.from_baseline(BASELINE)
    effective = EffectiveField(field, FOCUS)
    states = landscape.states_within(effective, field_on_grid(effective, [np.linspace(0, 60, 13)] * 2))
    return field, effective, states, landscape.barriers(effective, states)


def heights(deltas, states):
    """Of the barriers from both wells to the saddle."""
    effective = EffectiveField(LIFMeanField.from_baseline(BASELINE, deltas), FOCUS)
    found = find_zeros(effective.field.linearize, np.array([state.rates for state in states])).x
    moved = []
    for state, rates in zip(states, found, strict=True):
        nu = rates[:2]
        vectors = np.linalg.eig(effective.solve(nu[None], rates[None]).jacobian[0])
        leading = vectors.eigenvectors[:, vectors.eigenvalues.argmax()].real  # complex from NumPy 2.5 on
        moved.append(replace(state, nu=nu, rates=rates, direction=leading))
    between = landscape.barriers(effective, moved)
    return np.array([barrier.height for barrier in sorted(between, key=lambda barrier: barrier.well)])


def test_barriers_against_central_differences(barriers):
    """Differences of fourth order of the heights, which are exact to about 1e-6 of their size.

    The force along the path alone, as if it were a gradient, would miss the derivatives by some percent.
    """
    field, effective, states, between = barriers
    target, step = "rate", 4e-3
    change = {target: field.coefficient_derivatives(target)}
    direction = np.array([1.0, 0.2, -0.5, 0.0, 0.0, 0.5])
    found = barrier_sensitivities(effective, states, between, change, direction)[target][:, 0]
    moved = {k: heights({target: k * step * direction}, states) for k in (-2, -1, 1, 2)}
    differences = (8 * (moved[1] - moved[-1]) - (moved[2] - moved[-2])) / (12 * step)
    by_well = np.argsort([barrier.well for barrier in between])
    np.testing.assert_allclose(found[by_well], differences, rtol=2e-5)


def test_barriers_along_the_line_of_one_population():
    """Along a line the path cannot change: the height is an integral whose derivative is that of its integrand."""
    field = LIFMeanField.from_baseline(BASELINE)
    effective = EffectiveField(field, ["E0"])
    grid = field_on_grid(effective, [np.linspace(0, 60, 61)])
    states = landscape.states_within(effective, grid)
    between = landscape.barriers(effective, states)
    assert between
    change = {"rate": field.coefficient_derivatives("rate")}
    found = barrier_sensitivities(effective, states, between, change, np.eye(6)[0])
    for barrier, height in zip(between, found["rate"][:, 0], strict=True):
        moved = []
        for delta in (-1e-3, 1e-3):
            other = EffectiveField(LIFMeanField.from_baseline(BASELINE, {"rate": delta * np.eye(6)[0]}), ["E0"])
            rates = other.solve(barrier.path, states[barrier.saddle].rates)
            moved.append(np.trapezoid((rates.response - barrier.path)[:, 0], barrier.path[:, 0]))
        assert height == pytest.approx((moved[1] - moved[0]) / 2e-3, rel=1e-5)


def excitable(external_rate, threshold=1.0, tau_refractory=0.005, tau_membrane=0.02, closure="poisson"):
    """Two populations, of which the first excites itself; its silent state ends in a fold near 5.8 Hz."""
    return LIFMeanField(
        n_clusters=2, c_matrix=[[400, 100], [400, 100]], j_matrix=[[0.04, -0.08], [0.02, -0.08]], j_ext=0.1, c_ext=100,
        nu_ext=[external_rate, 8.0], tau_membrane=tau_membrane, tau_synaptic=0.005, threshold=threshold,
        reset_voltage=0.0, tau_refractory=tau_refractory, closure=closure,
    )  # fmt: skip


def fold_of(**parameters):
    """External rate and rates at the fold: zeros of the equations and of the determinant of the Jacobian."""

    def equations(x):
        value, jacobian = excitable(x[2], **parameters).linearize(x[:2])
        return [*value, np.linalg.det(jacobian)]

    found = root(equations, [0.6, 6.5, 5.7], tol=1e-13)
    assert np.abs(found.fun).max() < 1e-11
    return found.x[2], found.x[:2]


@pytest.mark.parametrize("closure", ["poisson", "renewal"])
def test_folds(closure):
    """The external rate of the first population is the parameter: one Hz more of it moves the fold by -1 Hz."""
    make = partial(excitable, closure=closure)
    value, rates = fold_of(closure=closure)
    family, field = FieldFamily(make, (4.0, 7.0)), make(value)
    changes = {target: field.coefficient_derivatives(target) for target in field.targets}
    found = fold_sensitivities(family, value, rates, changes)
    assert found["rate"][0] == pytest.approx(-1.0, rel=1e-8) and found["rate"][1] > 0
    for target, base, step in (("threshold", 1.0, 1e-3), ("tau_refractory", 0.005, 1e-4), ("tau_membrane", 0.02, 1e-4)):
        for population in np.eye(2):
            moved = {k: fold_of(closure=closure, **{target: base + k * step * population})[0] for k in (-2, -1, 1, 2)}
            difference = (8 * (moved[1] - moved[-1]) - (moved[2] - moved[-2])) / (12 * step)
            assert population @ found[target] == pytest.approx(difference, rel=1e-6, abs=1e-9)
    at_limit = fold_sensitivities(FieldFamily(make, (4.0, value)), value, rates, changes)
    np.testing.assert_allclose(at_limit["threshold"], found["threshold"], rtol=1e-7)
    with pytest.raises(InputError, match="expected a fold"):
        fold_sensitivities(family, 5.0, make(5.0).solve_rates([0.0, 6.0]).x, changes)
