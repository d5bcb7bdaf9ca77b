"""Which files repeated runs leave in their folder, and what they say about themselves."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neuro_mod.config import Experiment
from neuro_mod.core.modulation import Baseline
from neuro_mod.execution.outputs import SpikingOutputs
from neuro_mod.execution.pictures import save_plots
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.run_folder import RunFolder
from neuro_mod.execution.stagers.spiking_net_files import save_perturbations, save_rates
from neuro_mod.storage.names import CONFIG, LOG, REPEATED_CLUSTERS, RUN, SEEDS, repeat_rates, repeat_spikes

#: What differs from repeat to repeat; the rest of the metadata of a run is that of all.
_OWN = (
    "random_seed",
    "n_spikes",
    "mean_rates_hz",
    "mean_rates_by_kind_hz",
    "active_clusters",
    "wall_seconds",
    "real_time_factor",
)
_LEFT_OUT = ("config", "interrupted", "first_step", "recorded_every", *_OWN)


class RepeatFolder:
    """The folder of repeated runs, filled as repeats finish.

    Nothing is written, and nothing of an earlier run is removed, before the first repeat has finished.

    Args:
        path: The folder.
        experiment: The experiment that is repeated.
        baseline: Its network.
        seeds: Seed of each repeat.
        plot_arg: Which pictures of the first repeat, as for `StageSNNSimulation.execute`, if ``settings.plot``.
        how: What else ``run.json`` says about how the repeats were run.

    Raises:
        StorageError: The folder cannot be written to.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        experiment: Experiment,
        baseline: Baseline,
        seeds: Sequence[int],
        plot_arg: str,
        how: dict[str, Any],
    ):
        self._folder = RunFolder(path)
        self._experiment = experiment
        self._baseline = baseline
        self._seeds = seeds
        self._plot_arg = plot_arg
        self._how = how
        self._begin = time.perf_counter()
        self._begun = False
        self._common: dict[str, Any] = {}
        #: What each finished repeat says about itself, by its index.
        self.finished: dict[int, dict[str, Any]] = {}

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.path

    def save_repeat(self, index: int, outputs: SpikingOutputs) -> None:
        """Save a repeat, again if need be.

        Raises:
            StorageError: The disk is full, say.
        """
        if not self._begun:
            self._save_plan(outputs)
        self._folder.save_dense(repeat_spikes(index), outputs["spikes"])
        save_rates(self._folder, outputs, repeat_rates(index))
        metadata = outputs["metadata"]
        self._common = {key: value for key, value in metadata.items() if key not in _LEFT_OUT}
        self.finished[index] = {"repeat": index} | {key: metadata[key] for key in _OWN}

    def draw(self, outputs: SpikingOutputs) -> None:
        """Draw a repeat if the settings want pictures.

        Raises:
            StorageError: The disk is full, say.
        """
        settings = self._experiment.settings
        if settings.plot:
            save_plots(self._folder, outputs, self._baseline, self._plot_arg, settings.plot_format)

    def close(self, log: str) -> dict[str, Any]:
        """Save what is known about the finished repeats, and the manifest.

        Args:
            log: What was logged.

        Returns:
            What ``run.json`` says, and under ``files`` all files.

        Raises:
            StorageError: The disk is full, say.
        """
        metadata = self._describe()
        self._folder.save_json(RUN, metadata | provenance(self._experiment.to_yaml()))
        self._folder.save_text(LOG, log)
        return metadata | {"files": [str(file) for file in self._folder.finish()]}

    def _save_plan(self, outputs: SpikingOutputs) -> None:
        """Save what is the same for all repeats."""
        self._folder.save_text(CONFIG, self._experiment.to_yaml())
        self._folder.save_text(SEEDS, "".join(f"{seed}\n" for seed in self._seeds))
        self._folder.save_array(REPEATED_CLUSTERS, self._baseline.populations.of_neuron)
        save_perturbations(self._folder, outputs)
        self._begun = True

    def _describe(self) -> dict[str, Any]:
        repeats = [self.finished[index] for index in sorted(self.finished)]
        return {
            "n_repeats": len(self._seeds),
            "n_finished": len(repeats),
            "interrupted": len(repeats) < len(self._seeds),
            "random_seed": self._experiment.settings.random_seed,
            **self._how,
            **self._common,
            "wall_seconds": {"total": time.perf_counter() - self._begin},
            "repeats": repeats,
        }
