"""The mean field of a configuration: its steady states, and the landscape that some of its populations see."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.config import Experiment, InputError, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.analysis.landscape import barriers, chosen_path, field_on_grid, profile_of, states_within
from neuro_mod.core.mean_field.core import LIFMeanField, fixed_points
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.fixed_points import HIGHEST_START
from neuro_mod.execution.assembly import build_circuit
from neuro_mod.execution.memory import demand_memory
from neuro_mod.execution.progress import Work, progress_shown
from neuro_mod.execution.run_folder import RunFolder
from neuro_mod.execution.stagers.mean_field_files import (
    describe_fixed_points,
    describe_landscape,
    save_fixed_points,
    save_landscape,
)

Outputs = dict[str, Any]

N_RUNS = 50
GRID_DENSITY, GRID_LIMS = 0.5, (0.0, 60.0)
PATH = "minimum_force"
_SOLVING = Work("solving", "solved", "grid points", 0)
#: Bytes of a number, and how often the arrays of a grid exist while they are made.
_BYTES, _COPIES = 8, 3


class MeanFieldStager(ABC):
    """Stages the mean field of the network of a configuration, arousal and perturbations included.

    Args:
        config: Path of a YAML file, YAML text or bytes, a mapping of sections, or an experiment.
        random_seed: Replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["arousal.level=0.3"]``.
        perturbation_time: Seconds at which the perturbations are taken; None for each at its onset.
        n_z: Over how many values of z, which spreads the arousal over neurons, responses are averaged; 1 for its mean.

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
        self.perturbation_time, self.n_z = perturbation_time, _whole("n_z", n_z, 1)
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
    def _save(self, folder: RunFolder, outputs: Outputs, *, data: bool, pictures: bool) -> None: ...

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
        self._save(folder, outputs, data=settings.save or out is not None, pictures=settings.plot)
        outputs["metadata"]["files"] = list(map(str, folder.finish()))
        return outputs

    def _circuit(self, experiment: Experiment) -> Circuit:
        try:
            return build_circuit(experiment, self.perturbation_time)
        except ValueError as error:
            raise InputError(f"perturbation of {error}") from None

    def _field(self, circuit: Circuit) -> LIFMeanField:
        return LIFMeanField.from_circuit(circuit, self.n_z)

    def _about(self, start: float) -> dict[str, Any]:
        """Metadata that every run has, as a mapping that JSON can hold."""
        return {
            "config": self.experiment.to_yaml(),
            "random_seed": self.random_seed,
            "perturbation_time_sec": self.perturbation_time,
            "n_z": self.n_z,
            "wall_seconds": time.perf_counter() - start,
        }


class FullMeanFieldStager(MeanFieldStager):
    """Seeks the steady states of all populations; arguments as for `MeanFieldStager`."""

    suffix = "fixed_points"

    def run(
        self, n_runs: int = N_RUNS, *, nu_init: ArrayLike | None = None, highest_start: float = HIGHEST_START
    ) -> Outputs:
        """Seek steady states from random starts, and from what the symmetry of the clusters suggests.

        Args:
            n_runs: Number of random starts. Adding one changes no other.
            nu_init: Rates in Hz to start from instead, shape ``(n_runs, n_pops)``.
            highest_start: Largest rate of random starts in Hz.

        Returns:
            ``nu_init`` and ``fixed_point``: where each run started and ended in Hz, shape ``(n_runs, n_pops)``, NaN
            where it found nothing; ``converged``, shape ``(n_runs,)``; ``stability`` of each end, see
            `core.stability.classify`, empty where it found nothing; ``distinct``: all different states, see
            `fixed_points`; ``reached``: which of them each run found, -1 for none; ``metadata``.

        Raises:
            InputError: An argument is not valid.
        """
        begin = time.perf_counter()
        n_runs = _whole("n_runs", n_runs, 0)
        starts = None if nu_init is None else _rates("nu_init", nu_init, self.field.n_populations)
        if not 0 < highest_start < np.inf:
            raise InputError(f"highest_start is {highest_start} Hz; expected a positive rate")
        found = fixed_points(self.field, n_runs, self.random_seed, starts=starts, highest_start=highest_start)
        ends, converged = found.found.x.copy(), found.found.converged
        ends[~converged] = np.nan
        self.outputs = {
            "nu_init": found.starts,
            "fixed_point": ends,
            "converged": converged,
            "stability": np.array([found[index].kind if index >= 0 else "" for index in found.reached], str),
            "distinct": found,
            "reached": found.reached,
        }
        self.outputs["metadata"] = describe_fixed_points(found, self.circuit.populations) | self._about(begin)
        return self.outputs

    def _save(self, folder: RunFolder, outputs: Outputs, *, data: bool, pictures: bool) -> None:
        save_fixed_points(folder, outputs, self.circuit.populations, self.experiment, data=data, pictures=pictures)


