"""What a comparison of theory and simulation says, and which files it leaves in its folder."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import neuro_mod
from neuro_mod.core.mean_field.analysis.validity import Assumption
from neuro_mod.core.spiking_net.analysis.rates.rates import ACTIVE_RATE
from neuro_mod.core.spiking_net.time_step import ACTIVE_RATE_LOSS
from neuro_mod.execution.comparison.rates import UNCHANGED, Comparison
from neuro_mod.execution.comparison.theories import Predicted
from neuro_mod.execution.figures import Look, save_figures
from neuro_mod.execution.stagers.mean_field.full import describe_state
from neuro_mod.populations import Populations
from neuro_mod.storage.files import Files
from neuro_mod.storage.json_values import json_row, json_value
from neuro_mod.storage.names import COMPARISON, COMPARISON_TABLE, VALIDITY_TABLE


def describe_comparison(comparison: Comparison, dtype: str) -> dict[str, Any]:
    """Metadata of a comparison whose simulations had this precision, plain data."""
    experiment, simulation = comparison.theory.experiment, comparison.simulation
    return {
        "version": neuro_mod.__version__,
        "random_seed": experiment.settings.random_seed,
        "dtype": dtype,
        "n_trials": len(simulation.seeds),
        "seeds": simulation.seeds,
        "settling_sec": simulation.settling,
        "duration_sec": experiment.init_params.duration_sec,
        "delta_t": experiment.init_params.delta_t,
        "active_rate_loss": ACTIVE_RATE_LOSS * experiment.init_params.delta_t,
        "finer_delta_t": comparison.finer and comparison.finer.delta_t,
        "rate_bin_sec": simulation.bin_width,
        "active_above_hz": ACTIVE_RATE,
        "n_z": comparison.theory.n_z,
        "theory": str(comparison.predictions.chosen.theory),
        "searched": comparison.found.searched,
        "n_distinct": len(comparison.found),
        "n_stable": len(comparison.found.stable),
        "states": [describe_state(state, comparison.populations) for state in comparison.states],
        "nearest": comparison.nearest,
        "theories": [_describe_theory(each, comparison) for each in comparison.predictions.all],
        "left_out": comparison.predictions.left_out,
        "active_clusters": comparison.n_active.mean,
        "active_clusters_standard_error": json_value(comparison.n_active.standard_error),
        "settled": {"active_clusters": comparison.usual_n_active, "unchanged_sec": UNCHANGED},
        "time_by_active_clusters": comparison.time_by_n_active().tolist(),
        "comparison": [json_row(row) for row in comparison.table().to_dict("records")],
        "notices": comparison.predictions.notices,
        "notes": list(comparison.notes),
        "validity": [_describe_assumption(assumption) for assumption in comparison.validity()],
    }


def _describe_theory(predicted: Predicted, comparison: Comparison) -> dict[str, Any]:
    """A theory, and the state with which simulations are compared."""
    nearest = predicted.nearest(comparison.usual_n_active)
    return {
        "theory": str(predicted.theory),
        **vars(predicted.theory),
        "n_distinct": len(predicted.found),
        "n_stable": len(predicted.found.stable),
        "stable_n_active": [len(state.active) for state in predicted.found.stable],
        "nearest": None if nearest is None else describe_state(predicted.states[nearest], comparison.populations),
    }


def save_comparison(folder: Files, comparison: Comparison, metadata: dict[str, Any]) -> None:
    """Save the table, simulated rates and their histogram, the states, and the validity; draw if ``settings.plot``.

    Args:
        folder: Where to save.
        comparison: The comparison.
        metadata: From `describe_comparison`.
    """
    states, populations = comparison.states, comparison.populations
    nearest = {name: state for name, state in comparison.nearest_states().items() if state is not None}
    counts, edges = comparison.histogram()
    folder.save_table(COMPARISON_TABLE, metadata["comparison"])
    folder.save_arrays(
        COMPARISON,
        rates=comparison.simulation.rates,
        bin_width=comparison.simulation.bin_width,
        histogram_counts=counts,
        histogram_edges=edges,
        time_by_active_clusters=comparison.time_by_n_active(),
        state_rates=_stacked([state.rates for state in states], populations),
        state_kinds=np.array([state.kind for state in states], str),
        state_n_active=np.array([len(state.active) for state in states], np.int64),
        theories=np.array(list(nearest), str),
        theory_rates=_stacked([state.rates for state in nearest.values()], populations),
        theory_cvs=_stacked([state.cv for state in nearest.values()], populations),
        theory_n_active=np.array([len(state.active) for state in nearest.values()], np.int64),
        cv_groups=np.array(list(comparison.simulation.cvs), str),
        cvs=np.array(list(comparison.simulation.cvs.values())),
    )
    folder.save_table(VALIDITY_TABLE, _validity_table(comparison.validity()))
    settings = comparison.theory.experiment.settings
    if settings.plot:
        save_figures(folder.save, comparison.drawings(), Look.of(settings))


def _stacked(vectors: list[NDArray[np.float64]], populations: Populations) -> NDArray[np.float64]:
    """Rows over the populations, also if there are none."""
    return np.array(vectors).reshape(-1, populations.total)


def _describe_assumption(assumption: Assumption) -> dict[str, Any]:
    where, value = assumption.worst or (None, None)
    return {
        "assumption": assumption.name,
        "quantity": assumption.quantity,
        "worst": value,
        "population": where,
        "limit": float(assumption.limit),
        "at_least": assumption.at_least,
        "source": assumption.source,
        "kept": assumption.kept,
        "n_beyond": int(assumption.beyond.sum()),
        "in_words": assumption.describe(),
    }


def _validity_table(validity: tuple[Assumption, ...]) -> list[dict[str, Any]]:
    """A row for each assumption and population that has a number."""
    return [
        {
            "assumption": each.name,
            "quantity": each.quantity,
            "population": population,
            "value": value,
            "limit": float(each.limit),
            "kept": not beyond,
        }
        for each in validity
        for population, value, beyond in zip(each.populations, each.values.tolist(), each.beyond.tolist(), strict=True)
        if not np.isnan(value)
    ]
