"""Responses by scores against measured figures, and against finite differences of perturbed runs.

The figures of one network over 600 s were measured independently of this code, with clusters active above 20 Hz. Finite
differences are those of the share of time in which clusters are active, between +delta on the first half of the
clusters, -delta on the others, and the reverse, under the same noise. With clusters that are alike this is the response
to the own shift minus that to another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from neuro_mod import Responses, StageSNNSimulation
from tests.helpers.shared import CONFIGS

DEFAULT = CONFIGS / "default_snn_params.yaml"
#: Six large clusters that switch several times a second.
SIX = ("architecture.clusters.n_clusters=6", "architecture.clusters.j_potentiated=[4.5, 1.8, 2.1, 1.67]")


def simulated(overrides: Sequence[str], n_trials: int, **observing: Any) -> Responses:
    return Responses.simulated(StageSNNSimulation(DEFAULT, overrides=overrides), n_trials, **observing)


def finite_difference(
    overrides: Sequence[str], n_trials: int, delta: float, threshold: float, settle: float
) -> tuple[float, float]:
    """Own minus another's response, and its standard error over trials."""
    observing = {"windows": [0.1], "settle": settle, "method": "threshold", "parameters": {"high_hz": threshold}}
    occupancy, signs = [], np.ones(1)
    for sign in (1, -1):
        n_clusters = 6 if set(SIX) <= set(overrides) else 18
        signs = np.where(np.arange(n_clusters) < n_clusters // 2, 1, -1)
        perturbation = (
            f"perturbation.rate.params=[{sign * delta}]",
            f"perturbation.rate.involved_clusters=[[{', '.join(f'E{c}' for c in range(n_clusters))}]]",
            f"perturbation.rate.vectors=[{signs.tolist()}]",
        )
        responses = simulated([*overrides, *perturbation], n_trials, **observing)
        first = round(settle / responses.bin_width)
        occupancy.append([session.active[first:].mean(axis=0) for session in responses.sessions])
    slopes = (np.array(occupancy[0]) - occupancy[1]) @ signs / len(signs) / (2 * delta)
    return float(slopes.mean()), float(slopes.std(ddof=1) / np.sqrt(n_trials))


def own_minus_other(found) -> list[tuple[float, float]]:
    """For each window; the response to another's shift has an error ten times smaller."""
    return [(r[0] - r[1], np.hypot(e[0], e[1])) for r, e in zip(found.response[:, 0], found.error[:, 0], strict=True)]


def z(one: tuple[float, float], other: tuple[float, float]) -> float:
    return abs(one[0] - other[0]) / np.hypot(one[1], other[1])


@pytest.mark.slow
def test_the_measured_figures():
    responses = simulated(["init_params.duration_sec=30"], 20, method="threshold", parameters={"high_hz": 20.0})
    occupancy = responses.occupancy(pooled=True)
    own, other = (list(zip(occupancy.response[:, 0, a], occupancy.error[:, 0, a], strict=True)) for a in (0, 1))
    expected = [(0.613, 0.062), (1.49, 0.11), (2.46, 0.20), (3.07, 0.30)]
    assert max(z(a, b) for a, b in zip(own, expected, strict=True)) < 2, own
    assert z(other[-1], (-0.169, 0.020)) < 2, other
    switching = responses.switching([0.2], pooled=True)
    for k, (name, expected) in enumerate({"switch on": (0.52, 0.02), "stay on": (1.19, 0.06)}.items()):
        assert switching.names[k] == name
        assert z((switching.response[0, k, 0], switching.error[0, k, 0]), expected) < 2, switching.response[0, k, 0]
    assert np.sqrt(np.nanmean(np.square(responses.occupancy(acausal=True).z))) == pytest.approx(1, abs=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("arousal", [0.1, 0.3])
@pytest.mark.parametrize("seed", [256, 1, 2])
def test_gradients_of_occupancy_are_finite_differences(seed, arousal):
    """By the chain with a lag of 0.5 s; the response itself takes seconds to settle, at low arousal tens of them."""
    seconds, settle = (60, 20.0) if arousal == 0.1 else (30, 5.0)
    overrides = [f"settings.random_seed={seed}", f"arousal.level={arousal}", f"init_params.duration_sec={seconds}"]
    responses = simulated(overrides, 100, windows=[0.5, 3.5])
    (chain,) = own_minus_other(responses.chain([0.5], pooled=True)[0])
    difference = finite_difference(overrides, 60, 0.02, float(responses.thresholds[0]), settle)
    assert z(chain, difference) < 2, (chain, difference)
    if arousal == 0.3:
        (direct,) = own_minus_other(responses.occupancy([3.5], pooled=True))
        assert z(direct, difference) < 2, (direct, difference)


@pytest.mark.slow
def test_both_are_precise_in_a_small_network():
    """Finite differences at two amplitudes, from which their error of second order is taken out."""
    overrides = [*SIX, "init_params.duration_sec=30"]
    responses = simulated(overrides, 100, windows=[0.5, 1.2])
    (direct,) = own_minus_other(responses.occupancy([1.2], pooled=True))
    (chain,) = own_minus_other(responses.chain([0.5], pooled=True)[0])
    threshold = float(responses.thresholds[0])
    small, large = (finite_difference(overrides, n, delta, threshold, 3.5) for n, delta in ((110, 0.01), (60, 0.02)))
    difference = (4 * small[0] - large[0]) / 3, np.hypot(4 * small[1], large[1]) / 3
    for found in (direct, chain, difference):
        assert found[1] < 0.05 * found[0], found
    for found in (direct, chain):
        assert z(found, difference) < 2 and found[0] == pytest.approx(difference[0], rel=0.05), (found, difference)
