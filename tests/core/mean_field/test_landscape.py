from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import root

from neuro_mod.core.mean_field.analysis import landscape
from neuro_mod.core.mean_field.analysis.grid import field_on_grid
from neuro_mod.core.mean_field.analysis.paths import evenly_spaced, potential_along
from neuro_mod.core.mean_field.core.effective import EffectiveField
from tests.helpers.mean_fields import field_of
from tests.helpers.shared import CONFIGS, REFERENCE_OVERRIDES

GRID = np.linspace(0, 60, 31)


def effective_of(focus, config="2_cluster_mf.yaml", overrides=()):
    return EffectiveField(field_of(CONFIGS / config, *overrides), focus)


def force_of(effective, nu, start=None):
    return effective.solve(nu, start).response - nu


@pytest.fixture(scope="module")
def two():
    return effective_of(["E0", "E1"])


@pytest.fixture(scope="module")
def grid(two):
    return field_on_grid(two, [GRID, GRID])


@pytest.fixture(scope="module")
def states(two, grid):
    return landscape.states_within(two, grid)


@pytest.fixture(scope="module")
def barriers(two, states):
    return landscape.barriers(two, states)


def test_grid_against_a_solver_at_each_point(two, grid):
    """SciPy's hybrid method on the ambient populations, at 20 random points."""
    assert grid.mesh.shape == grid.nu_outs.shape == grid.force_field.shape == (2, 31, 31)
    for i, j in np.random.default_rng(1).integers(31, size=(20, 2)):
        nu = grid.mesh[:, i, j]
        assert nu.tolist() == [GRID[i], GRID[j]]
        ambient = root(lambda x, nu=nu: two.field.equations([*nu, *x])[2:], np.full(4, 5.0), tol=1e-12).x
        full = np.array([*nu, *ambient])
        np.testing.assert_allclose(grid.rates[i, j], full, rtol=1e-8)
        np.testing.assert_allclose(grid.force_field[:, i, j], two.field.equations(full)[:2], rtol=1e-7, atol=1e-9)


def test_curl_against_differences(two, grid):
    """Second-order differences of a fine grid around one point."""
    axes = [25 + np.array([-1e-3, 0, 1e-3]), 10 + np.array([-1e-3, 0, 1e-3])]
    near = field_on_grid(two, axes)
    force = near.force_field
    expected = (force[1, 2, 1] - force[1, 0, 1] - force[0, 1, 2] + force[0, 1, 0]) / 2e-3
    assert near.curl[0, 1, 1] == pytest.approx(expected, rel=1e-5)
    assert grid.curl.shape == (1, 31, 31)
    np.testing.assert_allclose(grid.curl[0], -grid.curl[0].T, atol=1e-9)  # swapping the clusters turns it round


def test_states_of_the_model_description(states):
    """Model description: selective states and the saddle between them."""
    expected = [(5.213988, 52.318916), (29.215101, 29.215101), (52.318916, 5.213988)]
    np.testing.assert_allclose([state.nu for state in states], expected, atol=2e-6)
    assert [state.kind for state in states] == ["stable node", "saddle", "stable node"]
    assert [state.n_unstable for state in states] == [0, 1, 0]
    np.testing.assert_allclose(np.abs(states[1].direction), np.sqrt([0.5, 0.5]), rtol=1e-6)


def test_path_of_minimum_force_follows_the_force(two, states, barriers):
    """Along it the force has no part across the path, and ends are the saddle and the well."""
    assert [(barrier.saddle, barrier.well) for barrier in barriers] in ([(1, 0), (1, 2)], [(1, 2), (1, 0)])
    for barrier in barriers:
        np.testing.assert_allclose(barrier.path[[0, -1]], [states[1].nu, states[barrier.well].nu], atol=1e-9)
        force = force_of(two, barrier.path, states[1].rates)[50:-50:50]
        along = np.gradient(barrier.path, axis=0)[50:-50:50]
        across = force[:, 0] * along[:, 1] - force[:, 1] * along[:, 0]
        sizes = np.linalg.norm(force, axis=1) * np.linalg.norm(along, axis=1)
        assert (np.abs(across) < 2e-3 * sizes).all()
    assert barriers[0].height == pytest.approx(barriers[1].height, rel=1e-6)
    assert 25.5 < barriers[0].height < 26.5


def test_the_potential_depends_on_the_path(two, states, barriers):
    """The force is no gradient: straight to the saddle the height is another one; the field is, though, almost one."""
    straight = potential_along(two, [states[0].nu, states[1].nu]).potential[-1]
    assert straight != pytest.approx(barriers[0].height, rel=1e-4)
    assert straight == pytest.approx(barriers[0].height, rel=0.02)


