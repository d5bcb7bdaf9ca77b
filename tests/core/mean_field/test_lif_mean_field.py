from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.mean_field.core.stability import classify
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.mean_fields import field_of
from tests.helpers.shared import CONFIGS, SMALL

#: Model description, "Reference values": rates in Hz of active and other E clusters, E background, and likewise I, of
#: the 18-cluster network (J+ = 15.75, arousal 0) by the number of active clusters.
FIXED_POINTS = {
    0: (8.53851452253515, 8.53851452253505, 2.42754983578859, 11.10856976880848, 11.10856976880842, 12.92172760968182),
    1: (38.0122900854530, 6.67821547228801, 2.51476086406097, 27.08938480170207, 10.08965856282598, 12.93006075509267),
    3: (36.3861775568080, 3.08311288919626, 2.36682826105037, 26.23065228875002, 8.14407510264061, 12.95262081594983),
    5: (28.6819199049254, 1.79930826905166, 1.95712579570330, 22.10434607441412, 7.47863669145765, 12.96966000563949),
}


@pytest.fixture(scope="module")
def published(reference_circuit) -> LIFMeanField:
    return LIFMeanField.from_circuit(reference_circuit)


def rates(n_active):
    e_active, e_other, e_background, i_active, i_other, i_background = FIXED_POINTS[n_active]
    others = 18 - n_active
    return np.array(
        [e_active] * n_active + [e_other] * others + [e_background]
        + [i_active] * n_active + [i_other] * others + [i_background]
    )  # fmt: skip


@pytest.mark.parametrize("n_active", FIXED_POINTS)
def test_fixed_points_of_the_published_network(published, n_active):
    expected = rates(n_active)
    assert np.abs(published.equations(expected)).max() < 1e-10
    found = published.solve_rates(1.01 * expected)
    assert found.success
    np.testing.assert_allclose(found.x, expected, rtol=1e-10)


def test_stability_of_the_uniform_state(published):
    """The total derivative gives +4.2103/s; without the noise it would be -4.42/s (model description)."""
    kind, eigenvalues = published.determine_stability(rates(0))
    assert kind == "saddle" and eigenvalues[0].real == pytest.approx(4.2103, abs=1e-4)
    assert published.determine_stability(rates(3))[0] == "stable node"


def test_two_cluster_network():
    """Model description: E clusters only; selective state and saddle, to the digits printed there."""
    field = field_of(CONFIGS / "2_cluster_mf.yaml")
    for printed, kind in (
        ((52.318916, 5.213988, 2.258635, 13.783422), "stable"),
        ((29.215101, 29.215101, 2.202282, 13.839673), "saddle"),
    ):
        start = [*printed[:3], 0.0, 0.0, printed[3]]
        found = field.solve_rates(start)
        np.testing.assert_allclose(found.x[[0, 1, 2, 5]], printed, atol=2e-6)
        assert field.determine_stability(found.x)[0].startswith(kind)


@pytest.mark.parametrize("n_z", [1, 12])
def test_jacobian_against_differences(n_z):
    """Differences of sixth order over steps of 0.02 Hz: an error of about 1e-11 of the slopes, and as much rounding."""
    circuit = build_circuit(load_experiment(SMALL | {"arousal": {"level": 0.6}}))
    field = LIFMeanField.from_circuit(circuit, n_z)
    rng = np.random.default_rng(1)
    step, stencil = 0.02, {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}
    for nu in rng.uniform(0.5, 40, (5, 8)):
        steps = step * np.eye(8)
        differences = sum(
            weight * (field.equations(nu + k * steps) - field.equations(nu - k * steps)).T / step
            for k, weight in stencil.items()
        )
        np.testing.assert_allclose(field.jacobian(nu), differences, rtol=1e-9, atol=1e-10)


def test_batches_of_rates(published):
    batch = np.random.default_rng(2).uniform(0, 30, (2, 3, 38))
    together = published.equations(batch), published.jacobian(batch)
    assert together[0].shape == (2, 3, 38) and together[1].shape == (2, 3, 38, 38)
    for found, function in zip(together, (published.equations, published.jacobian), strict=True):
        np.testing.assert_allclose(found[1, 2], function(batch[1, 2]), rtol=1e-12, atol=1e-12)


