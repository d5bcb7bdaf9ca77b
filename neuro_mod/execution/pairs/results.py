"""What paired runs say, and which files they leave in their folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import neuro_mod
from neuro_mod.core.spiking_net.analysis.rates.rates import steps_per_sample
from neuro_mod.execution.figures import Look, save_figures
from neuro_mod.execution.pairs.quantities import (
    ACTIVITY,
    OCCUPANCY_COLUMNS,
    QUANTITY_COLUMNS,
    describe_quantities,
)
from neuro_mod.execution.pairs.rates import PairedRuns
from neuro_mod.execution.pairs.simulate import SimulatePair
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.perturbations import summary
from neuro_mod.storage.files import Files
from neuro_mod.storage.json_values import json_row
from neuro_mod.storage.names import (
    DIFFERENCES,
    DIFFERENCES_TABLE,
    OCCUPANCY_DIFFERENCES_TABLE,
    PAIRED_RATES,
    QUANTITY_DIFFERENCES_TABLE,
)

#: Seconds after the runs part over which the ratio of variances is given.
WINDOWS = (0.02, 0.05, 0.1, 0.2, 0.5)


def describe_pairs(task: SimulatePair) -> dict[str, Any]:
    """Metadata of paired runs that are known before them, plain data."""
    trial, populations = task.trial, task.stager.circuit.populations
    return {
        "version": neuro_mod.__version__,
        "random_seed": task.stager.random_seed,
        "dtype": task.dtype,
        "baseline_duration_sec": task.baseline_duration,
        "duration_sec": trial.duration,
        "delta_t": trial.delta_t,
        "rate_bin_sec": steps_per_sample(trial.delta_t) * trial.delta_t,
        "perturbations": {
            target: summary(course, populations.sizes, trial.n_steps, trial.delta_t)
            for target, course in task.perturbations.items()
        },
    }


def describe_results(stager: StageSNNSimulation, pairs: PairedRuns) -> dict[str, Any]:
    """Results of paired runs of a configuration, plain data."""
    return {
        "n_trials": len(pairs.seeds),
        "seeds": pairs.seeds,
        "averaged_sec": [bins * pairs.bin_width for bins in pairs.averaged_bins()],
        "variance_ratios": variance_ratios(pairs),
        "differences": [json_row(row) for row in pairs.table().to_dict("records")],
        "active": ACTIVITY,
        **describe_quantities(pairs, stager.circuit.populations),
    }


def variance_ratios(pairs: PairedRuns) -> list[dict[str, float | None]]:
    """Ratio of the variance of the difference of mean rates, paired over independent, pooled over populations.

    For windows of growing length from the onset of the first perturbation; the last one is that of the table. None
    where nothing varies or there is a single pair.
    """
    first, end = pairs.averaged_bins()
    longest = (end - first) * pairs.bin_width
    ratios = []
    for duration in [window for window in WINDOWS if window < longest] + [longest]:
        ratio = pairs.on_average(duration).pooled_variance_ratio
        ratios.append({"over_sec": duration, "ratio": ratio if np.isfinite(ratio) else None})
    return ratios


def save_pairs(folder: Files, stager: StageSNNSimulation, pairs: PairedRuns, results: Mapping[str, Any]) -> None:
    """Save rates of all trials and the tables of `describe_results`, and draw them if ``settings.plot``."""
    response = pairs.over_time()
    folder.save_arrays(
        PAIRED_RATES, times=pairs.times, baseline=pairs.baseline, perturbed=pairs.perturbed, bin_width=pairs.bin_width
    )
    folder.save_arrays(
        DIFFERENCES,
        times=pairs.times,
        difference=response.difference,
        standard_error=response.standard_error,
        variance_ratio=response.variance_ratio,
    )
    folder.save_table(DIFFERENCES_TABLE, results["differences"])
    folder.save_table(QUANTITY_DIFFERENCES_TABLE, results["quantities"], QUANTITY_COLUMNS)
    folder.save_table(OCCUPANCY_DIFFERENCES_TABLE, results["occupancy"], OCCUPANCY_COLUMNS)
    settings = stager.experiment.settings
    if settings.plot:
        save_figures(folder.save, pairs.drawings(), Look.of(settings))
