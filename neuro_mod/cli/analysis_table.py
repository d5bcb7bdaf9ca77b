"""The printed summary of an analysis of metastable states."""

from __future__ import annotations

from typing import Any

import typer

from neuro_mod.cli.options import print_rows, print_table

#: States in the printed table, at most; the file has all.
_ROWS = 10
_CRITERIA = {"bic": "BIC", "cross_validation": "cross-validation"}


def print_analysis(metadata: dict[str, Any]) -> None:
    """Print the metadata of `describe_analysis`."""
    model = metadata["hidden_markov"]
    print_rows(
        _rows(metadata)
        | ({} if model is None else _model_rows(model))
        | (_event_rows(metadata["events"]) if "events" in metadata else {})
    )
    typer.echo()
    print_table(
        ["state", "visits", "% of time", "mean lifespan in s", "Hz"],
        [
            [
                row["state"],
                str(row["occurrences"]),
                _shown(row["probability"], 100),
                _shown(row["mean_lifespan"]),
                _shown(row["mean_rate"]),
            ]
            for row in metadata["states"][:_ROWS]
        ],
    )
    if metadata["n_states"] > _ROWS:
        typer.echo(f"{metadata['n_states'] - _ROWS} more states in states.csv")
    typer.echo()


def _rows(metadata: dict[str, Any]) -> dict[str, str]:
    settings, transitions = metadata["settings"], metadata["transitions"]
    rows = {
        "sessions": f"{metadata['n_sessions']}, {metadata['duration_sec']:g} s in all, "
        f"{metadata['n_spikes']} spikes of {metadata['n_neurons']} neurons"
        + ("" if metadata["mean_rate_hz"] is None else f", {metadata['mean_rate_hz']:.3g} Hz each"),
        "clusters": _clusters(metadata),
        "active clusters": _detection(metadata),
    }
    if metadata["active_clusters"] is not None:
        shares = enumerate(metadata["time_by_active_clusters"])
        rows["at once"] = f"{metadata['active_clusters']:.2f} on average; time with " + ", ".join(
            f"{n}: {100 * share:.0f} %" for n, share in shares if share >= 0.005
        )
    rows["states"] = (
        f"{metadata['n_states']} distinct in {metadata['n_visits']} visits of at least "
        f"{settings['minimal_lifespan_ms']:g} ms"
    )
    if metadata["reassigned"] is not None:  # unknown in analyses of earlier versions
        share = f"{_shown(metadata['reassigned'], 100)} % of the time"
        rows["states"] += f"; shorter ones fill {share}, which was given to their neighbours"
    rows["mean lifespan"] = (
        f"{_shown(metadata['mean_lifespan_sec'])} s of the {metadata['n_visits'] - metadata['n_censored']} visits seen "
        f"from start to end; Kaplan-Meier {_shown(metadata['mean_lifespan_kaplan_meier_sec'])} s"
    )
    if (metadata["reassigned"] or 0) > metadata["max_reassigned"]:
        rows["mean lifespan"] += "; too long, as shorter visits fill so much of the time"
    rows["transitions"] = f"{transitions['n_transitions']}, ignoring the state without active clusters" + (
        f"; their order is not tested below {transitions['min_transitions']}"
        if transitions["p_memoryless"] is None
        else f"; the next state given the present one: {transitions['conditional_entropy_bits']:.2f} bits, in shuffled "
        f"orders {transitions['conditional_entropy_shuffled_bits']:.2f} (p = {transitions['p_memoryless']:.3g})"
    )
    return rows


def _model_rows(model: dict[str, Any]) -> dict[str, str]:
    settings, agreement = model["settings"], model["agreement"]
    numbers, criterion = settings["numbers"], _CRITERIA[settings["criterion"]]
    found = f"{model['n_states']} visited of {model['n_fitted']}"
    if len(numbers) > 1:
        found += f", chosen by {criterion} among {len(numbers)} numbers from {min(numbers)} to {max(numbers)}"
    if model["most_was_chosen"]:
        found += "; the largest was chosen, more may fit better"
    starts = next((each for each in model["starts"] if each["n_states"] == model["n_fitted"]), None)
    fit = f"log-likelihood {model['log_likelihood']:.1f} nats"
    if starts is not None:  # unknown in analyses of earlier versions
        fit += f", found from {starts['n_best']} of {starts['n_starts']} starts"
        fit += f"; lowest {starts['lowest_log_likelihood']:.1f}"
    return {
        "hidden states": found,
        "hidden fit": fit,
        "hidden visits": f"{model['n_visits']} in {_shown(model['assigned'], 100)} % of the time, which is assigned to "
        f"a state; mean lifespan {_shown(model['mean_lifespan_sec'])} s, Kaplan-Meier "
        f"{_shown(model['mean_lifespan_kaplan_meier_sec'])} s",
        "agreement": 'not computed: it needs scikit-learn, pip install "neuro_mod[hmm]"'
        if agreement is None
        else f"of hidden states and active clusters: adjusted mutual information "
        f"{_shown(agreement['adjusted_mutual_information'])}, adjusted Rand index "
        f"{_shown(agreement['adjusted_rand_index'])}",
    }


def _event_rows(events: dict[str, Any]) -> dict[str, str]:
    conditions = f", conditions {', '.join(events['conditions'])}" if events["conditions"] else ""
    rows = {
        "events": f"{events['n_epochs']} epochs of {events['n_sessions']} sessions, from {events['before_sec']:g} s "
        f"before to {events['after_sec']:g} s after each{conditions}"
    }
    if (found := events["quenching"]) is not None:
        drop = f"{_shown(found['difference'])} ± {_shown(found['standard_error'])}"
        rows["variability"] = (
            f"Fano factor {_shown(found['before'])} before and {_shown(found['after'])} after the event in windows of "
            f"{events['fano_window_ms']:g} ms, a drop of {drop}"
        )
    return rows


def _clusters(metadata: dict[str, Any]) -> str:
    defining = len(metadata["clusters_that_define_states"])
    source = metadata["labels_from"]  # None in a saved analysis
    origins = {None: "", "clusters": ", as given"}
    return f"{metadata['n_clusters']}, of which {defining} define states{origins.get(source, f', from {source}')}"


def _detection(metadata: dict[str, Any]) -> str:
    settings, thresholds = metadata["settings"], metadata["thresholds_hz"]
    found = f"method {settings['method']}"
    if thresholds is not None:
        low, high = (f"{each:.3g}" for each in thresholds)
        found += f", above {low} Hz" if low == high else f", above {low} to {high} Hz"
    unfitted = metadata["n_sessions"] - metadata["fitted_sessions"]
    if settings["method"] == "two_state" and unfitted:
        found += f"; no two states in the rates of {unfitted} sessions, where an absolute threshold was used"
    return found


def _shown(value: float | None, factor: float = 1.0) -> str:
    return "-" if value is None else f"{factor * value:.3g}"
