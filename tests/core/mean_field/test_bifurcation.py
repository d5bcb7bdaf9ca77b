from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from neuro_mod.core.mean_field.analysis.bifurcation import bifurcation_diagram
from neuro_mod.core.mean_field.analysis.branch import FollowedBranch
from neuro_mod.core.mean_field.analysis.family import FieldFamily
from neuro_mod.core.mean_field.core import LIFMeanField, fixed_points
from neuro_mod.core.mean_field.core.clusters import of_clusters
from neuro_mod.core.mean_field.core.rate_equations import RateEquations
from tests.helpers.mean_fields import field_by_value
from tests.helpers.shared import CONFIGS

POTENTIATION = "architecture.clusters.j_potentiated[0]"
EXTERNAL_RATE = "external_currents.nu_ext_baseline[0]"


published = field_by_value(CONFIGS / "default_mf_params.yaml", POTENTIATION, "arousal.level=0")
two_clusters = field_by_value(CONFIGS / "2_cluster_mf.yaml", POTENTIATION, "arousal.level=0")


def shifted(shift):
    """The two-cluster network with more input to its first cluster."""
    field = two_clusters(20.0)
    field.coefficients.external.mu[:, 0] += shift
    return field


def excitable(nu_ext, weight=0.02):
    """One population that excites itself."""
    return LIFMeanField(
        n_clusters=1,
        c_matrix=100.0,
        j_matrix=weight,
        j_ext=0.1,
        c_ext=300,
        nu_ext=nu_ext,
        tau_membrane=0.02,
        tau_synaptic=0.005,
        threshold=1.5,
        reset_voltage=0.0,
        tau_refractory=0.005,
    )


@pytest.fixture(scope="module")
def diagram():
    return bifurcation_diagram(FieldFamily(published, (14.0, 16.0)), n_values=2, n_active=[0, 1, 3, 5])


@pytest.fixture(scope="module")
def split():
    """Clusters differ but where the parameter is 0."""
    return bifurcation_diagram(FieldFamily(shifted, (-0.1, 0.3)), n_values=3, n_starts=20)


def critical(diagram, n_active, kind):
    return [
        point
        for point in diagram.critical_points
        if point.kind == kind and diagram.branches[point.branch].n_active == n_active
    ]


def test_reference_values(diagram):
    """Model description: loss of symmetry at 15.03967, folds at 14.944 and 14.965."""
    assert [branch.n_active for branch in diagram.branches] == [0, 1, 3, 5]
    (loss,) = critical(diagram, 0, "symmetry breaking")
    assert loss.parameter == pytest.approx(15.03967, abs=5e-6) and loss.repeats == 17
    for n_active, value in ((1, 14.944), (3, 14.965)):
        (fold,) = critical(diagram, n_active, "fold")
        assert fold.parameter == pytest.approx(value, abs=5e-4)


def test_loss_of_symmetry_by_bisection(diagram):
    """The leading eigenvalue of the 38 populations of exact fields, without the family."""
    guess = [np.full(38, 8.0)]

    def leading(value):
        field = published(value)
        guess[0] = field.solve_rates(guess[0]).x
        return field.determine_stability(guess[0])[1][0].real

    expected = brentq(leading, 15.0, 15.1, xtol=1e-10)
    (loss,) = critical(diagram, 0, "symmetry breaking")
    assert loss.parameter == pytest.approx(expected, abs=1e-6)  # 17 eigenvalues that are equal, found one by one
    for branch in diagram.branches[1:]:
        assert branch.ends == ("symmetry", "limit")
        assert branch.parameter[0] == pytest.approx(loss.parameter, abs=1e-9)
        np.testing.assert_allclose(branch.rates[0], loss.rates, rtol=1e-8)


@pytest.mark.parametrize("which", ["diagram", "split"])
def test_points_solve_the_exact_equations(which, request):
    found = request.getfixturevalue(which)
    make = {"diagram": published, "split": shifted}[which]
    for branch in found.branches:
        special = [point.position for point in found.critical_points if found.branches[point.branch] is branch]
        for k in sorted({*range(0, len(branch.parameter), 3), len(branch.parameter) - 1, *special}):
            field = make(branch.parameter[k])
            assert np.abs(field.equations(branch.rates[k])).max() < 1e-8
            kind, eigenvalues = field.determine_stability(branch.rates[k])
            assert branch.leading[k] == pytest.approx(eigenvalues[0].real, abs=1e-5)
            if abs(eigenvalues.real).min() > 1e-4:
                assert branch.stable[k] == kind.startswith("stable")
                assert branch.n_unstable[k] == (eigenvalues.real > 0).sum()


