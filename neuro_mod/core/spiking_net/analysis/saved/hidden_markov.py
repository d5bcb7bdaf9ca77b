"""A hidden Markov model as a part of a saved analysis."""

from __future__ import annotations

import logging
from dataclasses import asdict
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from neuro_mod.core.spiking_net.analysis.hidden_markov.agreement import agreement
from neuro_mod.core.spiking_net.analysis.hidden_markov.choice import ALL_STARTS, SCORE_COLUMNS, START_COLUMNS
from neuro_mod.core.spiking_net.analysis.hidden_markov.model import HiddenMarkov
from neuro_mod.core.spiking_net.analysis.hidden_markov.settings import HiddenMarkovSettings
from neuro_mod.core.spiking_net.analysis.saved.folder import AnalysisFolder, SavedAnalysis
from neuro_mod.core.spiking_net.analysis.states.visits import OCCURRENCES
from neuro_mod.storage import names
from neuro_mod.storage.json_values import json_row
from neuro_mod.storage.reading import naming, read_arrays

#: Arrays of the model, and those that came later; for earlier versions, ``rates_hz`` has the visited states alone.
_ARRAYS, _LATER_ARRAYS = ("unit_labels", "rates_hz", "transition_matrix"), ("rates", "initial_probabilities")
_LOG = logging.getLogger(__name__)


def save_hidden_markov(folder: AnalysisFolder, model: HiddenMarkov, occurrences: pd.DataFrame) -> dict[str, Any]:
    """Write a model to the folder of an analysis.

    Args:
        folder: The folder.
        model: The model.
        occurrences: The visits that the analysis found.

    Returns:
        A description of the model, which JSON can hold.

    Raises:
        StorageError: The folder cannot be written to, or the disk is full.
    """
    arrays = [(name, getattr(model, name)) for name in (*_ARRAYS, *_LATER_ARRAYS)]
    posteriors = ((_posterior(index), posterior) for index, posterior in enumerate(model.posteriors))
    folder.save_arrays(names.HIDDEN_MARKOV_MODEL, chain(arrays, posteriors))
    folder.save_frame(names.HIDDEN_MARKOV_STATES, model.fitted_states())
    folder.save_frame(names.HIDDEN_MARKOV_VISITS, model.occurrences())
    folder.save_frame(names.HIDDEN_MARKOV_TRANSITIONS, model.transitions())
    scores = model.scores
    if "log_likelihoods" in scores:
        scores = scores.assign(log_likelihoods=[" ".join(map(repr, each)) for each in scores["log_likelihoods"]])
    folder.save_frame(names.HIDDEN_MARKOV_SCORES, scores)
    return {
        "n_sessions": model.n_sessions,
        "n_states": model.n_states,
        "n_fitted": model.n_fitted,
        "log_likelihood": model.log_likelihood,
        "bic": model.bic,
        "starts": "n_best" in model.scores,
        "all_states": True,
        "all_starts": "log_likelihoods" in model.scores,
        "assigned": model.assigned,
        "agreement": agreement_numbers(model, occurrences),
        "settings": asdict(model.settings),
    }


def read_hidden_markov(saved: SavedAnalysis) -> HiddenMarkov | None:
    """The model of a saved analysis; None if it has none.

    Raises:
        DataError: A file is damaged; the message names it.
    """
    about = saved.description.get("hidden_markov")
    if about is None:
        return None
    with naming(saved.path / names.HIDDEN_MARKOV_MODEL):
        given = {"max_restarts": about["settings"]["n_restarts"]} | about["settings"]  # earlier versions had no more
        settings = HiddenMarkovSettings(**given | {"numbers": tuple(given["numbers"])})
        columns = SCORE_COLUMNS | (START_COLUMNS if about.get("starts") else {})
        columns |= ALL_STARTS if about.get("all_starts") else {}
        posteriors = [_posterior(index) for index in range(about["n_sessions"])]
        lengths = np.array([session["duration"] for session in saved.description["sessions"]])
    later = _LATER_ARRAYS if about.get("all_states") else ()
    arrays = read_arrays(saved.path / names.HIDDEN_MARKOV_MODEL, [*_ARRAYS, *later, *posteriors])
    visited = arrays.pop("rates_hz")
    if not later:
        n_fitted = len(arrays["transition_matrix"])
        arrays["rates"] = np.full((n_fitted, visited.shape[1]), np.nan)
        arrays["rates"][: len(visited)] = visited
        arrays["initial_probabilities"] = np.full(n_fitted, np.nan)
    return HiddenMarkov(
        settings=settings,
        lengths=lengths,
        scores=saved.table(names.HIDDEN_MARKOV_SCORES, columns),
        visits=saved.table(names.HIDDEN_MARKOV_VISITS, OCCURRENCES),
        posteriors=tuple(arrays.pop(name) for name in posteriors),
        **arrays,
    )


def agreement_numbers(model: HiddenMarkov, occurrences: pd.DataFrame) -> dict[str, float | None] | None:
    """Agreement of a model with other states, as numbers that JSON can hold; None without scikit-learn."""
    try:
        found = agreement(model.visits, occurrences, model.durations)
    except ImportError as error:
        _LOG.warning("%s", error)
        return None
    numbers = {
        "adjusted_mutual_information": found.adjusted_mutual_information,
        "adjusted_rand_index": found.adjusted_rand_index,
        "assigned": found.assigned,
    }
    return json_row(numbers)


def _posterior(index: int) -> str:
    return f"posteriors_{index:05d}"
