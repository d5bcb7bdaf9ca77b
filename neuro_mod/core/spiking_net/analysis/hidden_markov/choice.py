"""Number of states of a Poisson hidden Markov model: by BIC, or by cross-validation over sessions.

References:
    Schwarz 1978, "Estimating the dimension of a model" (BIC).
    Celeux & Durand 2008, "Selecting hidden Markov model state number with cross-validated likelihood".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress, count
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.findings.sessions import Progress
from neuro_mod.core.spiking_net.analysis.hidden_markov.poisson_hmm import (
    Counts,
    Fit,
    expectation,
    fitted,
    side_by_side,
)
from neuro_mod.core.spiking_net.analysis.hidden_markov.settings import HiddenMarkovSettings
from neuro_mod.core.spiking_net.analysis.hidden_markov.start import random_start

#: Spike counts of each session, shape ``(n_bins, n_units)``.
CountsOfSessions = Sequence[NDArray[np.integer]]

#: Types of the columns of the ``scores`` of a `HiddenMarkov`.
SCORE_COLUMNS = {
    "n_states": np.int64,
    "log_likelihood": np.float64,
    "n_parameters": np.int64,
    "bic": np.float64,
    "held_out": np.float64,
    "converged": np.bool_,
    "chosen": np.bool_,
}
#: Further columns, which analyses saved by earlier versions lack.
START_COLUMNS = {"lowest_log_likelihood": np.float64, "n_starts": np.int64, "n_best": np.int64}
#: The column with the log-likelihoods of all starts, separated by spaces in a saved table; it came later than those.
ALL_STARTS = {"log_likelihoods": tuple}

#: Two fits are the same if their log-likelihoods differ by less than this per bin, in nats.
SAME_FIT = 1e-4


class Choice(NamedTuple):
    """The selected model, and the scores of all (columns as in `HiddenMarkov`)."""

    fit: Fit
    scores: pd.DataFrame


def chosen_fit(sessions: CountsOfSessions, settings: HiddenMarkovSettings, report: Progress) -> Choice:
    """Fit a model with each number of states and select one; arguments as for `hidden_markov.hidden_markov`."""
    folds = _folds(len(sessions), settings.n_folds) if settings.criterion == "cross_validation" else []
    fitting, total = count(), len(settings.numbers) * (1 + len(folds)) * settings.max_restarts

    def best_of_starts(of: CountsOfSessions, number: int) -> _BestOfStarts:
        before = next(fitting) * settings.max_restarts
        return _best_of_starts(side_by_side(of), number, settings, lambda done: report(before + done, total))

    def best_fit(of: CountsOfSessions, number: int) -> Fit:
        return best_of_starts(of, number).fit

    of_numbers = [best_of_starts(sessions, number) for number in settings.numbers]
    fits = [each.fit for each in of_numbers]
    held_out = [_held_out(sessions, folds, number, best_fit) for number in settings.numbers]
    scores = pd.DataFrame(
        {
            "n_states": settings.numbers,
            "log_likelihood": [fit.log_likelihood for fit in fits],
            "n_parameters": [n_parameters(sessions, number) for number in settings.numbers],
            "held_out": held_out,
            "converged": [fit.converged for fit in fits],
        }
    )
    n_bins = sum(map(len, sessions))
    starts = {
        "lowest_log_likelihood": [min(each.log_likelihoods) for each in of_numbers],
        "n_starts": [len(each.log_likelihoods) for each in of_numbers],
        "n_best": [_times_found(each.log_likelihoods, n_bins) for each in of_numbers],
        "log_likelihoods": [each.log_likelihoods for each in of_numbers],
    }
    scores.insert(3, "bic", scores["n_parameters"] * np.log(n_bins) - 2 * scores["log_likelihood"])
    best = int(np.argmin(scores["bic"])) if settings.criterion == "bic" else int(np.argmax(scores["held_out"]))
    return Choice(fits[best], scores.assign(chosen=np.arange(len(fits)) == best, **starts))


class _BestOfStarts(NamedTuple):
    """The best fit, and the log-likelihoods of the fits from all starts, in nats."""

    fit: Fit
    log_likelihoods: tuple[float, ...]


def _best_of_starts(
    counts: Counts, number: int, settings: HiddenMarkovSettings, report: Callable[[int], None]
) -> _BestOfStarts:
    """Fit from one start after the other until the best fit was found twice, within the limits of the settings."""
    fits: list[Fit] = []
    found: list[float] = []
    for restart in range(settings.max_restarts):
        stream = Stream(settings.seed, "hidden_markov", (number, restart))
        fits.append(fitted(counts, random_start(counts, number, stream)))
        found.append(fits[-1].log_likelihood)
        if len(fits) >= settings.n_restarts and _times_found(found, counts.n_bins) > 1:
            report(settings.max_restarts)
            break
        report(len(fits))
    return _BestOfStarts(max(fits, key=lambda fit: fit.log_likelihood), tuple(found))


def _times_found(log_likelihoods: Sequence[float], n_bins: int) -> int:
    """How many of the fits are the same as the best."""
    found = np.array(log_likelihoods)
    return int(np.count_nonzero(found >= found.max() - SAME_FIT * n_bins))


def n_parameters(sessions: CountsOfSessions, n_states: int) -> int:
    """Number of free parameters: initial probabilities, transitions, and rates of the units that spike."""
    n_spiking = int(np.any([session.any(axis=0) for session in sessions], axis=0).sum())
    return (n_states - 1) + n_states * (n_states - 1) + n_states * n_spiking


def _folds(n_sessions: int, n_folds: int) -> list[NDArray[np.bool_]]:
    """Which sessions are left out together, shape ``(n_sessions,)`` each."""
    return [np.arange(n_sessions) % n_folds == fold for fold in range(min(n_folds, n_sessions))]


def _held_out(
    sessions: CountsOfSessions,
    folds: list[NDArray[np.bool_]],
    number: int,
    best_fit: Callable[[CountsOfSessions, int], Fit],
) -> float:
    """Log-likelihood per bin in nats, of each session under the model of the others; NaN without folds."""
    if not folds:
        return np.nan
    log_likelihood = 0.0
    for left_out in folds:
        model = best_fit(list(compress(sessions, ~left_out)), number).model
        counts = side_by_side(list(compress(sessions, left_out)))
        log_likelihood += expectation(counts, model).log_likelihoods.sum()
    return float(log_likelihood / sum(map(len, sessions)))
