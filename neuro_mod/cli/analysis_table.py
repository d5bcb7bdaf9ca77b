"""The printed summary of an analysis of metastable states."""

from __future__ import annotations

import math
from typing import Any

import typer

from neuro_mod.cli.group_table import print_groups
from neuro_mod.cli.options import print_rows, print_table, print_text

#: States in the printed table, at most; the file has all.
_ROWS = 10
#: Below this, what halves of the data give is said to be different.
_LEAST_STABILITY = 0.5
#: Standard errors of equal values are as small, relative to the values.
_ROUNDING = 1e-12
_CRITERIA = {"bic": "BIC", "cross_validation": "cross-validation"}


def print_analysis(metadata: dict[str, Any]) -> None:
    """Print the metadata of `describe_analysis`, and of `describe_groups` if groups were compared."""
    if "groups" in metadata:
        print_groups(metadata["groups"])
    model = metadata["hidden_markov"]
    print_rows(
        _rows(metadata)
        | ({} if model is None else _model_rows(model))
        | (_event_rows(metadata["events"]) if "events" in metadata else {})
    )
    typer.echo()
    print_table(
        ["state", "visits", "% of time", "mean of whole visits in s", "Hz"],
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
        print_text(f"{metadata['n_states'] - _ROWS} more states in states.csv")
    typer.echo()


def _rows(metadata: dict[str, Any]) -> dict[str, str]:
    settings, transitions = metadata["settings"], metadata["transitions"]
    rows = {
        "sessions": f"{metadata['n_sessions']}, {metadata['duration_sec']:g} s in all, "
        f"{metadata['n_spikes']} spikes of {metadata['n_neurons']} neurons"
        + ("" if metadata["mean_rate_hz"] is None else f", {metadata['mean_rate_hz']:.3g} Hz each"),
        "clusters": _clusters(metadata),
    }
    if metadata["assemblies"] is not None:
        rows["assemblies"] = _assemblies(metadata["assemblies"], metadata["n_neurons"])
    rows["active clusters"] = _detection(metadata)
    rows |= _cluster_rows(metadata)
    rows["states"] = (
        f"{metadata['n_states']} distinct in {metadata['n_visits']} visits of at least "
        f"{settings['minimal_lifespan_ms']:g} ms"
    )
    if metadata["reassigned"] is not None:  # unknown in analyses of earlier versions
        share = f"{_shown(metadata['reassigned'], 100)} % of the time"
        rows["states"] += f"; shorter ones fill {share}, which was given to their neighbours"
    n_whole = metadata["n_visits"] - metadata["n_censored"]
    whole = f"{_quantity(metadata, 'mean_lifespan_sec')} s of the {n_whole} visits seen from start to end"
    rows["mean lifespan"] = _both_means(metadata, "mean_lifespan", whole, "no visit was seen from start to end")
    if (metadata["reassigned"] or 0) > metadata["max_reassigned"]:
        rows["mean lifespan"] += "; too long, as shorter visits fill so much of the time"
    rows |= _visit_rows(metadata)
    rows["transitions"] = f"{transitions['n_transitions']}, ignoring the state without active clusters" + (
        f"; their order is not tested below {transitions['min_transitions']}"
        if transitions["p_memoryless"] is None
        else f"; the next state given the present one: {transitions['conditional_entropy_bits']:.2f} bits, in shuffled "
        f"orders {transitions['conditional_entropy_shuffled_bits']:.2f} (p = {transitions['p_memoryless']:.3g})"
    )
    return rows


def _cluster_rows(metadata: dict[str, Any]) -> dict[str, str]:
    """Single clusters, and how many are active at once."""
    rows = {}
    if metadata["active_clusters"] is not None:
        shares = enumerate(metadata["time_by_active_clusters"])
        rows["at once"] = f"{_quantity(metadata, 'active_clusters_detected')} on average; time with " + ", ".join(
            f"{n}: {100 * share:.0f} %" for n, share in shares if share >= 0.005
        )
    clusters = metadata["clusters"]
    if not clusters:  # in analyses of earlier versions
        return rows
    known = [row for row in clusters if row["occupancy"] is not None]
    rows["occupancy"] = f"a cluster is active {_quantity(metadata, 'occupancy', 100)} % of the time on average"
    if len(known) > 1:
        least, most = (choose(known, key=lambda row: row["occupancy"]) for choose in (min, max))
        ends = (f"{_shown(row['occupancy'], 100)} % (cluster {row['cluster']})" for row in (least, most))
        rows["occupancy"] += f", from {' to '.join(ends)}"
    shortest = metadata["settings"]["minimal_lifespan_ms"]
    rows["activations"] = (
        f"{sum(row['activations'] for row in clusters)} of at least {shortest:g} ms, "
        f"{_quantity(metadata, 'activation_rate_hz')} per s and cluster; {_means(metadata, 'mean_activation')}"
    )
    cv = f"; CV {_quantity(metadata, 'interval_cv')}" if _is_known(metadata, "interval_cv") else ""
    rows["intervals"] = f"from an activation to the next, {_means(metadata, 'mean_interval')}{cv}"
    return rows


def _visit_rows(metadata: dict[str, Any]) -> dict[str, str]:
    """Lifespans by number of active clusters, and the entropy of the states."""
    name = "mean_lifespan_kaplan_meier_sec"
    means = [
        f"{row['n_active']}: {with_error(row[name], row[f'{name}_standard_error'])} s (n = {row['visits']})"
        for row in metadata["by_number_active"]
        if row[name] is not None
    ]
    rows = (
        {"by number active": f"Kaplan-Meier lifespan of states of so many clusters, {', '.join(means)}"}
        if means
        else {}
    )
    if _is_known(metadata, "state_entropy_bits"):
        entropy = _quantity(metadata, "state_entropy_bits")
        rows["entropy"] = f"{entropy} bits of the states, an underestimate in short recordings"
    rows["after ±"] = f"standard errors over {metadata['standard_errors_over']}"
    return rows


def _means(metadata: dict[str, Any], name: str) -> str:
    whole = f"mean {_quantity(metadata, f'{name}_sec')} s of those seen whole"
    return _both_means(metadata, name, whole, "none was seen whole")


def _both_means(metadata: dict[str, Any], name: str, whole: str, none_whole: str) -> str:
    """Both means of a duration, as far as they are known; the texts say the one of what was seen whole."""
    told = whole if _is_known(metadata, f"{name}_sec") else none_whole
    estimate = f"{name}_kaplan_meier_sec"
    return told + (f"; Kaplan-Meier {_quantity(metadata, estimate)} s" if _is_known(metadata, estimate) else "")


def _is_known(metadata: dict[str, Any], name: str) -> bool:
    return metadata["quantities"][name]["value"] is not None


def _quantity(metadata: dict[str, Any], name: str, factor: float = 1.0) -> str:
    quantity = metadata["quantities"][name]
    return with_error(quantity["value"], quantity["standard_error"], factor)


def with_error(value: float | None, error: float | None, factor: float = 1.0) -> str:
    """A number and its standard error, which has two digits: ``0.273 +- 0.012``; ``-`` if it is not known."""
    if value is None or error is None or error <= _ROUNDING * abs(value):
        return _shown(value, factor)
    digits = max(0, 1 - math.floor(math.log10(factor * error)))
    return f"{factor * value:.{digits}f} ± {factor * error:.{digits}f}"


def _model_rows(model: dict[str, Any]) -> dict[str, str]:
    settings, agreement = model["settings"], model["agreement"]
    numbers, criterion = settings["numbers"], _CRITERIA[settings["criterion"]]
    found = f"{model['n_states']} visited of {model['n_fitted']}"
    if settings["units"] == "neurons":
        found += ", from the counts of single neurons"
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
        f"a state; mean lifespan {_shown(model['mean_lifespan_sec'])} s of those seen whole, Kaplan-Meier "
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
        "events": f"{events['n_epochs']} epochs of {sessions(events['n_sessions'])}, from {events['before_sec']:g} s "
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


def _assemblies(found: dict[str, Any], n_neurons: int) -> str:
    stability, (above, below) = found["stability"], found["gap"]
    unstable = stability is not None and stability < _LEAST_STABILITY
    halves = "halves of the data give other assemblies" if unstable else "with halves of the data"
    return (
        f"{found['n_assemblies']}, of {found['n_neurons']} of {n_neurons} neurons; mean silhouette "
        f"{_shown(found['quality'])}; stability {_shown(stability)} (adjusted Rand index; {halves}); "
        f"{found['n_significant']} eigenvalues above {_shown(found['upper_bound'])}, the bound of independent neurons, "
        f"where they fall from {_shown(above)} to {_shown(below)}"
    )


def _detection(metadata: dict[str, Any]) -> str:
    settings, thresholds = metadata["settings"], metadata["thresholds_hz"]
    found = f"method {settings['method']}"
    if thresholds is not None:
        low, high = (f"{each:.3g}" for each in thresholds)
        found += f", above {low} Hz" if low == high else f", above {low} to {high} Hz"
    unfitted = metadata["n_sessions"] - metadata["fitted_sessions"]
    if settings["method"] == "two_state" and unfitted:
        found += f"; no two states in the rates of {sessions(unfitted)}, where an absolute threshold was used"
    return found


def sessions(n: int) -> str:
    """A number of sessions in words."""
    return f"{n} session{'s' * (n != 1)}"


def _shown(value: float | None, factor: float = 1.0) -> str:
    return "-" if value is None else f"{factor * value:.3g}"
