"""What the stagers of the mean field have in common."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro_mod
from neuro_mod.checks import whole_number
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.errors import InputError
from neuro_mod.execution.figures import Drawings, save_figures
from neuro_mod.execution.provenance import provenance
from neuro_mod.execution.stagers.assembly import build_circuit
from neuro_mod.storage.names import CONFIG, RUN
from neuro_mod.storage.run_folder import RunFolder

Outputs = dict[str, Any]

#: Rates in Hz that are accepted; no neuron comes near it.
MAX_RATE = 1e9
#: Values of z over which responses are averaged, at most; far fewer are exact to rounding.
MAX_Z = 100


class MeanFieldStager(ABC):
    """Stages the mean field of the network of a configuration, arousal and perturbations included.

    Args:
        config: Path of a YAML file, YAML text or bytes, a mapping of sections, or an experiment.
        random_seed: Replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["arousal.level=0.3"]``.
        perturbation_time: Seconds at which the perturbations are taken; None for each at its onset.
        n_z: Over how many values of z, which spreads the arousal over neurons, responses are averaged, at most
            `MAX_Z`; 1 for its mean.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
        InputError: A perturbation makes a parameter impossible, or an argument is out of bounds.
    """

    #: What its default folder is called after the name of the run.
    suffix: ClassVar[str]

    def __init__(
        self,
        config: Source,
        random_seed: int | None = None,
        *,
        overrides: Sequence[str] = (),
        perturbation_time: float | None = None,
        n_z: int = 1,
    ):
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.replace({"settings.random_seed": random_seed})
        self.experiment: Experiment = experiment
        self.perturbation_time, self.n_z = _time(perturbation_time), whole_number("n_z", n_z, 1, MAX_Z)
        self.circuit: Circuit = self._circuit(experiment)
        self.field: LIFMeanField = self._field(self.circuit)
        #: Outputs of the latest run.
        self.outputs: Outputs | None = None

    @classmethod
    def from_dict(cls, config: Mapping[str, Any], random_seed: int | None = None) -> Self:
        """Stage a configuration given as a mapping of sections."""
        return cls(config, random_seed)

    @property
    def random_seed(self) -> int:
        """Root of all random numbers."""
        return self.experiment.settings.random_seed

    @abstractmethod
    def run(self, *args: Any, **kwargs: Any) -> Outputs:
        """Compute."""

    @abstractmethod
    def _save_data(self, folder: RunFolder, outputs: Outputs) -> None:
        """Save the results, without the metadata."""

    @abstractmethod
    def _drawings(self, outputs: Outputs) -> Drawings:
        """Pictures of the results, by name."""

    def execute(self, *, out: str | os.PathLike[str] | None = None, **run_options: Any) -> Outputs:
        """Compute, save and draw as the configuration's ``settings`` say.

        Args:
            out: Folder to save into, whatever ``settings.save`` and its folders say.
            **run_options: Passed on to `run`.

        Returns:
            The results of `run`; ``outputs["metadata"]["files"]`` lists the files written.

        Raises:
            InputError: As for `run`.
            StorageError: The folder cannot be written to (known before computing), or the disk is full.
        """
        settings = self.experiment.settings
        if not (settings.save or settings.plot or out is not None):
            return self.run(**run_options)
        folder = RunFolder(out or settings.folder.with_name(f"{settings.sim_name}_{self.suffix}"))
        outputs = self.run(**run_options)
        if settings.save or out is not None:
            self._save_data(folder, outputs)
            about = dict(outputs["metadata"])
            config = about.pop("config")
            folder.save_text(CONFIG, config)
            folder.save_json(RUN, about | provenance(config))
        if settings.plot:
            save_figures(folder.save, self._drawings(outputs), settings.plot_format)
        outputs["metadata"]["files"] = list(map(str, folder.finish()))
        return outputs

    def _circuit(self, experiment: Experiment) -> Circuit:
        try:
            return build_circuit(experiment, self.perturbation_time)
        except ValueError as error:
            raise InputError(f"perturbation of {error}") from None

    def _field(self, circuit: Circuit) -> LIFMeanField:
        try:
            return LIFMeanField.from_circuit(circuit, self.n_z)
        except ValueError as error:
            raise InputError(f"no mean field of this network: {error}") from None

    def _about(self, start: float) -> dict[str, Any]:
        """Metadata that every run has, as a mapping that JSON can hold."""
        return {
            "version": neuro_mod.__version__,
            "config": self.experiment.to_yaml(),
            "random_seed": self.random_seed,
            "perturbation_time_sec": self.perturbation_time,
            "n_z": self.n_z,
            "wall_seconds": time.perf_counter() - start,
        }


def rates_array(values: ArrayLike) -> NDArray[np.float64] | None:
    """Rates in Hz as an array, from 0 to `MAX_RATE`; None if they are none."""
    try:
        rates = np.asarray(values).astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        return None
    return rates if ((rates >= 0) & (rates <= MAX_RATE)).all() else None


def _time(time: float | None) -> float | None:
    number = isinstance(time, float | int | np.number) and not isinstance(time, bool)
    if time is not None and not (number and 0 <= time < np.inf):
        raise InputError(f"perturbation_time is {time!r}; expected seconds from 0, or None for the onset of each")
    return None if time is None else float(time)
