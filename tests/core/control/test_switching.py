"""Switching of two-state processes whose probabilities follow their input, and pooling over clusters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from neuro_mod.core.control.estimates import estimates
from neuro_mod.core.control.moments import moments_of
from neuro_mod.core.control.pooling import RELATIONS, pooled, relations
from neuro_mod.core.control.state_sets import in_states, seen_states
from neuro_mod.core.control.switching import chain, switching_observables
from neuro_mod.core.control.transforms import ratio
from neuro_mod.populations import Populations

LAYOUT = Populations(2, (4, 1), (4, 1))
#: Of the probit of switching on or staying on: when off and when on, and the slope with the input, in Hz of standard
#: deviation 1.
OFF, ON, SLOPE = -1.6, 1.2, 0.8
BIN = 0.01


def switching_clusters(n_bins: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two clusters that follow the input of their own E population, and the scores of all six populations."""
    noise = np.random.default_rng(seed)
    scores = noise.normal(size=(n_bins, LAYOUT.total))
    drive = SLOPE * scores[:, :2]
    below = norm.cdf(noise.normal(size=(n_bins, 2)))
    chances = {False: norm.cdf(OFF + drive), True: norm.cdf(ON + drive)}
    active = np.zeros((n_bins, 2), bool)
    for t in range(1, n_bins):
        active[t] = below[t] < np.where(active[t - 1], chances[True][t], chances[False][t])
    return active, scores


def probabilities(shift: float, lag: int) -> np.ndarray:
    """P(on | off) and P(on | on) after so many bins of a shifted input."""
    on, stay = (norm.cdf((each + SLOPE * shift) / np.sqrt(1 + SLOPE**2)) for each in (OFF, ON))
    step = np.array([[1 - on, on], [1 - stay, stay]])
    return np.linalg.matrix_power(step, lag)[:, 1]


def of_chain(on_and_stay: np.ndarray, seconds: float) -> np.ndarray:
    """Occupancy and mean times, from the generator of the chain in continuous time."""
    on, off = on_and_stay[0], 1 - on_and_stay[1]
    rate = -np.log(1 - on - off) / seconds
    up, down = rate * on / (on + off), rate * off / (on + off)
    return np.array([up / (up + down), 1 / down, 1 / up])


def slope(function, h: float = 1e-4):
    return (function(h) - function(-h)) / (2 * h)


@pytest.fixture(scope="module")
def process():
    return switching_clusters(60_000, seed=1)


@pytest.mark.parametrize("lag", [1, 5])
def test_switching_and_the_chain_follow_their_input(process, lag):
    active, scores = process
    moments = moments_of([switching_observables(active, lag)], [scores], [lag])
    found = estimates(moments, pooled(LAYOUT, ratio))
    expected = slope(lambda shift: probabilities(shift, lag))
    assert (np.abs(found.value - probabilities(0, lag)) < 3.5 * found.value_error).all()
    assert (np.abs(found.response[0, :, 0] - expected) < 3.5 * found.error[0, :, 0]).all()
    others = np.delete(found.z[0], 0, axis=1)
    assert (np.abs(others) < 3.5).all() and (found.z[0, :, 0] > 10).all()
    found = estimates(moments, pooled(LAYOUT, chain(lag * BIN)))
    assert (np.abs(found.value - of_chain(probabilities(0, lag), lag * BIN)) < 3.5 * found.value_error).all()
    expected = slope(lambda shift: of_chain(probabilities(shift, lag), lag * BIN))
    assert (np.abs(found.response[0, :, 0] - expected) < 3.5 * found.error[0, :, 0]).all()


def test_the_chain_rule_is_the_derivative():
    """Of means that are given; three populations shift them in three ways."""
    rng = np.random.default_rng(2)
    means = np.array([0.05, 0.02, 0.1, 0.2, 0.8, 0.6, 0.2, 0.4])  # of two clusters
    directions = rng.normal(size=(8, 3))
    _, responses = chain(0.2)(means, directions[None])
    for a in range(3):
        changed = [chain(0.2)(means + h * directions[:, a], directions[None])[0] for h in (1e-6, -1e-6)]
        assert responses[0, :, a] == pytest.approx((changed[0] - changed[1]) / 2e-6, rel=1e-6)


def test_pooling_is_a_mean_over_clusters_and_populations():
    layout = Populations(3, (4, 2), (4, 1))
    rng = np.random.default_rng(3)
    means, responses = rng.normal(size=6), rng.normal(size=(2, 6, layout.total))
    value, pools = pooled(layout)(means, responses)
    assert value == pytest.approx([means[:3].mean(), means[3:].mean()])
    for r, name in enumerate(RELATIONS):
        for kind in range(2):
            pairs = []
            for c in range(3):
                own, other = f"{name[-1]}{c}", [f"{name[-1]}{d}" for d in range(3) if d != c]
                columns = [own] if name.startswith("own") else other
                columns = [name.replace(" ", "_")] if "background" in name else columns
                pairs.append(np.mean([responses[:, 3 * kind + c, layout.index(each)] for each in columns], axis=0))
            assert pools[:, kind, r] == pytest.approx(np.mean(pairs, axis=0))
    assert relations(layout).shape == (3, 8)


def test_states_are_counted_and_seen():
    active = np.zeros((10, 9), bool)
    active[2:6, [0, 8]] = True
    active[6:9, 8] = True
    first, *others = seen_states([active, active[:4]])
    assert first == ((0, 8), 6 / 14, 2)
    assert others == [((), 5 / 14, 3), ((8,), 3 / 14, 1)]
    assert in_states(active, [(0, 8), (8,), ()]).sum(axis=0).tolist() == [4, 3, 3]