def test_mean_over_z_against_many_neurons():
    """The average over Beta(10, 10), by 12 nodes, against that over 200,000 drawn values within 4 standard errors."""
    circuit = build_circuit(load_experiment(SMALL | {"arousal": {"level": 0.9}}))
    nu = np.full(8, 10.0)
    averaged = LIFMeanField.from_circuit(circuit, 12).equations(nu) + nu
    drawn = np.random.default_rng(3).beta(10, 10, 200_000)
    single = LIFMeanField.from_circuit(circuit)
    arguments = {
        "n_clusters": 8,
        "c_matrix": circuit.connection_probability * circuit.populations.sizes,
        "j_matrix": circuit.block_weights,
        "j_ext": circuit.external_weight,
        "c_ext": circuit.external_in_degree,
        "nu_ext": circuit.external_rate,
        "arousal_rate": circuit.arousal_rate,
        **vars(single.coefficients.neurons),
    }
    many = LIFMeanField(**arguments, z_nodes=drawn, z_weights=np.full(len(drawn), 1 / len(drawn)))
    responses = many.response_function(many.moments(nu).mu, np.sqrt(many.moments(nu).variance))
    error = 4 * responses.std(axis=0) / np.sqrt(len(drawn)) + 1e-9
    assert (np.abs(responses.mean(axis=0) - averaged) < error).all()
    assert (np.abs(single.equations(nu) + nu - averaged) > error).any()  # the mean of z alone is something else


def test_dynamics_lead_to_stable_states_and_away_from_others(published):
    times = np.linspace(0, 2, 5)
    start = rates(3) * 1.02
    reached = published.simulate(start, 2.0, times)
    assert reached[0].tolist() == times.tolist() and reached[1].shape == (5, 38)
    np.testing.assert_allclose(reached[1][-1], rates(3), rtol=1e-4)
    pushed = rates(0)
    pushed[0] += 0.01
    _, path = published.simulate(pushed, 3.0)
    assert np.abs(path[-1] - rates(0)).max() > 1


def test_permuted_clusters_permute_everything(published):
    order = np.random.default_rng(4).permutation(18)
    order = np.concatenate([order, [18], 19 + order, [37]])
    nu = np.random.default_rng(5).uniform(1, 30, 38)
    np.testing.assert_allclose(published.equations(nu[order]), published.equations(nu)[order], rtol=1e-11)


def test_example_of_the_user_readme():
    """Two populations whose weights are so strong that they fire near 1/tau_ref; stable."""
    field = LIFMeanField(
        n_clusters=2,
        c_matrix=np.ones((2, 2), dtype=int),
        j_matrix=0.1 * np.ones((2, 2)),
        j_ext=np.array([2.3, 2.3]),
        c_ext=np.array([320, 320]),
        nu_ext=np.array([7.0, 7.0]),
        tau_membrane=[0.02, 0.02],
        tau_synaptic=[0.005, 0.005],
        threshold=[1.5, 0.75],
        reset_voltage=0.0,
        tau_refractory=0.005,
    )
    found = field.solve_rates()
    kind, eigenvalues = field.determine_stability(found.x)
    assert found.success and np.abs(field.equations(found.x)).max() < 1e-9 and (found.x < 200).all()
    assert kind == "stable node" and eigenvalues.shape == (2,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"c_matrix": np.ones((3, 2))}, r"c_matrix: shape \(3, 2\) found; expected one finite value, or \(2, 2\)"),
        ({"j_matrix": np.full((2, 2), np.nan)}, "j_matrix"),
        ({"c_matrix": -np.ones((2, 2))}, "c_matrix: -1.0 found; expected at least 0"),
        ({"c_ext": [1.0, 2.0, 3.0]}, "c_ext: shape"),
        ({"nu_ext": -1.0}, "nu_ext: -1.0 found; expected at least 0"),
        ({"z_nodes": [0.4, 0.6]}, r"z_weights: \[1\.0\] found; expected 2 numbers that sum to 1"),
        ({"z_weights": [0.9]}, r"z_weights: \[0\.9\] found; expected 1 numbers that sum to 1"),
        ({"tau_membrane": 0.0}, "tau_membrane: 0.0 found; expected above 0"),
        ({"threshold": [0.0, 1.0]}, "threshold: 0.0 found; expected above the reset voltage"),
    ],
)
def test_bad_input(change, message):
    arguments = {
        "n_clusters": 2,
        "c_matrix": 10.0,
        "j_matrix": 0.01,
        "j_ext": 0.1,
        "c_ext": 100,
        "nu_ext": 7.0,
        "tau_membrane": 0.02,
        "tau_synaptic": 0.005,
        "threshold": 1.5,
        "reset_voltage": 0.0,
        "tau_refractory": 0.005,
    }
    with pytest.raises(ValueError, match=message):
        LIFMeanField(**arguments | change)
    field = LIFMeanField(**arguments)
    with pytest.raises(ValueError, match=r"rates: shape \(3,\) found"):
        field.equations(np.ones(3))


@pytest.mark.parametrize(
    ("eigenvalues", "kind"),
    [
        ([-1, -2], "stable node"),
        ([-1 + 2j, -1 - 2j], "stable focus"),
        ([1, 2], "unstable node"),
        ([1 + 2j, 1 - 2j], "unstable focus"),
        ([1, -2], "saddle"),
        ([0, -2], "marginal"),
    ],
)
def test_types_of_states(eigenvalues, kind):
    assert classify(np.array(eigenvalues, complex)) == kind
