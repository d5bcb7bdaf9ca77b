"""What the stagers of the mean field have in common."""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neuro_mod
from neuro_mod.checks import whole_number
from neuro_mod.choices import Closure, ResponseKind
from neuro_mod.config import Experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.core import LIFMeanField
from neuro_mod.core.mean_field.core.inputs import CoefficientDerivatives
from neuro_mod.core.mean_field.core.theory import Theory
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import invalid
from neuro_mod.execution.in_plan import data_or_hash
from neuro_mod.execution.notices import notices_kept
from neuro_mod.execution.stagers.assembly import build_baseline, deltas_at
from neuro_mod.execution.stagers.base import THEORY, Result, Stager, keep
from neuro_mod.populations import Populations
from neuro_mod.storage.json_values import json_row
from neuro_mod.storage.values import NotPlainError
from neuro_mod.summaries import Shown, Summary, counted

#: Largest rate in Hz that is accepted; no neuron comes near it.
MAX_RATE = 1e9
#: Values of z over which responses are averaged, at most; far fewer are exact to rounding.
MAX_Z = 100


class MeanFieldOutputs(Shown, dict[str, Any], Result):
    """Results of a run by name.

    Args:
        results: The results, with ``metadata``.
        populations: The populations of the network.
    """

    def __init__(self, results: Mapping[str, Any], populations: Populations):
        super().__init__(results)
        self.populations = populations

    def __missing__(self, name: str) -> Any:
        raise KeyError(f"{name!r} is no result; there are {', '.join(self)}")

    def _summary(self) -> Summary:
        about = self["metadata"]
        rows = self._rows() | {"theory": f"{about['response']} response, {about['closure']} input"}
        return Summary(f"{type(self).__name__} of {counted(self.populations.total, 'population')}", rows)

    @abstractmethod
    def _rows(self) -> dict[str, str]:
        """What a description says of the results."""


