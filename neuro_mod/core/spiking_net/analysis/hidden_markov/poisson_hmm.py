"""Hidden Markov model with Poisson counts, fitted by expectation maximisation (Baum-Welch).

Sessions are independent sequences: each starts from the initial probabilities. All of them advance together, one bin at
a time, as rows of one array; a shorter one is filled with bins that are uninformative about the state.

hmmlearn's ``PoissonHMM`` is the same model. It is not used because its rates can become zero, so that a session with a
spike of a unit that is silent in the others has zero likelihood, and because it takes more than ten times as long with
tens of states and units.

References:
    Rabiner 1989, "A tutorial on hidden Markov models and selected applications in speech recognition".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

#: Least probability of a transition or of a first state: no session is impossible, no scale underflows.
MIN_PROBABILITY = 1e-12
#: Least number of spikes expected of a unit over all of the data, whatever the state.
MIN_SPIKES = 0.5
#: The fit has converged when an iteration gains less log-likelihood per bin, in nats.
TOLERANCE = 1e-6
#: Iterations after which a fit ends without convergence.
MAX_ITERATIONS = 500


class Counts(NamedTuple):
    """Spike counts of sessions side by side, the shorter ones filled up.

    Attributes:
        spikes: Shape ``(n_bins, n_sessions, n_units)``, ``n_bins`` of the longest session.
        within: Which bins are within their session, shape ``(n_bins, n_sessions)``.
        log_factorials: Of the counts, summed over each session, shape ``(n_sessions,)``.
    """

    spikes: NDArray[np.float64]
    within: NDArray[np.bool_]
    log_factorials: NDArray[np.float64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Bins of each session, shape ``(n_sessions,)``."""
        return self.within.sum(axis=0)

    @property
    def n_bins(self) -> int:
        """Bins of all sessions together."""
        return int(self.within.sum())

    @property
    def least_mean(self) -> float:
        """Least expected number of spikes per bin that a fit gives to a unit."""
        return MIN_SPIKES / self.n_bins


class PoissonModel(NamedTuple):
    """Parameters of the model, K states.

    Attributes:
        first: Probability of each state in the first bin of a session, shape ``(K,)``.
        transitions: Probability that the column's state follows the row's in the next bin, shape ``(K, K)``.
        means: Expected spikes per bin, shape ``(K, n_units)``.
    """

    first: NDArray[np.float64]
    transitions: NDArray[np.float64]
    means: NDArray[np.float64]

    def reordered(self, order: NDArray[np.int64]) -> PoissonModel:
        """The same model, whose state k was state ``order[k]``."""
        return PoissonModel(self.first[order], self.transitions[np.ix_(order, order)], self.means[order])


class Expectation(NamedTuple):
    """Posterior statistics of counts under a model.

    Attributes:
        posteriors: Probability of each state given its whole session, shape ``(n_bins, n_sessions, K)``; zero after
            the end of a session.
        moves: Expected number of transitions, shape ``(K, K)``.
        log_likelihoods: Of each session in nats, shape ``(n_sessions,)``.
    """

    posteriors: NDArray[np.float64]
    moves: NDArray[np.float64]
    log_likelihoods: NDArray[np.float64]


class Fit(NamedTuple):
    """A fitted model, the log-likelihood of its data in nats, and whether the fit converged."""

    model: PoissonModel
    log_likelihood: float
    converged: bool


def side_by_side(sessions: Sequence[NDArray[np.integer]]) -> Counts:
    """Sessions, each of shape ``(n_bins, n_units)``, in one array."""
    lengths = np.array([len(session) for session in sessions])
    spikes = np.zeros((lengths.max(), len(sessions), sessions[0].shape[1]))
    for index, session in enumerate(sessions):
        spikes[: len(session), index] = session
    within = np.arange(len(spikes))[:, None] < lengths
    return Counts(spikes, within, gammaln(spikes + 1).sum(axis=(0, 2)))


def expectation(counts: Counts, model: PoissonModel) -> Expectation:
    """Forward and backward pass over all sessions (Rabiner, sections III.A, III.B and V.A).

    Each bin is scaled by its largest likelihood over states and by its probability given the past, so nothing
    underflows as long as no transition is impossible.
    """
    emissions, largest = _emissions(counts, model)
    past, scales = np.empty_like(emissions), np.empty_like(largest)
    predicted = np.broadcast_to(model.first, emissions[0].shape)
    for bin_ in range(len(emissions)):
        joint = predicted * emissions[bin_]
        scales[bin_] = joint.sum(axis=1, keepdims=True)
        past[bin_] = joint / scales[bin_]
        predicted = past[bin_] @ model.transitions
    ahead = emissions / scales
    future = np.ones_like(emissions)
    for bin_ in range(len(emissions) - 1, 0, -1):
        ahead[bin_] *= future[bin_]
        future[bin_ - 1] = ahead[bin_] @ model.transitions.T
    ahead *= counts.within[..., None]
    moves = model.transitions * (_flat(past[:-1]).T @ _flat(ahead[1:]))
    log_likelihoods = (np.log(scales) + largest).sum(axis=(0, 2)) - counts.log_factorials
    return Expectation(past * future * counts.within[..., None], moves, log_likelihoods)


def fitted(counts: Counts, start: PoissonModel) -> Fit:
    """Fit the model from a start (Rabiner, sections III.C and V.B)."""
    model, before = start, -np.inf
    for _ in range(MAX_ITERATIONS):
        expected = expectation(counts, model)
        log_likelihood = float(expected.log_likelihoods.sum())
        if log_likelihood - before < TOLERANCE * counts.n_bins:
            return Fit(model, log_likelihood, True)
        model, before = _maximised(counts, expected), log_likelihood
    return Fit(model, float(expectation(counts, model).log_likelihoods.sum()), False)


def _emissions(counts: Counts, model: PoissonModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Likelihood of each bin in each state over the largest one, and the logarithm of that, without the factorials."""
    logs = _flat(counts.spikes) @ np.log(model.means).T - model.means.sum(axis=1)
    logs = logs.reshape(*counts.within.shape, -1) * counts.within[..., None]
    largest = logs.max(axis=-1, keepdims=True)
    return np.exp(logs - largest), largest


def _maximised(counts: Counts, expected: Expectation) -> PoissonModel:
    weights = np.maximum(expected.posteriors.sum(axis=(0, 1)), np.finfo(float).tiny)
    spikes = _flat(expected.posteriors).T @ _flat(counts.spikes)
    return PoissonModel(
        _probabilities(expected.posteriors[0].sum(axis=0)),
        _probabilities(expected.moves),
        np.maximum(spikes / weights[:, None], counts.least_mean),
    )


def _probabilities(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that sum to one; a row without weight is uniform."""
    sums = weights.sum(axis=-1, keepdims=True)
    shares = np.where(sums > 0, weights / np.where(sums > 0, sums, 1.0), 1.0 / weights.shape[-1])
    shares = np.maximum(shares, MIN_PROBABILITY)
    return shares / shares.sum(axis=-1, keepdims=True)


def _flat(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bins of all sessions in one row after the other."""
    return values.reshape(-1, values.shape[-1])
