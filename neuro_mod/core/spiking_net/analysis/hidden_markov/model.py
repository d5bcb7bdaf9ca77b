"""States of a hidden Markov model, which needs no threshold on the rates.

The number of states is given, or selected among several. A bin belongs to a state whose posterior probability exceeds
0.8, and a visit is a sequence of such bins of at least 50 ms; the rest of the time belongs to no state.

References:
    Mazzucato, Fontanini & La Camera 2015, "Dynamics of multistable states during ongoing and evoked cortical
    activity" (the rules for visits).
    Mazzucato, La Camera & Fontanini 2019, "Expectation-induced modulation of metastable activity underlies faster
    coding of sensory stimuli" (likewise, with the number of states by BIC).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.spiking_net.analysis.findings.sessions import Progress, silent
from neuro_mod.core.spiking_net.analysis.hidden_markov import posterior_visits
from neuro_mod.core.spiking_net.analysis.hidden_markov.choice import chosen_fit
from neuro_mod.core.spiking_net.analysis.hidden_markov.poisson_hmm import PoissonModel, expectation, side_by_side
from neuro_mod.core.spiking_net.analysis.hidden_markov.settings import HiddenMarkovSettings
from neuro_mod.core.spiking_net.analysis.states.names import State
from neuro_mod.core.spiking_net.analysis.states.state_statistics import StateStatistics
from neuro_mod.errors import InputError, invalid

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, repr=False)
class HiddenMarkov(StateStatistics):
    """A fitted model and the visits of its states.

    The visited states are numbered by total time, the longest first; states of the model that are never visited have
    the numbers after them, in the parameters of the model and in ``posteriors`` only. ``transition_matrix`` is a part
    of the model, from bin to bin; `get_transition_matrix` is that of successive visits, regardless of the time between
    them.

    Args:
        settings: Settings of the fit.
        unit_labels: Labels of the counted clusters, or numbers of the counted neurons, shape ``(n_units,)``.
        rates: Fitted rate per neuron of each unit in each state in Hz, shape ``(n_fitted, n_units)``; NaN for states
            that are never visited in analyses saved by earlier versions.
        initial_probabilities: Probability of each state in the first bin of a session, shape ``(n_fitted,)``; NaN in
            analyses saved by earlier versions.
        transition_matrix: Probability that the column's state follows the row's in the next bin, shape
            ``(n_fitted, n_fitted)``.
        lengths: Length of each session in seconds, including an incomplete last bin, shape ``(n_sessions,)``.
        scores: One row for each number of states: ``n_states``, ``log_likelihood`` (nats, all sessions),
            ``n_parameters``, ``bic``, ``held_out`` (log-likelihood of the sessions left out in nats per bin; NaN
            without cross-validation), ``converged`` (the best fit did), ``chosen``, and of all starts
            ``lowest_log_likelihood``, ``n_starts``, ``n_best``, how many found the best fit, and ``log_likelihoods``,
            one for each start, in their order.
        posteriors: Probability of each state in each bin, one array of shape ``(n_bins, n_fitted)`` per session.
        visits: The visits, one row each, ordered by session and start; columns as in `occurrences`, where
            ``mean_rate`` is the observed one, per neuron of all units. Those that touch an edge of their session, or
            its last complete bin, are censored.
    """

    settings: HiddenMarkovSettings
    unit_labels: NDArray[np.int64]
    rates: NDArray[np.float64]
    initial_probabilities: NDArray[np.float64]
    transition_matrix: NDArray[np.float64]
    lengths: NDArray[np.float64]
    scores: pd.DataFrame
    posteriors: tuple[NDArray[np.float32], ...]
    visits: pd.DataFrame

    def __repr__(self) -> str:
        return (
            f"HiddenMarkov({self.n_states} states in {len(self.visits)} visits of {self.n_sessions} sessions, "
            f"{self.assigned:.0%} of the time)"
        )

    @property
    def n_states(self) -> int:
        """Number of states visited, which are the first ones."""
        return max(self.visits["state"].tolist(), default=-1) + 1

    @property
    def n_fitted(self) -> int:
        """Number of states of the model, ``n_fitted >= n_states``."""
        return len(self.transition_matrix)

    @property
    def rates_hz(self) -> NDArray[np.float64]:
        """The rates in visited states, shape ``(n_states, n_units)``."""
        return self.rates[: self.n_states]

    def fitted_states(self) -> pd.DataFrame:
        """One row for each state of the model, visited or not.

        Returns:
            Columns ``state`` (its number), ``visited``, ``initial_probability``, and for each unit ``rate_hz_LABEL``,
            its fitted rate per neuron in Hz.
        """
        numbers = np.arange(self.n_fitted)
        columns = [f"rate_hz_{label}" for label in self.unit_labels.tolist()]
        about = {
            "state": numbers,
            "visited": numbers < self.n_states,
            "initial_probability": self.initial_probabilities,
        }
        return pd.concat([pd.DataFrame(about), pd.DataFrame(self.rates, columns=columns)], axis=1)

    @property
    def log_likelihood(self) -> float:
        """Of all sessions under the model, in nats."""
        return float(self.scores.loc[self.scores["chosen"], "log_likelihood"].iloc[0])

    @property
    def bic(self) -> float:
        """Bayesian information criterion of the model; smaller is better."""
        return float(self.scores.loc[self.scores["chosen"], "bic"].iloc[0])

    @property
    def most_was_chosen(self) -> bool:
        """Whether the largest of several numbers of states was selected, so that more may fit better."""
        return len(self.settings.numbers) > 1 and self.n_fitted == max(self.settings.numbers)

    @property
    def assigned(self) -> float:
        """Fraction of the time that belongs to a state."""
        return float(self.visits["duration"].sum() / self.durations.sum())

    @property
    def durations(self) -> NDArray[np.float64]:
        """Length of each session in seconds, shape ``(n_sessions,)``."""
        return self.lengths

    def _all_occurrences(self) -> pd.DataFrame:
        return self.visits

    def _possible(self, state: Any) -> State:
        whole = isinstance(state, int | np.integer) and not isinstance(state, bool)
        if not whole or not 0 <= state < self.n_states:
            valid = f"0 to {self.n_states - 1}" if self.n_states else "nothing, as no hidden state was visited"
            raise invalid("state", state, valid)
        return int(state)


def hidden_markov(
    counts: Sequence[NDArray[np.integer]],
    settings: HiddenMarkovSettings,
    *,
    unit_labels: NDArray[np.int64] | None = None,
    unit_sizes: NDArray[np.int64] | None = None,
    durations: ArrayLike | None = None,
    report: Progress = silent,
) -> HiddenMarkov:
    """Fit a Poisson hidden Markov model to sessions, and find the visits to its states.

    BIC is ``-2 log L + m log n`` with n bins and ``m = (K - 1) + K (K - 1) + K U`` free parameters: K states' initial
    probabilities, transitions and rates of the U units that spike at all. Cross-validation leaves out whole sessions
    and scores them with the model of the others.

    Fits continue until the best was found twice, up to ``max_restarts``; if it was found once, this is logged as a
    warning. If the largest number is selected, which is logged as a warning, more states may fit better: a network of
    many clusters can have more combinations of active clusters than it shows.

    Two visits of one state with unassigned time between them are separate. A bin is unassigned if no posterior is high
    enough or if the visit is too short, also at the edge of a session.

    Args:
        counts: Spike counts of each session, shape ``(n_bins, n_units)``; sessions are never joined.
        settings: Settings of the fit.
        unit_labels: Labels of the units, shape ``(n_units,)``; by default 0, 1, ...
        unit_sizes: Neurons in each unit, shape ``(n_units,)``; by default one in each.
        durations: Length of each session in seconds, shape ``(n_sessions,)``; by default that of its bins.
        report: Called after each fit with the number of fits done, or not needed, and their largest total.

    Raises:
        InputError: There are no sessions or spikes, counts do not fit together, there are more states than bins, or
            cross-validation has fewer than two sessions.
    """
    _check_counts(counts)
    labels, sizes = _units(counts[0].shape[1], unit_labels, unit_sizes)
    _check_amount(settings, counts)
    fit, scores = chosen_fit(counts, settings, report)
    width = settings.bin_width
    posteriors = _posteriors(counts, fit.model)
    least_bins = settings.least_duration / width
    visits = [
        posterior_visits.binned_visits(posterior, settings.least_posterior, least_bins) for posterior in posteriors
    ]
    order = posterior_visits.by_occupancy(visits, len(fit.model.first))
    model = fit.model.reordered(order)
    found = HiddenMarkov(
        settings=settings,
        unit_labels=labels,
        rates=model.means / (sizes * width),
        initial_probabilities=model.first,
        transition_matrix=model.transitions,
        lengths=np.array([len(session) * width for session in counts] if durations is None else durations),
        scores=scores,
        posteriors=tuple(posterior[:, order] for posterior in posteriors),
        visits=posterior_visits.occurrences_table(counts, visits, np.argsort(order), width, int(sizes.sum())),
    )
    chosen = scores.loc[scores["chosen"]].iloc[0]
    if settings.max_restarts > 1 and chosen["n_best"] == 1 and found.n_fitted > 1:
        _LOG.warning(
            "the best of %d fits with %d hidden states was found from one start only (log-likelihood %.1f, of the "
            "worst %.1f); a larger max_restarts may find a better one",
            chosen["n_starts"],
            found.n_fitted,
            chosen["log_likelihood"],
            chosen["lowest_log_likelihood"],
        )
    if found.most_was_chosen:
        _LOG.warning("of the numbers of hidden states, the largest was chosen, %d; more may fit better", found.n_fitted)
    return found


def _posteriors(counts: Sequence[NDArray[np.integer]], model: PoissonModel) -> list[NDArray[np.float32]]:
    posteriors = expectation(side_by_side(counts), model).posteriors.astype(np.float32)
    return [posteriors[: len(session), index] for index, session in enumerate(counts)]


def _check_counts(counts: Sequence[NDArray[np.integer]]) -> None:
    if not len(counts):
        raise invalid("counts", (), "at least one session")
    for index, session in enumerate(counts):
        if session.ndim != 2 or session.shape[1:] != counts[0].shape[1:] or not session.shape[1]:
            raise invalid(
                f"shape of counts[{index}]", session.shape, "(n_bins, n_units), n_units equal in all sessions"
            )
        if not len(session):
            raise invalid(f"shape of counts[{index}]", session.shape, "at least one bin", "bins may be too long")
        if not np.issubdtype(session.dtype, np.integer) or session.min() < 0:
            found = f"{session.dtype}, minimum {session.min()}"
            raise InputError(f"counts[{index}]: {found} found; expected integers of at least 0")
    if not any(session.any() for session in counts):
        raise InputError("counts: no spike found; expected at least one unit that spikes")


def _units(
    n_units: int, labels: NDArray[np.int64] | None, sizes: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    labels = np.arange(n_units) if labels is None else np.asarray(labels)
    sizes = np.ones(n_units, np.int64) if sizes is None else np.asarray(sizes)
    for name, values in (("unit_labels", labels), ("unit_sizes", sizes)):
        if values.shape != (n_units,) or not np.issubdtype(values.dtype, np.integer):
            raise InputError(f"{name}: {values.dtype} of shape {values.shape} found; expected {n_units} integers")
    if sizes.min() < 1:
        raise invalid("unit_sizes", sizes.min(), "integers of at least 1")
    return labels, sizes


def _check_amount(settings: HiddenMarkovSettings, counts: Sequence[NDArray[np.integer]]) -> None:
    n_bins = sum(map(len, counts))
    if max(settings.numbers) > n_bins:
        raise invalid("n_states", settings.numbers, f"from 1 to {n_bins}, the number of bins")
    if settings.criterion == "cross_validation" and len(counts) < 2:
        raise invalid("criterion", settings.criterion, "bic, as there is only 1 session")
