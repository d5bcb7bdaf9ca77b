"""How many states a Poisson hidden Markov model has: by BIC, or by cross-validation over sessions.

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

from neuro_mod.choices import Criterion
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.findings.sessions import Progress
from neuro_mod.core.spiking_net.analysis.hidden_markov.poisson_hmm import Fit, expectation, fitted, side_by_side
from neuro_mod.core.spiking_net.analysis.hidden_markov.start import random_start

Sessions = Sequence[NDArray[np.integer]]

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


class Choice(NamedTuple):
    """The model chosen, and the scores of all that were tried (columns as in `hidden_markov.hidden_markov`)."""

    fit: Fit
    scores: pd.DataFrame


def chosen_fit(
    sessions: Sessions,
    n_states: Sequence[int],
    criterion: Criterion,
    *,
    seed: int,
    n_restarts: int,
    n_folds: int,
    report: Progress,
) -> Choice:
    """Fit a model with each number of states and choose one; arguments as for `hidden_markov.hidden_markov`."""
    folds = _folds(len(sessions), n_folds) if criterion == "cross_validation" else []
    done, total = count(1), len(n_states) * (1 + len(folds)) * n_restarts

    def best_fit(of: Sessions, number: int) -> Fit:
        counts, fits = side_by_side(of), []
        for restart in range(n_restarts):
            stream = Stream(seed, "hidden_markov", (number, restart))
            fits.append(fitted(counts, random_start(counts, number, stream)))
            report(next(done), total)
        return max(fits, key=lambda fit: fit.log_likelihood)

    fits = [best_fit(sessions, number) for number in n_states]
    held_out = [_held_out(sessions, folds, number, best_fit) for number in n_states]
    scores = pd.DataFrame(
        {
            "n_states": n_states,
            "log_likelihood": [fit.log_likelihood for fit in fits],
            "n_parameters": [n_parameters(sessions, number) for number in n_states],
            "held_out": held_out,
            "converged": [fit.converged for fit in fits],
        }
    )
    n_bins = sum(map(len, sessions))
    scores.insert(3, "bic", scores["n_parameters"] * np.log(n_bins) - 2 * scores["log_likelihood"])
    best = int(np.argmin(scores["bic"])) if criterion == "bic" else int(np.argmax(scores["held_out"]))
    return Choice(fits[best], scores.assign(chosen=np.arange(len(fits)) == best))


def n_parameters(sessions: Sessions, n_states: int) -> int:
    """Free parameters: initial probabilities, transitions, and rates of the units that spike at all."""
    n_spiking = int(np.any([session.any(axis=0) for session in sessions], axis=0).sum())
    return (n_states - 1) + n_states * (n_states - 1) + n_states * n_spiking


def _folds(n_sessions: int, n_folds: int) -> list[NDArray[np.bool_]]:
    """Which sessions are left out together, shape ``(n_sessions,)`` each."""
    return [np.arange(n_sessions) % n_folds == fold for fold in range(min(n_folds, n_sessions))]


def _held_out(
    sessions: Sessions, folds: list[NDArray[np.bool_]], number: int, best_fit: Callable[[Sessions, int], Fit]
) -> float:
    """Log-likelihood of all sessions in nats per bin, each under the model of other sessions; NaN without folds."""
    if not folds:
        return np.nan
    log_likelihood = 0.0
    for left_out in folds:
        model = best_fit(list(compress(sessions, ~left_out)), number).model
        counts = side_by_side(list(compress(sessions, left_out)))
        log_likelihood += expectation(counts, model).log_likelihoods.sum()
    return float(log_likelihood / sum(map(len, sessions)))
