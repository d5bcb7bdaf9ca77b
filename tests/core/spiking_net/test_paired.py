from __future__ import annotations

import numpy as np
import pytest

from neuro_mod.core.spiking_net.analysis.rates.paired import paired_difference

RNG = np.random.default_rng(3)


def test_difference_and_error_by_hand():
    found = paired_difference(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[2.0, 5.0], [6.0, 5.0]]))
    assert found.difference.tolist() == [2, 0]
    assert found.variance.tolist() == [2, 0]  # of 1 and 3
    assert found.standard_error.tolist() == [1, 0]
    assert found.independent_variance.tolist() == [2 + 8, 0]
    assert found.variance_ratio[0] == 0.2 and np.isnan(found.variance_ratio[1])
    assert found.pooled_variance_ratio == 0.2


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_variance_ratio_is_one_minus_the_correlation(correlation):
    """For equal variances, Var(x - y) = 2 (1 - rho) Var(x); 4000 pairs tell it to 4 standard errors, 4 sqrt(2/4000)."""
    baseline = RNG.normal(size=(4000, 1))
    changed = correlation * baseline + np.sqrt(1 - correlation**2) * RNG.normal(size=(4000, 1)) + 7
    found = paired_difference(baseline, changed)
    assert found.variance_ratio[0] == pytest.approx(1 - correlation, rel=4 * np.sqrt(2 / 4000))
    assert abs(found.difference[0] - 7) < 4 * found.standard_error[0]


def test_a_single_pair_has_no_error():
    found = paired_difference(np.ones((1, 3)), np.full((1, 3), 2.0))
    assert found.difference.tolist() == [1, 1, 1]
    assert np.isnan(found.standard_error).all() and np.isnan(found.variance_ratio).all()


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="found; expected the shape of baseline"):
        paired_difference(np.ones((2, 3)), np.ones((3, 3)))
    with pytest.raises(ValueError, match="found; expected the shape of baseline"):
        paired_difference(np.ones((0, 3)), np.ones((0, 3)))
