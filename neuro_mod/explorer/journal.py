"""What was changed while a network ran, from which the same spikes follow again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import neuro_mod
from neuro_mod.checks import whole_number
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.spiking_net.engine.stepper import Piece
from neuro_mod.errors import DataError, InputError
from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation
from neuro_mod.execution.stagers.stepper import NetworkStepper

#: Changes that are kept; moving sliders for hours makes no more.
MAX_CHANGES = 50_000


class Change(NamedTuple):
    """What was set before a step.

    Attributes:
        step: The step, counted from the start.
        overrides: Values of the configuration.
        perturbations: By target; None for none.
    """

    step: int
    overrides: tuple[str, ...] = ()
    perturbations: Mapping[str, NDArray[np.float64] | None] = {}


@dataclass
class Journal:
    """A configuration, and what was changed of it in a run that began with it.

    Args:
        experiment: The configuration at the start.
        noise_seed: Root seed of the noise.
        changes: In order.
    """

    experiment: Experiment
    noise_seed: int
    changes: list[Change] = field(default_factory=list)

    def add(self, change: Change) -> None:
        """Keep a change.

        Raises:
            InputError: There are too many; nothing is kept.
        """
        if len(self.changes) >= MAX_CHANGES:
            raise InputError(f"{MAX_CHANGES} changes are kept for Save, and as many were made; restart to go on")
        self.changes.append(change)

    def start(self) -> NetworkStepper:
        """The network at the start."""
        return StageSNNSimulation(self.experiment).stepper(noise_seed=self.noise_seed)

    def pieces(self, n_steps: int) -> Iterator[Piece]:
        """What happened in the first steps, from change to change."""
        stepper = self.start()
        for change in self.changes:
            if change.step > n_steps:
                break
            if change.step > stepper.done:
                yield stepper.advance(change.step - stepper.done)
            stepper.set(overrides=change.overrides, perturbations=change.perturbations)
        yield stepper.advance(n_steps - stepper.done)

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        changes = [
            {"step": step}
            | ({"overrides": list(overrides)} if overrides else {})
            | ({"perturbations": {t: None if v is None else v.tolist() for t, v in given.items()}} if given else {})
            for step, overrides, given in self.changes
        ]
        config = self.experiment.to_yaml()
        return {
            "version": neuro_mod.__version__,
            "config": config,
            "noise_seed": self.noise_seed,
            "changes": changes,
        }

    @classmethod
    def from_json(cls, data: Any, source: str) -> Journal:
        """The journal that `to_json` made.

        Args:
            data: Parsed JSON.
            source: Where it is from, for messages.

        Raises:
            DataError: It is something else.
            ConfigError: Its configuration is not valid.
        """
        try:
            changes = [
                Change(
                    whole_number("step", each["step"], 0),
                    tuple(map(str, each.get("overrides", ()))),
                    {
                        str(target): None if values is None else np.asarray(values, np.float64)
                        for target, values in each.get("perturbations", {}).items()
                    },
                )
                for each in data["changes"]
            ]
            seed, config = whole_number("noise_seed", data["noise_seed"], 0), str(data["config"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{source}: not a journal of the explorer: {error!r}") from None
        return cls(load_experiment(config), seed, changes)


def load_journal(file: Path) -> Journal:
    """Read the journal of a folder that was saved.

    Raises:
        DataError: It is not one, or cannot be read.
    """
    try:
        return Journal.from_json(json.loads(file.read_text(encoding="utf-8")), str(file))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{file}: {error}") from None
