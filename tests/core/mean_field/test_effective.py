from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import root

from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.mean_field.core.effective import EffectiveField
from tests.helpers.mean_fields import field_of
from tests.helpers.shared import CONFIGS


@pytest.fixture(scope="module")
def field():
    return field_of(CONFIGS / "2_cluster_mf.yaml")


@pytest.mark.parametrize("focus", [[0, 1], [1], [0, 5], [2, 0, 5]])
def test_against_a_solver_at_each_point(field, focus):
    """SciPy's hybrid method, without derivatives, on the ambient populations."""
    ambient = np.setdiff1d(np.arange(6), focus)
    points = np.random.default_rng(1).uniform(0, 60, (6, len(focus)))
    outs = field.effective_response_function(focus, points)
    for nu, out in zip(points, outs, strict=True):

        def rates(x, nu=nu):
            full = np.empty(6)
            full[focus], full[ambient] = nu, x
            return full

        found = root(lambda x: field.equations(rates(x))[ambient], np.full(len(ambient), 5.0), tol=1e-12)
        full = rates(found.x)
        np.testing.assert_allclose(out, (field.equations(full) + full)[focus], rtol=1e-8)


def test_derivative_through_the_ambient_populations(field):
    """Central differences of 1e-4 Hz."""
    effective = EffectiveField(field, ["E0", "I_background"])
    nu = np.array([[20.0, 12.0], [3.0, 15.0]])
    jacobian = effective.solve(nu).jacobian
    for k in range(2):
        step = 1e-4 * np.eye(2)[k]
        ahead, behind = (effective.solve(nu + sign * step).response - nu - sign * step for sign in (1, -1))
        slope = (ahead - behind) / 2e-4
        np.testing.assert_allclose(jacobian[:, :, k], slope, rtol=1e-6, atol=1e-8)


def test_all_populations_in_focus(field):
    nu = np.random.default_rng(2).uniform(0, 40, (3, 6))
    response = EffectiveField(field, range(6)).solve(nu).response
    np.testing.assert_allclose(response - nu, field.equations(nu), rtol=1e-12, atol=1e-12)


def test_states_of_the_whole_are_states_of_the_part(field):
    state = field.solve_rates([50, 5, 2, 0, 0, 14]).x
    out = field.effective_response_function([0, 1], state[:2])
    assert out.shape == (2,)
    np.testing.assert_allclose(out, state[:2], rtol=1e-9)


def test_without_equilibrium_there_is_no_number():
    """Next to the focus a population without refractory period that excites itself without bound: NaN, no guess."""
    runaway = {"j_ext": 0.0723, "c_ext": 91, "nu_ext": 17.3, "tau_membrane": 0.048, "tau_synaptic": 0.00335}
    neuron = {"threshold": 2.187, "reset_voltage": 0.0728, "tau_refractory": 0.0}
    field = LIFMeanField(2, [[0, 0], [0, 395.0]], 0.0475, **runaway, **neuron)
    states = EffectiveField(field, [0]).solve([[5.0], [30.0]])
    assert all(np.isnan(values).all() for values in states)
    assert np.isfinite(EffectiveField(field, [1]).solve([[5.0]]).rates).all()  # in focus, it is what it is told to be


@pytest.mark.parametrize(
    ("focus", "message"),
    [
        ([], "at least one population, each once"),
        ([0, 0], "at least one population, each once"),
        (["E0", 0], "at least one population, each once"),
        ([6], "population: 6 found; expected 0 to 5, or E0 to E1"),
        (["E7"], 'population: "E7" found'),
        ([-1], "population: -1 found"),
        ([0.5], "population: 0.5 found"),
    ],
)
def test_bad_focus(field, focus, message):
    with pytest.raises(ValueError, match=message):
        EffectiveField(field, focus)


def test_bad_rates(field):
    with pytest.raises(ValueError, match=r"rates: shape \(1, 3\) found; expected \(B, 2\)"):
        field.effective_response_function([0, 1], [1.0, 2.0, 3.0])
    alone = LIFMeanField(2, 10, 0.01, 0.1, 100, 7.0, 0.02, 0.005, 1.5, 0.0, 0.002)
    with pytest.raises(ValueError, match=r"focus_pops: \[\"E0\"\] found; expected indices from 0 to 1"):
        alone.effective_response_function(["E0"], [1.0])
