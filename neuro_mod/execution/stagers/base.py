"""What all stagers have in common: a configuration, results, and how these are kept in a folder."""

from __future__ import annotations

import inspect
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from neuro_mod.checks import output_path
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.config.sections import MeanField
from neuro_mod.errors import ConfigError, DataError, InputError
from neuro_mod.execution.figures import Look, WithFigures, save_figures
from neuro_mod.execution.provenance import provenance
from neuro_mod.storage.differences import differences, in_lines
from neuro_mod.storage.files import Files
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, RUN
from neuro_mod.storage.run_folder import RunFolder, holds_run, read_plan
from neuro_mod.summaries import Shown, Summary, counted

#: Under which name plans have response and closure of the mean field, as configurations do.
THEORY = "mean_field"
#: What plans of earlier versions leave out.
_LEFT_OUT = {THEORY: MeanField().model_dump()}


class Result(WithFigures):
    """Results of a run by name, among them ``metadata``."""

    @abstractmethod
    def __getitem__(self, name: str, /) -> Any: ...

    def describe(self) -> dict[str, Any]:
        """Metadata that JSON can hold; ``config`` is the resolved configuration."""
        return dict(self["metadata"])

    @abstractmethod
    def save(self, files: Files) -> None:
        """Save the data."""


class Stager(Shown, ABC):
    """A validated configuration, ready to run.

    Args:
        config: Path of a YAML file, name of a shipped one, YAML text or bytes, a mapping of sections, or an experiment.
        random_seed: Replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
    """

    #: End of the name of the default folder, after ``settings.sim_name``.
    suffix: ClassVar[str] = ""
    #: What is computed; a folder with other results is not overwritten.
    what: ClassVar[str]
    #: Names of the first results, for descriptions.
    gives: ClassVar[str] = "metadata, ..."

    def __init__(self, config: Source, random_seed: int | None = None, *, overrides: Sequence[str] = ()):
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.with_seed(random_seed)
        self.experiment: Experiment = experiment

    @classmethod
    def from_dict(cls, config: Mapping[str, Any], random_seed: int | None = None) -> Self:
        """Stage a configuration given as a mapping of sections."""
        return cls(config, random_seed)

    def _summary(self) -> Summary:
        experiment, populations = self.experiment, self.experiment.populations
        name = experiment.settings.sim_name
        n_clusters = counted(populations.n_clusters, "cluster")
        rows = {"network": f"{counted(populations.n_neurons, 'neuron')}, {n_clusters} of each type"}
        if targets := list(experiment.perturbation.blocks):
            rows["perturbed"] = ", ".join(targets)
        rows |= self._rows() | {"seed": str(self.random_seed), "run()": f"gives the {self.what}: {self.gives}"}
        return Summary(f"{type(self).__name__}: {name}", rows)

    def _rows(self) -> dict[str, str]:
        """What else a description says."""
        return {}

    @property
    def random_seed(self) -> int:
        """Root of all random numbers."""
        return self.experiment.settings.random_seed

    @abstractmethod
    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Compute."""

    @abstractmethod
    def _determining(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Plain data on which results depend beside the configuration, given all arguments of `run` by name."""

    @contextmanager
    def _folder(
        self, out: str | os.PathLike[str] | None, experiment: Experiment, run_options: Mapping[str, Any], force: bool
    ) -> Iterator[RunFolder | None]:
        """The folder for results, held meanwhile; None if the settings ask for no files.

        Args:
            out: The folder, whatever the settings say.
            experiment: What is run.
            run_options: Arguments of `run`.
            force: Replace other results.

        Raises:
            InputError: It holds other results, see `_plan`, or those of many runs.
            StorageError: Another process writes to it, or it cannot be written to.
        """
        settings = self.experiment.settings
        if out is None and not (settings.save or settings.plot):
            yield None
            return
        path = output_path(out or settings.folder.with_name(settings.sim_name + self.suffix))
        with locked(path):
            plan = self._plan(experiment, run_options)
            folder = RunFolder(path, plan, force=force)
            if not force:
                refuse_another(path, plan)
            yield folder

    def _plan(self, experiment: Experiment, run_options: Mapping[str, Any]) -> dict[str, Any]:
        """What results depend on, as JSON has it."""
        bound = inspect.signature(self.run).bind(**run_options)
        bound.apply_defaults()
        plan = {"what": self.what, **self._determining(bound.arguments), "config": experiment.determining()}
        return json.loads(json.dumps(plan, default=str))


def refuse_another(folder: Path, plan: Mapping[str, Any]) -> None:
    """Refuse a folder with results that have another plan, and would be replaced.

    Raises:
        InputError: The message shows what is different.
    """
    ways = (
        "choose another folder with --out (out=), whose default comes from settings.save_dir and settings.sim_name, or "
        "replace its results with --force (force=True)"
    )
    if not holds_run(folder):
        return
    left_out = {name: value for name, value in _LEFT_OUT.items() if name in plan}
    try:
        before = read_plan(folder)
        if before is None and (folder / CONFIG).exists():  # of an earlier version
            before = {**plan, **left_out, "config": load_experiment(folder / CONFIG).determining()}
    except ConfigError as error:
        raise InputError(f"{folder} holds the results of another version; {ways}:\n{error}") from None
    except DataError as error:
        raise InputError(f"{error}; {ways}") from None
    if before is not None and (found := differences(left_out | before, plan)):
        raise InputError(f"{folder} holds other results; {ways}:\n{in_lines(found)}")


def keep(
    result: Result, folder: RunFolder, experiment: Experiment, *, save: bool, figures: Collection[str] | None = None
) -> None:
    """Write a result to a folder, draw it if the settings say so, and list the files in its metadata.

    Args:
        result: The result.
        folder: The folder.
        experiment: The configuration.
        save: Write data, configuration and ``run.json``, whatever the settings say.
        figures: File names of the figures to draw; None for all.

    Raises:
        StorageError: A file cannot be written.
    """
    settings = experiment.settings
    if save or settings.save:
        result.save(folder)
        about = result.describe()
        config = about.pop("config")
        folder.save_text(CONFIG, config)
        folder.save_json(RUN, about | provenance(config))
        folder.finish()  # the data are complete even if drawing is interrupted
    if settings.plot:
        drawings = result.drawings()
        chosen = {name: draw for name, draw in drawings.items() if figures is None or name in figures}
        save_figures(folder.save, chosen, Look.of(settings))
    result["metadata"]["files"] = [str(file) for file in folder.finish()]
