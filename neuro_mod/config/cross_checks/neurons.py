"""Checks of the time axis and of values given population by population."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from neuro_mod.config.cross_checks.draft import Draft
from neuro_mod.config.inputs import ExternalCurrents
from neuro_mod.config.neurons import POPULATION_KEYS
from neuro_mod.errors import Problem
from neuro_mod.populations import Populations, total_populations
from neuro_mod.recordings.spikes import MAX_STEPS

_MEANINGS = {2: "[E, I]", 4: "[ext E→E, ext E→I, ext I→E, ext I→I]"}


def time_step(draft: Draft) -> Iterator[Problem]:
    """At least one step in the run, and no more than can be counted."""
    step, duration = draft["init_params.delta_t"], draft["init_params.duration_sec"]
    if step > duration:
        yield Problem(
            ("init_params", "delta_t"), f"{step:g} s found", f"at most init_params.duration_sec = {duration:g} s"
        )
    if duration > step * MAX_STEPS:
        yield Problem(
            ("init_params", "duration_sec"),
            f"{duration:g} s found",
            f"at most {MAX_STEPS} steps of init_params.delta_t = {step:g} s",
            "longer runs can be continued from the state where one ended",
        )


def _length(key: str, short_lengths: tuple[int, ...], draft: Draft) -> Iterator[Problem]:
    """A list has as many entries as it may describe."""
    value, total = draft[key], total_populations(draft["architecture.clusters.n_clusters"])
    if isinstance(value, tuple) and len(value) not in (*short_lengths, total):
        meanings = {total: "one per population"} | {length: _MEANINGS[length] for length in short_lengths}
        lengths = ", or ".join(f"{length} entries ({meanings[length]})" for length in sorted(meanings))
        yield Problem(tuple(key.split(".")), f"{len(value)} entries found", f"one number, or {lengths}")


#: One check per list, so that one invalid list does not hide another.
LENGTHS = tuple(
    [partial(_length, f"init_params.{name}", (2,)) for name in POPULATION_KEYS]
    + [partial(_length, f"external_currents.{name}", (2, 4)) for name in ExternalCurrents.model_fields]
)


def threshold_above_reset(draft: Draft) -> Iterator[Problem]:
    """No population fires forever."""
    values = (draft["init_params.threshold"], draft["init_params.reset_voltage"])
    lengths = {len(value) for value in values if isinstance(value, tuple)} - {2}
    # without per-population lists, E and I tell everything: a network without clusters
    n_clusters = draft["architecture.clusters.n_clusters"] if lengths else 0
    if lengths - {total_populations(n_clusters)}:
        return
    layout = Populations(n_clusters, (0, 0), (0, 0))
    threshold, reset = (layout.expand(value) for value in values)
    low = [i for i in range(layout.total) if threshold[i] <= reset[i]]
    if low:
        names = [layout.names[i] if lengths else "EI"[i] for i in low]
        more = f" and {len(low) - 3} more" if len(low) > 3 else ""
        yield Problem(
            ("init_params", "threshold"),
            f"{threshold[low[0]]:g} found for {', '.join(names[:3])}{more}",
            f"more than init_params.reset_voltage = {reset[low[0]]:g}",
        )
