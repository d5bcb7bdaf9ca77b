"""Which files a run of the spiking network leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.stagers.outputs import SpikingOutputs
from neuro_mod.execution.stagers.perturbations import saved_arrays
from neuro_mod.execution.stagers.saved_state import state_arrays
from neuro_mod.recordings.saved import save_spikes
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import CLUSTERS, CONFIG, PERTURBATIONS, RATES, RUN, STATE, STIMULUS, TRACES


def save_results(folder: Files, outputs: SpikingOutputs) -> None:
    """Save what a run recorded and what acted on it, the resolved configuration, and how it all came about."""
    if "spikes" in outputs:
        save_spikes(folder, outputs["spikes"])
    save_rates(folder, outputs)
    folder.save_arrays(STATE, **state_arrays(outputs.state))
    folder.save_array(CLUSTERS, outputs["clusters"])
    for name, file in TRACES.items():
        if name in outputs:
            folder.save_arrays(file, **{name: outputs[name]}, neurons=outputs.recorded_neurons)
    stimulus = outputs["stimulus"]
    if stimulus.gain.any():
        folder.save_arrays(STIMULUS, gain=stimulus.gain, course=stimulus.course)
    save_perturbations(folder, outputs)
    metadata: dict[str, Any] = dict(outputs["metadata"])
    config = metadata.pop("config")
    folder.save_text(CONFIG, config)
    folder.save_json(RUN, metadata | provenance(config))


def save_rates(folder: Files, outputs: SpikingOutputs, name: str = RATES) -> Path:
    """Save rates of the populations in bins, the width of a bin in seconds, and the spike counts of the neurons."""
    bin_width = outputs["metadata"]["rate_bin_sec"]
    return folder.save_arrays(name, rates=outputs["rates"], bin_width=bin_width, spike_counts=outputs["spike_counts"])


def save_perturbations(folder: Files, outputs: SpikingOutputs) -> None:
    """Save what acted, if anything did: see `saved_arrays`."""
    if "perturbations" in outputs:
        delta_t = outputs["metadata"]["delta_t"]
        arrays = saved_arrays(outputs["perturbations"], outputs.timed_perturbations, delta_t)
        folder.save_arrays(PERTURBATIONS, **arrays)
