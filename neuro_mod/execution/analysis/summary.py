"""What an analysis says about metastable states, in numbers that JSON can hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
from neuro_mod.core.spiking_net.analysis.findings.sessions import MAX_REASSIGNED
from neuro_mod.core.spiking_net.analysis.hidden_markov.model import HiddenMarkov
from neuro_mod.core.spiking_net.analysis.saved.assemblies import describe_assemblies
from neuro_mod.core.spiking_net.analysis.saved.hidden_markov import agreement_numbers
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.core.spiking_net.analysis.states.state_statistics import StateStatistics
from neuro_mod.execution.analysis.captions import errors_over
from neuro_mod.storage.json_values import json_row, json_value

#: Shuffles of the test for memory, and their seed.
N_SHUFFLES, SHUFFLE_SEED = 200, 0
_STARTS = ("n_states", "log_likelihood", "lowest_log_likelihood", "n_starts", "n_best", "log_likelihoods")
#: Fewest transitions of which entropies and the test are told.
MIN_TRANSITIONS = 30


def describe_analysis(analyzer: Analyzer) -> dict[str, Any]:
    """Sessions, settings, what `describe_states` says, and assemblies and the hidden Markov model if there are any."""
    model, sessions = analyzer.hidden_markov, analyzer.sessions
    thresholds = np.array([session.thresholds for session in sessions])
    n_spikes, neuron_seconds = (
        sum(session.n_spikes for session in sessions),
        analyzer.durations.sum() * analyzer.layout.n_neurons,
    )
    return {
        "n_sessions": len(sessions),
        "n_spikes": n_spikes,
        "mean_rate_hz": n_spikes / neuron_seconds if neuron_seconds else None,
        "n_neurons": analyzer.layout.n_neurons,
        "n_clusters": len(analyzer.layout.labels),
        "labels_from": analyzer.labels_from,
        "assemblies": None if analyzer.assemblies is None else describe_assemblies(analyzer.assemblies),
        "clusters_that_define_states": analyzer.layout.state_labels.tolist(),
        "settings": asdict(analyzer.settings),
        "thresholds_hz": None if np.isnan(thresholds).all() else [np.nanmin(thresholds), np.nanmax(thresholds)],
        "fitted_sessions": sum(session.fitted for session in sessions),
        "reassigned": analyzer.reassigned,
        "max_reassigned": MAX_REASSIGNED,
        **describe_states(analyzer),
        **describe_quantities(analyzer),
        "hidden_markov": None if model is None else _describe_model(model, analyzer),
    }


def describe_states(statistics: StateStatistics) -> dict[str, Any]:
    """States, lifetimes and transitions; what is unknown is None."""
    visits = statistics.occurrences()
    states = statistics.get_attractors_data().sort_values("total_duration", ascending=False, kind="stable")
    rows = [{key: value for key, value in row.items() if key != "state"} for row in states.to_dict("records")]
    return {
        "duration_sec": float(statistics.durations.sum()),
        "n_states": len(states),
        "n_visits": len(visits),
        "n_censored": int(np.count_nonzero(visits["censored"])),
        "mean_lifespan_sec": json_value(statistics.get_mean_lifespan()),
        "mean_lifespan_kaplan_meier_sec": json_value(statistics.get_mean_lifespan(estimator="kaplan_meier")),
        "transitions": _describe_transitions(statistics),
        "states": [
            {"state": state_name(state)} | json_row(row) for state, row in zip(states["state"], rows, strict=True)
        ],
    }


def describe_quantities(analyzer: Analyzer) -> dict[str, Any]:
    """Quantities with their standard errors, of all clusters, each cluster, and each number of active clusters."""
    quantities, by_number = analyzer.quantities(), analyzer.active_table()
    has_activations = analyzer.session_tables().activations is not None
    return {
        "active_clusters": json_value(float(quantities.at["active_clusters_detected", "value"])),
        "time_by_active_clusters": by_number["probability"].dropna().tolist(),
        "standard_errors_over": errors_over(analyzer),
        "quantities": {name: json_row(row) for name, row in quantities.to_dict("index").items()},
        "by_number_active": [json_row(row) for row in by_number.reset_index().to_dict("records")],
        "clusters": [json_row(row) for row in analyzer.cluster_table().reset_index().to_dict("records")]
        if has_activations
        else None,  # in analyses of earlier versions
    }


def _describe_transitions(statistics: StateStatistics) -> dict[str, Any]:
    """The chain of states, the one with no active cluster passed over.

    Entropies and the test are None below `MIN_TRANSITIONS`: with few transitions a state has hardly more than one
    successor, and 0 bits say nothing.
    """
    n_transitions = len(statistics.transitions(empty_state=False))
    chain = statistics.jump_statistics(empty_state=False)
    enough = n_transitions >= MIN_TRANSITIONS
    test = statistics.shuffle_test(N_SHUFFLES, SHUFFLE_SEED, empty_state=False) if enough else None
    return {
        "n_transitions": n_transitions,
        "min_transitions": MIN_TRANSITIONS,
        "states_that_lead_to_each_other": len(chain.states),
        "coverage": json_value(chain.coverage),
        "recurrent": chain.recurrent,
        "entropy_rate_bits": json_value(chain.entropy_rate) if enough else None,
        "conditional_entropy_bits": None if test is None else json_value(test.observed),
        "conditional_entropy_shuffled_bits": None if test is None else json_value(float(np.mean(test.shuffled))),
        "p_memoryless": None if test is None else json_value(test.p_value),
        "n_shuffles": N_SHUFFLES,
        "seed": SHUFFLE_SEED,
    }


def _describe_model(model: HiddenMarkov, analyzer: Analyzer) -> dict[str, Any]:
    return {
        "settings": asdict(model.settings),
        "n_fitted": model.n_fitted,
        "most_was_chosen": model.most_was_chosen,
        "log_likelihood": model.log_likelihood,
        "bic": model.bic,
        "starts": [
            {name: row[name] for name in _STARTS if name in row}
            for row in model.scores.to_dict("records")
            if "n_best" in row
        ],
        "assigned": model.assigned,
        "agreement": agreement_numbers(model, analyzer.occurrences()),
        **describe_states(model),
    }