def test_critical_points_are_points_of_their_branch(diagram):
    assert {point.kind for point in diagram.critical_points} == {"fold", "symmetry breaking"}
    for point in diagram.critical_points:
        branch = diagram.branches[point.branch]
        assert branch.parameter[point.position] == point.parameter
        np.testing.assert_array_equal(branch.rates[point.position], point.rates)
        assert abs(point.eigenvalue) < 1e-8
        before, after = branch.n_unstable[point.position + np.array([-1, 1])]
        assert abs(after - before) == point.repeats
        if point.kind == "fold":
            away = branch.parameter[point.position + np.array([-1, 1])] - point.parameter
            assert away[0] * away[1] > 0


def test_branches_reach_the_limits(diagram, split):
    for found in (diagram, split):
        for branch in found.branches:
            for end, value in zip(branch.ends, branch.parameter[[0, -1]], strict=True):
                assert end == "symmetry" or (end == "limit" and value in found.limits)
            assert found.limits[0] <= branch.parameter.min() and branch.parameter.max() <= found.limits[1]


def test_folds_of_one_population():
    """The external rate at which a rate is steady is a function of that rate: its extrema are the folds."""

    def external(nu):
        return brentq(lambda value: excitable(value).equations([nu])[0], 0.0, 60.0, xtol=1e-12)

    found = bifurcation_diagram(FieldFamily(excitable, (1.0, 3.0)), n_starts=10)
    (branch,) = found.branches
    assert branch.ends == ("limit", "limit") and branch.multiplicity == 1 and branch.active == ()
    right, left = sorted(found.critical_points, key=lambda point: point.rates[0])
    assert {right.kind, left.kind} == {"fold"}
    for fold, sign in ((right, -1), (left, 1)):
        near = (0.8 * fold.rates[0], 1.2 * fold.rates[0])
        extremum = minimize_scalar(lambda nu, sign=sign: sign * external(nu), bounds=near, method="bounded")
        assert fold.parameter == pytest.approx(sign * extremum.fun, rel=1e-8)
    steady = [int((np.diff(np.sign(branch.parameter - value)) != 0).sum()) for value in (1.2, 2.5)]
    between = (right.parameter + left.parameter) / 2
    scan = excitable(between).equations(np.linspace(0.0, 200.0, 4001)[:, None])[:, 0]
    assert steady == [1, 1] and (np.diff(np.sign(scan)) != 0).sum() == 3
    assert (np.diff(np.sign(branch.parameter - between)) != 0).sum() == 3


def test_a_branch_that_closes_in_itself():
    """A drive that rises and falls again passes the upper fold twice: active state and saddle are one closed branch."""
    straight = bifurcation_diagram(FieldFamily(excitable, (1.0, 3.0)), n_starts=10)
    low, high = sorted(point.parameter for point in straight.critical_points)
    top = (low + high) / 2
    diagram = bifurcation_diagram(FieldFamily(lambda value: excitable(top - value**2), (-0.8, 0.8)), n_starts=30)
    (closed,) = (branch for branch in diagram.branches if branch.ends == ("closed", "closed"))
    folds = [point.parameter for point in diagram.critical_points if diagram.branches[point.branch] is closed]
    np.testing.assert_allclose(sorted(folds), [-np.sqrt(top - low), np.sqrt(top - low)], rtol=1e-8)
    np.testing.assert_allclose(closed.rates[0], closed.rates[-1], rtol=1e-6)
    assert closed.stable.any() and not closed.stable.all()
    others = [branch for branch in diagram.branches if branch is not closed]
    assert [branch.ends for branch in others] == [("limit", "limit")] and others[0].stable.all()