def test_straight_potential_against_adaptive_quadrature(two):
    a, b = np.array([10.0, 40.0]), np.array([45.0, 8.0])
    profile = potential_along(two, [a, b])
    expected = -quad(lambda s: force_of(two, (a + s * (b - a))[None])[0] @ (b - a), 0, 1, epsabs=1e-10)[0]
    assert profile.potential[-1] == pytest.approx(expected, rel=1e-5)
    assert profile.displacement[-1] == pytest.approx(np.linalg.norm(b - a))
    assert profile.path.shape == (len(profile.potential), 2) and profile.rates.shape[1] == 6


def test_one_focus_population():
    """A potential in the strict sense: minima at the stable states, its slope is minus the force."""
    effective = effective_of(["E0"])
    grid = field_on_grid(effective, [np.linspace(0, 70, 141)])
    states = landscape.states_within(effective, grid)
    between = landscape.barriers(effective, states)
    assert grid.curl.shape == (0, 141)
    assert [state.kind for state in states] == ["stable node", "unstable node", "stable node"]
    profile = potential_along(effective, [[0.0], [70.0]])
    slope = np.gradient(profile.potential, profile.displacement)
    force = force_of(effective, profile.path)[:, 0]
    np.testing.assert_allclose(slope[1:-1], -force[1:-1], rtol=1e-2, atol=1e-2)
    assert len(between) == 2
    for barrier in between:
        a, b = states[barrier.well].nu[0], states[barrier.saddle].nu[0]
        height = -quad(lambda x: force_of(effective, np.array([[x]]))[0, 0], a, b)[0]
        assert barrier.height == pytest.approx(height, rel=1e-3)


def test_default_path_joins_the_wells(two, grid, states, barriers):
    kind, corners, start = landscape.chosen_path("minimum_force", states, barriers, grid)
    profile = potential_along(two, corners, start)
    assert kind == "path of minimum force"
    np.testing.assert_allclose(profile.path[[0, -1]], [states[0].nu, states[2].nu], atol=1e-9)
    assert profile.potential.max() == pytest.approx(barriers[0].height, rel=1e-3)
    assert profile.potential[-1] == pytest.approx(0, abs=1e-6)
    kind, corners, _ = landscape.chosen_path("straight", states, barriers, grid)
    assert kind == "straight line between the wells" and len(corners) == 2


def test_paths_where_there_is_one_well_or_none():
    """With arousal the wells of the two clusters merge; beyond the grid there is none at all."""
    effective = effective_of(["E0", "E1"], overrides=["arousal.level=0.6"])
    grid = field_on_grid(effective, [GRID, GRID])
    states = landscape.states_within(effective, grid)
    assert [state.kind for state in states] == ["stable node"] and landscape.barriers(effective, states) == ()
    kind, corners, _ = landscape.chosen_path("minimum_force", states, (), grid)
    assert kind == "straight line through the well, in its slowest direction"
    mid = states[0].nu
    off = (corners[0] - mid)[0] * (corners[1] - mid)[1] - (corners[0] - mid)[1] * (corners[1] - mid)[0]
    assert abs(off) < 1e-6 and corners.min() == 0
    away = field_on_grid(effective, [np.array([50.0, 60.0])] * 2)
    assert landscape.states_within(effective, away) == ()
    kind, corners, start = landscape.chosen_path("straight", (), (), away)
    assert (kind, corners.tolist()) == ("diagonal of the grid", [[50, 50], [60, 60]])
    assert start(corners).tolist() == [away.rates[0, 0].tolist(), away.rates[-1, -1].tolist()]


def test_a_path_through_many_wells():
    """Two of 18 clusters: nine states, and a path through all four wells that three saddles connect."""
    effective = effective_of(["E0", "E1"], "default_snn_params.yaml", REFERENCE_OVERRIDES)
    grid = field_on_grid(effective, [np.arange(0, 46, 3.0)] * 2)
    states = landscape.states_within(effective, grid)
    between = landscape.barriers(effective, states)
    assert [state.n_unstable for state in states].count(0) == 4 and len(states) == 9 and len(between) == 8
    _, corners, start = landscape.chosen_path("minimum_force", states, between, grid)
    profile = potential_along(effective, corners, start)
    for well in states:
        if well.n_unstable == 0:
            assert np.linalg.norm(profile.path - well.nu, axis=1).min() < 0.1
    height = {(barrier.well, barrier.saddle): barrier.height for barrier in between}
    ends = [states.index(min(states, key=lambda s, k=k: np.abs(s.nu - profile.path[k]).max())) for k in (0, -1)]
    assert all(states[end].n_unstable == 0 for end in ends) and min(height.values()) > 0


