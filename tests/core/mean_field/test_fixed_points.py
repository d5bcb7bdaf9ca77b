from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.optimize import root

from neuro_mod.config import load_experiment
from neuro_mod.core.mean_field.core import LIFMeanField, clusters, fixed_points, searches
from neuro_mod.core.mean_field.core.fixed_points import describe
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.mean_fields import field_of
from tests.helpers.shared import CONFIGS, SMALL

#: Model description, "Reference values", with the digits printed there.
TABLE = {
    0: (8.538514523, 8.538514523, 2.427549836, 11.108569769, 11.108569769, 12.921727610),
    1: (38.012290085, 6.678215472, 2.514760864, 27.089384802, 10.089658563, 12.930060755),
    3: (36.386177557, 3.083112891, 2.366828261, 26.230652289, 8.144075103, 12.952620816),
    5: (28.681919905, 1.799308269, 1.957126, 22.104346074, 7.478636691, 12.969660),
}
#: Rates of three clusters that all differ.
DIFFERENT = "perturbation.rate={vectors: [[1, -2, 4]], involved_clusters: [[0, 1, 2]], params: [0.05]}"


@pytest.fixture(scope="module")
def published(reference_circuit):
    field = LIFMeanField.from_circuit(reference_circuit)
    return field, fixed_points(field)


@pytest.mark.parametrize("n_active", TABLE)
def test_table_of_the_published_network(published, n_active):
    """To 1e-8; two of the printed rates have six decimals only."""
    _, found = published
    expected = np.array(TABLE[n_active])
    excitatory, inhibitory = ([first] * n_active + [first + 1] * (18 - n_active) for first in (0, 3))
    rates = expected[[*excitatory, 2, *inhibitory, 5]]
    tolerance = np.where(rates == np.round(rates, 6), 6e-7, 1e-8)
    matching = [point for point in found if (np.abs(point.rates - rates) < tolerance).all()]
    assert len(matching) == 1
    point = matching[0]
    assert point.active == tuple(range(n_active)) and point.multiplicity == comb(18, n_active)
    assert point.stable == (n_active in (3, 5))
    if n_active == 0:
        assert point.kind == "saddle" and point.eigenvalues[0].real == pytest.approx(4.2103, abs=1e-4)


def test_every_record_is_a_steady_state(published):
    field, found = published
    assert len(found) > 20 and len(found.stable) == 5
    for point in found:
        np.testing.assert_allclose(field.response_function(point.mu, point.sigma), point.rates, rtol=1e-8, atol=1e-9)
        assert point.residual < 1e-9
        kind, eigenvalues = field.determine_stability(point.rates)
        assert kind == point.kind and np.array_equal(eigenvalues, point.eigenvalues)


def test_records_are_distinct_and_in_order(published):
    _, found = published
    rates = np.array([point.rates for point in found])
    away = np.abs(rates[:, None] - rates).max(axis=2) + np.eye(len(rates))
    assert away.min() > 1e-5
    stable = [point.stable for point in found]
    assert stable == sorted(stable, reverse=True)
    assert [len(point.active) for point in found.stable] == [2, 3, 4, 5, 6]


def test_runs_end_in_images_of_the_states_that_they_reached(published):
    field, found = published
    assert found.found.converged.mean() > 0.9
    for x, index in zip(found.found.x, found.reached, strict=True):
        if index >= 0:
            np.testing.assert_allclose(np.sort(x[:18]), np.sort(found[index].rates[:18]), atol=1e-4)
            assert np.abs(field.equations(x)).max() < 1e-6


