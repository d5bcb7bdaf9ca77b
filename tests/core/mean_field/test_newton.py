from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.mean_field.core.newton import FASTEST, Linearization, find_or_relax, find_zeros, relax

ROOTS = np.array([1.0, 4.0, 9.0])


def cubic(x):
    """Zeros at `ROOTS`, falling through the first and the last: to these rates relax."""
    a, b, c = (x - root for root in ROOTS)
    return Linearization(-a * b * c / 10, (-(b * c + a * c + a * b) / 10)[..., None])


def test_zeros_of_a_polynomial():
    found = find_zeros(cubic, np.array([[0.0], [3.5], [20.0]]))
    np.testing.assert_allclose(found.x[:, 0], ROOTS, rtol=1e-12)
    assert found.converged.all() and (found.residual < 1e-9).all()


def test_deflation_finds_the_others():
    """From one start, each zero found so far deflated; then nothing is left."""
    known = np.empty((0, 1))
    for _ in ROOTS:
        found = find_zeros(cubic, np.array([[0.5], [6.0]]), known)
        known = np.vstack([known, found.x[found.converged][:1]])
    np.testing.assert_allclose(np.sort(known[:, 0]), ROOTS, rtol=1e-9)
    assert not find_zeros(cubic, np.array([[0.5], [6.0]]), known).converged.any()


def test_a_start_on_a_known_zero_does_not_overflow():
    """Near several known zeros the deflated function is huge, and finite."""
    known = np.array([[1.0], [1.0 + 1e-6], [1.0 - 1e-6], [4.0]])
    found = find_zeros(cubic, np.array([[1.0], [8.0]]), known)
    assert np.isfinite(found.x).all() and found.x[1, 0] == pytest.approx(9.0, rel=1e-9)


def test_rates_relax_to_stable_zeros_alone():
    found = relax(cubic, np.array([[3.9], [4.1], [0.0], [100.0]]))
    np.testing.assert_allclose(found.x[:, 0], [1.0, 9.0, 1.0, 9.0], rtol=1e-12)
    assert found.converged.all()


def bump(x):
    """Newton's method from 3 and above runs away from the only zero, 1: the function rises to 0 there."""
    decay = np.exp(1 - x)
    return Linearization((1 - x) * decay, (-(2 - x) * decay)[..., None])


def test_relaxation_where_newton_finds_nothing():
    start = np.array([[3.0], [1.2]])
    assert find_zeros(bump, start).x[0, 0] > 3
    found = find_or_relax(bump, np.array([[2.5], [1.2]]))
    np.testing.assert_allclose(found.x[1], 1.0, rtol=1e-9)


def test_rates_stay_positive():
    """The only zero is at -1: it is not found, and what comes back is no rate below 0."""
    found = find_zeros(lambda x: Linearization(-1 - x, -np.ones((len(x), 1, 1))), np.array([[5.0]]))
    assert not found.converged.any() and (found.x >= 0).all()


def test_a_singular_derivative_is_no_end():
    """Two equal equations: a line of zeros."""

    def line(x):
        return Linearization(np.repeat(2 - x.sum(axis=1, keepdims=True), 2, axis=1), -np.ones((len(x), 2, 2)))

    found = find_zeros(line, np.array([[3.0, 1.0]]))
    assert found.converged.all() and found.x.sum() == pytest.approx(2)


def test_parameters_go_with_their_starts():
    """Roots of numbers that finish at different times."""
    numbers = np.array([[4.0], [1e6], [9.0], [0.25]])

    def roots(x, number):
        return Linearization(number - x**2, -2 * x[..., None])

    for solve in (find_zeros, find_or_relax, relax):
        found = solve(roots, np.full((4, 1), 5.0), parameters=[numbers])
        np.testing.assert_allclose(found.x, np.sqrt(numbers), rtol=1e-9)


def test_no_starts():
    found = find_or_relax(cubic, np.empty((0, 1)))
    assert found.x.shape == (0, 1) and found.converged.shape == (0,)


def test_rates_that_run_away_are_given_up():
    """They grow for ever, and overflow the function if they are followed."""

    def runaway(x):
        assert (x <= FASTEST).all()
        return Linearization(1.0 + x, np.ones((*x.shape, 1)))

    for solve in (find_zeros, relax, find_or_relax):
        found = solve(runaway, np.array([[5.0], [1e9]]))
        assert not found.converged.any() and np.isfinite(found.x).all()


def test_rates_that_rise_steeply_from_zero_relax():
    """Two populations excite each other far more than their rates: a long step turns back below 0."""

    def excited(x):
        drive = 1.0 + 50.0 * x[:, ::-1]
        slope = 50.0 * np.exp(-drive / 1000)
        jacobian = np.zeros((len(x), 2, 2))
        jacobian[:, [0, 1], [1, 0]] = slope
        return Linearization(1000 * (1 - np.exp(-drive / 1000)) - x, jacobian - np.eye(2))

    found = relax(excited, np.zeros((1, 2)))
    assert found.converged.all() and (found.x > 990).all()
