from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.mean_field.core.newton import find_zeros
from neuro_mod.core.mean_field.core.spectrum import Spectrum
from neuro_mod.core.mean_field.core.transfer import EXPANDED, expansion, response
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import InputError, NumericalError
from neuro_mod.execution.stagers.assembly import build_baseline
from tests.helpers.shared import CONFIGS, SMALL

#: Of differences of sixth order.
STENCIL = {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
#: Step of each target, so small that seventh derivatives do not matter and so large that rounding does not.
STEPS = dict.fromkeys(TARGETS, 5e-5) | {
    "rate": 5e-4,
    "arousal_M": 1e-3,
    "tau_membrane": 2e-6,
    "tau_synaptic": 2e-6,
    "tau_refractory": 2e-6,
}

BASELINE = build_baseline(load_experiment(CONFIGS / "default_snn_params.yaml"))
P = BASELINE.populations.total
#: Near the state of three active clusters: E clusters, E background, I clusters, I background; Hz.
START = np.array([45.0] * 3 + [2.0] * 15 + [3.0] + [32.0] * 3 + [7.5] * 15 + [14.0])


def state_under(deltas, n_z=1, start=START):
    field = LIFMeanField.from_baseline(BASELINE, deltas, n_z)
    found = find_zeros(field.linearize, start[None])
    assert found.converged.all()
    return field, found.x[0]


@pytest.fixture(scope="module")
def three_active():
    return state_under({})


def test_second_derivatives_of_the_response():
    """Differences of sixth order; those of derivatives are as exact as the derivatives, about 1e-11 of their size."""
    rng, n = np.random.default_rng(0), 300
    tau = rng.uniform(5e-3, 30e-3, n)
    given = [rng.uniform(-0.5, 3, n), rng.uniform(0.1, 1.5, n) ** 2, tau]
    given = np.array([*given, *rng.uniform(1e-3, 8e-3, (2, n)), rng.uniform(0.5, 1.5, n)])

    def at(parameters):
        mu, variance, tau_m, tau_s, tau_ref, threshold = parameters
        return expansion(mu, variance, NeuronParameters(tau_m, tau_s, tau_ref, threshold, np.zeros(n)))

    found = at(given)
    first_order = response(
        given[0], np.sqrt(given[1]), **dict(zip(EXPANDED[2:], given[2:], strict=True)), reset_voltage=0.0
    )
    np.testing.assert_allclose(found.rate, first_order.rate, rtol=1e-13)
    np.testing.assert_allclose(found.gradient[0], first_order.by_mu, rtol=1e-13)
    np.testing.assert_allclose(found.gradient[1] * 2 * np.sqrt(given[1]), first_order.by_sigma, rtol=1e-11, atol=1e-12)
    sizes = np.array([np.sqrt(given[1]), given[1], *given[2:5], np.sqrt(given[1])])  # over which the response changes
    for k in range(len(EXPANDED)):
        steps = 1e-3 * sizes[k] * (np.arange(6) == k)[:, None]
        parts = [(weight, at(given + m * steps), at(given - m * steps)) for m, weight in STENCIL.items()]
        rate = sum(weight * (up.rate - down.rate) for weight, up, down in parts) / steps[k]
        slopes = sum(weight * (up.gradient[:2] - down.gradient[:2]) for weight, up, down in parts) / steps[k]
        error = 1e-10 * found.rate / sizes[k]
        assert (np.abs(found.gradient[k] - rate) < 1e-8 * np.abs(rate) + error).all()
        error = 1e-10 * np.abs(found.gradient[:2]) / sizes[k] + 1e-10 * found.rate / sizes[:2] / sizes[k]
        assert (np.abs(found.curvature[:, k] - slopes) < 1e-8 * np.abs(slopes) + error).all()


def test_second_derivatives_without_noise():
    neurons = NeuronParameters(*(np.array([each]) for each in (0.02, 0.005, 0.005, 1.5, 0.0)))
    mu, step = np.array([2.0]), 1e-3
    silent, found = (expansion(at, np.zeros(1), neurons) for at in (np.array([1.4]), mu))
    parts = [expansion(mu + m * step, np.zeros(1), neurons) for m in (-1, 1)]
    assert not silent.rate.any() and not silent.gradient.any() and not silent.curvature.any()
    np.testing.assert_allclose(found.gradient[0], (parts[1].rate - parts[0].rate) / (2 * step), rtol=1e-5)
    difference = (parts[1].gradient - parts[0].gradient) / (2 * step)
    np.testing.assert_allclose(found.curvature[0], difference, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(("n_z", "targets"), [(1, tuple(TARGETS)), (4, ("arousal_level", "arousal_M"))])
def test_all_targets_against_central_differences(n_z, targets):
    """States solved again under perturbations of all populations at once, while others make all clusters differ.

    Eigenvalues that are close repel each other within the steps. The characteristic polynomial is smooth, and knows
    all of them: ``d log det(z - A) = -sum_i dlambda_i / (z - lambda_i)``.
    """
    rng = np.random.default_rng(2)
    acting = {"rate": rng.normal(0, 0.03, P), "arousal_level": rng.normal(0, 0.01, P), "threshold": 0.01}
    field, rates = state_under(acting, n_z)
    direction, z = rng.normal(size=P), np.array([5.0, -12 + 5j, -30 + 10j, -50 + 10j, -100 + 30j])[:, None]
    for target, found in field.sensitivity(rates, targets, directions=direction).items():
        step, differences, polynomial = STEPS[target], np.zeros(P), np.zeros(len(z), complex)
        for k in (-3, -2, -1, 1, 2, 3):
            other, there = state_under(acting | {target: acting.get(target, 0.0) + k * step * direction}, n_z, rates)
            weight = np.sign(k) * STENCIL[abs(k)] / step
            differences += weight * there
            moved = other.determine_stability(there)[1]
            polynomial += weight * np.log(np.prod((z - moved) / (z - found.values), axis=1))
        size = np.abs(differences).max()
        np.testing.assert_allclose(found.rates[0], differences, rtol=1e-6, atol=1e-6 * size, err_msg=target)
        expected = -np.sum(found.eigenvalues[0] / (z - found.values), axis=1)
        np.testing.assert_allclose(polynomial, expected, rtol=1e-6, err_msg=target)


def test_default_network(three_active):
    """Reference figures of an independent prototype, by finite differences: 35.01 and -3.38, accurate to 2.4e-6."""
    found = three_active[0].sensitivity(three_active[1], ["rate"])["rate"]
    assert found.rates.shape == (P, P) and found.unit == "Hz"
    assert found.rates[0, 0] == pytest.approx(35.01, abs=5e-3)
    assert found.rates[0, 1] == pytest.approx(-3.38, abs=5e-3)
    assert found.values[:2].real == pytest.approx([-9.196, -9.196], abs=5e-4)
    along = three_active[0].sensitivity(three_active[1], ["rate"], directions=[[1.0] * P, [2.0] + [0.0] * (P - 1)])
    np.testing.assert_allclose(along["rate"].rates, [found.rates.sum(axis=0), 2 * found.rates[0]], rtol=1e-9, atol=1e-9)


def test_equal_eigenvalues_part(three_active):
    """Both members of the leading pair, followed to either side, by one-sided differences of fourth order.

    The derivatives of the pair for +delta and -delta are opposite, but not in the same order: the largest eigenvalue
    has a kink, and the centred difference of it, -5.14, is the derivative of nothing.
    """
    field, rates = three_active
    unit, step = np.eye(P)[0], 1e-4
    found = field.sensitivity(rates, ["rate"], directions=[unit, -unit, unit + np.eye(P)[1]])["rate"]
    assert found.groups[:3].tolist() == [0, 0, 1]
    for k, sign in enumerate((1, -1)):
        followed = [found.values[:2].real]
        for n in range(1, 5):
            other, there = state_under({"rate": sign * n * step * unit}, start=rates)
            followed.append(other.determine_stability(there)[1][:2].real)
        moved = np.array([-25, 48, -36, 16, -3]) @ followed / (12 * step)
        np.testing.assert_allclose(found.eigenvalues[k, :2].real, moved, rtol=1e-6)
        assert found.leading[k] == found.eigenvalues[k, :2].real.max()
    assert found.leading[:2] == pytest.approx([1.847, 12.124], abs=1e-3)
    assert found.leading[0] - found.leading[1] == pytest.approx(2 * -5.138, abs=1e-3)
    # the sum of a pair is linear in the direction, each member is not
    assert found.eigenvalues[2, :2].sum() == pytest.approx(2 * found.eigenvalues[0, :2].sum(), rel=1e-9)
    assert abs(found.eigenvalues[2, 0] - 2 * found.eigenvalues[0, 0]) > 1


def test_spectrum_of_known_matrices():
    """A rotated diagonal matrix with complex and equal eigenvalues; and one with too few eigenvectors."""
    rng = np.random.default_rng(3)
    basis = rng.normal(size=(6, 6))
    turn = np.array([[1.0, 2.0], [-2.0, 1.0]])
    blocks = np.block([[np.kron(np.eye(2), turn), np.zeros((4, 2))], [np.zeros((2, 4)), np.diag([3.0, 3.0])]])
    matrix = basis @ blocks @ np.linalg.inv(basis)
    spectrum = Spectrum.of(matrix)
    np.testing.assert_allclose(spectrum.values, [3, 3, 1 + 2j, 1 + 2j, 1 - 2j, 1 - 2j], rtol=1e-9)
    assert spectrum.labels.tolist() == [0, 0, 1, 1, 2, 2]
    change, step = rng.normal(size=(6, 6)), 1e-6
    moved = spectrum.moved(np.ones((1, 1, 6)), change[None])[0]
    for group in np.arange(3):
        members = spectrum.labels == group
        away = np.linalg.eigvals(matrix + step * change) - spectrum.values[members][0]
        near = np.sort_complex(away[np.argsort(np.abs(away))[:2]] / step)
        np.testing.assert_allclose(np.sort_complex(moved[members]), near, rtol=1e-3)
    jordan = Spectrum.of(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]))
    moved = jordan.moved(np.ones((1, 1, 3)), np.eye(3)[None])[0]
    assert moved[0] == pytest.approx(1.0) and np.isnan(moved[1:]).all()