class MeanFieldStager(Stager):
    """Stages the mean field of the network of a configuration, arousal and perturbations included.

    Args:
        config: Path of a YAML file, name of a shipped one, YAML text or bytes, a mapping of sections, or an experiment.
        random_seed: Replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.
        perturbation_time: Seconds at which the perturbations are taken; None for each at its onset.
        n_z: Number of values of z, which spreads the arousal over neurons, over which responses are averaged, at most
            `MAX_Z`; 1 for the mean of z.
        response: Replaces ``mean_field.response``, see `core.mean_field.core.theory.Theory`.
        closure: Replaces ``mean_field.closure``.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
        InputError: A perturbation makes a parameter impossible, or an argument is out of bounds.
    """

    def __init__(
        self,
        config: Source,
        random_seed: int | None = None,
        *,
        overrides: Sequence[str] = (),
        perturbation_time: float | None = None,
        n_z: int = 1,
        response: ResponseKind | None = None,
        closure: Closure | None = None,
    ):
        super().__init__(config, random_seed, overrides=overrides)
        self.experiment = with_theory(self.experiment, response, closure)
        self.perturbation_time, self.n_z = _time(perturbation_time), whole_number("n_z", n_z, 1, MAX_Z)
        self.field = build_mean_field(self.experiment, self.perturbation_time, self.n_z)
        #: Outputs of the latest run.
        self.outputs: MeanFieldOutputs | None = None

    def _rows(self) -> dict[str, str]:
        time = "the onset of each" if self.perturbation_time is None else f"{self.perturbation_time:g} s"
        rows = {"theory": f"{self.theory.response} response, {self.theory.closure} input"}
        return rows | ({"perturbations at": time} if self.experiment.perturbation.blocks else {})

    @property
    def theory(self) -> Theory:
        """Response and closure."""
        return self.field.coefficients.theory

    @property
    def circuit(self) -> Circuit:
        """The network, with arousal and perturbations applied."""
        assert self.field.circuit is not None
        return self.field.circuit

    @abstractmethod
    def run(self, *args: Any, **kwargs: Any) -> MeanFieldOutputs:
        """Compute."""

    def _changes(self, targets: Sequence[str]) -> dict[str, CoefficientDerivatives]:
        """How the coefficients of the field change with perturbations, by target.

        Raises:
            InputError: A target is unknown, or the field changes infinitely fast with it.
        """
        return {target: self.field.coefficient_derivatives(target) for target in targets}

    def _determining(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        options = {name: _in_plan(value) for name, value in arguments.items() if name != "progress"}
        about = {
            "perturbation_time_sec": self.perturbation_time,
            "n_z": self.n_z,
            THEORY: self.experiment.mean_field.model_dump(),
        }
        return about | options

    def execute(
        self, *, out: str | os.PathLike[str] | None = None, force: bool = False, **run_options: Any
    ) -> MeanFieldOutputs:
        """Compute, save and draw as the configuration's ``settings`` say.

        Args:
            out: Folder to save into, whatever the settings say.
            force: Replace other results in this folder: of another configuration, other options, or another kind.
            **run_options: Passed on to `run`.

        Returns:
            The results of `run`; ``outputs["metadata"]["files"]`` lists the files written.

        Raises:
            InputError: As for `run`, or the folder holds other results.
            StorageError: The folder cannot be written to (known before computing), or the disk is full.
        """
        with self._folder(out, self.experiment, run_options, force) as folder, notices_kept() as notices:
            outputs = self.run(**run_options)
            outputs["metadata"]["notices"] = notices
            if folder is not None:
                keep(outputs, folder, self.experiment, save=out is not None)
            return outputs

    def _about(self, start: float) -> dict[str, Any]:
        """Metadata that every run has, which JSON can hold."""
        return {
            "version": neuro_mod.__version__,
            "config": self.experiment.to_yaml(),
            "random_seed": self.random_seed,
            "perturbation_time_sec": self.perturbation_time,
            "n_z": self.n_z,
            **vars(self.theory),
            "wall_seconds": time.perf_counter() - start,
        }


def by_population(
    found: Mapping[str, NDArray[np.float64]], index: int, populations: Populations, column: str
) -> Iterator[dict[str, Any]]:
    """Rows of a table of derivatives with respect to perturbations of each population.

    Args:
        found: Derivatives by target, shape ``(n, P)``.
        index: Which of the n.
        populations: The populations.
        column: Name of the column of derivatives.
    """
    for target, values in found.items():
        for name, value in zip(populations.names, values[index], strict=True):
            yield {"target": target, "unit": TARGETS[target].unit, "perturbed": name, column: float(value)}


def named_by_population(found: Mapping[str, NDArray[np.float64]], populations: Populations) -> dict[str, Any]:
    """Derivatives by target, a list by the names of the perturbed populations, which JSON can hold."""
    names = populations.names
    return {
        target: [json_row(dict(zip(names, row, strict=True))) for row in values] for target, values in found.items()
    }


#: What identifies a derivative in these rows.
SENSITIVITY_COLUMNS = ("target", "unit", "perturbed")


def with_theory(experiment: Experiment, response: ResponseKind | None, closure: Closure | None) -> Experiment:
    """The same experiment with another response or closure; None keeps what it has.

    Raises:
        ConfigError: A name is unknown.
    """
    given = {f"mean_field.{name}": value for name, value in (("response", response), ("closure", closure)) if value}
    return experiment.replace(given) if given else experiment


def theory_of(experiment: Experiment) -> Theory:
    """Response and closure of a configuration."""
    return Theory(experiment.mean_field.response, experiment.mean_field.closure)


def build_mean_field(experiment: Experiment, time: float | None, n_z: int) -> LIFMeanField:
    """The mean field of the network of a configuration; it knows its sensitivity to all targets.

    Args:
        experiment: A validated experiment, with response and closure.
        time: Seconds at which perturbations are taken; None for each at its onset.
        n_z: Number of values of z over which responses are averaged.

    Raises:
        ValueError: A perturbation makes a parameter impossible at that time, which lies outside the run.
    """
    return LIFMeanField.from_baseline(
        build_baseline(experiment), deltas_at(experiment, time), n_z, theory_of(experiment)
    )


def rates_array(values: ArrayLike) -> NDArray[np.float64] | None:
    """Rates in Hz as an array; None if they are not numbers from 0 to `MAX_RATE`."""
    try:
        rates = np.asarray(values).astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        return None
    return rates if ((rates >= 0) & (rates <= MAX_RATE)).all() else None


def _in_plan(value: Any) -> Any:
    """An argument as plans hold it; one that is no plain data is refused later, or is a range or a set."""
    try:
        return data_or_hash(value, "argument")
    except NotPlainError:
        return repr(value)


def _time(time: float | None) -> float | None:
    number = isinstance(time, float | int | np.number) and not isinstance(time, bool)
    if time is not None and not (number and 0 <= time < np.inf):
        raise invalid("perturbation_time", time, "seconds from 0, or None for the onset of each perturbation")
    return None if time is None else float(time)