class ReducedMeanFieldStager(MeanFieldStager):
    """Computes the landscape that a few focus populations see; arguments as for `MeanFieldStager`."""

    suffix = "landscape"

    def run(
        self,
        focus_pops: Sequence[int | str] = (0, 1),
        grid_density: float = GRID_DENSITY,
        grid_lims: tuple[float, float] = GRID_LIMS,
        *,
        path: str | ArrayLike = PATH,
        progress: bool = False,
    ) -> Outputs:
        """Solve all other populations at every point of a grid of rates of the focus populations.

        Args:
            focus_pops: Indices or names of the focus populations, F of them.
            grid_density: Distance between neighbouring points in Hz.
            grid_lims: Lowest and highest rate in Hz.
            path: Along which the potential is shown: ``minimum_force``, ``straight`` (see `landscape.chosen_path`), or
                rates in Hz between which it is straight, shape ``(K, F)``.
            progress: Show the progress on stderr.

        Returns:
            ``axes``: rates of each focus population in Hz; ``mesh``, ``nu_outs``, ``force_field`` (their difference):
            Hz, shape ``(F, n, ..., n)``; ``curl``, shape ``(F (F - 1) / 2, n, ..., n)``; ``rates`` of all populations
            in Hz, shape ``(n, ..., n, n_pops)``; ``states`` and ``barriers``, see `core.mean_field.analysis.landscape`;
            ``path`` in Hz, shape ``(M, F)``, ``displacement`` along it in Hz and ``potential`` in Hz^2, shape ``(M,)``,
            ``path_rates`` of all populations along it in Hz, ``path_kind`` in words; ``metadata``. NaN where the others
            find no equilibrium.

        Raises:
            InputError: An argument is not valid, or the grid would not fit into memory.
        """
        begin = time.perf_counter()
        try:
            effective = EffectiveField(self.field, focus_pops)
        except ValueError as error:
            raise InputError(str(error)) from None
        axis = _axis(grid_density, grid_lims)
        n_focus = len(effective.focus)
        self._demand_memory(len(axis), n_focus)
        with progress_shown(float(len(axis)) ** n_focus, work=_SOLVING, shown=progress) as report:
            grid = field_on_grid(effective, [axis] * n_focus, report)
        states = states_within(effective, grid)
        between = barriers(effective, states)
        try:
            if isinstance(path, str):
                path_kind, corners, start = chosen_path(path, states, between, grid)
            else:
                path_kind, corners, start = "given path", path, None
            profile = profile_of(effective, corners, start)
        except ValueError as error:
            raise InputError(str(error)) from None
        self.outputs = {
            "axes": grid.axes,
            "mesh": grid.mesh,
            "nu_outs": grid.nu_outs,
            "force_field": grid.force_field,
            "curl": grid.curl,
            "rates": grid.rates,
            "states": states,
            "barriers": between,
            "path": profile.path,
            "displacement": profile.displacement,
            "potential": profile.potential,
            "path_rates": profile.rates,
            "path_kind": path_kind,
        }
        names = [self.circuit.populations.names[index] for index in effective.focus]
        self.outputs["metadata"] = describe_landscape(self.outputs, names) | self._about(begin)
        return self.outputs

    def _demand_memory(self, n_points: int, n_focus: int) -> None:
        numbers = float(n_points) ** n_focus * (self.field.n_populations + 3 * n_focus + n_focus**2)
        what = f"the {n_points}^{n_focus} points of this grid"
        demand_memory(numbers * _BYTES * _COPIES, what, "use a larger grid_density or fewer focus_pops")

    def _save(self, folder: RunFolder, outputs: Outputs, *, data: bool, pictures: bool) -> None:
        save_landscape(folder, outputs, self.circuit.populations, self.experiment, data=data, pictures=pictures)


def _whole(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} is {value!r}; expected a whole number from {least}")
    return int(value)


def _rates(name: str, values: ArrayLike, n_populations: int) -> NDArray[np.float64]:
    try:
        rates = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        rates = np.array(np.nan)
    if rates.ndim != 2 or rates.shape[1] != n_populations or not np.isfinite(rates).all() or (rates < 0).any():
        raise InputError(f"{name} has shape {rates.shape}; expected rates (n_runs, {n_populations}) in Hz, from 0")
    return rates


def _axis(density: float, limits: Sequence[float]) -> NDArray[np.float64]:
    """Rates of a focus population in Hz, both limits included if the density divides their distance."""
    try:
        low, high = map(float, limits)
        step = float(density)
    except (TypeError, ValueError):
        raise InputError(
            f"grid_lims are {limits!r}, grid_density {density!r}; expected (lowest, highest) in Hz"
        ) from None
    if not 0 <= low < high < np.inf:
        raise InputError(f"grid_lims are ({low:g}, {high:g}); expected 0 <= lowest < highest, in Hz")
    if not 0 < step <= high - low:
        raise InputError(f"grid_density is {step:g} Hz; expected a distance above 0, and at most {high - low:g}")
    n_steps = np.floor((high - low) / step * (1 + 1e-12))
    if n_steps > 1e9:
        raise InputError(f"grid_density is {step:g} Hz: {n_steps:.3g} points on each axis; use a larger one")
    return np.asarray(low + step * np.arange(int(n_steps) + 1), np.float64)