def test_differing_clusters(split):
    """One branch favours the first cluster; the other ends in a fold, beyond which the second cannot stay active."""
    first, second = sorted(split.branches, key=lambda branch: branch.active)
    assert first.active == (0,) and first.stable.all()
    assert second.active == (1,) and second.ends == ("limit", "limit") and second.stable.any()
    (fold,) = split.critical_points
    assert fold.kind == "fold" and split.branches[fold.branch] is second
    for change, number in ((-1e-3, 3), (1e-3, 1)):
        assert len(fixed_points(shifted(fold.parameter + change), 20)) == number


def test_active_clusters_along_branches(diagram, split):
    """Where clusters are alike they stay the same; where they differ, each point has its own."""
    for branch in diagram.branches:
        assert set(branch.active_along) == {branch.active}
    for branch in split.branches:
        assert len(branch.active_along) == len(branch.parameter)
        for rates, active in zip(branch.rates, branch.active_along, strict=True):
            first, second = rates[:2]
            wide = abs(first - second) > 0.25 * max(first, second)
            assert active == ((int(second > first),) if wide else ())


def test_permuted_clusters_change_nothing():
    order = of_clusters([2, 0, 1, *range(3, 18)], published(15.0).populations)

    def permuted(value):
        field = published(value)
        return RateEquations(field.coefficients.reordered(order), field.populations)

    one, other = (
        bifurcation_diagram(FieldFamily(make, (14.5, 15.5)), n_values=2, n_active=[2]) for make in (published, permuted)
    )
    for a, b in zip(one.branches, other.branches, strict=True):
        assert a.active == b.active == (0, 1)
        np.testing.assert_allclose(a.rates, b.rates, rtol=1e-6)
    assert [point.kind for point in one.critical_points] == [point.kind for point in other.critical_points]
    for a, b in zip(one.critical_points, other.critical_points, strict=True):
        assert a.parameter == pytest.approx(b.parameter, abs=1e-9)


def test_parameter_that_makes_no_difference():
    found = bifurcation_diagram(FieldFamily(lambda _: two_clusters(20.0), (-2.0, 3.0)))
    assert [branch.n_active for branch in found.branches] == [0, 1] and not found.critical_points
    for branch in found.branches:
        assert branch.ends == ("limit", "limit") and sorted(branch.parameter[[0, -1]]) == [-2.0, 3.0]
        np.testing.assert_allclose(branch.rates, np.broadcast_to(branch.rates[0], branch.rates.shape), rtol=1e-10)


def test_branch_between_two_states_of_higher_symmetry():
    """The selective state of two clusters exists for external rates in between, with a fold beyond either end."""
    family = FieldFamily(field_by_value(CONFIGS / "2_cluster_mf.yaml", EXTERNAL_RATE, "arousal.level=0"), (3.0, 12.0))
    found = bifurcation_diagram(family)
    uniform, selective = found.branches
    losses = [point.parameter for point in critical(found, 0, "symmetry breaking")]
    assert selective.ends == ("symmetry", "symmetry") and uniform.ends == ("limit", "limit")
    np.testing.assert_allclose(selective.parameter[[0, -1]], losses, atol=1e-8)
    low, high = (point.parameter for point in critical(found, 1, "fold"))
    assert low < losses[0] < losses[1] < high
    everything = bifurcation_diagram(family, alike=False, n_starts=10)
    assert [branch.active for branch in everything.branches] == [(), (0,)]


def test_branch_between_the_first_values():
    """The selective state lies between two of the five values, next to the symmetry breakings that give it away."""
    family = FieldFamily(field_by_value(CONFIGS / "2_cluster_mf.yaml", EXTERNAL_RATE, "arousal.level=0"), (0.0, 20.0))
    found = bifurcation_diagram(family)
    selective = found.branches[1]
    losses = [point.parameter for point in critical(found, 0, "symmetry breaking")]
    assert len(found.branches) == 2 and "missing" not in found.searched
    np.testing.assert_allclose(selective.parameter[[0, -1]], losses, atol=1e-8)
    assert any(selective.stable[np.abs(selective.parameter - 7.0) < 0.5])
    (only,) = bifurcation_diagram(family, n_active=[1]).branches
    np.testing.assert_allclose(np.sort(only.parameter[[0, -1]]), losses, atol=1e-8)
    one = bifurcation_diagram(family, most_branches=1)
    assert f"with 1 active clusters that leave the symmetry breaking at {losses[0]:g} are missing" in one.searched


