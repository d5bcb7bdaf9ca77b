"""Gradients of mean observables with respect to external rates, from the scores of runs, with small errors.

The response of a mean to a lasting shift of the rate of population a sums, over all delays, the covariances of the
observable f with the score s_a of an earlier moment:

    d E[f] / d delta_a = sum_{k >= 0} Cov(f(t + k), s_a(t)) = E[s_a(t) sum_{k >= 0} (f(t + k) - E f)]

The sum over the future has a large variance, nearly all of which has nothing to do with s_a(t). Two steps remove it.
What happens more than a block after t is replaced by its expectation given the state at the end of the block, a linear
regression on features of the state. And the expected future given the state *before* the block is subtracted: it is
independent of all scores in the block, so that this adds no bias. What is left is what the network did in a block
other than expected, times the scores of that block. The errors are several times smaller than those of a long window;
the price is a bias as far as the features do not tell the future, and a horizon beyond which nothing counts: gradients
are then too small. Those of occupancies, compared with finite differences, were 14 to 39 % too small with flags of
activity alone; with rates beside them and a horizon of 4 s (see `Goal.features`), 1 +- 2 % in a network of 6 clusters,
and 11 +- 5 % in the default network, whose states last longer.

References:
    Sutton, McAllester, Singh & Mansour 2000, "Policy gradient methods for reinforcement learning with function
    approximation" (the score times the advantage); Greensmith, Bartlett & Baxter 2004 (baselines).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import InputError

_Array = NDArray[np.float64]

#: Of the regression, as a part of the mean square of the features: features that never vary do no harm.
_RIDGE = 1e-3


class Gradient(NamedTuple):
    """Derivatives of a mean with respect to the shift of each population.

    Attributes:
        value: Per Hz, shape ``(P,)``.
        error: Standard errors over trials, shape ``(P,)``; NaN for a single trial.
    """

    value: _Array
    error: _Array


class Delays(NamedTuple):
    """Numbers of bins.

    Attributes:
        block: How long scores and activity are followed together.
        horizon: How far the expected future reaches.
        lead: How far before the block the state is looked at, so that the smoothing of its rates does not reach into
            the block.
    """

    block: int
    horizon: int
    lead: int


def score_gradient(
    observables: Sequence[NDArray[np.floating]],
    features: Sequence[NDArray[np.floating]],
    scores: Sequence[NDArray[np.floating]],
    delays: Delays,
) -> Gradient:
    """Gradient of the mean of an observable, from independent trials.

    Args:
        observables: The observable in each bin of each trial, shape ``(n_bins,)``.
        features: What tells the state of the network in each bin, a constant included, shape ``(n_bins, F)``.
        scores: Scores summed in each bin, shape ``(n_bins, P)``.
        delays: Over how many bins.

    Raises:
        InputError: A trial is too short.
    """
    shortest = min(map(len, observables))
    if shortest <= delays.horizon + delays.block + delays.lead:
        needed = delays.horizon + delays.block + delays.lead + 1
        raise InputError(f"trials of {shortest} bins found; expected at least {needed}, for the delays of the scores")
    mean = float(np.mean(np.concatenate(observables)))
    weights = _expected_future(observables, features, mean, delays.horizon)
    found = []
    for observable, seen, score in zip(observables, features, scores, strict=True):
        so_far, scored = _running_sum(observable - mean), _running_sum(score)
        future = seen @ weights
        ends = np.arange(delays.block + delays.lead, len(observable))
        begins = ends - delays.block - delays.lead
        surprise = so_far[ends + 1] - so_far[begins + 1] + future[ends] - future[begins]
        blocks = scored[ends + 1] - scored[ends + 1 - delays.block]
        found.append(surprise @ blocks / (len(ends) * delays.block))
    values = np.array(found)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.full(values.shape[1], np.nan)
    return Gradient(values.mean(axis=0), error)


def _expected_future(
    observables: Sequence[NDArray[np.floating]], features: Sequence[NDArray[np.floating]], mean: float, horizon: int
) -> _Array:
    """Weights of the features in the expected sum of ``f - E f`` over the bins to come, shape ``(F,)``."""
    n_features = features[0].shape[1]
    squares, products = np.zeros((n_features, n_features)), np.zeros(n_features)
    for observable, seen in zip(observables, features, strict=True):
        so_far = _running_sum(observable - mean)
        future = so_far[1 + horizon :] - so_far[1 : len(so_far) - horizon]
        known = np.asarray(seen[: len(future)], np.float64)
        squares += known.T @ known
        products += known.T @ future
    ridge = _RIDGE * np.trace(squares) / n_features
    return np.linalg.solve(squares + ridge * np.eye(n_features), products)


def _running_sum(values: NDArray[np.floating]) -> _Array:
    """Sums of the first 0, 1, ... rows."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=np.float64)])
