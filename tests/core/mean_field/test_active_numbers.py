"""Numbers of active clusters by relaxation, against what searches of all states and papers say."""

import numpy as np
import pytest

from neuro_mod.core.mean_field.analysis.active_numbers import is_metastable, leading_by_number
from neuro_mod.core.mean_field.core import fixed_points
from neuro_mod.errors import InputError
from neuro_mod.execution.stagers import FullMeanFieldStager
from tests.helpers.shared import CONFIGS


def field_of(name, *overrides, response="shifted", closure="poisson"):
    nothing = ("settings.save=false", "settings.plot=false")
    return FullMeanFieldStager(
        CONFIGS / name, overrides=[*nothing, *overrides], response=response, closure=closure
    ).field


def of_all_states(field):
    """The same from a search of all states, and the eigenvalues of the Jacobian of all populations."""
    found: dict[int, float] = {}
    for state in fixed_points(field, 3):
        groups = np.unique(np.round(state.rates[: field.populations.n_clusters], 3))
        if len(groups) <= 2:  # all active clusters alike
            now = np.linalg.eigvals(field.jacobian(state.rates) / field.tau_membrane[:, None]).real.max()
            found[len(state.active)] = min(now, found.get(len(state.active), np.inf))
    return found


@pytest.mark.parametrize(
    ("name", "theory"),
    [
        ("small.yaml", ("exact", "renewal")),
        ("2_cluster_mf.yaml", ("shifted", "poisson")),
    ],
)
def test_agrees_with_a_search_of_all_states(name, theory):
    field = field_of(name, response=theory[0], closure=theory[1])
    found = leading_by_number(field, range(field.populations.n_clusters))
    expected = of_all_states(field)
    assert set(found) == set(expected)
    for number, leading in found.items():
        assert leading == pytest.approx(expected[number], abs=1e-3), number


def test_critical_points_of_the_published_network():
    """J+ of E→E weights (reference values of two implementations): the uniform state loses stability at 15.03967, and
    the states with 1 and 3 active clusters begin at 14.944 and 14.965. At 15.75, the uniform one grows at 4.2103/s.
    """
    at = {
        j: leading_by_number(
            field_of("published_snn_params.yaml", f"architecture.clusters.j_potentiated[0]={j}"), (0, 1, 3)
        )
        for j in (14.94, 14.95, 14.97, 15.03, 15.05, 15.75)
    }
    exist = [set(found) - {0} for found in at.values()]
    assert exist == [set(), {1}, {1, 3}, {1, 3}, {1, 3}, {1, 3}]
    assert {j: found[0] < 0 for j, found in at.items()} == {j: j < 15.04 for j in at}
    assert at[15.75][0] == pytest.approx(4.2103, abs=1e-4)


def test_clusters_that_differ_count_by_their_mean():
    alike, other = field_of("2_cluster_mf.yaml"), field_of("2_cluster_mf.yaml")
    numbers = leading_by_number(alike, (0, 1))
    rates = other.coefficients.external.mu
    rates[:, :2] *= [0.99, 1.01]
    assert leading_by_number(other, (0, 1)) == pytest.approx(numbers)


def test_metastable_is_a_wanted_state_without_a_uniform_one():
    assert is_metastable({0: 1.0, 2: -1.0}, {1, 2})
    assert not is_metastable({0: -0.1, 2: -1.0}, {2})
    assert not is_metastable({0: 1.0, 2: 1.0}, {2})
    assert not is_metastable({0: 1.0, 1: -1.0}, {2})
    assert not is_metastable({2: -1.0}, {2})  # the uniform state was not found


def test_needs_clusters():
    field = field_of("2_cluster_mf.yaml")
    field.populations = None
    with pytest.raises(InputError, match="clusters: fewer than 2 found"):
        leading_by_number(field, (0,))
