from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, kstest

from neuro_mod.core.arousal import arousal_effect, quenched_z, weaken_excitation, z_quadrature
from neuro_mod.populations import Populations

L, X_0, K, M = 0.75, 0.2, 1.25, 13.125
LEVELS = np.linspace(0, 1, 11)
# model description, checked there by two independent implementations
JEE_REDUCTION = [
    0.0,
    0.0023169508461334874,
    0.013539771868665916,
    0.038720095771421055,
    0.08268911699349557,
    0.15000000000000005,
    0.243821353064065,
    0.3637796306398917,
    0.5028795823425043,
    0.6440405094165145,
    0.75,
]


def test_table_of_the_published_model():
    np.testing.assert_allclose(L * arousal_effect(LEVELS, X_0, K), JEE_REDUCTION, rtol=1e-12)


@pytest.mark.parametrize(("level", "effect"), [(0, 0), (0.5, X_0), (1, 1)])
def test_anchors(level, effect):
    assert arousal_effect(level, X_0, K) == pytest.approx(effect, abs=1e-15)


def test_effect_of_populations_with_their_own_parameters():
    effect = arousal_effect([0.3, 0.3], [0.2, 0.4], [1.25, 2.0])
    assert effect[0] == arousal_effect(0.3, 0.2, 1.25)
    assert effect[1] == arousal_effect(0.3, 0.4, 2.0)


def test_quenched_z_is_beta_distributed():
    assert kstest(quenched_z(3, 5000), beta(10, 10).cdf).pvalue > 1e-3


def test_quadrature_is_exact_for_moments():
    nodes, weights = z_quadrature()
    for power in range(24):  # 12 Gauss nodes are exact up to degree 23
        moment = np.prod([(10 + j) / (20 + j) for j in range(power)])
        assert np.sum(weights * nodes**power) == pytest.approx(moment, rel=1e-12)


def test_only_recurrent_excitation_is_weakened():
    populations = Populations(2, (4, 2), (3, 1))
    weights = np.arange(1.0, 37).reshape(6, 6)
    weakened = weaken_excitation(weights, populations, [0.1, 0.2, 0.3, 0.9, 0.9, 0.9])
    factor = np.ones((6, 6))
    factor[:3, :3] = np.array([0.9, 0.8, 0.7])[:, None]
    np.testing.assert_allclose(weakened, weights * factor)


def test_no_arousal_has_no_effect_however_odd_the_parameters():
    assert arousal_effect(0.0, 0.9, 0.01) == 0.0
