"""Trials that were saved, read when they are needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import user_path
from neuro_mod.config import load_experiment
from neuro_mod.errors import MissingFileError
from neuro_mod.execution.control.response.observing import Observing
from neuro_mod.execution.stagers.assembly import build_circuit
from neuro_mod.populations import Populations
from neuro_mod.recordings.saved import load_spikes
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.names import CONFIG, RUN, repeat_spikes, trial_scores
from neuro_mod.storage.reading import naming, read_arrays, read_json


@dataclass(frozen=True, eq=False)
class SavedTrial:
    """A trial in a folder, with the names of `ScoredTrial`.

    Args:
        folder: The folder.
        index: Number of the trial.
    """

    folder: Path
    index: int

    @property
    def spikes(self) -> SpikeEvents:
        """All spikes, read again each time."""
        return load_spikes(self.folder / repeat_spikes(self.index, "events"))

    @cached_property
    def counts(self) -> NDArray[np.integer]:
        """Spikes of each population in each bin, shape ``(T, P)``."""
        return self._read("counts")

    @property
    def scores(self) -> NDArray[np.float64]:
        """Scores with respect to the external rate, in 1/Hz, likewise."""
        return self._read("scores").astype(np.float64, copy=False)

    @property
    def arousal_scores(self) -> NDArray[np.float64]:
        """Scores with respect to the rate that arousal adds, likewise."""
        return self._read("arousal_scores").astype(np.float64, copy=False)

    @cached_property
    def bin_width(self) -> float:
        """In seconds."""
        return float(self._read("bin_width"))

    def _read(self, name: str) -> NDArray[Any]:
        return read_arrays(self.folder / trial_scores(self.index), [name])[name]


def open_saved(
    folder: str | os.PathLike[str], changes: Mapping[str, Any]
) -> tuple[list[SavedTrial], Populations, Observing]:
    """The finished trials of a folder, their populations, and what is estimated.

    Args:
        folder: A folder of ``neuro-mod control response``.
        changes: What differs from how the folder was made, by the names of `Observing.describe`.

    Raises:
        DataError: There are no such results, or they are damaged.
        InputError: A change is not valid.
    """
    path = user_path(folder)
    about = read_json(path / RUN)
    if not isinstance(about, dict) or "observing" not in about or not about.get("trials"):
        raise MissingFileError(f"{path}: no trials with scores found; expected a folder of neuro-mod control response")
    with naming(path / RUN):
        described = dict(about["observing"])
        indices = [int(index) for index in about["trials"]]
    if changes.get("method", described["method"]) != described["method"]:
        described.pop("parameters")  # those of another method
    populations = build_circuit(load_experiment(path / CONFIG)).populations
    return [SavedTrial(path, index) for index in indices], populations, Observing.of(described | dict(changes))
