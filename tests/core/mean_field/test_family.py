from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.mean_fields import field_by_value
from tests.helpers.shared import SMALL


def one_population(weight, tau_membrane=0.02, n_populations=1, **z):
    return LIFMeanField(
        n_clusters=n_populations,
        c_matrix=np.full((n_populations, n_populations), 100.0),
        j_matrix=weight,
        j_ext=0.05,
        c_ext=300,
        nu_ext=5.0,
        tau_membrane=tau_membrane,
        tau_synaptic=0.005,
        threshold=1.5,
        reset_voltage=0.0,
        tau_refractory=0.005,
        **z,
    )


@pytest.mark.parametrize(
    ("make", "limits"),
    [
        (field_by_value(SMALL, "architecture.clusters.j_potentiated[0]"), (1.0, 4.0)),
        (field_by_value(SMALL, "arousal.level"), (0.0, 1.0)),  # fractional powers at both ends
        (field_by_value(SMALL, "external_currents.nu_ext_baseline[0]"), (0.0, 20.0)),
        (lambda tau: one_population(0.01, tau), (0.01, 0.04)),
    ],
)
def test_agrees_with_the_fields(make, limits):
    family = FieldFamily(make, limits)
    assert family.error <= 1e-12 and family.rough == ()
    inside = np.random.default_rng(1).uniform(*limits, 5)
    for value in (*limits, limits[0] + 1e-7 * family.width, *inside):
        exact, found = make(value), family.at(value)
        assert found.populations == exact.populations
        np.testing.assert_allclose(found.coefficients.flat(), exact.coefficients.flat(), rtol=1e-11, atol=1e-14)


def test_kink():
    """Linear on either side of 0.3: the error is that of the shortest piece."""
    family = FieldFamily(lambda weight: one_population(max(weight, 0.3)), (0.0, 1.0))
    assert 1e-12 < family.error < 1e-3
    ((lower, upper),) = family.rough
    assert lower < 0.3 < upper < lower + 1e-3 and family.lumped([0]).rough == family.rough
    for weight in (0.1, 0.29, 0.31, 0.9):
        assert family.at(weight).coefficients.by_rate.mu[0, 0] == pytest.approx(2 * max(weight, 0.3), rel=1e-11)


def test_jumps():
    """Each is told, from below to above; pieces next to each other are one place."""
    family = FieldFamily(lambda weight: one_population(0.1 + (weight > 0.3) + (weight > 0.7)), (0.0, 1.0))
    assert family.error > 1e-3 and len(family.rough) == 2
    for (lower, upper), jump in zip(family.rough, (0.3, 0.7), strict=True):
        assert lower < jump < upper < lower + 1e-2
    assert family.lumped([0]).rough == family.rough


def test_variances_stay_variances():
    """Weights through 0, where the variance, their square, touches 0 and polynomials pass below it."""
    family = FieldFamily(lambda weight: one_population(weight, n_populations=1), (-1.0, 1.0))
    for weight in np.linspace(-1e-3, 1e-3, 41):
        variance = family.at(weight).coefficients.by_rate.variance[0, 0]
        assert variance >= 0 and variance == pytest.approx(2 * weight**2, abs=1e-11)


def test_lumped_family_is_that_of_lumped_fields():
    family = FieldFamily(field_by_value(SMALL, "arousal.level"), (0.0, 1.0))
    groups = np.array([0, 1, 1, 2, 3, 4, 4, 5])
    lumped = family.lumped(groups).at(0.37).coefficients.flat()
    np.testing.assert_allclose(lumped, family.at(0.37).coefficients.lumped(groups).flat(), rtol=1e-13)


def test_interchangeable_on_the_whole_interval():
    experiment = load_experiment(SMALL)
    assert not FieldFamily(field_by_value(SMALL, "arousal.level"), (0.0, 1.0)).classes.any()

    def make(shift):
        field = LIFMeanField.from_circuit(build_circuit(experiment))
        field.coefficients.external.mu[:, 2] += shift
        return field

    assert FieldFamily(make, (0.0, 0.1)).classes.tolist() == [0, 0, 1]


@pytest.mark.parametrize("limits", [(1.0, 0.5), (1.0, 1.0), (0.0, np.inf), (np.nan, 1.0)])
def test_bad_limits(limits):
    with pytest.raises(ValueError, match=r"limits: .* found; expected finite values"):
        FieldFamily(one_population, limits)


def test_changing_populations():
    with pytest.raises(ValueError, match="other populations found; expected those at the lower limit"):
        FieldFamily(lambda value: one_population(0.01, n_populations=1 + (value > 1)), (0.5, 1.5))
    with pytest.raises(ValueError, match="other weights of z found; expected those at the lower limit"):
        FieldFamily(
            lambda value: one_population(0.01, z_nodes=[0.4, 0.6], z_weights=[value, 1 - value]),
            (0.25, 0.5),
        )
    with pytest.raises(ValueError, match=r"2\.0 found; expected a value from"):
        FieldFamily(one_population, (0.0, 1.0)).at(2.0)
