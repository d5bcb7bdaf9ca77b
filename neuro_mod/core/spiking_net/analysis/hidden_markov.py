"""States of a hidden Markov model: a second view of metastability, which needs no threshold on the rates.

The number of states is given, or chosen among several. A bin belongs to a state whose posterior probability exceeds
0.8, and a visit is a run of such bins that lasts at least 50 ms; the rest of the time belongs to no state.

References:
    Mazzucato, Fontanini & La Camera 2015, "Dynamics of multistable states during ongoing and evoked cortical
    activity" (the rules for visits).
    Mazzucato, La Camera & Fontanini 2019, "Expectation-induced modulation of metastable activity underlies faster
    coding of sensory stimuli" (likewise, with the number of states by BIC).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.choices import check_choice
from neuro_mod.core.spiking_net.analysis.poisson_hmm import PoissonModel, expectation, side_by_side
from neuro_mod.core.spiking_net.analysis.poisson_hmm_choice import Criterion, chosen_fit
from neuro_mod.core.spiking_net.analysis.posterior_visits import by_occupancy, occurrences_table, runs_of_states
from neuro_mod.core.spiking_net.analysis.rates import population_counts
from neuro_mod.core.spiking_net.spikes import SpikeEvents

#: A bin belongs to a state whose posterior probability exceeds this.
LEAST_POSTERIOR = 0.8
#: A visit lasts at least so long, in seconds.
LEAST_DURATION = 50e-3


@dataclass(frozen=True, eq=False)
class HiddenMarkov:
    """A fitted model and the visits to its states.

    The states 0, 1, ... are those visited, by total time, the longest first; the model's states that were never
    visited come after them in ``transition_matrix`` and ``posteriors``, and nowhere else.

    Args:
        bin_width: In seconds.
        n_states: Number of states visited.
        n_fitted: Number of states of the model, ``n_fitted >= n_states``.
        rates_hz: Fitted rate of each unit in each visited state in Hz, shape ``(n_states, n_units)``.
        transition_matrix: Probability that the column's state follows the row's in the next bin, shape
            ``(n_fitted, n_fitted)``.
        log_likelihood: Of all sessions under the model, in nats.
        bic: Bayesian information criterion of the model; smaller is better.
        scores: One row for each number of states tried, see `hidden_markov`.
        posteriors: Probability of each state in each bin, one array of shape ``(n_bins, n_fitted)`` per session.
        occurrences: The visits, one row each, ordered by session and start. Columns: ``session``, ``state`` (int),
            ``start``, ``end``, ``duration`` (s), ``censored``, ``censored_start``, ``censored_end`` (the visit
            touches the edge of its session), ``mean_rate`` (Hz, observed, mean over all units).
    """

    bin_width: float
    n_states: int
    n_fitted: int
    rates_hz: NDArray[np.float64]
    transition_matrix: NDArray[np.float64]
    log_likelihood: float
    bic: float
    scores: pd.DataFrame
    posteriors: tuple[NDArray[np.float32], ...]
    occurrences: pd.DataFrame

    @property
    def durations(self) -> NDArray[np.float64]:
        """Length of each session in seconds, up to the end of its last complete bin, shape ``(n_sessions,)``."""
        return np.array([len(posterior) for posterior in self.posteriors]) * self.bin_width


def unit_counts(
    spikes: SpikeEvents, unit_of_neuron: NDArray[np.int64], n_units: int, bin_width: float
) -> NDArray[np.int64]:
    """Spike counts of units, clusters or neurons, in bins.

    Args:
        spikes: One session.
        unit_of_neuron: Unit of each neuron, shape ``(n_neurons,)``.
        n_units: Number of units.
        bin_width: In seconds.

    Returns:
        Counts of shape ``(n_bins, n_units)``. A last, incomplete bin is left out.

    Raises:
        ValueError: The bin is not a whole number of steps, or longer than the session.
    """
    bin_steps = round(bin_width / spikes.delta_t)
    if bin_steps < 1 or not math.isclose(bin_steps * spikes.delta_t, bin_width):
        raise ValueError(f"bin_width is {bin_width:g} s; valid: whole multiples of the step, {spikes.delta_t:g} s")
    if bin_steps > spikes.n_steps:
        raise ValueError(f"bin_width is {bin_width:g} s; valid: at most the session's length, {spikes.duration:g} s")
    return population_counts(spikes, unit_of_neuron, n_units, bin_steps)


def hidden_markov(
    counts: Sequence[NDArray[np.integer]],
    bin_width: float,
    n_states: int | Sequence[int],
    *,
    criterion: Criterion = "bic",
    seed: int = 0,
    n_restarts: int = 5,
    n_folds: int = 5,
    least_posterior: float = LEAST_POSTERIOR,
    least_duration: float = LEAST_DURATION,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> HiddenMarkov:
    """Fit a Poisson hidden Markov model to sessions, and find the visits to its states.

    BIC is ``-2 log L + m log n`` with n bins and ``m = (K - 1) + K (K - 1) + K U`` free parameters: K states' initial
    probabilities, transitions and rates of the U units that spike at all. Cross-validation leaves out whole sessions
    and scores them with the model of the others.

    ``scores`` has the columns ``n_states``, ``log_likelihood`` (nats, all sessions), ``n_parameters``, ``bic``,
    ``held_out`` (log-likelihood of the sessions left out in nats per bin; NaN without cross-validation),
    ``converged`` (the best fit settled) and ``chosen``. If the largest number is chosen, more states may do better
    still: a network of many clusters can have more combinations of active clusters than it shows in all sessions.

    Two visits of one state with nothing but unassigned time between them are two visits: a run of bins is one
    only if it is unbroken. A bin stays unassigned if no posterior is high enough or if its run is too short, be it
    at the edge of a session.

    Args:
        counts: Spike counts of each session, shape ``(n_bins, n_units)``; sessions are never joined.
        bin_width: In seconds.
        n_states: Number of states, or the numbers to choose from.
        criterion: How to choose.
        seed: Root seed of the starts of the fits.
        n_restarts: Fits from different starts, of which the one with the largest likelihood counts.
        n_folds: Parts into which cross-validation deals the sessions, at most one per session.
        least_posterior: A bin belongs to a state whose posterior exceeds this, 0.5 or more.
        least_duration: Least duration of a visit in seconds.
        report: Called after each fit with the number of fits done and their total.

    Raises:
        ValueError: There are no sessions or spikes, counts do not fit together, cross-validation has fewer than two
            sessions, or an argument is out of its range.
    """
    numbers = [int(number) for number in np.atleast_1d(n_states)]
    _check_counts(counts, bin_width)
    _check_numbers(numbers, sum(map(len, counts)))
    _check_criterion(criterion, len(counts), n_folds)
    if n_restarts < 1:
        raise ValueError(f"n_restarts is {n_restarts}; valid: 1 or more")
    if not 0.5 <= least_posterior < 1:
        raise ValueError(f"least_posterior is {least_posterior}; valid: at least 0.5, below 1")
    fit, scores = chosen_fit(
        counts, numbers, criterion, seed=seed, n_restarts=n_restarts, n_folds=n_folds, report=report
    )
    posteriors = _posteriors(counts, fit.model)
    runs = [runs_of_states(posterior, least_posterior, least_duration / bin_width) for posterior in posteriors]
    order, n_visited = by_occupancy(runs, len(fit.model.first))
    model = fit.model.reordered(order)
    return HiddenMarkov(
        bin_width=bin_width,
        n_states=n_visited,
        n_fitted=len(order),
        rates_hz=model.means[:n_visited] / bin_width,
        transition_matrix=model.transitions,
        log_likelihood=fit.log_likelihood,
        bic=float(scores.loc[scores["chosen"], "bic"].iloc[0]),
        scores=scores,
        posteriors=tuple(posterior[:, order] for posterior in posteriors),
        occurrences=occurrences_table(counts, runs, np.argsort(order), bin_width),
    )


def _posteriors(counts: Sequence[NDArray[np.integer]], model: PoissonModel) -> list[NDArray[np.float32]]:
    posteriors = expectation(side_by_side(counts), model).posteriors.astype(np.float32)
    return [posteriors[: len(session), index] for index, session in enumerate(counts)]


def _check_counts(counts: Sequence[NDArray[np.integer]], bin_width: float) -> None:
    if not (math.isfinite(bin_width) and bin_width > 0):
        raise ValueError(f"bin_width is {bin_width} s; valid: above 0")
    if not len(counts):
        raise ValueError("counts has no session; valid: one or more")
    for index, session in enumerate(counts):
        if session.ndim != 2 or session.shape[1:] != counts[0].shape[1:] or not session.shape[1]:
            raise ValueError(
                f"counts[{index}] has shape {session.shape}; valid: (n_bins, n_units), alike in all sessions"
            )
        if not len(session):
            raise ValueError(
                f"counts[{index}] has no bin; valid: a bin_width ({bin_width:g} s) below the session's length"
            )
        if not np.issubdtype(session.dtype, np.integer) or session.min() < 0:
            raise ValueError(
                f"counts[{index}] is of {session.dtype}, least {session.min()}; valid: integers, 0 or more"
            )
    if not any(session.any() for session in counts):
        raise ValueError("counts holds no spike; valid: at least one unit that spikes")


def _check_numbers(numbers: list[int], n_bins: int) -> None:
    if not numbers or min(numbers) < 1 or max(numbers) > n_bins:
        raise ValueError(f"n_states is {numbers}; valid: from 1 to {n_bins}, the number of bins")


def _check_criterion(criterion: Criterion, n_sessions: int, n_folds: int) -> None:
    check_choice("criterion", criterion, Criterion)
    if criterion == "cross_validation" and n_sessions < 2:
        raise ValueError(
            f"criterion is 'cross_validation' with {n_sessions} session; valid: 'bic', or 2 sessions or more"
        )
    if criterion == "cross_validation" and n_folds < 2:
        raise ValueError(f"n_folds is {n_folds}; valid: 2 or more")
