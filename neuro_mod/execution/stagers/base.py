"""What all stagers have in common."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.storage.run_folder import RunFolder


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

    def _folder(self, out: str | os.PathLike[str] | None) -> RunFolder | None:
        """The folder for results, made if it does not exist; None if the settings ask for no files."""
        settings = self.experiment.settings
        if out is None and not (settings.save or settings.plot):
            return None
        return RunFolder(out or settings.folder.with_name(settings.sim_name + self.suffix))