def test_field_without_its_baseline(three_active):
    """The targets that are parameters of a circuit; the same as with the baseline."""
    field, rates = three_active
    plain = LIFMeanField.from_circuit(field.circuit)
    assert plain.targets == ("rate", "threshold", "tau_membrane", "tau_synaptic", "tau_refractory")
    found, expected = (each.sensitivity(rates, plain.targets) for each in (plain, field))
    for target in plain.targets:
        np.testing.assert_allclose(found[target].rates, expected[target].rates, rtol=1e-9, atol=1e-9)
    assert list(plain.sensitivity(rates)) == list(plain.targets)
    with pytest.raises(InputError, match='without its baseline: "arousal_L" found; expected one of rate'):
        plain.sensitivity(rates, ["arousal_L"])


def test_one_sided(three_active):
    baseline = build_baseline(load_experiment(SMALL | {"arousal": {"level": 1.0}}))
    field = LIFMeanField.from_baseline(baseline, {"rate": [-9.0] + 7 * [0.0]})
    rates = field.solve_rates().x
    found = field.sensitivity(rates, ["rate", "arousal_level", "threshold"])
    assert found["rate"].one_sided.tolist() == [True] + 7 * [False]
    assert found["arousal_level"].one_sided.all() and not found["threshold"].one_sided.any()


