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
from neuro_mod.core.spiking_net.analysis.hidden_markov.poisson_hmm import Fit, expectation, fitted, side_by_side
from neuro_mod.core.spiking_net.analysis.hidden_markov.settings import HiddenMarkovSettings
from neuro_mod.core.spiking_net.analysis.hidden_markov.start import random_start

#: Spike counts of each session, shape ``(n_bins, n_units)``.
CountsOfSessions = Sequence[NDArray[np.integer]]

#: Types of the columns of a table of scores, see `hidden_markov.hidden_markov`.
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


#: Two fits are the same if their log-likelihoods differ by less than this per bin, in nats.
SAME_FIT = 1e-4


class Choice(NamedTuple):
    """The selected model, and the scores of all (columns as in `hidden_markov.hidden_markov`)."""

    fit: Fit
    scores: pd.DataFrame


def chosen_fit(sessions: CountsOfSessions, settings: HiddenMarkovSettings, report: Progress) -> Choice:
    """Fit a model with each number of states and select one; arguments as for `hidden_markov.hidden_markov`."""
    folds = _folds(len(sessions), settings.n_folds) if settings.criterion == "cross_validation" else []
    done, total = count(1), len(settings.numbers) * (1 + len(folds)) * settings.n_restarts

    def all_fits(of: CountsOfSessions, number: int) -> list[Fit]:
        counts, fits = side_by_side(of), []
        for restart in range(settings.n_restarts):
            stream = Stream(settings.seed, "hidden_markov", (number, restart))
            fits.append(fitted(counts, random_start(counts, number, stream)))
            report(next(done), total)
        return fits

    def best_fit(of: CountsOfSessions, number: int) -> Fit:
        return _best(all_fits(of, number))

    of_starts = [all_fits(sessions, number) for number in settings.numbers]
    fits = [_best(each) for each in of_starts]
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
    found = np.array([[fit.log_likelihood for fit in each] for each in of_starts])
    same = found >= found.max(axis=1, keepdims=True) - SAME_FIT * n_bins
    starts = {"lowest_log_likelihood": found.min(axis=1), "n_starts": found.shape[1], "n_best": same.sum(axis=1)}
    scores.insert(3, "bic", scores["n_parameters"] * np.log(n_bins) - 2 * scores["log_likelihood"])
    best = int(np.argmin(scores["bic"])) if settings.criterion == "bic" else int(np.argmax(scores["held_out"]))
    return Choice(fits[best], scores.assign(chosen=np.arange(len(fits)) == best, **starts))


def _best(fits: list[Fit]) -> Fit:
    return max(fits, key=lambda fit: fit.log_likelihood)


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