def test_states_of_the_two_cluster_network_against_another_solver():
    """SciPy's hybrid method from 300 starts finds no others, and these."""
    field = field_of(CONFIGS / "2_cluster_mf.yaml")
    found = fixed_points(field, 20)
    assert [(point.active, point.multiplicity, point.stable) for point in found] == [((0,), 2, True), ((), 1, False)]
    known = np.array([clusters.placed(found[0].rates, np.array(mask), field.populations) for mask in ([1, 0], [0, 1])])
    known = np.vstack([known, found[1].rates])
    reached = set()
    for start in np.random.default_rng(1).uniform(0, 80, (300, 6)):
        other = root(field.equations, start, tol=1e-12)
        if np.abs(other.fun).max() < 1e-9:
            nearest = np.abs(known - other.x).max(axis=1)
            assert nearest.min() < 1e-6
            reached.add(int(nearest.argmin()))
    assert reached == {0, 1, 2}


def test_permuted_perturbation_permutes_the_states():
    clusters_of = [0, 1, 2]
    blocks = {
        order: f"perturbation.rate={{vectors: [{[[3.0, -1.0, 0.5][k] for k in order]}], "
        f"involved_clusters: [{clusters_of}], params: [0.2]}}"
        for order in ((0, 1, 2), (2, 0, 1))
    }
    config = CONFIGS / "default_mf_params.yaml"
    few = ["arousal.level=0", "architecture.clusters.n_clusters=3", "architecture.clusters.n_background=[1360,340]"]
    first, second = (
        fixed_points(field_of(config, *few, "architecture.clusters.j_potentiated=[4, 2, 2, 2]", blocks[order]))
        for order in blocks
    )
    assert len(first) == len(second) >= 1

    def permuted(point):
        return point.rates[[2, 0, 1, 3, 6, 4, 5, 7]]

    for point in first:
        assert min(np.abs(permuted(point) - other.rates).max() for other in second) < 1e-7


def test_clusters_that_differ(monkeypatch):
    """Every choice of active clusters is a start of its own; a weak perturbation moves each state a little."""
    monkeypatch.setattr(searches, "_DRAWN", 25)
    config, weak = CONFIGS / "default_mf_params.yaml", 1e-4
    vector = np.random.default_rng(2).normal(size=18).round(2).tolist()
    block = f"perturbation.rate={{vectors: [{vector}], involved_clusters: [{list(range(18))}], params: [{weak}]}}"
    field = field_of(config, "arousal.level=0", block)
    found = fixed_points(field, 10, seed=3)
    assert "the clusters differ" in found.searched and "there may be others" in found.searched
    numbers = np.bincount([len(point.active) for point in found.stable], minlength=7)
    assert (numbers[2:7] >= 15).all()
    for n_active in (3, 5):
        point = next(point for point in found.stable if len(point.active) == n_active)
        active = list(point.active)
        np.testing.assert_allclose(point.rates[active], TABLE[n_active][0], rtol=1e-2)


def test_three_clusters_that_differ_against_many_starts():
    """Random starts find nothing that the placements of the symmetric network's states did not."""
    field = field_of(SMALL | {"arousal": {"level": 0.2}}, DIFFERENT)
    searched = fixed_points(field, 0)
    blind = fixed_points(field, 200, seed=5)
    for point in blind:
        assert min(np.abs(point.rates - other.rates).max() for other in searched) < 1e-6