def test_three_focus_populations():
    effective = effective_of(["E0", "E1", "I_background"])
    axes = [np.linspace(0, 60, 13), np.linspace(0, 60, 13), np.linspace(5, 25, 6)]
    grid = field_on_grid(effective, axes)
    assert grid.force_field.shape == (3, 13, 13, 6) and grid.curl.shape == (3, 13, 13, 6)
    states = landscape.states_within(effective, grid)
    assert [state.n_unstable for state in states] == [0, 1, 0]
    np.testing.assert_allclose(states[0].nu, [5.213988, 52.318916, 13.783422], atol=2e-6)  # model description


def test_several_equilibria_of_the_others_are_told():
    """With one cluster and inhibition in focus, the other cluster can be active or not."""
    effective = effective_of(["E0", "I_background"])
    grid = field_on_grid(effective, [np.arange(0, 61, 2.0)] * 2)
    states = landscape.states_within(effective, grid)
    assert len(states) == 3 and not all(state.on_grid for state in states)
    for state in states:
        there = grid.near(state.nu[None])
        force = force_of(effective, state.nu[None], there)
        assert state.on_grid == (np.abs(force).max() < 1e-6)
    assert grid.n_jumps > 0 and np.isfinite(grid.rates).all()


def test_unstable_equilibria_of_the_others_are_told():
    """Of 18 clusters two are in focus; at rest it is unstable that the others stay alike, as the whole network is."""
    effective = effective_of(["E0", "E1"], "default_snn_params.yaml", REFERENCE_OVERRIDES)
    grid = field_on_grid(effective, [np.array([8.5, 38.0])] * 2)
    assert grid.ambient_stable.tolist() == [[False, False], [False, True]]
    slow = effective.solve([[38.0, 38.0]])
    jacobian = effective.field.jacobian(slow.rates[0])[np.ix_(effective.ambient, effective.ambient)]
    assert (np.linalg.eigvals(jacobian).real < 0).all()
    assert field_on_grid(effective_of(["E0", "E1"]), [GRID[::6]] * 2).ambient_stable.all()


def test_many_saddles_are_no_obstacle():
    """The 16 corners of a cube in four dimensions as wells, its edges with a saddle each: far too many chains."""
    corners = list(itertools.product((0, 1), repeat=4))
    edges = [
        (a, b)
        for a, b in itertools.combinations(range(16), 2)
        if np.abs(np.subtract(corners[a], corners[b])).sum() == 1
    ]
    between = [
        landscape.Barrier(well, 16 + k, 1.0, np.array([[0.0], [1.0]])) for k, edge in enumerate(edges) for well in edge
    ]
    chain = landscape._longest_chain(between)
    assert len(chain) >= 10


def test_evenly_spaced_points():
    """On an L of two legs of 3 and 1."""
    path, displacement = evenly_spaced(np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]]), 9)
    assert displacement.tolist() == np.linspace(0, 4, 9).tolist()
    assert path[6].tolist() == [3.0, 0.0] and path[8].tolist() == [3.0, 1.0] and path[3].tolist() == [1.5, 0.0]


@pytest.mark.parametrize(
    "path", [[[1, 2]], [[1, 2], [1, 2]], [[1, 2, 3], [3, 4, 5]], [[1, np.nan], [2, 3]], [[-1, 2], [3, 4]], 5.0]
)
def test_bad_paths(two, path):
    with pytest.raises(ValueError, match=r"path: shape .* found; expected rates \(K, 2\) in Hz"):
        potential_along(two, path)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ([GRID], "axes: 1 found; expected 2, one for each focus population"),
        ([GRID, []], "axis of the grid: .* expected rates in Hz that rise"),
        ([GRID, GRID[::-1]], "axis of the grid: invalid rates"),
        ([GRID, [-1.0, 2.0]], "axis of the grid: invalid rates"),
        ([GRID, [1.0, np.inf]], "axis of the grid: invalid rates"),
    ],
)
def test_bad_grids(two, axes, message):
    with pytest.raises(ValueError, match=message):
        field_on_grid(two, axes)


def test_unknown_path(grid):
    with pytest.raises(ValueError, match='path: "bent" found; expected one of minimum_force, straight, or an array'):
        landscape.chosen_path("bent", (), (), grid)
