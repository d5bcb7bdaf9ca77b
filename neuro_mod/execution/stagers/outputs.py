"""The results of a run of the spiking network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.modulation import Baseline
from neuro_mod.core.perturbations import TimedPerturbation
from neuro_mod.core.spiking_net.engine.state import State
from neuro_mod.core.spiking_net.network import SpikingNetwork
from neuro_mod.errors import InputError
from neuro_mod.execution.figures import Drawings
from neuro_mod.execution.labelled import labelled_outputs
from neuro_mod.execution.stagers.base import Result
from neuro_mod.execution.stagers.perturbations import saved_arrays
from neuro_mod.execution.stagers.pictures import PICTURES, drawings_of_run
from neuro_mod.execution.stagers.saved_state import state_arrays
from neuro_mod.recordings.neo_objects import to_neo
from neuro_mod.recordings.nwb import to_nwb
from neuro_mod.recordings.pynapple_objects import to_pynapple
from neuro_mod.recordings.saved import save_spikes
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import CLUSTERS, PERTURBATIONS, RATES, STATE, STIMULUS, TRACES
from neuro_mod.summaries import Shown, Summary, array, counted, described


class SpikingOutputs(Shown, Result, Mapping[str, Any]):
    """Results of a run by name; dense arrays are made when they are asked for.

    ============= ========================================================================================
    spikes        `SpikeEvents`; ``np.asarray`` gives a boolean array ``(n_steps, n_neurons)``
    spike_counts  number of spikes of each neuron, ``(n_neurons,)``
    rates         rate per neuron of each population in bins of ``metadata["rate_bin_sec"]``, Hz, ``(n_bins, n_pops)``
    voltage       V at the end of the recorded steps, threshold units, ``(n_recorded_steps, n_recorded_neurons)``
    current       I likewise, threshold units per second
    stimulus      `Stimulus`; ``np.asarray`` gives the current, threshold units per second, ``(n_steps, n_neurons)``
    weights       efficacies ``[post, pre]``, threshold units, ``(n_neurons, n_neurons)``
    perturbations by target, `Course` with values ``(K, n_pops)`` in the unit of the target
    clusters      population index of each neuron, ``(n_neurons,)``
    metadata      configuration, speed, mean rates
    ============= ========================================================================================

    ``spikes``, ``voltage`` and ``current`` exist only if they were recorded, ``perturbations`` only if there are any.

    Args:
        results: All results but ``weights``.
        end: State after the last step, which need not say which network it belongs to; None if it was not kept.
        recorded_neurons: Whose voltage and current were recorded, shape ``(n_recorded_neurons,)``.
        timed_perturbations: Those of the perturbations that were vectors with a time course, by target.
        baseline: The parameters without perturbations.
        network: The network; None if neither ``weights`` nor `state` are wanted.
    """

    def __init__(
        self,
        results: Mapping[str, Any],
        end: State | None,
        recorded_neurons: NDArray[np.int64],
        timed_perturbations: Mapping[str, TimedPerturbation],
        baseline: Baseline,
        network: SpikingNetwork | None,
    ):
        self._results, self._network = dict(results), network
        self._end = end
        self.recorded_neurons = recorded_neurons
        self.timed_perturbations = dict(timed_perturbations)
        self.baseline = baseline

    @property
    def state(self) -> State:
        """State after the last step, to continue from.

        Raises:
            InputError: It was not kept, or the network was not.
        """
        if self._end is None:
            raise InputError(
                "state: not kept beside the spikes; expected the outputs of a run, which is to be simulated"
            )
        if self._network is None:
            raise InputError("state: not kept; expected the outputs of a run")
        return replace(self._end, network=self._network.fingerprint)

    def __getitem__(self, name: str) -> Any:
        if name == "weights" and self._network is not None:
            return self._network.dense_weights()
        if name in self._results:
            return self._results[name]
        raise KeyError(f"{name!r} was not recorded; there are {', '.join(self)}")

    def __iter__(self) -> Iterator[str]:
        yield from self._results
        if self._network is not None:
            yield "weights"

    def __len__(self) -> int:
        return len(self._results) + (self._network is not None)

    def __contains__(self, name: object) -> bool:
        return name in self._results or (name == "weights" and self._network is not None)

    def _summary(self) -> Summary:
        rows = {name: _described(name, self._results[name]) for name in self._results if name not in _SELF_EVIDENT}
        about = self._results.get("metadata", {})
        if "rates" in rows and about:
            rows["rates"] += f", bins of {1e3 * about['rate_bin_sec']:g} ms"
        title = f"Run of {counted(self.baseline.populations.n_neurons, 'neuron')}"
        if not about:
            return Summary(title, rows)
        means = about["mean_rates_by_kind_hz"].items()
        above = f"E clusters above {about['active_above_hz']:g} Hz"
        active = {} if about["active_clusters"] is None else {above: f"{about['active_clusters']:.3g}, time average"}
        means = {f"mean rate, {kind}": f"{rate:.4g} Hz" for kind, rate in means}
        cut = ", interrupted" if about["interrupted"] else ""
        title += f" over {about['duration_sec']:g} s, seed {about['random_seed']}{cut}"
        return Summary(title, rows | means | active)

    def only(self, names: Iterable[str]) -> SpikingOutputs:
        """The results of these names, as far as they exist, without network and state."""
        results = {name: self._results[name] for name in names if name in self._results}
        return SpikingOutputs(results, self._end, self.recorded_neurons, self.timed_perturbations, self.baseline, None)

    def to_xarray(self, name: str = "rates") -> Any:
        """An ``xarray.DataArray`` of rates, voltage or current.

        Args:
            name: ``rates``, with the axes ``time`` (middles of bins, s) and ``population``, or ``voltage`` or
                ``current``, with the axes ``time`` and ``neuron``, whose populations are a further coordinate.

        Raises:
            ImportError: xarray is not installed.
            InputError: It is another name, or was not recorded.
        """
        return labelled_outputs(self, name, self.baseline.populations, self.recorded_neurons)

    def to_pynapple(self) -> Any:
        """The spikes as a ``pynapple.TsGroup`` with clusters and names of populations, see `to_pynapple`."""
        return to_pynapple(self["spikes"], self["clusters"], self.baseline.populations.names)

    def to_neo(self) -> Any:
        """The spikes as a ``neo.Segment`` with clusters, see `to_neo`."""
        return to_neo(self["spikes"], self["clusters"])

    def to_nwb(self) -> Any:
        """The spikes as a ``pynwb.NWBFile`` in memory with clusters, see `to_nwb`."""
        return to_nwb(self["spikes"], self["clusters"])

    def save(self, files: Files) -> None:
        """Save what was recorded and what acted on the network."""
        if "spikes" in self:
            save_spikes(files, self["spikes"])
        save_rates(files, self)
        files.save_arrays(STATE, **state_arrays(self.state))
        files.save_array(CLUSTERS, self["clusters"])
        for name, file in TRACES.items():
            if name in self:
                files.save_arrays(file, **{name: self[name]}, neurons=self.recorded_neurons)
        stimulus = self["stimulus"]
        if stimulus.gain.any():
            files.save_arrays(STIMULUS, gain=stimulus.gain, course=stimulus.course)
        if "perturbations" in self:
            delta_t = self["metadata"]["delta_t"]
            files.save_arrays(PERTURBATIONS, **saved_arrays(self["perturbations"], self.timed_perturbations, delta_t))

    figure_aliases = PICTURES

    def absent(self, name: str) -> str:
        """What to record, or to perturb, to have a figure."""
        if name in (PICTURES["spikes"], PICTURES["voltage"]):
            what = "spikes" if name == PICTURES["spikes"] else "voltage"
            return f'the run has no {what}: add "{what}" to record'
        return "the run has no perturbations" if name in PICTURES.values() else ""

    def drawings(self) -> Drawings:
        """All figures, by file name."""
        return drawings_of_run(self, self.recorded_neurons, self.baseline)


_SELF_EVIDENT = {"spike_counts", "clusters", "stimulus", "metadata"}
_UNITS = {"rates": "Hz", "voltage": "threshold units", "current": "threshold units per second"}


def _described(name: str, value: Any) -> str:
    if name == "perturbations":
        return ", ".join(value)
    return f"{array(value)}, {_UNITS[name]}" if name in _UNITS else described(value)


def save_rates(files: Files, outputs: SpikingOutputs, name: str = RATES) -> Path:
    """Save rates of the populations in bins, the width of a bin in seconds, and the spike counts of the neurons."""
    bin_width = outputs["metadata"]["rate_bin_sec"]
    return files.save_arrays(name, rates=outputs["rates"], bin_width=bin_width, spike_counts=outputs["spike_counts"])