def test_adding_starts_changes_no_other(published):
    field, found = published
    few = fixed_points(field, 7)
    assert np.array_equal(few.starts, found.starts[:7])
    np.testing.assert_allclose(few.found.x, found.found.x[:7], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_clusters", [0, 1])
def test_networks_without_choice(n_clusters):
    background = "[40,20]" if n_clusters == 0 else "[10,5]"
    changes = [
        "architecture.clusters.j_potentiated=1.2",
        f"architecture.clusters.n_clusters={n_clusters}",
        f"architecture.clusters.n_background={background}",
    ]
    field = field_of(SMALL, *changes)
    found = fixed_points(field, 10)
    assert len(found) >= 1 and all(point.active == () and point.multiplicity == 1 for point in found)


def test_a_field_without_layout():
    """One population that excites itself: silent, active, and a saddle between; a scan finds three zeros as well."""
    field = LIFMeanField(1, 400, 0.01, 0.1, 100, 4.0, 0.02, 0.005, 1.5, 0.0, 0.002)
    nu = np.linspace(0, 500, 200_001)[:, None]
    signs = np.sign(field.equations(nu)[:, 0])
    crossings = nu[1:][np.diff(signs) != 0, 0]
    found = fixed_points(field, 30, highest_start=500.0)
    assert len(found) == len(crossings) == 3
    np.testing.assert_allclose(np.sort([point.rates[0] for point in found]), crossings, atol=0.01)
    assert [point.stable for point in sorted(found, key=lambda point: point.rates[0])] == [True, False, True]


def test_averages_over_z():
    circuit = build_circuit(load_experiment(SMALL | {"arousal": {"level": 0.7}}))
    point = fixed_points(LIFMeanField.from_circuit(circuit, 12), 5)[0]
    alone = describe(LIFMeanField.from_circuit(circuit), point.rates)
    np.testing.assert_allclose(point.mu, alone.mu, rtol=1e-9)  # mu is linear in z, and its mean is 1/2
    assert point.mu.shape == (8,) and point.residual < 1e-9 < alone.residual


def test_bad_starts(published):
    field, _ = published
    with pytest.raises(ValueError, match="n_starts: -1 found; expected a whole number of at least 0"):
        fixed_points(field, -1)
    with pytest.raises(ValueError, match=r"rates: shape \(3, 5\) found"):
        fixed_points(field, starts=np.ones((3, 5)))
    with pytest.raises(ValueError, match=r"starts: shape \(38,\) found"):
        fixed_points(field, starts=np.ones(38))


def test_every_third_start_spans_the_orders_of_magnitude(published):
    field, _ = published
    starts = searches.random_starts(field, 300, 0, 50.0)
    wide, narrow = starts[2::3], starts[np.arange(300) % 3 < 2]
    assert narrow.max() < 50 and narrow.max() > 49
    fastest = 1 / field.coefficients.neurons.tau_refractory.max()
    assert wide.min() >= 1e-3 and fastest / 2 < wide.max() <= fastest
    assert np.log(wide).mean() == pytest.approx(np.log(1e-3 * fastest) / 2, abs=0.2)
    assert np.array_equal(searches.random_starts(field, 100, 0, 50.0), starts[:100])


def test_starts_without_refractory_periods_are_bounded():
    field = field_of(SMALL, "init_params.tau_refractory=0")
    starts = searches.random_starts(field, 300, 0)
    assert 5e3 < starts.max() <= 1e4


def test_rates_that_run_away_are_no_states():
    field = LIFMeanField(1, 395.0, 0.0475, 0.0723, 91.0, 17.3, 0.048, 0.00335, 2.187, 0.0728, 0.0)
    assert not field.solve_rates([5.0]).success
    assert not len(fixed_points(field, 20))


def test_stable_states_at_very_high_and_low_rates():
    """Starts between 0 and 60 Hz alone find only the silent state."""
    weights = [[0.057, -0.103], [0.07, -0.119]]
    field = LIFMeanField(
        2, [[86, 79], [115, 166]], weights, [0.057, 0.091], 161, 2.2, 0.02, 0.002, 1.0, 0.0, tau_refractory=0.002
    )
    found = fixed_points(field).stable
    assert len(found) == 2
    np.testing.assert_allclose(found[0].rates, field.simulate([190.0, 75.0], 2.0)[1][-1], rtol=1e-6)
    assert found[0].rates[0] > 180 and found[1].rates[0] < 1e-4


def test_the_test_of_sameness():
    states = np.array([[100.0, 0.0], [100.0 + 5e-5, 5e-7], [100.1, 0.0], [100.0, 1e-5]])
    assert searches.same_states(states, states[0]).tolist() == [True, True, False, False]
    assert searches.same_states(states, states).all()