def test_more_values():
    family = FieldFamily(lambda _: two_clusters(20.0), (-2.0, 3.0))
    assert "at 3 values" in bifurcation_diagram(family, n_values=2, at=[0.1, -2.0]).searched
    with pytest.raises(ValueError, match=r"4\.0 found; expected a value from"):
        bifurcation_diagram(family, at=[4.0])


def test_no_smooth_dependence_is_told():
    kinked = FieldFamily(lambda value: excitable(min(value, 1.3)), (1.0, 1.5))
    ((lower, upper),) = kinked.rough
    told = f"from {lower:g} to {upper:g} the network does not depend smoothly on the parameter"
    assert told in bifurcation_diagram(kinked, n_values=2, n_starts=5).searched


@pytest.fixture(scope="module")
def folded():
    """A branch with two folds, followed from its lower end."""
    family = FieldFamily(excitable, (1.0, 3.0))
    start = min((point.rates for point in fixed_points(family.at(1.0), 10)), key=lambda rates: rates[0])
    return FollowedBranch(family, start, 1.0, 2000)


def test_states_on_a_branch(folded):
    """Next to a fold too, and along all of it; a second pass along the same branch is known as such."""
    low, high = sorted(point.parameter for point in folded.critical_points(0))
    for value in (1.0, low + 1e-6, (low + high) / 2, high - 1e-6, 3.0):
        for point in fixed_points(folded.family.at(value), 20):
            assert folded.passes(point.rates, value)
            assert not folded.passes(point.rates + 0.1, value)
    again = FollowedBranch(folded.family, folded.curve.rates(folded.points[-1]), 3.0, 2000)
    assert folded.contains(again) and again.contains(folded)


def test_a_state_is_not_on_a_branch_where_newton_fails(folded, monkeypatch):
    n = len(folded.points) // 3
    rates, value = folded.curve.rates(folded.points[n]), folded.values[n]
    monkeypatch.setattr(folded.curve, "correct", lambda *_: None)
    assert folded.passes(rates, value)
    assert not any(folded.passes(factor * rates, value) for factor in (0.6, 0.99, 1.001, 1.5))


def test_bounds():
    family = FieldFamily(two_clusters, (8.0, 20.0))
    found = bifurcation_diagram(family, most_branches=1, most_points=3)
    assert len(found.branches) == 1 and "too long" in found.branches[0].ends
    assert "states were not followed" in found.searched and "not followed to their end" in found.searched
    for name, value in (("n_values", 1), ("most_branches", 0), ("most_points", 0)):
        with pytest.raises(ValueError, match=f"{name}: {value} found; expected"):
            bifurcation_diagram(family, **{name: value})


def test_a_hopf_bifurcation():
    """An E and a slower I population under a growing drive of E: where a bisection over exact fields has it as well.

    Beyond it the rates oscillate, with about the frequency of the eigenvalue.
    """

    def make(drive: float) -> LIFMeanField:
        weights = [[0.02, -0.04], [0.02, -0.002]]
        return LIFMeanField(2, [[200, 100]] * 2, weights, 0.1, 100, [drive, 2.0], [0.01, 0.05], 0.0, 1.0, 0.0, 0.002)

    def leading(drive: float) -> complex:
        field = make(drive)
        return field.determine_stability(field.solve_rates().x)[1][0]

    diagram = bifurcation_diagram(FieldFamily(make, (8.0, 12.0)))
    (branch,), (point,) = diagram.branches, diagram.critical_points
    expected = brentq(lambda drive: leading(drive).real, 9, 12)
    assert point.kind == "Hopf" and point.repeats == 1
    assert point.parameter == pytest.approx(expected, abs=1e-8)
    assert abs(point.eigenvalue.imag) == pytest.approx(abs(leading(expected).imag), rel=1e-6)
    assert np.array_equal(branch.stable, branch.parameter < expected - 1e-8)
    times = np.linspace(2, 3, 2001)
    beyond = make(expected + 0.1)
    rates = beyond.simulate(beyond.solve_rates().x + np.array([0.1, 0]), 3.0, times)[1][:, 0]
    rising = np.flatnonzero((rates[:-1] < rates.mean()) & (rates[1:] >= rates.mean()))
    period = np.diff(times[rising]).mean()
    assert 2 * np.pi / period == pytest.approx(abs(point.eigenvalue.imag), rel=0.05)
