"""Which files pairs of runs leave in their folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import neuro_mod
from neuro_mod.core.populations import Populations
from neuro_mod.execution.paired_runs import PairedRuns
from neuro_mod.execution.perturbing import saved_arrays, strongest, summary
from neuro_mod.execution.pictures import LONGEST_SHOWN, PICTURES, drawings_of_perturbations, save_pictures
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.run_folder import RunFolder
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.spiking_net_files import save_spikes
from neuro_mod.storage.names import (
    CLUSTERS,
    CONFIG,
    DIFFERENCES,
    DIFFERENCES_TABLE,
    PAIRED_RATES,
    PAIRED_SPIKES,
    PERTURBATIONS,
    RUN,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Seconds after the runs part over which the ratio of variances is told.
WINDOWS = (0.02, 0.05, 0.1, 0.2, 0.5)


def describe_pairs(
    stager: StageSNNSimulation, pairs: PairedRuns, baseline_duration: float, dtype: str, n_trials: int
) -> dict[str, Any]:
    """Metadata of paired runs, as a mapping that JSON can hold.

    Args:
        stager: What was run.
        pairs: What came of it.
        baseline_duration: Seconds before the runs of a pair parted.
        dtype: Precision.
        n_trials: How many pairs were asked for.
    """
    run, populations = pairs.example.baseline, stager.circuit.populations
    return {
        "version": neuro_mod.__version__,
        "config": stager.experiment.to_yaml(),
        "random_seed": stager.random_seed,
        "dtype": dtype,
        "n_trials": len(pairs.seeds),
        "seeds": pairs.seeds,
        "interrupted": len(pairs.seeds) < n_trials,
        "baseline_duration_sec": baseline_duration,
        "duration_sec": run.duration,
        "delta_t": run.delta_t,
        "rate_bin_sec": pairs.bin_width,
        "perturbations": {
            target: summary(course, populations.sizes, run.n_steps, run.delta_t)
            for target, course in pairs.perturbations.items()
        },
        "averaged_sec": [bins * pairs.bin_width for bins in pairs.averaged_bins()],
        "variance_ratios": variance_ratios(pairs),
        "differences": table(pairs, populations),
    }


def variance_ratios(pairs: PairedRuns) -> list[dict[str, float | None]]:
    """Variance of the difference of mean rates, paired over independent, pooled over populations.

    Over windows of growing length from the moment at which something acts; the last one is that of the table. None
    where nothing varies or there is a single pair.
    """
    first, end = pairs.averaged_bins()
    longest = (end - first) * pairs.bin_width
    ratios = []
    for duration in [window for window in WINDOWS if window < longest] + [longest]:
        ratio = pairs.on_average(duration).pooled_variance_ratio
        ratios.append({"over_sec": duration, "ratio": ratio if np.isfinite(ratio) else None})
    return ratios


def table(pairs: PairedRuns, populations: Populations) -> list[dict[str, Any]]:
    """A row for each population with neurons: what acts on it, mean rates in Hz, their difference and its error.

    Means are over trials and `PairedRuns.averaged_bins`; None where it cannot be known.
    """
    average, (first, end) = pairs.on_average(), pairs.averaged_bins()
    peaks = {target: strongest(course) for target, course in pairs.perturbations.items()}
    rows: list[dict[str, Any]] = []
    for a in np.flatnonzero(populations.sizes):
        values = {
            "baseline_hz": pairs.baseline[:, first:end, a].mean(dtype=np.float64),
            "perturbed_hz": pairs.perturbed[:, first:end, a].mean(dtype=np.float64),
            "difference_hz": average.difference[a],
            "standard_error_hz": average.standard_error[a],
            "variance_ratio": average.variance_ratio[a],
        }
        known = {name: float(value) if np.isfinite(value) else None for name, value in values.items()}
        rows.append(
            {"population": populations.names[a]}
            | {f"delta_{target}": float(peak[a]) for target, peak in peaks.items()}
            | known
        )
    return rows


def save_pairs(
    folder: RunFolder, stager: StageSNNSimulation, pairs: PairedRuns, metadata: dict[str, Any]
) -> list[Path]:
    """Save rates of all trials, their differences, the example's spikes, and how it all came about.

    Args:
        folder: Where to.
        stager: What was run.
        pairs: What came of it.
        metadata: From `describe_pairs`.
    """
    over_time, delta_t = pairs.over_time(), pairs.example.baseline.delta_t
    folder.save_arrays(
        PAIRED_RATES, times=pairs.times, baseline=pairs.baseline, perturbed=pairs.perturbed, bin_width=pairs.bin_width
    )
    folder.save_arrays(
        DIFFERENCES,
        times=pairs.times,
        difference=over_time.difference,
        standard_error=over_time.standard_error,
        variance_ratio=over_time.variance_ratio,
    )
    folder.save_table(DIFFERENCES_TABLE, metadata["differences"])
    for name, file in PAIRED_SPIKES.items():
        save_spikes(folder, getattr(pairs.example, name).spikes, file)
    folder.save_array(CLUSTERS, stager.circuit.populations.of_neuron)
    described = stager.experiment.timed_perturbations
    folder.save_arrays(PERTURBATIONS, **saved_arrays(pairs.perturbations, described, delta_t))
    about = dict(metadata)
    config = about.pop("config")
    folder.save_text(CONFIG, config)
    folder.save_json(RUN, about | provenance(config))
    files = folder.finish()
    if stager.experiment.settings.plot:
        save_pictures(folder.save, _drawings(stager, pairs), stager.experiment.settings.plot_format)
        files = folder.finish()
    return files


def _drawings(stager: StageSNNSimulation, pairs: PairedRuns) -> dict[str, Callable[[], Figure]]:
    # matplotlib is loaded only to draw
    from neuro_mod.plotting.paired_runs import difference_traces, paired_runs  # noqa: PLC0415

    baseline, changed = pairs.example
    populations, response = stager.circuit.populations, pairs.over_time()
    vectors = {target: strongest(course) for target, course in pairs.perturbations.items()}
    acted_on = np.any([course.values.any(axis=0) for course in pairs.perturbations.values()], axis=0)
    spikes, end = (baseline.spikes, changed.spikes), min(baseline.duration, LONGEST_SHOWN)
    acting = drawings_of_perturbations(pairs.perturbations, stager.baseline, baseline.n_steps, baseline.delta_t)
    return {
        "paired_runs": lambda: paired_runs(*spikes, pairs.times, response.difference, vectors, populations, t_to=end),
        "differences": lambda: difference_traces(
            pairs.times, response.difference, response.standard_error, populations, acted_on
        ),
    } | {PICTURES[name]: draw for name, draw in acting.items()}