def test_bad_input(three_active):
    field, rates = three_active
    with pytest.raises(InputError, match="expected a steady state"):
        field.sensitivity(rates + 1, ["rate"])
    with pytest.raises(InputError, match="rates cannot be perturbed"):
        field.sensitivity(rates, ["rates"])
    with pytest.raises(InputError, match=r"directions: shape \(2, 3\) found; expected \(K, 38\)"):
        field.sensitivity(rates, ["rate"], directions=np.ones((2, 3)))
    with pytest.raises(InputError, match="directions: NaN"):
        field.sensitivity(rates, ["rate"], directions=np.full(P, np.nan))
    with pytest.raises(InputError, match=r"tau_synaptic: 0\.0 found; expected above 0"):
        _silent(tau_synaptic=0.0).sensitivity([0.0], ["tau_synaptic"])
    marginal = _silent(tau_synaptic=0.005)
    linearize = marginal.linearize
    marginal.linearize = lambda nu: linearize(nu)._replace(jacobian=np.zeros((1, 1)))
    with pytest.raises(NumericalError, match="eigenvalue of 0"):
        marginal.sensitivity([0.0], ["rate"])


def _silent(tau_synaptic: float) -> LIFMeanField:
    """A population without input."""
    return LIFMeanField(
        n_clusters=1, c_matrix=0, j_matrix=0, j_ext=0, c_ext=0, nu_ext=0, tau_membrane=0.02, tau_synaptic=tau_synaptic,
        threshold=1.0, reset_voltage=0.0, tau_refractory=0.0,
    )  # fmt: skip
