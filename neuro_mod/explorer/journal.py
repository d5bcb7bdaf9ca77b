"""What was changed while a network ran, from which the same spikes follow again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from neuro_mod.execution.stagers.stepper import Held, NetworkStepper
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.storage.names import EXPLORED

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

    def change(
        self, step: int, *, overrides: Sequence[str] = (), perturbations: Mapping[str, Held] | None = None
    ) -> None:
        """Keep a change; arguments as for `NetworkStepper.set`.

        Args:
            step: The step before which it is made, counted from the start; not before that of earlier changes.
            overrides: Values of the configuration.
            perturbations: By target: a number, an array ``(n_pops,)``, or None for none.

        Raises:
            InputError: It is earlier than another one, or there are too many; nothing is kept.
        """
        latest = self.changes[-1].step if self.changes else 0
        whole_number("step", step, latest)
        if len(self.changes) >= MAX_CHANGES:
            raise InputError(f"{MAX_CHANGES} changes are kept for Save, and as many were made; restart to go on")
        vectors = {
            target: None if given is None else np.asarray(given, np.float64)
            for target, given in (perturbations or {}).items()
        }
        self.changes.append(Change(step, tuple(overrides), vectors))

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

    def spikes(self, n_steps: int) -> SpikeEvents:
        """All spikes in the first steps."""
        pieces = list(self.pieces(n_steps))
        steps = np.concatenate([piece.spikes.steps + np.int32(piece.begin) for piece in pieces])
        neurons = np.concatenate([piece.spikes.neurons for piece in pieces])
        return replace(pieces[0].spikes, steps=steps, neurons=neurons, n_steps=n_steps)

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


def load_journal(folder: str | Path) -> Journal:
    """Read the journal of a folder that was saved.

    Args:
        folder: The folder.

    Raises:
        DataError: It has none, or it cannot be read.
    """
    file = Path(folder) / EXPLORED
    try:
        return Journal.from_json(json.loads(file.read_text(encoding="utf-8")), str(file))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{file}: {error}") from None
