"""What all stagers have in common: a configuration, results, and how these are kept in a folder."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from neuro_mod.checks import output_path
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.errors import ConfigError, InputError
from neuro_mod.execution.figures import Drawings, save_figures
from neuro_mod.execution.provenance import provenance
from neuro_mod.storage.differences import differences, in_lines
from neuro_mod.storage.files import Files
from neuro_mod.storage.locking import locked
from neuro_mod.storage.names import CONFIG, RUN
from neuro_mod.storage.run_folder import RunFolder, holds_run


class Result(ABC):
    """Results of a run by name, among them ``metadata``."""

    @abstractmethod
    def __getitem__(self, name: str, /) -> Any: ...

    def describe(self) -> dict[str, Any]:
        """Metadata that JSON can hold; ``config`` is the resolved configuration."""
        return dict(self["metadata"])

    @abstractmethod
    def save(self, files: Files) -> None:
        """Save the data."""

    @abstractmethod
    def drawings(self) -> Drawings:
        """All figures, by file name."""


class Stager:
    """A validated configuration, ready to run.

    Args:
        config: Path of a YAML file, YAML text or bytes, a mapping of sections, or an experiment.
        random_seed: Replaces ``settings.random_seed``.
        overrides: Values that replace those of `config`, such as ``["init_params.duration_sec=1.0"]``.

    Raises:
        ConfigError: Everything that is wrong with the configuration.
    """

    #: End of the name of the default folder, after ``settings.sim_name``.
    suffix: ClassVar[str] = ""

    def __init__(self, config: Source, random_seed: int | None = None, *, overrides: Sequence[str] = ()):
        experiment = load_experiment(config, overrides)
        if random_seed is not None:
            experiment = experiment.replace({"settings.random_seed": random_seed})
        self.experiment: Experiment = experiment

    @classmethod
    def from_dict(cls, config: Mapping[str, Any], random_seed: int | None = None) -> Self:
        """Stage a configuration given as a mapping of sections."""
        return cls(config, random_seed)

    @property
    def random_seed(self) -> int:
        """Root of all random numbers."""
        return self.experiment.settings.random_seed

    @contextmanager
    def _folder(
        self, out: str | os.PathLike[str] | None, experiment: Experiment, force: bool
    ) -> Iterator[RunFolder | None]:
        """The folder for results, held meanwhile; None if the settings ask for no files.

        Args:
            out: The folder, whatever the settings say.
            experiment: What is run.
            force: Replace the results of another configuration.

        Raises:
            InputError: It holds the results of another configuration, or of many runs.
            StorageError: Another process writes to it, or it cannot be written to.
        """
        settings = self.experiment.settings
        if out is None and not (settings.save or settings.plot):
            yield None
            return
        path = output_path(out or settings.folder.with_name(settings.sim_name + self.suffix))
        with locked(path):
            folder = RunFolder(path)
            if not force:
                _refuse_another(path, experiment)
            yield folder


def _refuse_another(folder: Path, experiment: Experiment) -> None:
    """Refuse a folder with the run of another configuration, which would be replaced."""
    ways = "choose another folder, or replace its results with --force (force=True)"
    if not (holds_run(folder) and (folder / CONFIG).exists()):
        return
    try:
        before = load_experiment(folder / CONFIG)
    except ConfigError as error:
        raise InputError(f"{folder} holds the results of another version; {ways}:\n{error}") from None
    if found := differences(before.determining(), experiment.determining()):
        raise InputError(f"{folder} holds the results of another configuration; {ways}:\n{in_lines(found)}")


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
        save_figures(folder.save, chosen, settings.plot_format)
    result["metadata"]["files"] = [str(file) for file in folder.finish()]
